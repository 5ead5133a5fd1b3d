"""Later facts against what was approved: the lines that are worth less today than was made payable.

A backdated fact never changes an approved claim. Its difference becomes an entry below zero in the
payable ledger, which the bank's next remittance nets and shows. An amount that a decision allowed
above the recomputed one stays allowed: only the fall of the recomputed amount is taken back.
Source: rules.md §4 (backdated facts), §7 (never pay twice; netted in the next remittance).
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sqlalchemy import func, select

from loans.context import Context
from loans.money import fen_to_yuan
from subsidy.accrual import booked, day
from subsidy.models import Claim, ClaimLine, ClaimState, EntryKind, EntryReason, SubsidyEntry
from subsidy.register import register_of


@dataclass(frozen=True)
class Adjustment:
    """What is to be taken from a line of an approved claim; ``amount_fen`` is below zero."""

    claim: Claim
    line: ClaimLine
    amount_fen: int
    text: str


def adjustments(ctx: Context, *, bank_id: int) -> list[Adjustment]:
    """Every approved line of a bank whose recomputed amount has fallen, by note and day."""
    wanted = (
        select(Claim, ClaimLine)
        .join(ClaimLine, ClaimLine.claim_id == Claim.id)
        .where(
            Claim.bank_id == bank_id,
            Claim.state == ClaimState.APPROVED,
            ClaimLine.payable_fen > 0,
            ClaimLine.note_id.is_not(None),
        )
        .order_by(ClaimLine.note_id, Claim.approved_on, Claim.id, ClaimLine.row)
    )
    rows = [(claim, line) for claim, line in ctx.session.execute(wanted)]
    if not rows:
        return []
    worth = _worth_now(ctx, bank_id, [line for _, line in rows])
    entered = _entered(ctx, bank_id)
    return list(_fallen(rows, worth, entered))


def _worth_now(ctx: Context, bank_id: int, lines: list[ClaimLine]) -> list[int]:
    """What each line's days are worth by everything known today, before earlier payments."""
    register, notes = register_of(ctx, bank_id=bank_id)
    position = {row.id: at for at, row in enumerate(notes)}
    at = np.array([position[line.note_id] for line in lines], np.intp)
    days = np.array(
        [(day(line.since), day(line.until)) for line in lines if line.since and line.until],
        np.int64,
    ).reshape(-1, 2)
    amounts = booked(register.notes.take(at), register.events.take(at), days).subsidy_fen
    return [int(fen) for fen in amounts[:, 1] - amounts[:, 0]]


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


def _fallen(
    rows: list[tuple[Claim, ClaimLine]], worth: list[int], entered: dict[int, tuple[int, int]]
) -> Iterator[Adjustment]:
    held: dict[int, list[tuple[ClaimLine, int]]] = defaultdict(list)
    for (claim, line), worth_fen in zip(rows, worth, strict=True):
        assert line.note_id is not None and line.since and line.until
        # The line that corrects an under-claim is worth what that one leaves.
        before = sum(
            kept
            for other, kept in held[line.note_id]
            if line.deducted_fen and _is_within(other, line)
        )
        now = max(worth_fen - before, 0)
        granted, balance = entered[line.id]
        above = max(granted - line.expected_fen, 0)  # what decisions allowed beyond it
        may_keep = min(balance, now + above)
        held[line.note_id].append((line, may_keep))
        if may_keep < balance:
            yield Adjustment(
                claim,
                line,
                may_keep - balance,
                f"借据 {line.note_no} {line.since} 起的贴息按现有事实重算为 {fen_to_yuan(now)} 元",
            )


def _is_within(other: ClaimLine, line: ClaimLine) -> bool:
    assert other.since and other.until and line.since and line.until
    return line.since <= other.since and other.until <= line.until
