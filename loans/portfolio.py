"""The book of notes at the end of a day: how many, how much, which of them late.

Today's figures are the stored positions. An earlier day's are folded by the database from the
movements whose value date is not after it and which no reversal recorded up to it undoes, as the
joint meeting's statistics are (9.13). Every read is one query, whatever the number of rows.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, Subquery, case, func, literal, select

from loans import queries
from loans.context import Context
from loans.daycount import add_months
from loans.errors import NotFound
from loans.models import (
    Application,
    ApplicationStep,
    Movement,
    MovementKind,
    Note,
)
from loans.queries import undone, visible_to, within
from loans.workflow import NoteState, State

LATE_STATES = (NoteState.OVERDUE, NoteState.PAYOUT_REQUESTED)
MONTHS = 12


class Standing(StrEnum):
    """A note on a day: nothing owed any more, something owed, something owed too late."""

    LIVE = "live"
    LATE = "late"
    CLOSED = "closed"


STANDING_NAMES = {
    Standing.LIVE: "在贷",
    Standing.LATE: "逾期（含已申请代偿）",
    Standing.CLOSED: "余额已清",
}


@dataclass(frozen=True, slots=True)
class Tally:
    """How many, and how much [fen]."""

    count: int
    amount_fen: int

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.count + other.count, self.amount_fen + other.amount_fen)


NONE = Tally(0, 0)


@dataclass(frozen=True, slots=True)
class Slice:
    """The notes of one bank, group of borrowers and standing on which something is owed."""

    bank_id: int
    category: str
    standing: Standing
    count: int
    balance_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which notes a list shows; a period is half-open, None does not filter."""

    standing: Standing | None = None
    group: str | None = None
    disbursed: tuple[date, date] | None = None
    matures: tuple[date, date] | None = None


def notes_as(ctx: Context, as_of: date | None, wanted: Wanted, **equals: Any) -> Select[Any]:
    """The visible notes of a day that are wanted; ``equals``: column values, None for any."""
    query = queries.notes(ctx, **equals)
    if wanted.group is not None:
        query = query.where(Note.category == wanted.group)
    if wanted.disbursed is not None:
        query = query.where(within(Note.disbursed_on, wanted.disbursed))
    if as_of is not None or wanted.standing is not None or wanted.matures is not None:
        book = notes_on(ctx, as_of)
        query = query.join(book, book.c.note_id == Note.id)
        if wanted.standing is not None:
            query = query.where(book.c.standing == wanted.standing.value)
        if wanted.matures is not None:
            query = query.where(
                within(book.c.ends_on, wanted.matures),
                book.c.balance_fen > 0,
            )
    return query


@dataclass(frozen=True, slots=True)
class Stood:
    """A note at the end of a day."""

    balance_fen: int
    standing: Standing
    ends_on: date


def stood(ctx: Context, as_of: date | None, rows: Iterable[Note]) -> dict[int, Stood]:
    """How some notes stood, by key."""
    keys = [row.id for row in rows]
    book = notes_on(ctx, as_of, keys)
    found = select(book.c.note_id, book.c.balance_fen, book.c.standing, book.c.ends_on)
    return {
        key: Stood(int(balance), Standing(standing), ends_on)
        for key, balance, standing, ends_on in ctx.session.execute(found)
    }


def stood_alone(ctx: Context, as_of: date, note: Note) -> Stood:
    """How one note stood; ``NotFound`` before it was disbursed."""
    found = stood(ctx, as_of, [note]).get(note.id)
    if found is None:
        raise NotFound(
            "note-not-yet",
            f"借据 {note.note_no} 于 {note.disbursed_on} 放款，{as_of} 还没有这张借据",
        )
    return found


def known_by(as_of: date, movements: Sequence[Movement]) -> list[Movement]:
    """Those of a note's movements that its position of a day is folded from, and what undid some.

    By value date, as ``notes_on`` counts them.
    """
    kept = {row.id for row in movements if row.reverses_id is None and row.on <= as_of}
    return [row for row in movements if row.id in kept or row.reverses_id in kept]


def notes_on(ctx: Context, as_of: date | None, only: Collection[int] | None = None) -> Subquery:
    """Visible notes with ``balance_fen`` and ``standing`` at the end of a day; None: as stored.

    ``only``: the keys of the notes wanted. Columns: note_id, bank_id, category, disbursed_on,
    ends_on, principal_fen, balance_fen, standing (the text of ``Standing``).
    """
    if as_of is None:
        late: Any = Note.state.in_(LATE_STATES)
        rows = select(*_columns(Note.balance_fen, late, Note.extended_to))
        rows = rows.where(visible_to(ctx.actor, Note))
    else:
        moved, marked, extended = _repaid(as_of, only), _marked(as_of, only), _extended(as_of, only)
        balance = Note.principal_fen - func.coalesce(moved.c.repaid_fen, 0)
        late = marked.c.kind == MovementKind.OVERDUE_FROM
        rows = (
            select(*_columns(balance, late, extended.c.until))
            .outerjoin(moved, moved.c.note_id == Note.id)
            .outerjoin(marked, marked.c.note_id == Note.id)
            .outerjoin(extended, extended.c.note_id == Note.id)
            .where(visible_to(ctx.actor, Note), Note.disbursed_on <= as_of)
        )
    if only is not None:
        rows = rows.where(Note.id.in_(only))
    return rows.subquery("notes_on")


def slices(ctx: Context, as_of: date | None = None) -> list[Slice]:
    """The live book by bank, group of borrowers and standing, in one pass over the notes."""
    book = notes_on(ctx, as_of)
    key = (book.c.bank_id, book.c.category, book.c.standing)
    rows = (
        select(*key, func.count(), func.sum(book.c.balance_fen))
        .where(book.c.balance_fen > 0)
        .group_by(*key)
    )
    return [
        Slice(bank_id, category, Standing(standing), count, int(balance))
        for bank_id, category, standing, count, balance in ctx.session.execute(rows)
    ]


def owed(found: Iterable[Slice]) -> Tally:
    """The notes with something owed, and what."""
    return sum((Tally(row.count, row.balance_fen) for row in found), NONE)


def late(found: Iterable[Slice]) -> Tally:
    """The overdue notes and their balance."""
    return owed(row for row in found if row.standing is Standing.LATE)


def disbursed_by_month(ctx: Context, *, months: int = MONTHS) -> list[tuple[date, Tally]]:
    """What was disbursed in each of the last months up to this day, months without any too."""
    first = add_months(ctx.on.replace(day=1), 1 - months)
    rows = (
        select(Note.disbursed_on, func.count(), func.sum(Note.principal_fen))
        .where(visible_to(ctx.actor, Note), Note.disbursed_on >= first, Note.disbursed_on <= ctx.on)
        .group_by(Note.disbursed_on)
    )
    found = {on: Tally(n, int(fen)) for on, n, fen in ctx.session.execute(rows)}
    return _by_month(found, first, months)


def maturing(ctx: Context, as_of: date | None = None) -> dict[date, Tally]:
    """The balances that mature on each day from this one to the end of the next months."""
    return maturing_by_day(ctx, (ctx.on, add_months(ctx.on.replace(day=1), MONTHS)), as_of)


def maturing_by_month(ctx: Context, found: dict[date, Tally]) -> list[tuple[date, Tally]]:
    """What was found ``maturing``, by month."""
    return _by_month(found, ctx.on.replace(day=1), MONTHS)


def _by_month(found: dict[date, Tally], first: date, months: int) -> list[tuple[date, Tally]]:
    """The months from ``first`` on, those without anything too."""
    sums = {add_months(first, i): NONE for i in range(months)}
    for on, tally in found.items():
        sums[on.replace(day=1)] += tally
    return list(sums.items())


def maturing_by_day(
    ctx: Context, period: tuple[date, date], as_of: date | None = None
) -> dict[date, Tally]:
    """The balances that mature on each day of ``[since, until)``; days without any are left out."""
    book = notes_on(ctx, as_of)
    rows = (
        select(book.c.ends_on, func.count(), func.sum(book.c.balance_fen))
        .where(book.c.balance_fen > 0, within(book.c.ends_on, period))
        .group_by(book.c.ends_on)
    )
    return {on: Tally(n, int(fen)) for on, n, fen in ctx.session.execute(rows)}


def applications_on(ctx: Context, as_of: date | None) -> Subquery:
    """Visible applications with their ``state`` at the end of a day; None: as stored."""
    state: Any
    if as_of is None:
        state = Application.state
        rows = select(*_file(state)).where(visible_to(ctx.actor, Application))
    else:
        later = _next_step(as_of)
        state = func.coalesce(later.c.from_state, Application.state)
        rows = (
            select(*_file(state))
            .outerjoin(later, later.c.application_id == Application.id)
            .where(visible_to(ctx.actor, Application), Application.created_on <= as_of)
        )
    return rows.subquery("applications_on")


def applications_by_state(ctx: Context, as_of: date | None = None) -> dict[State, Tally]:
    """Visible applications and the amounts asked for, by state."""
    book = applications_on(ctx, as_of)
    rows = select(book.c.state, func.count(), func.sum(book.c.amount_fen)).group_by(book.c.state)
    found = {State(state): Tally(n, int(fen)) for state, n, fen in ctx.session.execute(rows)}
    return {state: found[state] for state in State if state in found}


def applications_as(
    ctx: Context, as_of: date | None, *, state: State | None, **equals: Any
) -> Select[Any]:
    """The visible applications of a day in a state; ``equals`` as in ``notes_as``."""
    query = queries.applications(ctx, **equals)
    if as_of is None:
        return query if state is None else query.where(Application.state == state)
    book = applications_on(ctx, as_of)
    query = query.join(book, book.c.application_id == Application.id)
    return query if state is None else query.where(book.c.state == state.value)


def states_on(ctx: Context, as_of: date, rows: Iterable[Application]) -> dict[int, State]:
    """The states of some applications at the end of a day, by key."""
    book = applications_on(ctx, as_of)
    found = select(book.c.application_id, book.c.state).where(
        book.c.application_id.in_([row.id for row in rows])
    )
    return {key: State(state) for key, state in ctx.session.execute(found)}


def _columns(balance: Any, late: Any, extended_to: Any) -> tuple[Any, ...]:
    standing = case(
        (balance == 0, literal(Standing.CLOSED.value)),
        (late, literal(Standing.LATE.value)),
        else_=literal(Standing.LIVE.value),
    )
    return (
        Note.id.label("note_id"),
        Note.bank_id,
        Note.category,
        Note.disbursed_on,
        func.coalesce(extended_to, Note.matures_on).label("ends_on"),
        Note.principal_fen,
        balance.label("balance_fen"),
        standing.label("standing"),
    )


def _counts(as_of: date, only: Collection[int] | None, *kinds: MovementKind) -> tuple[Any, ...]:
    """What makes a movement count on a day: by value date, as it is known today.

    What was undone never counts: what was reported in its place counts from the same day.
    """
    counts = (Movement.on <= as_of, Movement.kind.in_(kinds), Movement.id.not_in(undone()))
    return counts if only is None else (*counts, Movement.note_id.in_(only))


def _repaid(as_of: date, only: Collection[int] | None) -> Subquery:
    """Principal repaid or compensated up to a day, by note."""
    kinds = (MovementKind.PRINCIPAL_REPAID, MovementKind.COMPENSATED)
    rows = select(Movement.note_id, func.sum(Movement.amount_fen).label("repaid_fen"))
    return rows.where(*_counts(as_of, only, *kinds)).group_by(Movement.note_id).subquery("repaid")


def _marked(as_of: date, only: Collection[int] | None) -> Subquery:
    """The last overdue mark of each note up to a day: begun or cured."""
    kinds = (MovementKind.OVERDUE_FROM, MovementKind.OVERDUE_CURED)
    newest = func.row_number().over(
        partition_by=Movement.note_id, order_by=(Movement.on.desc(), Movement.id.desc())
    )
    rows = select(Movement.note_id, Movement.kind, newest.label("place"))
    marks = rows.where(*_counts(as_of, only, *kinds)).subquery("marks")
    return select(marks.c.note_id, marks.c.kind).where(marks.c.place == 1).subquery("marked")


def _extended(as_of: date, only: Collection[int] | None) -> Subquery:
    """The day each note was extended to, as agreed up to a day."""
    rows = select(Movement.note_id, func.max(Movement.until).label("until"))
    kept = rows.where(*_counts(as_of, only, MovementKind.EXTENDED)).group_by(Movement.note_id)
    return kept.subquery("extended")


def _file(state: Any) -> tuple[Any, ...]:
    return Application.id.label("application_id"), state.label("state"), Application.amount_fen


def _next_step(as_of: date) -> Subquery:
    """Each application's first step after a day: it started from the state of that day."""
    first = func.row_number().over(
        partition_by=ApplicationStep.application_id, order_by=ApplicationStep.no
    )
    rows = select(ApplicationStep.application_id, ApplicationStep.from_state, first.label("place"))
    steps = rows.where(ApplicationStep.on > as_of).subquery("steps")
    return (
        select(steps.c.application_id, steps.c.from_state)
        .where(steps.c.place == 1)
        .subquery("next_step")
    )
