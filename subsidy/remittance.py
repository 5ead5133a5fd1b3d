"""Commands: what an approved claim makes payable, its payment to the bank, and what comes back.

An order pays every open payable entry of its claim and nets what later facts took from lines paid
before; a payment enters the paid ledger. The subsidy is paid 先付后贴. Source: rules.md §7.
"""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select

from loans import outbox
from loans.context import Context
from loans.errors import Conflict
from loans.models import Organisation
from loans.money import fen_to_yuan
from loans.queries import one
from loans.second_person import second_person
from loans.sheets import digest
from subsidy.accounts import account_masked
from subsidy.ledgers import STANDING
from subsidy.models import (
    Claim,
    ClaimState,
    EntryKind,
    EntryReason,
    Remittance,
    RemittanceItem,
    RemittanceState,
    SubsidyBudget,
    SubsidyEntry,
)
from subsidy.payable import enter_adjustments, netted, open_entries
from subsidy.payment_file import payment_file


def order(ctx: Context, *, claim_id: UUID) -> Remittance:
    """拨付: order the payment of what an approved claim made payable, less what is to be netted.

    Where that takes all of it the order is of 0.00, and what is left is netted in the next.
    """
    claim = one(ctx, Claim, claim_id, lock=True)
    if claim.state is not ClaimState.APPROVED:
        raise Conflict(
            "claim-not-approved",
            f"{claim.since} 至 {claim.until}（不含）的申报尚未批准，请先审核、批准，再办理拨付",
        )
    bank, account = _locked_bank(ctx, claim.bank_id), account_masked(ctx, claim.bank_id)
    standing = select(Remittance).where(
        Remittance.claim_id == claim.id, Remittance.state.in_(STANDING)
    )
    if (before := ctx.session.scalars(standing).first()) is not None:
        raise Conflict("already-remitted", _already(claim, before))
    enter_adjustments(ctx, claim.bank_id)
    entries = netted(ctx, open_entries(ctx, claim))
    if not entries:
        raise Conflict("nothing-payable", "该申报没有应付的贴息，无需拨付")
    amount_fen = sum(entry.amount_fen for entry in entries)
    _check_budget(ctx, amount_fen)
    file = payment_file(ctx, entries, bank=bank.name, account=account)
    remittance = Remittance(
        public_id=ctx.new_id(),
        claim_id=claim.id,
        bank_id=claim.bank_id,
        state=RemittanceState.ORDERED,
        amount_fen=amount_fen,
        netted_fen=sum(e.amount_fen for e in entries if e.reason is EntryReason.ADJUSTED),
        funding={
            "central": sum(entry.central_fen for entry in entries),
            "province": sum(entry.provincial_fen for entry in entries),
            "city": sum(entry.city_fen for entry in entries),
        },
        account_masked=account,
        file=file,
        sha256=digest(file),
        ordered_by_id=ctx.actor.person_id,
        ordered_on=ctx.on,
        ordered_at=ctx.at,
    )
    ctx.session.add(remittance)
    ctx.session.flush()
    items = [{"remittance_id": remittance.id, "entry_id": entry.id} for entry in entries]
    ctx.session.execute(insert(RemittanceItem), items)
    return remittance


def _already(claim: Claim, before: Remittance) -> str:
    """Which order stands in the way, and what may be done with it."""
    amount = fen_to_yuan(before.amount_fen)
    what = (
        f"请由另一人确认付款（{before.public_id}）"
        if before.state is RemittanceState.ORDERED
        else "如款项被退回，请先登记退款"
    )
    return (
        f"{claim.since} 至 {claim.until}（不含）的申报已经有拨付单：{before.ordered_on} 制单，"
        f"{amount} 元，不能重复拨付；{what}"
    )


def confirm(ctx: Context, *, remittance_id: UUID, paid_on: date, reference: str) -> Remittance:
    """A second person confirms the payment: the paid ledger follows the payable one.

    ``Conflict`` for a second time, and for a day before the order or to come.
    """
    remittance = one(ctx, Remittance, remittance_id, lock=True)
    if remittance.state is not RemittanceState.ORDERED:
        raise Conflict("already-paid", "该拨付单已确认付款")
    second_person(ctx, remittance.ordered_by_id)
    if not remittance.ordered_on <= paid_on <= ctx.on:
        raise Conflict("paid-day-outside", f"付款日 {paid_on} 应在制单日与今日之间")
    rows = [_paid(ctx, entry, remittance, paid_on) for entry in items_of(ctx, remittance)]
    ctx.session.execute(insert(SubsidyEntry), rows)
    remittance.state = RemittanceState.PAID
    remittance.confirmed_by_id, remittance.paid_on = ctx.actor.person_id, paid_on
    remittance.reference = reference
    _tell(ctx, remittance, "remittance.paid")
    return remittance


def give_back(ctx: Context, *, remittance_id: UUID, returned_on: date, reason: str) -> Remittance:
    """退款: the money came back. The paid ledger is reversed; the claim may be ordered again.

    ``Conflict`` for an order that was not paid, and for a day before the payment or to come.
    """
    remittance = one(ctx, Remittance, remittance_id, lock=True)
    if remittance.state is not RemittanceState.PAID:
        raise Conflict("not-paid", "只有已付款的拨付单可以登记退款")
    assert remittance.paid_on is not None
    if not remittance.paid_on <= returned_on <= ctx.on:
        raise Conflict("returned-day-outside", f"退款日 {returned_on} 应在付款日与今日之间")
    rows = [
        _paid(ctx, entry, remittance, returned_on, back=True) for entry in items_of(ctx, remittance)
    ]
    ctx.session.execute(insert(SubsidyEntry), rows)
    remittance.state = RemittanceState.RETURNED
    remittance.returned_by_id, remittance.returned_on = ctx.actor.person_id, returned_on
    remittance.return_reason = reason
    _tell(ctx, remittance, "remittance.returned")
    return remittance


def set_budget(ctx: Context, *, year: int, amount_fen: int, document: str) -> SubsidyBudget:
    """The year's budget by a document; the last one set holds."""
    row = SubsidyBudget(
        public_id=ctx.new_id(),
        year=year,
        amount_fen=amount_fen,
        document=document,
        set_on=ctx.on,
        set_by_id=ctx.actor.person_id,
    )
    ctx.session.add(row)
    return row


def budget_of(ctx: Context, year: int) -> SubsidyBudget | None:
    """The year's budget, or None where none was set (then nothing is limited)."""
    rows = select(SubsidyBudget).where(SubsidyBudget.year == year)
    return ctx.session.scalars(rows.order_by(SubsidyBudget.id.desc())).first()


def remitted_fen(ctx: Context, year: int) -> int:
    """What was ordered or paid in a calendar year and has not come back."""
    rows = select(func.sum(Remittance.amount_fen)).where(
        Remittance.state.in_(STANDING),
        Remittance.ordered_on >= date(year, 1, 1),
        Remittance.ordered_on < date(year + 1, 1, 1),
    )
    return int(ctx.session.scalars(rows).one() or 0)


def items_of(ctx: Context, remittance: Remittance) -> list[SubsidyEntry]:
    """The payable entries that a remittance pays."""
    rows = (
        select(SubsidyEntry)
        .join(RemittanceItem, RemittanceItem.entry_id == SubsidyEntry.id)
        .where(RemittanceItem.remittance_id == remittance.id)
        .order_by(SubsidyEntry.id)
    )
    return list(ctx.session.scalars(rows))


def _check_budget(ctx: Context, amount_fen: int) -> None:
    budget = budget_of(ctx, ctx.on.year)
    if budget is None:
        return
    left = budget.amount_fen - remitted_fen(ctx, ctx.on.year)
    if amount_fen > max(left, 0):
        raise Conflict(
            "over-budget",
            f"{ctx.on.year} 年贴息预算（{budget.document}）尚余 {fen_to_yuan(left)} 元，"
            f"不足以拨付 {fen_to_yuan(amount_fen)} 元，请先调整预算",
        )


def _locked_bank(ctx: Context, bank_id: int) -> Organisation:
    bank = select(Organisation).where(Organisation.id == bank_id).with_for_update()
    return ctx.session.scalars(bank).one()


def _paid(
    ctx: Context, entry: SubsidyEntry, remittance: Remittance, on: date, *, back: bool = False
) -> dict[str, Any]:
    sign = -1 if back else 1
    return {
        "kind": EntryKind.PAID,
        "reason": EntryReason.RETURNED if back else entry.reason,
        "claim_line_id": entry.claim_line_id,
        "remittance_id": remittance.id,
        "settles_id": entry.id,
        "on": on,
        "at": ctx.at,
        "amount_fen": sign * entry.amount_fen,
        "central_fen": sign * entry.central_fen,
        "provincial_fen": sign * entry.provincial_fen,
        "city_fen": sign * entry.city_fen,
        "text": "",
    }


def _tell(ctx: Context, remittance: Remittance, topic: str) -> None:
    payload = {
        "remittance": str(remittance.public_id),
        "amount": fen_to_yuan(remittance.amount_fen),
    }
    outbox.emit(ctx, topic, payload, to=remittance.bank_id)
