"""Reads for a person's first screen: what waits, what runs, what is due; counted, never guessed.

Every read is one query (or a fixed few), whatever the number of rows, and scoped like all others.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Bundle

from loans import clocks
from loans.access import Role
from loans.context import Context
from loans.desk import lying_with, waiting_for
from loans.models import (
    Application,
    Borrower,
    Clock,
    Disbursement,
    Note,
    Payout,
    PayoutState,
)
from loans.portfolio import LATE_STATES
from loans.queries import Counted, counted, pending_disbursements, visible_to
from loans.workdays import DueDay
from loans.workflow import (
    REPAYABLE_NOTE_STATES,
    State,
)

LARGEST_LIST = 50
MOST_OPEN = 1_000  # open files looked at for a worklist
# What is needed to say on whose desk a file lies, without its content.
_JUDGED = (
    Application.id,
    Application.kind,
    Application.state,
    Application.returned_from,
    Application.round,
    Application.content_hash,
    Application.categories,
)
# Who acts next on a request for compensation (rules.md §4).
PAYOUT_STEPS = {
    PayoutState.REQUESTED: Role.GUARANTEE_REVIEWER,
    PayoutState.EXAMINED: Role.GUARANTEE_APPROVER,
    PayoutState.APPROVED: Role.GUARANTEE_REVIEWER,
}
# What is needed to say when a clock is due.
_TIMED = (
    Clock.id,
    Clock.state,
    Clock.limit_days,
    Clock.started_on,
    Clock.due_on,
    Clock.provisional,
    Clock.ended_on,
    Clock.stops,
)
_OPEN_CLOCK = (Clock.application_id == Application.id) & Clock.ended_on.is_(None)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An application on somebody's desk: who acts next, and its clock if one runs."""

    application: Application
    borrower: Borrower
    roles: tuple[Role, ...]
    clock: Clock | None
    due: DueDay | None  # of the clock, by the notices known today
    days_left: int | None  # working days after today up to the due day; negative when late
    stands: bool  # the clock stands: the file is with the applicant


@dataclass(frozen=True, slots=True)
class Work:
    """What waits for the actor: how many files, and the most urgent of them."""

    count: int
    rows: list[Waiting]
    more: bool  # there are more open files than were looked at


@dataclass(frozen=True, slots=True)
class OpenClock:
    """A running clock: its stage and due day, and whether its file is with the applicant."""

    id: int
    state: State
    due_on: date
    is_returned: bool


@dataclass(frozen=True, slots=True)
class DueClocks:
    """Running clocks of one stage that are due on one day."""

    state: State
    due_on: date
    days_left: int
    count: int


def worklist(ctx: Context, *, limit: int = LARGEST_LIST) -> Work:
    """The open files that wait for one of the actor's roles, the most urgent first."""
    lying = lying_with(ctx.actor)
    found: Sequence[Any] = ctx.session.execute(
        select(*_JUDGED, Bundle("clock", *_TIMED))
        .outerjoin(Clock, _OPEN_CLOCK)
        .where(visible_to(ctx.actor, Application), Application.id.in_(lying))
        .order_by(Clock.due_on.is_(None), Clock.due_on, Application.id)
        .limit(MOST_OPEN + 1)
    ).all()
    roles = waiting_for(ctx, found[:MOST_OPEN], lying)
    mine = [row for row in found[:MOST_OPEN] if not ctx.actor.roles.isdisjoint(roles[row.id])]
    urgent = sorted(mine, key=lambda row: (_due_on(ctx, row.clock), row.id))[:limit]
    rows = ctx.session.execute(
        select(Application, Borrower, Clock)
        .join(Borrower, Borrower.id == Application.borrower_id)
        .outerjoin(Clock, _OPEN_CLOCK)
        .where(Application.id.in_([row.id for row in urgent]))
        .order_by(Application.id)
    )
    shown = [_waiting(ctx, *row, roles[row[0].id]) for row in rows]
    return Work(len(mine), sorted(shown, key=_urgency), len(found) > MOST_OPEN)


def open_clocks(ctx: Context) -> list[OpenClock]:
    """The visible running clocks, by their due days as the notices known today have them."""
    rows = ctx.session.execute(
        select(*_TIMED, Application.state.label("file"))
        .join(Application, Application.id == Clock.application_id)
        .where(visible_to(ctx.actor, Application), Clock.ended_on.is_(None))
        .order_by(Clock.id)
    )
    found = [
        OpenClock(row.id, row.state, _due_on(ctx, row), row.file is State.RETURNED) for row in rows
    ]
    return sorted(found, key=lambda clock: clock.due_on)


def due_clocks(ctx: Context, running: Iterable[OpenClock]) -> list[DueClocks]:
    """How many of these clocks of each stage are due on each day; those that stand are not."""
    counts = Counter((clock.due_on, clock.state) for clock in running if not clock.is_returned)
    return [
        DueClocks(state, due_on, days_left(ctx, due_on), count)
        for (due_on, state), count in sorted(counts.items())
    ]


def running_clocks(
    ctx: Context, running: Sequence[OpenClock], *, limit: int = LARGEST_LIST
) -> list[Waiting]:
    """The first of these clocks (9.9) with their files, whoever has to act."""
    # A file with its assessment is large, and only a few are shown.
    keys = [clock.id for clock in running[:limit]]
    files = ctx.session.execute(
        select(Clock, Application, Borrower)
        .join(Application, Application.id == Clock.application_id)
        .join(Borrower, Borrower.id == Application.borrower_id)
        .where(Clock.id.in_(keys))
    ).all()
    found = {clock.id: (application, borrower, clock) for clock, application, borrower in files}
    roles = waiting_for(ctx, [application for application, _, _ in found.values()])
    return [_waiting(ctx, *found[key], roles[found[key][0].id]) for key in keys]


def _due_on(ctx: Context, clock: Any) -> date:
    """When a file is due by the notices known today; what has no clock comes last."""
    return date.max if clock.id is None else clocks.due_day(clock, ctx.calendar).on


def _urgency(waiting: Waiting) -> date:
    return waiting.due.on if waiting.due else date.max


def days_left(ctx: Context, due_on: date) -> int:
    """Working days after today up to and with the due day; negative: working days late."""
    day = timedelta(days=1)
    if due_on >= ctx.on:
        return ctx.calendar.workdays_between(ctx.on + day, due_on + day)
    return -ctx.calendar.workdays_between(due_on + day, ctx.on + day)


def drawings_of(ctx: Context, application: Application) -> list[Disbursement]:
    """An application's drawings, confirmed or not but not withdrawn, oldest first."""
    rows = select(Disbursement).where(
        Disbursement.application_id == application.id, Disbursement.withdrawn_at.is_(None)
    )
    return list(ctx.session.scalars(rows.order_by(Disbursement.id)))


def payouts_waiting(ctx: Context, *, limit: int = LARGEST_LIST) -> Counted:
    """The requests for compensation that wait for one of the actor's roles, the oldest first.

    Rows: payout, note, borrower.
    """
    states = [state for state, role in PAYOUT_STEPS.items() if role in ctx.actor.roles]
    rows = (
        select(Payout, Note, Borrower)
        .join(Note, Note.id == Payout.note_id)
        .join(Borrower, Borrower.id == Note.borrower_id)
        .where(visible_to(ctx.actor, Payout), Payout.state.in_(states))
        .order_by(Payout.id)
    )
    return counted(ctx, rows, limit)


def drawings_waiting(ctx: Context, *, limit: int = LARGEST_LIST) -> Counted:
    """The visible drawings that wait for a checker, the oldest first.

    Rows: drawing, its application's public id, borrower.
    """
    rows = (
        pending_disbursements(ctx)
        .join(Application, Application.id == Disbursement.application_id)
        .join(Borrower, Borrower.id == Application.borrower_id)
        .add_columns(Application.public_id, Borrower)
        .order_by(Disbursement.id)
    )
    return counted(ctx, rows, limit)


def overdue_notes(ctx: Context, *, limit: int = LARGEST_LIST) -> list[tuple[Note, Borrower]]:
    """Visible overdue notes, those whose payout is asked for too, the longest running first."""
    return _notes(ctx, limit, Note.state.in_(LATE_STATES), Note.balance_fen > 0)


def maturing_notes(
    ctx: Context, *, until: date, limit: int = LARGEST_LIST
) -> list[tuple[Note, Borrower]]:
    """Visible notes owed that mature in ``[today, until)`` (9.10), the first to mature first."""
    ends = func.coalesce(Note.extended_to, Note.matures_on)
    live = Note.state.in_(REPAYABLE_NOTE_STATES), Note.balance_fen > 0
    # An extension is always to a later day: the plan's day narrows what is looked at.
    return _notes(ctx, limit, *live, Note.matures_on < until, ends >= ctx.on, ends < until)


def _notes(ctx: Context, limit: int, *conditions: Any) -> list[tuple[Note, Borrower]]:
    rows = (
        select(Note, Borrower)
        .join(Borrower, Borrower.id == Note.borrower_id)
        .where(visible_to(ctx.actor, Note), *conditions)
        .order_by(Note.matures_on, Note.id)
        .limit(limit)
    )
    return [(note, borrower) for note, borrower in ctx.session.execute(rows)]


def _waiting(
    ctx: Context,
    application: Application,
    borrower: Borrower,
    clock: Clock | None,
    roles: tuple[Role, ...],
) -> Waiting:
    due = clocks.due_day(clock, ctx.calendar) if clock else None
    stands = clock is not None and clocks.stands(clock)
    left = days_left(ctx, due.on) if due and not stands else None
    return Waiting(application, borrower, roles, clock, due, left, stands)
