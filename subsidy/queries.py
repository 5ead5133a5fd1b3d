"""Reads of the subsidy side: a bank's (or the programme's) notes as the accrual core wants them.

Two reads: notes with their contracts, and their movements. What the core calls an event is made
here from what was reported and from the contract: the penalty rate after maturity, the cap of a
person or the base of a firm over all their notes.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import select

from loans.classes import NoteBalance, subsidised_balances
from loans.context import Context
from loans.models import Contract, Movement, MovementKind, Note
from loans.wall import every_bank
from subsidy import accrual
from subsidy.accrual import Events, Notes, day
from subsidy.codes import DAY_COUNTS, SETTLEMENTS
from subsidy.models import AccrualLine, MonthLock

EVENTS = {
    MovementKind.PRINCIPAL_REPAID: accrual.PRINCIPAL_REPAID,
    MovementKind.COMPENSATED: accrual.PRINCIPAL_REPAID,  # by the guarantee, not the borrower
    MovementKind.RATE_CHANGED: accrual.RATE_CHANGED,
    MovementKind.OVERDUE_FROM: accrual.OVERDUE_FROM,
    MovementKind.OVERDUE_CURED: accrual.OVERDUE_CURED,
    MovementKind.SUBSIDY_STOPPED: accrual.SUBSIDY_STOPPED,
}
# The difference code behind a stop (rules.md §7); 0 for an event without one.
STOP_CODES = {
    "other_employment": 12,
    "deregistered": 13,
    "legal_representative": 13,
    "misuse": 17,
    "compensation": 18,
}

Found = Any  # a row with the columns named below


@dataclass(frozen=True)
class Portfolio:
    """Notes and events in the core's columns, beside the rows they came from (same order)."""

    rows: Sequence[Found]
    notes: Notes
    events: Events
    reason: npt.NDArray[np.int8]

    @property
    def note_ids(self) -> npt.NDArray[np.int64]:
        """Internal keys of the notes."""
        return np.array([row.id for row in self.rows], np.int64)


@dataclass(frozen=True)
class Book:
    """What was read: notes with contract facts, and all their movements in order of recording."""

    notes: Sequence[Found]
    movements: Sequence[Found]

    def portfolio(self, known: Callable[[Found], bool] = lambda _: True) -> Portfolio:
        """The book as it stood when only the ``known`` movements were recorded."""
        recorded = [m for m in self.movements if known(m)]
        drawn = {m.note_id for m in recorded if m.kind is MovementKind.DISBURSED}
        rows = [row for row in self.notes if row.id in drawn]
        standing = _standing(recorded)
        position = {row.id: i for i, row in enumerate(rows)}
        events = [
            (position[m.note_id], day(m.on), EVENTS[m.kind], _value(m), _reason(m))
            for m in standing
            if m.kind in EVENTS
        ]
        events += _penalties(rows, position, standing)
        base, changes = _bases(rows, position, standing)
        events += changes
        table = np.array(events, np.int64).reshape(-1, 5)
        owner, on, kind, value, reason = table[np.lexsort((table[:, 1], table[:, 0]))].T
        return Portfolio(
            rows=rows,
            notes=_columns(rows, base),
            events=Events.sorted(
                len(rows),
                owner=owner,
                on=on.astype(np.int32),
                kind=kind.astype(np.int8),
                value=value,
            ),
            reason=reason.astype(np.int8),
        )


def read_book(
    ctx: Context, *, bank_id: int | None = None, borrower_ids: Iterable[int] | None = None
) -> Book:
    """All notes (of one bank, of some borrowers) with their contracts' facts and movements."""
    notes = select(*_NOTE_COLUMNS).join(Contract, Contract.id == Note.contract_id)
    movements = select(*_MOVEMENT_COLUMNS).join(Note, Note.id == Movement.note_id)
    if bank_id is not None:
        # A borrower's cap is shared by the notes of all banks: those are read too.
        theirs = select(Note.borrower_id).where(Note.bank_id == bank_id)
        notes = notes.where(Note.borrower_id.in_(theirs))
        movements = movements.where(Note.borrower_id.in_(theirs))
    if borrower_ids is not None:
        some = list(borrower_ids)
        notes = notes.where(Note.borrower_id.in_(some))
        movements = movements.where(Note.borrower_id.in_(some))
    with every_bank(ctx):
        return Book(
            ctx.session.execute(notes.order_by(Note.id)).all(),
            ctx.session.execute(movements.order_by(Movement.id)).all(),
        )


def last_lock(ctx: Context) -> MonthLock | None:
    """The newest closed month."""
    return ctx.session.scalars(select(MonthLock).order_by(MonthLock.since.desc())).first()


def lines_of_month(ctx: Context, month: MonthLock) -> list[Any]:
    """A closed month's lines with their notes, in order of note number."""
    rows = (
        select(AccrualLine, Note)
        .join(Note, Note.id == AccrualLine.note_id)
        .where(AccrualLine.month_id == month.id)
        .order_by(Note.note_no, AccrualLine.id)
    )
    return list(ctx.session.execute(rows))


_NOTE_COLUMNS = (
    Note.id,
    Note.public_id,
    Note.bank_id,
    Note.branch_id,
    Note.borrower_id,
    Note.contract_id,
    Note.note_no,
    Note.principal_fen,
    Note.balance_fen,
    Note.disbursed_on,
    Note.matures_on,
    Note.settlement,
    Contract.contract_no,
    Contract.signed_on,
    Contract.kind,
    Contract.rate_ppm,
    Contract.penalty_rate_ppm,
    Contract.day_count,
    Contract.policy_version,
    Contract.category,
    Contract.subsidy_class,
    Contract.share_pct,
    Contract.base_limit_fen,
    Contract.benchmark_ppm,
    Contract.ceiling_ppm,
    Contract.floor_ppm,
    Contract.subsidy_ends_on,
)
_MOVEMENT_COLUMNS = (
    Movement.id,
    Movement.note_id,
    Note.borrower_id,
    Movement.kind,
    Movement.on,
    Movement.amount_fen,
    Movement.rate_ppm,
    Movement.until,
    Movement.reason,
    Movement.reverses_id,
)


def _standing(movements: Sequence[Found]) -> list[Found]:
    undone = {m.reverses_id for m in movements if m.reverses_id is not None}
    return [m for m in movements if m.reverses_id is None and m.id not in undone]


def _value(movement: Found) -> int:
    if movement.kind is MovementKind.RATE_CHANGED:
        return int(movement.rate_ppm)
    return int(movement.amount_fen)


def _reason(movement: Found) -> int:
    return STOP_CODES.get(movement.reason, 0)


def _penalties(
    notes: Sequence[Found], position: dict[int, int], standing: Sequence[Found]
) -> list[tuple[int, int, int, int, int]]:
    """From the (extended) maturity on the contract's penalty rate, unless reported that day."""
    extended = {m.note_id: m.until for m in standing if m.kind is MovementKind.EXTENDED}
    reported = {(m.note_id, m.on) for m in standing if m.kind is MovementKind.RATE_CHANGED}
    ends: list[tuple[Found, date]] = [
        (row, extended.get(row.id, row.matures_on)) for row in notes if row.penalty_rate_ppm
    ]
    return [
        (position[row.id], day(end), accrual.RATE_CHANGED, row.penalty_rate_ppm, 0)
        for row, end in ends
        if (row.id, end) not in reported
    ]


def _bases(
    notes: Sequence[Found], position: dict[int, int], standing: Sequence[Found]
) -> tuple[dict[int, int], list[tuple[int, int, int, int, int]]]:
    """Subsidised principal at disbursement and its later changes, where a cap binds at all.

    A person's cap is shared by all their notes, a firm's base by all its live loans; more hires
    raise a firm's base from the first drawing of the loan they came with, a re-count changes it
    from the start of a claim period.
    """
    repaid: dict[int, list[Found]] = {}
    recounted: dict[int, list[Found]] = {}
    for m in standing:
        if EVENTS.get(m.kind) == accrual.PRINCIPAL_REPAID:
            repaid.setdefault(m.note_id, []).append(m)
        elif m.kind is MovementKind.HIRES_RECOUNTED:
            recounted.setdefault(m.note_id, []).append(m)
    base: dict[int, int] = {}
    changes: list[tuple[int, int, int, int, int]] = []
    for _, group in groupby(sorted(notes, key=_sharing), key=_sharing):
        sharers = list(group)
        caps = _caps(sharers, recounted)
        if sum(row.principal_fen for row in sharers) <= min(limit for _, limit in caps):
            continue
        balances = [_balance_steps(row, repaid.get(row.id, [])) for row in sharers]
        filled = subsidised_balances(balances, caps)
        for row in sharers:
            steps = filled[_key(row)]
            base[row.id] = steps[0][1]
            changes += [
                (position[row.id], day(on), accrual.SUBSIDISED_CHANGED, fen, 0)
                for on, fen in steps[1:]
            ]
    return base, changes


def _sharing(row: Found) -> int:
    return int(row.borrower_id)


def _caps(sharers: Sequence[Found], recounted: dict[int, list[Found]]) -> list[tuple[date, int]]:
    """The borrower's cap as steps ``(on, cap_fen)``: the highest limit of the loans drawn so far.

    A loan's limit begins with its first note and changes where its hires were re-counted.
    """
    first = {row.contract_id: row for row in reversed(sharers)}
    turns = [(row.disbursed_on, 0, key, row.base_limit_fen) for key, row in first.items()]
    turns += [
        (m.on, m.id, row.contract_id, m.amount_fen)
        for row in sharers
        for m in recounted.get(row.id, [])
    ]
    limits: dict[int, int] = {}
    caps: dict[date, int] = {}
    for on, _, contract, limit in sorted(turns):
        limits[contract] = limit
        caps[on] = max(limits.values())
    return list(caps.items())


def _key(row: Found) -> str:
    # Two banks may use the same note number: the bank's key keeps them apart.
    return f"{row.note_no}\0{row.bank_id}"


def _balance_steps(row: Found, repaid: list[Found]) -> NoteBalance:
    left, steps = row.principal_fen, {row.disbursed_on: row.principal_fen}
    for m in sorted(repaid, key=lambda m: m.on):
        left -= m.amount_fen
        steps[m.on] = left
    return NoteBalance(
        note_no=_key(row), disbursed_on=row.disbursed_on, balances=tuple(steps.items())
    )


def _columns(rows: Sequence[Found], base: dict[int, int]) -> Notes:
    def of(values: Iterable[int], dtype: Any) -> Any:
        return np.fromiter(values, dtype, len(rows))

    return Notes(
        note_no=[row.note_no for row in rows],
        principal_fen=of((row.principal_fen for row in rows), np.int64),
        disbursed_on=of((day(row.disbursed_on) for row in rows), np.int32),
        matures_on=of((day(row.matures_on) for row in rows), np.int32),
        rate_ppm=of((row.rate_ppm for row in rows), np.int32),
        share_pct=of((row.share_pct for row in rows), np.int8),
        subsidised_fen=of((base.get(row.id, accrual.WHOLE_BALANCE) for row in rows), np.int64),
        benchmark_ppm=of((_or(row.benchmark_ppm, accrual.CONTRACT_RATE) for row in rows), np.int32),
        ceiling_ppm=of((_or(row.ceiling_ppm, accrual.NO_CEILING) for row in rows), np.int32),
        floor_ppm=of((row.floor_ppm for row in rows), np.int32),
        subsidy_ends_on=of((day(row.subsidy_ends_on) for row in rows), np.int32),
        day_count=of((DAY_COUNTS[row.day_count] for row in rows), np.int8),
        settlement=of((SETTLEMENTS[row.settlement] for row in rows), np.int8),
    )


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value
