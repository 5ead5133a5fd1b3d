"""What one running copy is made of, and the only clock of the programme."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from threading import Lock
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.limits import Buckets
from loans import wall
from loans.access import Actor
from loans.calendar import loaded_notices
from loans.context import Context
from loans.models import BusinessDate
from loans.policy import PolicyBook
from loans.vault import Vault
from loans.versions import adopted
from loans.workdays import WorkdayCalendar

PROGRAMME_ZONE = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Installation:
    """Database, law, calendar, keys and clock of one running copy.

    ``clock`` and ``new_id`` are injected so that a test can repeat a history to the byte.
    ``production`` refuses a business date other than today's. ``book`` is the law until another
    version is loaded; with ``fixed_book`` (FUMIN_POLICY_DIR names it) it stays the law. ``turn`` is
    held by the one command that this process runs.
    """

    reads: sessionmaker[Session]
    writes: sessionmaker[Session]
    book: PolicyBook
    calendar: WorkdayCalendar
    vault: Vault
    env: str = "development"
    clock: Callable[[], datetime] = now
    new_id: Callable[[], UUID] = uuid4
    fixed_book: bool = False
    turn: Lock = field(default_factory=Lock, repr=False, compare=False)
    second_factor: bool = False
    buckets: Buckets | None = None  # None: nobody is limited

    @property
    def needs_second_factor(self) -> bool:
        """Whether people sign in with a one-time code too: in production always."""
        return self.production or self.second_factor

    @property
    def production(self) -> bool:
        """Whether this copy works on real people's loans."""
        return self.env == "production"

    def today(self, session: Session) -> date:
        """The business date: today in Jiangyin, or outside production the day that was set."""
        if not self.production:
            row = session.scalars(select(BusinessDate)).one_or_none()
            if row is not None:
                return row.on
        return self.clock().astimezone(PROGRAMME_ZONE).date()

    def law(self, session: Session) -> PolicyBook:
        """The policy book in force: the version loaded last, if any may be."""
        loaded = None if self.fixed_book else adopted(session)
        return loaded or self.book

    def context(self, session: Session, actor: Actor) -> Context:
        """The surroundings of one command or read in this session, inside the actor's wall."""
        wall.stand(session, actor)
        on = self.today(session)
        return Context(
            session=session,
            actor=actor,
            on=on,
            at=self.clock(),
            book=self.law(session),
            calendar=self.calendar.with_notices(loaded_notices(session)).known_on(on),
            vault=self.vault,
            new_id=self.new_id,
        )
