"""The payable ledger: what claims, decisions and later facts enter, and what an order pays of it.

Every entry is split by funding level (central, provincial, city) as the policy says. What later
facts took is netted as far as the order goes; the rest stays open for the bank's next order.
Source: rules.md §7 (payable and paid are separate ledgers).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select

from loans.context import Context
from loans.money import fen_to_yuan, split_by_weight
from loans.policy import FundingSplit
from subsidy.adjustments import adjustments
from subsidy.ledgers import STANDING
from subsidy.models import (
    Claim,
    ClaimLine,
    EntryKind,
    EntryReason,
    Remittance,
    RemittanceItem,
    SubsidyEntry,
)


def make_payable(ctx: Context, claim: Claim) -> None:
    """Enter what each line of an approved claim makes payable, split by funding level."""
    lines = ctx.session.scalars(
        select(ClaimLine)
        .where(ClaimLine.claim_id == claim.id, ClaimLine.payable_fen > 0)
        .order_by(ClaimLine.row)
    )
    split = _split(ctx, claim)
    rows = [
        _entry(ctx, line.id, line.payable_fen, split, reason=EntryReason.CLAIMED) for line in lines
    ]
    if rows:
        ctx.session.execute(insert(SubsidyEntry), rows)


def allow_later(ctx: Context, line: ClaimLine, amount_fen: int, reason: str) -> None:
    """What was withheld on an approved line and is allowed now; the next order pays it."""
    if amount_fen > 0:
        split = _split(ctx, ctx.session.get_one(Claim, line.claim_id))
        entry = _entry(ctx, line.id, amount_fen, split, reason=EntryReason.DECIDED, text=reason)
        ctx.session.execute(insert(SubsidyEntry), [entry])


def open_entries(ctx: Context, claim: Claim) -> list[SubsidyEntry]:
    """Payable entries no standing order pays: the claim's, and the bank's later corrections."""
    ordered = (
        select(RemittanceItem.entry_id)
        .join(Remittance, Remittance.id == RemittanceItem.remittance_id)
        .where(Remittance.state.in_(STANDING))
    )
    rows = (
        select(SubsidyEntry)
        .join(ClaimLine, ClaimLine.id == SubsidyEntry.claim_line_id)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(
            SubsidyEntry.kind == EntryKind.PAYABLE,
            SubsidyEntry.id.not_in(ordered),
            Claim.bank_id == claim.bank_id,
            (Claim.id == claim.id) | (SubsidyEntry.reason != EntryReason.CLAIMED),
        )
        .order_by(SubsidyEntry.id)
    )
    return list(ctx.session.scalars(rows))


def enter_adjustments(ctx: Context, bank_id: int) -> None:
    """Enter what facts recorded since changed on the bank's approved lines."""
    rows = [
        _entry(
            ctx,
            each.line.id,
            each.amount_fen,
            _split(ctx, each.claim),
            reason=EntryReason.ADJUSTED,
            text=each.text,
        )
        for each in adjustments(ctx, bank_id=bank_id)
    ]
    if rows:
        ctx.session.execute(insert(SubsidyEntry), rows)


def netted(ctx: Context, entries: Sequence[SubsidyEntry]) -> list[SubsidyEntry]:
    """What an order pays of the open entries: all that is owed, and what it can net of the rest.

    Never below zero: an entry that is netted in part is carried on by a pair of entries, one in
    this order and its opposite for the next. Empty where nothing is owed.
    """
    taken = [entry for entry in entries if entry.amount_fen > 0]
    room = sum(entry.amount_fen for entry in taken)
    for entry in entries:
        if room <= 0:
            break
        if entry.amount_fen < 0:
            taken.append(entry)
            room += entry.amount_fen
    if room < 0:
        taken.append(_carried(ctx, taken))
    return taken


def _carried(ctx: Context, taken: Sequence[SubsidyEntry]) -> SubsidyEntry:
    """The last entry nets more than there is: the excess is put back here, to be netted later."""
    levels = ("amount_fen", "central_fen", "provincial_fen", "city_fen")
    excess = {name: sum(getattr(entry, name) for entry in taken) for name in levels}
    common = {
        "kind": EntryKind.PAYABLE,
        "reason": EntryReason.ADJUSTED,
        "claim_line_id": taken[-1].claim_line_id,
        "on": ctx.on,
        "at": ctx.at,
    }
    yuan = fen_to_yuan(-excess["amount_fen"])
    here = SubsidyEntry(
        **common,
        **{name: -fen for name, fen in excess.items()},
        text=f"本次应付不足扣减，余 {yuan} 元结转下次扣减",
    )
    later = SubsidyEntry(**common, **excess, text=f"上次应付不足扣减而结转的 {yuan} 元")
    ctx.session.add_all([here, later])
    ctx.session.flush()
    return here


def _split(ctx: Context, claim: Claim) -> FundingSplit:
    split = ctx.book.at("funding_split", claim.since).value
    assert isinstance(split, FundingSplit)
    return split


def _entry(
    ctx: Context,
    line_id: int,
    amount_fen: int,
    split: FundingSplit,
    *,
    reason: EntryReason,
    text: str = "",
) -> dict[str, Any]:
    """A payable entry; an amount below zero is split like its opposite."""
    sign = -1 if amount_fen < 0 else 1
    levels = split_by_weight(abs(amount_fen), [split.central, split.province, split.city])
    central, provincial, city = (sign * level for level in levels)
    return {
        "kind": EntryKind.PAYABLE,
        "reason": reason,
        "claim_line_id": line_id,
        "remittance_id": None,
        "settles_id": None,
        "on": ctx.on,
        "at": ctx.at,
        "amount_fen": amount_fen,
        "central_fen": central,
        "provincial_fen": provincial,
        "city_fen": city,
        "text": text[:200],
    }
