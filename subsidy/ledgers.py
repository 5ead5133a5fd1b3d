"""Reads of the payable and the paid ledger: by bank, entry by entry, by a remittance, by year.

Rows are scoped by the claim that an entry belongs to: a bank sees its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import extract, func, select

from loans.context import Context
from loans.models import Organisation
from loans.queries import visible_to
from subsidy.models import (
    Claim,
    ClaimLine,
    EntryKind,
    Remittance,
    RemittanceItem,
    RemittanceState,
    SubsidyBudget,
    SubsidyEntry,
)

STANDING = (RemittanceState.ORDERED, RemittanceState.PAID)


@dataclass(frozen=True)
class Account:
    """One bank's totals over both ledgers [fen], and how many entries they are."""

    bank_id: int
    payable_fen: int
    paid_fen: int
    entries: int

    @property
    def open_fen(self) -> int:
        """What was made payable and is not paid."""
        return self.payable_fen - self.paid_fen


@dataclass(frozen=True)
class BudgetYear:
    """A calendar year: its budget (the last one set; None: nothing is limited), what it bore."""

    year: int
    budget: SubsidyBudget | None
    remitted_fen: int

    @property
    def left_fen(self) -> int | None:
        """What may still be remitted; None where there is no budget."""
        return None if self.budget is None else self.budget.amount_fen - self.remitted_fen


def by_bank(ctx: Context) -> list[Account]:
    """Both ledgers' totals for every visible bank, by name."""
    rows = (
        select(Claim.bank_id, SubsidyEntry.kind, func.sum(SubsidyEntry.amount_fen), func.count())
        .select_from(SubsidyEntry)
        .join(ClaimLine, ClaimLine.id == SubsidyEntry.claim_line_id)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .join(Organisation, Organisation.id == Claim.bank_id)
        .where(visible_to(ctx.actor, Claim))
        .group_by(Claim.bank_id, Organisation.code, SubsidyEntry.kind)
        .order_by(Organisation.code)
    )
    found: dict[int, dict[EntryKind, tuple[int, int]]] = {}
    for bank_id, kind, fen, count in ctx.session.execute(rows):
        found.setdefault(bank_id, {})[kind] = int(fen), count
    nothing = (0, 0)
    return [
        Account(
            bank_id,
            kinds.get(EntryKind.PAYABLE, nothing)[0],
            kinds.get(EntryKind.PAID, nothing)[0],
            sum(count for _, count in kinds.values()),
        )
        for bank_id, kinds in found.items()
    ]


def entries(
    ctx: Context, *, skip: int, limit: int, kind: EntryKind | None = None, bank: int | None = None
) -> list[Any]:
    """Entries with their lines and claims, the newest first: (entry, line, claim's public id)."""
    rows = _with_lines().where(visible_to(ctx.actor, Claim))
    if kind is not None:
        rows = rows.where(SubsidyEntry.kind == kind)
    if bank is not None:
        rows = rows.where(Claim.bank_id == bank)
    rows = rows.order_by(SubsidyEntry.id.desc()).offset(skip).limit(limit)
    return list(ctx.session.execute(rows))


def items(ctx: Context, remittance: Remittance, *, skip: int, limit: int) -> list[Any]:
    """What a remittance pays, in its order: (entry, line, claim's public id)."""
    rows = (
        _with_lines()
        .join(RemittanceItem, RemittanceItem.entry_id == SubsidyEntry.id)
        .where(RemittanceItem.remittance_id == remittance.id)
        .order_by(SubsidyEntry.id)
    )
    return list(ctx.session.execute(rows.offset(skip).limit(limit)))


def budgets(ctx: Context) -> list[BudgetYear]:
    """Every year with a budget or a remittance, and this one; the newest first."""
    set_for: dict[int, SubsidyBudget] = {}
    for row in ctx.session.scalars(select(SubsidyBudget).order_by(SubsidyBudget.id)):
        set_for[row.year] = row
    year = extract("year", Remittance.ordered_on)
    rows = (
        select(year, func.sum(Remittance.amount_fen))
        .where(Remittance.state.in_(STANDING))
        .group_by(year)
    )
    remitted = {int(when): int(fen) for when, fen in ctx.session.execute(rows)}
    years: Sequence[int] = sorted({ctx.on.year, *set_for, *remitted}, reverse=True)
    return [BudgetYear(each, set_for.get(each), remitted.get(each, 0)) for each in years]


def _with_lines() -> Any:
    rows: Any = select(SubsidyEntry, ClaimLine, Claim.public_id)
    return rows.join(ClaimLine, ClaimLine.id == SubsidyEntry.claim_line_id).join(
        Claim, Claim.id == ClaimLine.claim_id
    )
