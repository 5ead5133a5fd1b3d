"""Commands: 代偿 from the bank's request to the payment by shares (9.11; rules.md §4).

request (bank) → examine (guarantee reviewer) → decide (a second person) → pay. What is approved is
bound to what was examined: any report on the note in between voids the examination. The amounts
are those of the payment day: outstanding principal and unpaid interest at the contract rate, less
what was reduced on coded grounds; the bank's share is rounded up, the fund bears the rest.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from loans import evidence, fund, outbox, standing
from loans.agreements import share_basis, share_rules
from loans.context import Context
from loans.dues import Account, account_of
from loans.errors import Conflict
from loans.evidence import DUNNING, Item
from loans.models import Contract, MovementKind, Note, Payout, PayoutState
from loans.money import fen_to_yuan, positive
from loans.movements import record
from loans.policy import GroundEffect, Rule
from loans.queries import agreement_in_force, one
from loans.riskshare import bank_share
from loans.second_person import second_person
from loans.versions import book_of_note

STATE_NAMES: dict[PayoutState, str] = {
    PayoutState.REQUESTED: "待审核",
    PayoutState.EXAMINED: "待批准",
    PayoutState.APPROVED: "待付款",
    PayoutState.PAID: "已付款",
    PayoutState.REFUSED: "不予代偿",
    PayoutState.CLOSED: "已全部追回",
    PayoutState.WRITTEN_OFF: "已核销",
}
STOP_REASON = "compensation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A coded ground: it reduces by ``amount_fen``, or with 0 it refuses."""

    code: str
    amount_fen: int = 0
    reason: str = ""


def request(
    ctx: Context,
    *,
    note_id: UUID,
    reason: str,
    due_on: date | None = None,
    explanations: Sequence[tuple[str, str]] = (),
) -> Payout:
    """The bank asks for compensation of an overdue note.

    ``due_on`` is the unpaid due day it rests on (the oldest if not told). Every document must be
    on file; a gap in the dunning log may be explained, for the examiner to judge.
    """
    note = one(ctx, Note, note_id, lock=True)
    contract = ctx.session.get_one(Contract, note.contract_id)
    if not contract.guaranteed:
        raise Conflict("not-guaranteed", f"借据 {note.note_no} 没有担保，不能申请代偿")
    account = account_of(ctx, note)
    day = _unpaid_due_day(ctx, account, due_on)
    _waited(ctx, account, day)
    row = Payout(
        public_id=ctx.new_id(),
        bank_id=note.bank_id,
        note_id=note.id,
        state=PayoutState.REQUESTED,
        version=1,
        due_on=day,
        days_past_due=(ctx.on - day).days,
        reason=reason,
        evidence=_proved(
            ctx.book.at(evidence.KEY, ctx.on),
            evidence.checklist(ctx, account, due_on=day),
            dict(explanations),
        ),
        grounds=[],
        bank_share_pct=contract.bank_share_pct,
        requested_on=ctx.on,
        requested_by_id=ctx.actor.person_id,
        opinion="",
    )
    record(ctx, note, MovementKind.PAYOUT_REQUESTED, on=ctx.on, reason=day.isoformat())
    _fill_amounts(ctx, row, account, until=ctx.on)
    row.content_hash = _content_hash(row, note)
    ctx.session.add(row)
    _tell(ctx, row, note)
    return row


def examine(
    ctx: Context,
    *,
    payout_id: UUID,
    passes: bool,
    opinion: str,
    grounds: Sequence[Ground] = (),
) -> Payout:
    """The guarantee company examines: compensate (perhaps less, on grounds), or refuse on one.

    Until it is paid it may be examined again, which voids what was decided. What the borrower paid
    since the request may have ended the default: then it can only be refused.
    """
    row, note = _open(
        ctx, payout_id, PayoutState.REQUESTED, PayoutState.EXAMINED, PayoutState.APPROVED
    )
    if not passes and not any(ground.amount_fen == 0 for ground in grounds):
        raise Conflict("ground-needed", "不予代偿须至少注明一项驳回事由")
    account = account_of(ctx, note)
    if passes:
        _unpaid_due_day(ctx, account, row.due_on)
    row.grounds = [_cited(ctx, ground, passes=passes) for ground in grounds]
    row.passes, row.opinion = passes, opinion
    _fill_amounts(ctx, row, account, until=ctx.on)
    if passes and row.compensated_fen == 0:
        raise Conflict("nothing-to-compensate", "核减后没有应代偿的金额，请改为不予代偿")
    row.state, row.examined_on, row.examined_by_id = (
        PayoutState.EXAMINED, ctx.on, ctx.actor.person_id,
    )  # fmt: skip
    row.decided_on = row.decided_by_id = None
    row.content_hash = _content_hash(row, note)
    _tell(ctx, row, note)
    return row


def decide(ctx: Context, *, payout_id: UUID, agree: bool, reason: str = "") -> Payout:
    """A second person follows the examination, or sends it back to be examined again."""
    row, note = _open(ctx, payout_id, PayoutState.EXAMINED)
    second_person(ctx, row.examined_by_id)
    if not agree:
        row.state, row.passes, row.opinion = PayoutState.REQUESTED, None, reason or row.opinion
    else:
        _unchanged(row, note)
        row.state = PayoutState.APPROVED if row.passes else PayoutState.REFUSED
        row.decided_on, row.decided_by_id = ctx.on, ctx.actor.person_id
        if row.state is PayoutState.REFUSED:
            record(ctx, note, MovementKind.PAYOUT_REFUSED, on=ctx.on, reason=row.opinion)
    _tell(ctx, row, note)
    return row


def pay(ctx: Context, *, payout_id: UUID, paid_on: date, reference: str) -> Payout:
    """Both pay their shares: the note is repaid to the bank, the guarantee ends, subsidy stops.

    ``Conflict`` for a day before the approval or to come, and where nothing is left to pay (9.11).
    """
    row, note = _open(ctx, payout_id, PayoutState.APPROVED)
    second_person(ctx, row.decided_by_id)
    _unchanged(row, note)
    assert row.decided_on is not None
    if not row.decided_on <= paid_on <= ctx.on:
        raise Conflict(
            "payment-day-outside",
            f"付款日 {paid_on} 应在批准日 {row.decided_on} 与今日 {ctx.on} 之间",
        )
    _fill_amounts(ctx, row, account_of(ctx, note), until=paid_on)
    if not row.principal_fen or not row.compensated_fen:
        raise Conflict("nothing-to-compensate", f"借据 {note.note_no} 没有应代偿的金额")
    record(ctx, note, MovementKind.COMPENSATED, on=paid_on, amount_fen=row.principal_fen)
    if book_of_note(ctx, note).at("stop_event.compensation", paid_on).is_on:
        record(ctx, note, MovementKind.SUBSIDY_STOPPED, on=paid_on, reason=STOP_REASON)
    fund.compensate(ctx, note, principal_fen=row.principal_fen, fund_fen=row.fund_fen)
    row.state, row.paid_on, row.paid_by_id = PayoutState.PAID, paid_on, ctx.actor.person_id
    row.reference = reference
    ctx.session.flush()
    standing.judge(ctx, note)
    _tell(ctx, row, note)
    return row


def write_off(ctx: Context, *, payout_id: UUID, reason: str) -> Payout:
    """Nothing more is expected: the claim on the borrower stays, and no guarantee is released."""
    row, note = _open(ctx, payout_id, PayoutState.PAID)
    second_person(ctx, row.paid_by_id)
    record(ctx, note, MovementKind.WRITTEN_OFF, on=ctx.on, reason=reason)
    row.state = PayoutState.WRITTEN_OFF
    _tell(ctx, row, note)
    return row


def amounts(ctx: Context, row: Payout, account: Account, *, until: date) -> dict[str, int]:
    """What would be paid on a day [fen]: claimed, reduced, and both shares; columns of the payout.

    ``Conflict`` where more was reduced than is claimed (9.11).
    """
    contract, note = account.contract, account.note
    agreement = agreement_in_force(ctx, note.bank_id, contract.signed_on)
    interest_fen = account.unpaid_interest_fen(until) if agreement.compensates_interest else 0
    reduced_fen = sum(ground["amount_fen"] for ground in row.grounds)
    compensated_fen = note.balance_fen + interest_fen - reduced_fen
    if compensated_fen < 0:
        raise Conflict("reduced-too-much", "核减额超过申请代偿的本金与利息之和，请核对")
    threshold, minimum = share_rules(book_of_note(ctx, note), contract.signed_on)
    split = bank_share(
        principal_fen=contract.principal_fen,
        agreed_pct=contract.bank_share_pct,
        compensated_fen=compensated_fen,
        threshold_fen=threshold.number,
        minimum_pct=minimum.number,
    )
    return {
        "principal_fen": note.balance_fen,
        "interest_fen": interest_fen,
        "reduced_fen": reduced_fen,
        "compensated_fen": compensated_fen,
        "bank_fen": split.bank_fen,
        "fund_fen": split.fund_fen,
    }


def share_basis_of(ctx: Context, note: Note) -> str:
    """Why the bank bears at least so much of a loss on this note (9.11)."""
    contract = ctx.session.get_one(Contract, note.contract_id)
    return share_basis(
        book_of_note(ctx, note), principal_fen=contract.principal_fen, signed_on=contract.signed_on
    )


def _fill_amounts(ctx: Context, row: Payout, account: Account, *, until: date) -> None:
    for column, fen in amounts(ctx, row, account, until=until).items():
        setattr(row, column, fen)


def _unpaid_due_day(ctx: Context, account: Account, due_on: date | None) -> date:
    late = [row.due_on for row in account.unpaid(ctx.on) if row.days_past_due > 0]
    if not late or (due_on is not None and due_on not in late):
        shown = "、".join(map(str, late)) or "没有"
        raise Conflict(
            "nothing-overdue",
            f"借据 {account.note.note_no} 到期未还的应还款日：{shown}"
            + (f"，{due_on} 已不在其中" if due_on else "")
            + "；请核对还款记录",
        )
    return late[0] if due_on is None else due_on


def _waited(ctx: Context, account: Account, due_on: date) -> None:
    agreement = agreement_in_force(ctx, account.note.bank_id, account.contract.signed_on)
    rule = ctx.book.at("payout_waiting_days", ctx.on)
    agreed = agreement.waiting_days
    days = rule.number if agreed is None else agreed
    earliest = due_on + timedelta(days=days)
    if ctx.on < earliest:
        said = f"{rule.title} {rule.shown}" if agreed is None else "协议约定"
        raise Conflict(
            "payout-too-early",
            f"自应还款日 {due_on} 起满 {days} 天、即 {earliest} 起方可申请代偿（{said}），"
            f"今日逾期 {(ctx.on - due_on).days} 天",
            cites=rule.cites,
            details={"earliest": earliest.isoformat()},
        )


def _proved(
    asked: Rule, items: Sequence[Item], explanations: dict[str, str]
) -> list[dict[str, Any]]:
    for item in items:
        explained = item.code in DUNNING and explanations.get(item.code, "").strip()
        if not item.held and not explained:
            lacking = "；".join(f"{each.title}（{each.detail}）" for each in items if not each.held)
            raise Conflict(
                "evidence-missing",
                f"{asked.title}不齐：{lacking}；请补齐，催收有缺的须逐项说明原因",
                cites=asked.cites,
                details={"missing": [each.code for each in items if not each.held]},
            )
    return [asdict(item) | {"explanation": explanations.get(item.code, "")} for item in items]


def _cited(ctx: Context, ground: Ground, *, passes: bool) -> dict[str, Any]:
    if ground.amount_fen:
        positive(ground.amount_fen, f"事由“{ground.code}”的核减金额")
    known = {rule.code: rule for rule in ctx.book.family("payout_ground", ctx.on)}
    if ground.code not in known:
        raise Conflict("no-such-ground", f"没有“{ground.code}”这一项事由，可选：{'、'.join(known)}")
    rule = known[ground.code]
    wanted = GroundEffect.REDUCE if ground.amount_fen else GroundEffect.REFUSE
    if rule.value not in (wanted, GroundEffect.BOTH) or (passes and not ground.amount_fen):
        raise Conflict(
            "ground-does-not-fit",
            f"事由“{rule.title}”只可用于{rule.shown}；核减须写明金额，驳回不写金额",
            cites=rule.cites,
        )
    return _shown(rule, ground)


def _shown(rule: Rule, ground: Ground) -> dict[str, Any]:
    return asdict(ground) | {"title": rule.title, "cites": list(rule.cites)}


def _open(ctx: Context, payout_id: UUID, *states: PayoutState) -> tuple[Payout, Note]:
    """The payout and its note, locked in the order every command locks them: the note first."""
    row = one(ctx, Payout, payout_id)
    note = ctx.session.get_one(Note, row.note_id, with_for_update=True, populate_existing=True)
    row = one(ctx, Payout, payout_id, lock=True)
    if row.state not in states:
        raise Conflict(
            "payout-not-in-state",
            f"借据 {note.note_no} 的代偿当前状态为“{STATE_NAMES[row.state]}”，"
            f"此步骤须在以下状态办理：{'、'.join(STATE_NAMES[state] for state in states)}",
            details={"state": row.state.value, "note_no": note.note_no},
        )
    row.version += 1
    return row, note


def _content_hash(row: Payout, note: Note) -> str:
    """Digest of what an approval is bound to: the note as it stands, the evidence, the grounds."""
    content = [
        str(note.public_id), note.version, row.due_on.isoformat(), row.evidence, row.grounds,
        row.passes,
    ]  # fmt: skip
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _unchanged(row: Payout, note: Note) -> None:
    if row.content_hash != _content_hash(row, note):
        raise Conflict(
            "content-changed", f"审核以后借据 {note.note_no} 有新的记录，请重新审核后再批准付款"
        )


def _tell(ctx: Context, row: Payout, note: Note) -> None:
    payload = {
        "payout": str(row.public_id),
        "note": str(note.public_id),
        "compensated": fen_to_yuan(row.compensated_fen),
    }
    outbox.emit(ctx, f"payout.{row.state.value}", payload, to=row.bank_id)
