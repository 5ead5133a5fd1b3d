"""Reads for a person's first screen: what waits, what runs, what is due; counted, never guessed.

Every read is one query (or a fixed few), whatever the number of rows, and scoped like all others.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import extract, func, select

from loans.access import Role
from loans.context import Context
from loans.daycount import add_months
from loans.desk import AWAITED, waiting_for
from loans.models import (
    Application,
    Borrower,
    Clock,
    Disbursement,
    GuaranteeFund,
    Note,
)
from loans.queries import visible_to
from loans.workflow import (
    LIVE_NOTE_STATES,
    NoteState,
    State,
)

LARGEST_LIST = 50


@dataclass(frozen=True, slots=True)
class Waiting:
    """An application on somebody's desk: who acts next, and its clock if one runs."""

    application: Application
    borrower: Borrower
    roles: tuple[Role, ...]
    clock: Clock | None
    days_left: int | None  # working days after today up to the due day; negative when late
    stands: bool  # the clock stands: the file is with the applicant


@dataclass(frozen=True, slots=True)
class Tally:
    """How many, and how much [fen]."""

    count: int
    amount_fen: int


def worklist(ctx: Context) -> list[Waiting]:
    """The open files that wait for one of the actor's roles, the most urgent first."""
    rows = ctx.session.execute(
        select(Application, Borrower, Clock)
        .join(Borrower, Borrower.id == Application.borrower_id)
        .outerjoin(Clock, (Clock.application_id == Application.id) & Clock.ended_on.is_(None))
        .where(visible_to(ctx.actor, Application), Application.state.in_(AWAITED))
        .order_by(Clock.due_on.is_(None), Clock.due_on, Application.id)
        .limit(10 * LARGEST_LIST)
    ).all()
    roles = waiting_for(ctx, [application for application, _, _ in rows])
    mine = [row for row in rows if not ctx.actor.roles.isdisjoint(roles[row[0].id])]
    return [_waiting(ctx, *row, roles[row[0].id]) for row in mine[:LARGEST_LIST]]


def running_clocks(ctx: Context) -> list[Waiting]:
    """Every running working-day clock of 9.9, the first due first, whoever has to act."""
    rows = ctx.session.execute(
        select(Application, Borrower, Clock)
        .join(Borrower, Borrower.id == Application.borrower_id)
        .join(Clock, Clock.application_id == Application.id)
        .where(visible_to(ctx.actor, Application), Clock.ended_on.is_(None))
        .order_by(Clock.due_on, Clock.id)
        .limit(LARGEST_LIST)
    ).all()
    roles = waiting_for(ctx, [application for application, _, _ in rows])
    return [_waiting(ctx, *row, roles[row[0].id]) for row in rows]


def days_left(ctx: Context, due_on: date) -> int:
    """Working days after today up to and with the due day; negative: working days late."""
    day = timedelta(days=1)
    if due_on >= ctx.on:
        return ctx.calendar.workdays_between(ctx.on + day, due_on + day)
    return -ctx.calendar.workdays_between(due_on + day, ctx.on + day)


def applications_by_state(ctx: Context) -> dict[State, Tally]:
    """Visible applications and the amounts asked for, by state."""
    rows = (
        select(Application.state, func.count(), func.sum(Application.amount_fen))
        .where(visible_to(ctx.actor, Application))
        .group_by(Application.state)
    )
    found = {state: Tally(n, int(fen)) for state, n, fen in ctx.session.execute(rows)}
    return {state: found[state] for state in State if state in found}


def notes_by_state(ctx: Context) -> dict[NoteState, Tally]:
    """Visible notes and their balances, by state."""
    rows = (
        select(Note.state, func.count(), func.sum(Note.balance_fen))
        .where(visible_to(ctx.actor, Note))
        .group_by(Note.state)
    )
    return {state: Tally(n, int(fen)) for state, n, fen in ctx.session.execute(rows)}


def disbursed_by_month(ctx: Context, *, months: int = 12) -> list[tuple[date, Tally]]:
    """What was disbursed in each of the last months up to this one, months without any too."""
    first = add_months(ctx.on.replace(day=1), 1 - months)
    year, month = extract("year", Note.disbursed_on), extract("month", Note.disbursed_on)
    rows = (
        select(year, month, func.count(), func.sum(Note.principal_fen))
        .where(visible_to(ctx.actor, Note), Note.disbursed_on >= first)
        .group_by(year, month)
    )
    found = {(int(y), int(m)): Tally(n, int(fen)) for y, m, n, fen in ctx.session.execute(rows)}
    days = (add_months(first, i) for i in range(months))
    return [(day, found.get((day.year, day.month), Tally(0, 0))) for day in days]


def fund_if_any(ctx: Context) -> GuaranteeFund | None:
    """创业担保基金, or None before its first contribution."""
    return ctx.session.scalars(select(GuaranteeFund)).first()


def drawings_of(ctx: Context, application: Application) -> list[Disbursement]:
    """An application's drawings, confirmed or not, oldest first."""
    rows = select(Disbursement).where(Disbursement.application_id == application.id)
    return list(ctx.session.scalars(rows.order_by(Disbursement.id)))


def overdue_notes(ctx: Context) -> list[tuple[Note, Borrower]]:
    """Visible overdue notes, the longest running first."""
    return _notes(ctx, Note.state == NoteState.OVERDUE)


def maturing_notes(ctx: Context, *, until: date) -> list[tuple[Note, Borrower]]:
    """Visible live notes that mature in ``[today, until)`` (9.10), the first to mature first."""
    ends = func.coalesce(Note.extended_to, Note.matures_on)
    live = Note.state.in_(LIVE_NOTE_STATES)
    return _notes(ctx, live, ends >= ctx.on, ends < until)


def _notes(ctx: Context, *conditions: Any) -> list[tuple[Note, Borrower]]:
    rows = (
        select(Note, Borrower)
        .join(Borrower, Borrower.id == Note.borrower_id)
        .where(visible_to(ctx.actor, Note), *conditions)
        .order_by(Note.matures_on, Note.id)
        .limit(LARGEST_LIST)
    )
    return [(note, borrower) for note, borrower in ctx.session.execute(rows)]


def _waiting(
    ctx: Context,
    application: Application,
    borrower: Borrower,
    clock: Clock | None,
    roles: tuple[Role, ...],
) -> Waiting:
    stands = bool(clock and clock.stops and clock.stops[-1][1] is None)
    left = days_left(ctx, clock.due_on) if clock and not stands else None
    return Waiting(application, borrower, roles, clock, left, stands)
