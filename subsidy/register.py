"""The register a claim is compared with: one bank's notes and why each day or yuan earns.

Everything is read here and stated in the accrual core's terms; the comparison itself is pure.
"""

from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import select

from loans.context import Context
from loans.models import Borrower, Contract, Note
from loans.wall import every_bank
from subsidy.accrual import day
from subsidy.controls import controlled
from subsidy.models import Claim, ClaimLine, ClaimState
from subsidy.queries import Portfolio, read_book
from subsidy.reconciliation import ElsewhereSpan, LineClass, Register, Span

# Claims whose lines take up note-days: what is not accepted or was replaced does not.
COUNTED = (ClaimState.RECEIVED, ClaimState.REVIEWED, ClaimState.APPROVED)


def register_of(
    ctx: Context, *, bank_id: int, without: Claim | None = None
) -> tuple[Register, list[Any]]:
    """The bank's register and the note rows behind it, in the same order.

    ``without`` leaves out a claim's own lines (and those it replaces) when it is compared again.
    Caps, spouses and what was claimed before are looked up across all banks.
    """
    with every_bank(ctx):
        return _register_of(ctx, bank_id, without)


def _register_of(ctx: Context, bank_id: int, without: Claim | None) -> tuple[Register, list[Any]]:
    plain = of_bank(read_book(ctx, bank_id=bank_id).portfolio(), bank_id)
    indexes = borrower_indexes(ctx, plain)
    keys = {key: index.hex() for key, index in indexes.items()}
    found = controlled(ctx, plain, indexes)
    portfolio = found.portfolio
    register = Register.of(
        portfolio.notes,
        portfolio.events,
        contract_no=[row.contract_no for row in portfolio.rows],
        borrower=[keys[row.borrower_id] for row in portfolio.rows],
        reason=portfolio.reason,
        last_closing_fen=_last_closing(ctx, portfolio, bank_id, without),
        earlier=tuple(_earlier(ctx, bank_id, without)),
        elsewhere=(*_elsewhere(ctx, bank_id, keys), *found.elsewhere),
        flags=found.flags,
    )
    return register, list(portfolio.rows)


def of_bank(portfolio: Portfolio, bank_id: int) -> Portfolio:
    """One bank's notes of a portfolio that was read with all notes of its borrowers."""
    kept = np.array([i for i, row in enumerate(portfolio.rows) if row.bank_id == bank_id], np.intp)
    owner = np.repeat(np.arange(len(portfolio.notes)), np.diff(portfolio.events.offsets))
    return Portfolio(
        rows=[row for row in portfolio.rows if row.bank_id == bank_id],
        notes=portfolio.notes.take(kept),
        events=portfolio.events.take(kept),
        reason=portfolio.reason[np.isin(owner, kept)],
    )


def borrower_indexes(ctx: Context, portfolio: Portfolio) -> dict[int, bytes]:
    """The blind index of each borrower's number: the opaque key that a claim gives too."""
    ids = {row.borrower_id for row in portfolio.rows}
    rows = select(Borrower.id, Borrower.id_index).where(Borrower.id.in_(ids))
    return {key: index for key, index in ctx.session.execute(rows)}  # noqa: C416 - rows, not pairs


def _last_closing(ctx: Context, portfolio: Portfolio, bank_id: int, before: Claim | None) -> Any:
    """期末余额 of each note in the bank's last approved claim (before that one), or −1."""
    rows = (
        select(ClaimLine.note_id, ClaimLine.cells)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(Claim.bank_id == bank_id, Claim.state == ClaimState.APPROVED)
        .order_by(Claim.id)
    )
    if before is not None:
        rows = rows.where(Claim.id < before.id)
    closing = {
        note_id: cells.get("closing_fen", -1) for note_id, cells in ctx.session.execute(rows)
    }
    return np.array([closing.get(row.id, -1) for row in portfolio.rows], np.int64)


def _earlier(ctx: Context, bank_id: int, without: Claim | None) -> list[Span]:
    rows = (
        select(
            ClaimLine.note_no,
            ClaimLine.since,
            ClaimLine.until,
            Claim.since,
            Claim.until,
            ClaimLine.line_class,
            ClaimLine.payable_fen,
            Claim.state,
        )
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(
            Claim.bank_id == bank_id,
            Claim.state.in_(COUNTED),
            ClaimLine.payable_fen > 0,
            Claim.id != (without.id if without else 0),
        )
    )
    return [
        Span(r[0], day(r[1]), day(r[2]), _name(r[3], r[4]), _paid(r[5], r[6], r[7]))
        for r in ctx.session.execute(rows)
        if r[1] is not None and r[2] is not None
    ]


def _paid(line_class: LineClass, payable_fen: int, state: ClaimState) -> int | None:
    """What an approved under-claim was paid: the rest may be claimed later (rules.md §7)."""
    is_open = line_class is LineClass.UNDER and state is ClaimState.APPROVED
    return payable_fen if is_open else None


def _elsewhere(ctx: Context, bank_id: int, keys: dict[int, str]) -> list[ElsewhereSpan]:
    rows = (
        select(Note.borrower_id, Contract.contract_no, ClaimLine.since, ClaimLine.until)
        .join(Note, Note.id == ClaimLine.note_id)
        .join(Contract, Contract.id == Note.contract_id)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(
            Claim.bank_id != bank_id,
            Claim.state.in_(COUNTED),
            ClaimLine.payable_fen > 0,
            Note.borrower_id.in_(keys),
        )
    )
    return [
        ElsewhereSpan(keys[borrower_id], contract_no, day(since), day(until), "另一经办银行")
        for borrower_id, contract_no, since, until in ctx.session.execute(rows)
        if since is not None and until is not None
    ]


def _name(since: date, until: date) -> str:
    return f"{since.isoformat()} 至 {until.isoformat()} 的申报"
