"""The register a claim is compared with: one bank's notes and why each day or yuan earns.

Everything is read here and stated in the accrual core's terms; the comparison itself is pure.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import func, select

from loans.context import Context
from loans.models import Borrower, Contract, Note
from loans.policy import Rule
from loans.wall import every_bank
from subsidy.accrual import day
from subsidy.controls import Controlled, controlled
from subsidy.models import Claim, ClaimLine, ClaimState, SubsidyEntry
from subsidy.queries import Portfolio, read_book
from subsidy.reconciliation import ElsewhereSpan, LineClass, Register, Span

# Claims whose lines take up note-days: what is not accepted or was replaced does not.
COUNTED = (ClaimState.RECEIVED, ClaimState.REVIEWED, ClaimState.APPROVED)


@dataclass(frozen=True)
class BankFacts:
    """All that is known of a bank's notes, whatever was claimed on them."""

    bank_id: int
    controlled: Controlled
    keys: dict[int, str]  # of each borrower: the opaque key that a claim gives too

    @property
    def rows(self) -> list[Any]:
        """The note rows, in the register's order."""
        return list(self.controlled.portfolio.rows)


def bank_facts(ctx: Context, *, bank_id: int) -> BankFacts:
    """Read a bank's notes. Caps and spouses are looked up across all banks."""
    with every_bank(ctx):
        plain = of_bank(read_book(ctx, bank_id=bank_id).portfolio(), bank_id)
        indexes = borrower_indexes(ctx, plain)
        keys = {key: index.hex() for key, index in indexes.items()}
        return BankFacts(bank_id, controlled(ctx, plain, indexes), keys)


def register_of(
    ctx: Context, *, bank_id: int, since: date, without: Claim | None = None
) -> tuple[Register, list[Any]]:
    """The bank's register for a claim from ``since`` on, and the note rows behind it, in order.

    Every claim whose lines take up note-days counts as claimed before, but ``without``.
    """
    facts = bank_facts(ctx, bank_id=bank_id)
    counted = Claim.state.in_(COUNTED) & (Claim.id != (without.id if without else 0))
    return _register(ctx, facts, counted, since), facts.rows


def register_before(ctx: Context, facts: BankFacts, claim: Claim) -> Register:
    """The register as a stored claim is compared with it: its own days are no claim before.

    Before an approved claim are those that were approved before it; before another one, the
    approved ones and those received earlier.
    """
    if claim.state is ClaimState.APPROVED:
        before: Any = Claim.id.in_(_approved_before(claim))
    else:
        is_earlier = (Claim.id < claim.id) & Claim.state.in_(COUNTED)
        before = (is_earlier | (Claim.state == ClaimState.APPROVED)) & (Claim.id != claim.id)
    return _register(ctx, facts, before, claim.since)


def tolerance(ctx: Context, since: date) -> Rule:
    """By how much a line of a claim period may differ and still count as rounding (§7)."""
    return ctx.book.at("claim_tolerance", since)


def _register(ctx: Context, facts: BankFacts, counted: Any, since: date) -> Register:
    found, portfolio = facts.controlled, facts.controlled.portfolio
    with every_bank(ctx):
        elsewhere = _elsewhere(ctx, facts, counted)
        return Register.of(
            portfolio.notes,
            portfolio.events,
            contract_no=[row.contract_no for row in portfolio.rows],
            borrower=[facts.keys[row.borrower_id] for row in portfolio.rows],
            reason=portfolio.reason,
            last_closing_fen=_last_closing(ctx, facts, counted, since),
            earlier=tuple(_earlier(ctx, facts, counted)),
            elsewhere=(*elsewhere, *found.elsewhere),
            flags=found.flags,
        )


def _approved_before(claim: Claim) -> Any:
    """Claims that were made payable before this one: payable entries follow approvals."""
    own = (
        select(func.min(SubsidyEntry.id))
        .join(ClaimLine, ClaimLine.id == SubsidyEntry.claim_line_id)
        .where(ClaimLine.claim_id == claim.id)
        .scalar_subquery()
    )
    return (
        select(ClaimLine.claim_id)
        .join(SubsidyEntry, SubsidyEntry.claim_line_id == ClaimLine.id)
        .where(ClaimLine.claim_id != claim.id)
        .group_by(ClaimLine.claim_id)
        .having(func.min(SubsidyEntry.id) < own)
    )


def of_bank(portfolio: Portfolio, bank_id: int) -> Portfolio:
    """One bank's notes of a portfolio that was read with all notes of its borrowers."""
    return portfolio.take(np.flatnonzero(portfolio.columns.bank_id == bank_id))


def borrower_indexes(ctx: Context, portfolio: Portfolio) -> dict[int, bytes]:
    """The blind index of each borrower's number: the opaque key that a claim gives too."""
    ids = {row.borrower_id for row in portfolio.rows}
    rows = select(Borrower.id, Borrower.id_index).where(Borrower.id.in_(ids))
    return {key: index for key, index in ctx.session.execute(rows)}  # noqa: C416 - rows, not pairs


def _last_closing(ctx: Context, facts: BankFacts, counted: Any, since: date) -> Any:
    """期末余额 of each note in the approved claim that ends where this one begins, or −1.

    Any other claim's balance is that of another day: a quarter may be skipped, or corrected later.
    """
    rows = (
        select(ClaimLine.note_id, ClaimLine.cells)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(
            Claim.bank_id == facts.bank_id,
            Claim.state == ClaimState.APPROVED,
            Claim.until == since,
            counted,
        )
        .order_by(Claim.id, ClaimLine.until)
    )
    closing = {
        note_id: cells.get("closing_fen", -1) for note_id, cells in ctx.session.execute(rows)
    }
    return np.array([closing.get(row.id, -1) for row in facts.rows], np.int64)


def _earlier(ctx: Context, facts: BankFacts, counted: Any) -> list[Span]:
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
        .where(Claim.bank_id == facts.bank_id, counted, ClaimLine.payable_fen > 0)
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


def _elsewhere(ctx: Context, facts: BankFacts, counted: Any) -> list[ElsewhereSpan]:
    keys = facts.keys
    rows = (
        select(Note.borrower_id, Contract.contract_no, ClaimLine.since, ClaimLine.until)
        .join(Note, Note.id == ClaimLine.note_id)
        .join(Contract, Contract.id == Note.contract_id)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(
            Claim.bank_id != facts.bank_id,
            counted,
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
