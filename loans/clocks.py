"""Reads on the working-day clocks (9.9): what is due, what is late, how often it was in time.

Source: （九）9.9 担保机构、经办银行应分别在5个工作日内完成担保审核、贷款审批; 9.13.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import select

from loans.context import Context
from loans.models import Application, ApplicationStep, Borrower, Clock, Organisation, Person
from loans.queries import visible_to
from loans.workdays import DueDay, WorkdayCalendar
from loans.workflow import CLOCKS, Action, State

DEFINITION = (
    "按时率 = 到期日当日或之前作出通过或驳回决定的件数 ÷ 当月作出决定的件数；"
    "撤回的不计，月份为决定日所在月份"
)


@dataclass(frozen=True, slots=True)
class Running:
    """A clock that has not ended, due by the notices known today.

    ``rule`` is the policy key of its limit; ``stands``: the file is with the applicant (补正).
    """

    application_id: UUID
    applicant: str  # masked
    state: State
    rule: str
    limit_days: int
    started_on: date
    due_on: date
    provisional: bool
    stands: bool


@dataclass(frozen=True, slots=True)
class DueLists:
    """The running clocks by urgency on a day; ``next_workday`` is the day of ``tomorrow``."""

    on: date
    next_workday: date
    late: tuple[Running, ...]
    today: tuple[Running, ...]
    tomorrow: tuple[Running, ...]
    later: tuple[Running, ...]
    standing: tuple[Running, ...]


@dataclass(frozen=True, slots=True)
class HitRate:
    """Decisions of one institution at one stage in one month, and those in time."""

    institution_id: UUID
    institution: str
    state: State
    month: date
    decided: int
    in_time: int

    @property
    def late(self) -> int:
        """Decisions after their due day."""
        return self.decided - self.in_time


def due_day(clock: Clock, calendar: WorkdayCalendar) -> DueDay:
    """The due day by a calendar.

    A clock that ended keeps the day it was judged by; one that stands (补正) keeps its last one
    until the file is back. A running one follows every notice from the day it is known, whether or
    not anything happens to the file.
    """
    kept = DueDay(clock.due_on, clock.provisional)
    if clock.ended_on is not None:
        return kept
    return computed(clock, calendar) or kept


def computed(clock: Clock, calendar: WorkdayCalendar) -> DueDay | None:
    """The due day that follows from a clock's start and stops; None while it stands."""
    stops = [(_day(out), _day(back) if back else None) for out, back in clock.stops]
    return calendar.due_day(clock.started_on, clock.limit_days, stops)


def stands(clock: Clock) -> bool:
    """Whether the file is with the applicant (补正)."""
    return bool(clock.stops) and clock.stops[-1][1] is None


def _day(text: str) -> date:
    return date.fromisoformat(text)


def due_lists(ctx: Context) -> DueLists:
    """All visible running clocks, the first due first."""
    rows = ctx.session.execute(
        select(Clock, Application.public_id, Borrower.name_masked)
        .join(Application, Application.id == Clock.application_id)
        .join(Borrower, Borrower.id == Application.borrower_id)
        .where(Clock.ended_on.is_(None), visible_to(ctx.actor, Application))
        .order_by(Clock.id)
    )
    found = [_running(*row, ctx.calendar) for row in rows]
    clocks = sorted(found, key=lambda clock: clock.due_on)
    ticking = [clock for clock in clocks if not clock.stands]
    tomorrow = ctx.calendar.add_workdays(ctx.on, 1).on
    return DueLists(
        on=ctx.on,
        next_workday=tomorrow,
        late=tuple(c for c in ticking if c.due_on < ctx.on),
        today=tuple(c for c in ticking if c.due_on == ctx.on),
        tomorrow=tuple(c for c in ticking if ctx.on < c.due_on <= tomorrow),
        later=tuple(c for c in ticking if c.due_on > tomorrow),
        standing=tuple(c for c in clocks if c.stands),
    )


def hit_rates(ctx: Context, *, since: date, until: date) -> list[HitRate]:
    """How often each institution decided in time, by month of decision in ``[since, until)``."""
    rows = ctx.session.execute(
        select(Organisation.public_id, Organisation.name, Clock.state, Clock.ended_on, Clock.due_on)
        .join(Application, Application.id == Clock.application_id)
        .join(
            ApplicationStep,
            (ApplicationStep.application_id == Clock.application_id)
            & (ApplicationStep.from_state == Clock.state)
            & ApplicationStep.action.in_([Action.PASS, Action.REJECT]),
        )
        .join(Person, Person.id == ApplicationStep.by_person_id)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .where(visible_to(ctx.actor, Application), Clock.ended_on >= since, Clock.ended_on < until)
    ).all()
    return [_rate(group) for _, group in groupby(sorted(rows, key=_of), key=_of)]


def _of(row: Any) -> tuple[str, str, date, str]:
    institution, name, state, ended_on, _ = row
    return name, state.value, ended_on.replace(day=1), str(institution)


def _rate(rows: Iterable[Any]) -> HitRate:
    decided = list(rows)
    institution, name, state, ended_on, _ = decided[0]
    return HitRate(
        institution_id=institution,
        institution=name,
        state=state,
        month=ended_on.replace(day=1),
        decided=len(decided),
        in_time=sum(row[3] <= row[4] for row in decided),
    )


def _running(
    clock: Clock, application_id: UUID, applicant: str, calendar: WorkdayCalendar
) -> Running:
    due = due_day(clock, calendar)
    return Running(
        application_id=application_id,
        applicant=applicant,
        state=clock.state,
        rule=CLOCKS[clock.state],
        limit_days=clock.limit_days,
        started_on=clock.started_on,
        due_on=due.on,
        provisional=due.provisional,
        stands=stands(clock),
    )
