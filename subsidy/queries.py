"""Reads of the subsidy side: a bank's (or the programme's) notes as the accrual core wants them.

One read a frame: notes, the terms of their contracts, and their movements, as columns; they are put
side by side here, which costs less than a join of the whole book. Whoever shows single notes asks
for their rows too.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import Session

from loans.classes import SubsidyClass
from loans.context import Context
from loans.models import Contract, Movement, MovementKind, Note
from loans.wall import every_bank
from loans.workflow import BorrowerKind
from subsidy import accrual
from subsidy.codes import DAY_COUNTS, SETTLEMENTS
from subsidy.columns import DRAWN, EXTENDED, RECOUNTED, REVERSED, MovementColumns, NoteColumns
from subsidy.frames import day_number, read_frame, statement_text
from subsidy.models import AccrualLine, MonthLock
from subsidy.portfolio import Book, Portfolio

__all__ = [
    "Book",
    "Portfolio",
    "frames_of",
    "last_lock",
    "late_borrowers",
    "lines_of_month",
    "read_book",
]

CLASSES = tuple(SubsidyClass)
# What of a note's movements its interest follows, by the columns' codes.
KINDS = {
    MovementKind.PRINCIPAL_REPAID: accrual.PRINCIPAL_REPAID,
    MovementKind.COMPENSATED: accrual.PRINCIPAL_REPAID,  # by the guarantee, not the borrower
    MovementKind.RATE_CHANGED: accrual.RATE_CHANGED,
    MovementKind.OVERDUE_FROM: accrual.OVERDUE_FROM,
    MovementKind.OVERDUE_CURED: accrual.OVERDUE_CURED,
    MovementKind.SUBSIDY_STOPPED: accrual.SUBSIDY_STOPPED,
    MovementKind.EXTENDED: EXTENDED,
    MovementKind.HIRES_RECOUNTED: RECOUNTED,
    MovementKind.REVERSED: REVERSED,
    MovementKind.DISBURSED: DRAWN,
}
# The difference code behind a stop (rules.md §7); 0 for an event without one.
STOP_CODES = {
    "other_employment": 12,
    "deregistered": 13,
    "legal_representative": 13,
    "misuse": 17,
    "compensation": 18,
}


def read_book(
    ctx: Context,
    *,
    bank_id: int | None = None,
    borrower_ids: Iterable[int] | Select[Any] | None = None,
    rows: bool = True,
) -> Book:
    """All notes (of one bank, of some borrowers) with their contracts' facts and movements.

    ``rows``: the notes' rows too, for whoever shows single notes.
    """
    sources = _sources(bank_id, borrower_ids)
    with every_bank(ctx):
        own, terms, told = (
            read_frame(ctx.session, *frame, source)
            for frame, source in zip(_FRAMES, sources, strict=True)
        )
        listed = _rows(ctx, sources[0]) if rows else ()
    found = NoteColumns.of(own, terms)
    told["note"] = np.searchsorted(found.id, told.pop("note_id"))
    return Book(found, MovementColumns(**told), listed)


def frames_of(session: Session) -> list[str]:
    """The reads of the whole book in the database's own SQL, one row a note, contract, movement."""
    sources = _sources(None, None)
    return [
        statement_text(session, source.with_only_columns(*numbers.values(), *texts.values()))
        for (_, numbers, texts), source in zip(_FRAMES, sources, strict=True)
    ]


def late_borrowers(since: date, recorded_after: int) -> Select[Any]:
    """Borrowers with a fact recorded after a movement whose days begin before ``since``."""
    changes = Movement.kind.in_(KINDS)
    ended = Movement.kind.in_([MovementKind.EXTENDED, MovementKind.REVERSED])
    return (
        select(Note.borrower_id)
        .join(Movement, Movement.note_id == Note.id)
        .where(
            Movement.id > recorded_after,
            changes,
            or_(Movement.on < since, ended & (Note.matures_on < since)),
        )
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


def _rows(ctx: Context, notes: Select[Any]) -> Sequence[Any]:
    both = notes.join(Contract, Contract.id == Note.contract_id)
    return ctx.session.execute(both.with_only_columns(*_ROW).order_by(Note.id)).all()


def _sources(
    bank_id: int | None, borrower_ids: Iterable[int] | Select[Any] | None
) -> tuple[Select[Any], Select[Any], Select[Any]]:
    """Which notes, which contracts with theirs among them, and which of their movements."""
    notes, contracts = select(Note.id).select_from(Note), select(Contract.id)
    # A drawing says nothing that the note does not say: only who asks for a past state needs it.
    kinds = [kind for kind in KINDS if borrower_ids is not None or KINDS[kind] != DRAWN]
    # Said by what is left out: most of the table is read, and no index by kind may get in between.
    others = [kind for kind in MovementKind if kind not in kinds]
    movements = select(Movement.id).select_from(Movement).where(Movement.kind.not_in(others))
    if bank_id is not None:
        # A borrower's cap is shared by the notes of all banks: those are read too.
        borrower_ids = select(Note.borrower_id).where(Note.bank_id == bank_id)
    if borrower_ids is not None:
        some = borrower_ids if isinstance(borrower_ids, Select) else list(borrower_ids)
        notes = notes.where(Note.borrower_id.in_(some))
        contracts = contracts.where(Contract.borrower_id.in_(some))
        theirs = select(Note.id).where(Note.borrower_id.in_(some))
        movements = movements.where(Movement.note_id.in_(theirs))
    return notes, contracts, movements


def _code(codes: Mapping[Any, int], column: Any) -> Any:
    """The small integer that stands for a word."""
    return case({str(word): code for word, code in codes.items()}, value=column)


_NOTE_NUMBERS = {
    "id": Note.id,
    "borrower_id": Note.borrower_id,
    "bank_id": Note.bank_id,
    "contract_id": Note.contract_id,
    "principal_fen": Note.principal_fen,
    "balance_fen": Note.balance_fen,
    "disbursed_on": day_number(Note.disbursed_on),
    "matures_on": day_number(Note.matures_on),
    "settlement": _code(SETTLEMENTS, Note.settlement),
}
_TERM_NUMBERS = {
    "id": Contract.id,
    "individual": case((Contract.kind == BorrowerKind.INDIVIDUAL, 1), else_=0),
    "rate_ppm": Contract.rate_ppm,
    "penalty_rate_ppm": Contract.penalty_rate_ppm,
    "day_count": _code(DAY_COUNTS, Contract.day_count),
    "subsidy_class": _code({name: at for at, name in enumerate(CLASSES)}, Contract.subsidy_class),
    "share_pct": Contract.share_pct,
    "base_limit_fen": Contract.base_limit_fen,
    "benchmark_ppm": func.coalesce(Contract.benchmark_ppm, accrual.CONTRACT_RATE),
    "ceiling_ppm": func.coalesce(Contract.ceiling_ppm, accrual.NO_CEILING),
    "floor_ppm": Contract.floor_ppm,
    "subsidy_ends_on": day_number(Contract.subsidy_ends_on),
}
_MOVEMENT_NUMBERS = {
    "id": Movement.id,
    "note_id": Movement.note_id,
    "kind": _code(KINDS, Movement.kind),
    "on": day_number(Movement.on),
    "value": case(
        (Movement.kind == MovementKind.RATE_CHANGED, Movement.rate_ppm), else_=Movement.amount_fen
    ),
    "until": case((Movement.kind == MovementKind.EXTENDED, day_number(Movement.until)), else_=0),
    "reason": case(STOP_CODES, value=Movement.reason, else_=0),
    "reverses_id": func.coalesce(Movement.reverses_id, 0),
}
# Key, numbers and texts of each frame: notes, the terms of contracts, movements.
_FRAMES: tuple[tuple[Any, dict[str, Any], dict[str, Any]], ...] = (
    (Note.id, _NOTE_NUMBERS, {"note_no": Note.note_no}),
    (Contract.id, _TERM_NUMBERS, {"policy_version": Contract.policy_version}),
    (Movement.id, _MOVEMENT_NUMBERS, {}),
)
_ROW = (
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
