"""Commands: what an approved claim makes payable, and its payment to the bank.

Payable and paid are separate ledgers of append-only entries, one per claim line, each split by
funding level (central, provincial, city) as the policy says. The subsidy is paid 先付后贴.
Source: rules.md §7.
"""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from loans import outbox
from loans.context import Context
from loans.errors import Conflict, NotPermitted
from loans.models import Note
from loans.money import fen_to_yuan, split_by_weight
from loans.policy import FundingSplit
from loans.queries import one
from loans.sheets import digest, write_csv
from subsidy.models import (
    Claim,
    ClaimLine,
    ClaimState,
    EntryKind,
    Remittance,
    RemittanceState,
    SubsidyEntry,
)


def make_payable(ctx: Context, claim: Claim) -> None:
    """Enter what each line of an approved claim makes payable, split by funding level."""
    split = ctx.book.at("funding_split", claim.since).value
    assert isinstance(split, FundingSplit)
    rows = [
        _entry(ctx, EntryKind.PAYABLE, line.id, _levels(line.payable_fen, split), None, ctx.on)
        for line in _payable_lines(ctx, claim)
    ]
    if rows:
        ctx.session.execute(insert(SubsidyEntry), rows)


def order(ctx: Context, *, claim_id: UUID) -> Remittance:
    """拨付: order the payment of everything an approved claim made payable."""
    claim = one(ctx, Claim, claim_id, lock=True)
    if claim.state is not ClaimState.APPROVED:
        raise Conflict("claim-not-approved", "只有已批准的申报可以拨付")
    if ctx.session.scalars(select(Remittance).where(Remittance.claim_id == claim.id)).first():
        raise Conflict("already-remitted", "该申报已经有拨付单，不能重复拨付")
    entries = _payable_entries(ctx, claim)
    amount_fen = sum(entry.amount_fen for entry in entries)
    if amount_fen == 0:
        raise Conflict("nothing-payable", "该申报没有应付的贴息，无需拨付")
    file = _payment_file(ctx, claim)
    remittance = Remittance(
        public_id=ctx.new_id(),
        claim_id=claim.id,
        bank_id=claim.bank_id,
        state=RemittanceState.ORDERED,
        amount_fen=amount_fen,
        funding={
            "central": sum(entry.central_fen for entry in entries),
            "province": sum(entry.provincial_fen for entry in entries),
            "city": sum(entry.city_fen for entry in entries),
        },
        file=file,
        sha256=digest(file),
        ordered_by_id=ctx.actor.person_id,
        ordered_on=ctx.on,
        ordered_at=ctx.at,
    )
    ctx.session.add(remittance)
    return remittance


def confirm(ctx: Context, *, remittance_id: UUID, paid_on: date, reference: str) -> Remittance:
    """A second person confirms the payment: the paid ledger follows the payable one."""
    remittance = one(ctx, Remittance, remittance_id, lock=True)
    if remittance.state is not RemittanceState.ORDERED:
        raise Conflict("already-paid", "该拨付单已确认付款")
    if remittance.ordered_by_id == ctx.actor.person_id:
        raise NotPermitted("same-person", "制单与确认不能是同一人，请由另一人确认")
    if not remittance.ordered_on <= paid_on <= ctx.on:
        raise Conflict("paid-day-outside", f"付款日 {paid_on} 应在制单日与今日之间")
    claim = ctx.session.get_one(Claim, remittance.claim_id)
    rows = [
        _entry(ctx, EntryKind.PAID, entry.claim_line_id, _levels_of(entry), remittance.id, paid_on)
        for entry in _payable_entries(ctx, claim)
    ]
    ctx.session.execute(insert(SubsidyEntry), rows)
    remittance.state = RemittanceState.PAID
    remittance.confirmed_by_id, remittance.paid_on = ctx.actor.person_id, paid_on
    remittance.reference = reference
    payload = {
        "remittance": str(remittance.public_id),
        "amount": fen_to_yuan(remittance.amount_fen),
    }
    outbox.emit(ctx, "remittance.paid", payload, to=remittance.bank_id)
    return remittance


def _payable_lines(ctx: Context, claim: Claim) -> list[ClaimLine]:
    rows = (
        select(ClaimLine)
        .where(ClaimLine.claim_id == claim.id, ClaimLine.payable_fen > 0)
        .order_by(ClaimLine.row)
    )
    return list(ctx.session.scalars(rows))


def _payable_entries(ctx: Context, claim: Claim) -> list[SubsidyEntry]:
    rows = (
        select(SubsidyEntry)
        .join(ClaimLine, ClaimLine.id == SubsidyEntry.claim_line_id)
        .where(ClaimLine.claim_id == claim.id, SubsidyEntry.kind == EntryKind.PAYABLE)
        .order_by(ClaimLine.row)
    )
    return list(ctx.session.scalars(rows))


def _levels(amount_fen: int, split: FundingSplit) -> list[int]:
    return split_by_weight(amount_fen, [split.central, split.province, split.city])


def _levels_of(entry: SubsidyEntry) -> list[int]:
    return [entry.central_fen, entry.provincial_fen, entry.city_fen]


def _entry(
    ctx: Context,
    kind: EntryKind,
    claim_line_id: int,
    levels: list[int],
    remittance_id: int | None,
    on: date,
) -> dict[str, Any]:
    central, provincial, city = levels
    return {
        "kind": kind,
        "claim_line_id": claim_line_id,
        "remittance_id": remittance_id,
        "on": on,
        "at": ctx.at,
        "amount_fen": central + provincial + city,
        "central_fen": central,
        "provincial_fen": provincial,
        "city_fen": city,
    }


def _payment_file(ctx: Context, claim: Claim) -> bytes:
    """拨付清单: one line a note, in the order of the claim; the canonical CSV."""
    numbers = dict(
        ctx.session.execute(
            select(ClaimLine.id, Note.note_no)
            .join(Note, Note.id == ClaimLine.note_id)
            .where(ClaimLine.claim_id == claim.id)
        ).all()
    )
    lines = [
        [numbers[line.id], f"{line.since}", f"{line.until}", fen_to_yuan(line.payable_fen)]
        for line in _payable_lines(ctx, claim)
    ]
    return write_csv([["借据号", "贴息起日", "贴息止日（不含）", "拨付额"], *lines])
