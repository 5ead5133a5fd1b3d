"""Later facts against what was approved: lines worth another amount today than was made payable.

A backdated fact never changes an approved claim. Its difference becomes an entry in the payable
ledger, below zero where a line is worth less, back up to what was granted where a fact was taken
back; the bank's next remittance nets and shows it. An amount that a decision allowed above the
recomputed one stays allowed. Each line is worth what its own comparison says: days claimed before
it and interest not paid do not count. Source: rules.md §4 (backdated facts), §7 (never pay twice;
netted in the next remittance).
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select

from loans.context import Context
from loans.money import fen_to_yuan
from subsidy.models import Claim, ClaimLine, ClaimState, EntryKind, EntryReason, SubsidyEntry
from subsidy.reexamination import Again, computed_again
from subsidy.register import bank_facts


@dataclass(frozen=True)
class Adjustment:
    """What is to be taken from a line of an approved claim (below zero), or given back."""

    claim: Claim
    line: ClaimLine
    amount_fen: int
    text: str


def adjustments(ctx: Context, *, bank_id: int) -> list[Adjustment]:
    """Every approved line of a bank that is worth something else by everything known today."""
    rows = select(Claim).where(Claim.bank_id == bank_id, Claim.state == ClaimState.APPROVED)
    claims = ctx.session.scalars(rows.order_by(Claim.approved_on, Claim.id)).all()
    if not claims:
        return []
    facts, entered = bank_facts(ctx, bank_id=bank_id), _entered(ctx, bank_id)
    return [
        found for claim in claims for found in _moved(computed_again(ctx, claim, facts), entered)
    ]


def _entered(ctx: Context, bank_id: int) -> dict[int, tuple[int, int]]:
    """Of each line: what was granted (claimed and decided), and the payable ledger's balance."""
    rows = (
        select(SubsidyEntry.claim_line_id, SubsidyEntry.reason, func.sum(SubsidyEntry.amount_fen))
        .join(ClaimLine, ClaimLine.id == SubsidyEntry.claim_line_id)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(SubsidyEntry.kind == EntryKind.PAYABLE, Claim.bank_id == bank_id)
        .group_by(SubsidyEntry.claim_line_id, SubsidyEntry.reason)
    )
    found: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for line_id, reason, fen in ctx.session.execute(rows):
        granted, balance = found[line_id]
        is_granted = reason is not EntryReason.ADJUSTED
        found[line_id] = (granted + (int(fen) if is_granted else 0), balance + int(fen))
    return found


def _moved(again: Again, entered: dict[int, tuple[int, int]]) -> Iterator[Adjustment]:
    """Lines whose ledger is not what they may keep: never more than was granted."""
    for line, expected in zip(again.lines, again.found.expected_fen.tolist(), strict=True):
        granted, balance = entered.get(line.id, (0, 0))
        above = max(granted - line.expected_fen, 0)  # what decisions allowed beyond it
        may_keep = min(granted, expected + above)
        if may_keep != balance:
            yield Adjustment(
                again.claim,
                line,
                may_keep - balance,
                f"借据 {line.note_no} {line.since} 起的贴息按现有事实重算为 "
                f"{fen_to_yuan(expected)} 元",
            )
