"""What every command is given: the open transaction, who acts, which day it is, the law.

There is no clock below this object: ``on`` is the business date, ``at`` the moment, both passed
in by the edge. ``new_id`` is the source of random public ids, injected so that tests can repeat
a history to the byte.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from loans.access import Actor
from loans.errors import Conflict
from loans.policy import PolicyBook
from loans.vault import Vault
from loans.workdays import WorkdayCalendar


@dataclass(frozen=True, slots=True)
class Context:
    """The surroundings of one command; see the module's text."""

    session: Session
    actor: Actor
    on: date
    at: datetime
    book: PolicyBook
    calendar: WorkdayCalendar
    vault: Vault
    new_id: Callable[[], UUID]

    def come(self, day: date) -> date:
        """The day whose figures are asked for; ``Conflict`` where it has not come yet."""
        if day > self.on:
            raise Conflict(
                "day-not-come",
                f"{day} 还没有到（业务日期 {self.on}），还没有那一天的数字；请选择不晚于今天的日期",
                details={"on": day.isoformat(), "today": self.on.isoformat()},
            )
        return day
