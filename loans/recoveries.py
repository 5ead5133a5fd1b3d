"""Commands: 追偿 after a payout: costs first, the rest in the paid proportion, cumulatively.

Each entry's columns are changes and their sums the account, so a reversal is the entry with every
sign turned round. Nobody ever gets more than was paid; what is left over is the borrower's. A
write-off stops none of this: the claim stays, and so does the account. Source: rules.md §4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from loans import fund, outbox
from loans.context import Context
from loans.errors import Conflict, NotFound
from loans.models import MovementKind, Note, Payout, PayoutState, Recovery, RecoveryKind
from loans.money import fen_to_yuan, positive
from loans.movements import record
from loans.payouts import STATE_NAMES
from loans.queries import one
from loans.riskshare import Split, share_recovery
from loans.second_person import second_person
from loans.workflow import NoteState

RECOVERABLE = (PayoutState.PAID, PayoutState.CLOSED, PayoutState.WRITTEN_OFF)
COLUMNS = ("received_fen", "costs_fen", "bank_fen", "fund_fen", "surplus_fen")


@dataclass(frozen=True, slots=True)
class RecoveryAccount:
    """The sums of a payout's entries: what came in, what is unpaid of the costs, who got what.

    ``left_fen`` is what is still to come back to both payers.
    """

    received_fen: int
    costs_fen: int
    bank_fen: int
    fund_fen: int
    surplus_fen: int
    left_fen: int


def accounts_of(ctx: Context, payouts: Sequence[Payout]) -> dict[int, RecoveryAccount]:
    """The recovery accounts of some payouts, by key, in one read."""
    sums = [func.sum(getattr(Recovery, column)) for column in COLUMNS]
    rows = (
        select(Recovery.payout_id, *sums)
        .where(Recovery.payout_id.in_([payout.id for payout in payouts]))
        .group_by(Recovery.payout_id)
    )
    totals = {row[0]: tuple(map(int, row[1:])) for row in ctx.session.execute(rows)}
    accounts = {}
    for payout in payouts:
        received, costs, bank, fund_part, surplus = totals.get(payout.id, (0, 0, 0, 0, 0))
        left_fen = payout.compensated_fen - bank - fund_part
        accounts[payout.id] = RecoveryAccount(received, costs, bank, fund_part, surplus, left_fen)
    return accounts


def account_of(ctx: Context, payout: Payout) -> RecoveryAccount:
    """A payout's recovery account."""
    return accounts_of(ctx, [payout])[payout.id]


def entries_of(ctx: Context, payout: Payout) -> list[Recovery]:
    """The entries of a payout's recovery account, oldest first."""
    rows = select(Recovery).where(Recovery.payout_id == payout.id).order_by(Recovery.id)
    return list(ctx.session.scalars(rows))


def enter_cost(
    ctx: Context, *, payout_id: UUID, on: date, amount_fen: int, reason: str
) -> Recovery:
    """A cost of the recovery (court, lawyer): paid out of what comes in, before anyone's share."""
    payout, note = _recovering(ctx, payout_id, on)
    positive(amount_fen, f"借据 {note.note_no} {on} 追偿费用")
    entry = _enter(ctx, payout, RecoveryKind.COST, on=on, costs_fen=amount_fen, reason=reason)
    _close_or_reopen(ctx, payout, note)
    return entry


def receive(
    ctx: Context, *, payout_id: UUID, on: date, amount_fen: int, reason: str = ""
) -> Recovery:
    """Money came back from the borrower: costs first, then both payers, then nobody.

    ``Conflict`` where all that was paid and spent has come back already (9.11).
    """
    payout, note = _recovering(ctx, payout_id, on)
    positive(amount_fen, f"借据 {note.note_no} {on} 追偿收回金额")
    now = account_of(ctx, payout)
    if now.left_fen == 0 and now.costs_fen == 0:
        raise Conflict("nothing-to-recover", "代偿款与追偿费用已全部收回，没有可以再分配的金额")
    found = share_recovery(
        amount_fen,
        unpaid_costs_fen=now.costs_fen,
        paid=Split(payout.bank_fen, payout.fund_fen),
        recovered=Split(now.bank_fen, now.fund_fen),
    )
    entry = _enter(
        ctx,
        payout,
        RecoveryKind.RECEIPT,
        on=on,
        received_fen=amount_fen,
        costs_fen=-found.costs_fen,
        bank_fen=found.shared.bank_fen,
        fund_fen=found.shared.fund_fen,
        surplus_fen=found.surplus_fen,
        reason=reason,
    )
    if note.state is NoteState.COMPENSATED:
        record(ctx, note, MovementKind.RECOVERED, on=ctx.on, reason="追偿收回")
    if found.shared.fund_fen:
        fund.recover(ctx, note, found.shared.fund_fen, "追偿收回")
    _close_or_reopen(ctx, payout, note)
    return entry


def reverse(ctx: Context, *, payout_id: UUID, recovery_id: UUID, reason: str) -> Recovery:
    """Undo one wrong entry, once, by a second person: every sign turned round, both stay.

    ``NotFound`` for another payout's entry; ``Conflict`` for one that was undone, or on which a
    later receipt rests.
    """
    payout, note = _locked(ctx, payout_id)
    entries = entries_of(ctx, payout)
    wrong = next((entry for entry in entries if entry.public_id == recovery_id), None)
    if wrong is None:
        raise NotFound("not-found", "这笔代偿没有这条追偿记录，请核对编号")
    if wrong.kind is RecoveryKind.REVERSAL or any(e.reverses_id == wrong.id for e in entries):
        raise Conflict("already-reversed", "冲正本身和已冲正过的记录不能再冲正")
    second_person(ctx, wrong.by_person_id)
    if wrong.costs_fen > account_of(ctx, payout).costs_fen:
        raise Conflict("cost-repaid", "这笔费用已由收回的款项偿付，请先冲正相应的收回记录")
    if _surplus_since(entries, wrong):
        raise Conflict(
            "surplus-rests-on-it",
            "此后的收回款项在全部收回后有余款归还借款人；请先冲正有余款的收回记录，再按实际重新登记",
        )
    entry = _enter(
        ctx,
        payout,
        RecoveryKind.REVERSAL,
        on=wrong.on,
        **{column: -getattr(wrong, column) for column in COLUMNS},
        reason=reason,
        reverses=wrong,
    )
    if wrong.fund_fen:
        fund.recover(ctx, note, -wrong.fund_fen, "冲正追偿")
    _close_or_reopen(ctx, payout, note)
    return entry


def _surplus_since(entries: Sequence[Recovery], wrong: Recovery) -> bool:
    """Whether a later receipt that stands left a surplus: it would be owed to the payers again."""
    if wrong.kind is not RecoveryKind.RECEIPT:
        return False
    undone = {entry.reverses_id for entry in entries}
    later = (entry for entry in entries if entry.id > wrong.id and entry.id not in undone)
    return any(entry.kind is RecoveryKind.RECEIPT and entry.surplus_fen for entry in later)


def _locked(ctx: Context, payout_id: UUID) -> tuple[Payout, Note]:
    key = one(ctx, Payout, payout_id).note_id
    note = ctx.session.get_one(Note, key, with_for_update=True, populate_existing=True)
    payout = one(ctx, Payout, payout_id, lock=True)
    if payout.state not in RECOVERABLE:
        raise Conflict(
            "payout-not-in-state",
            f"借据 {note.note_no} 的代偿当前状态为“{STATE_NAMES[payout.state]}”，付款以后才有追偿",
            details={"state": payout.state.value, "note_no": note.note_no},
        )
    payout.version += 1
    return payout, note


def _recovering(ctx: Context, payout_id: UUID, on: date) -> tuple[Payout, Note]:
    payout, note = _locked(ctx, payout_id)
    assert payout.paid_on is not None
    if not payout.paid_on <= on <= ctx.on:
        raise Conflict(
            "value-date-outside", f"日期 {on} 应在代偿付款日 {payout.paid_on} 与今日 {ctx.on} 之间"
        )
    return payout, note


def _close_or_reopen(ctx: Context, payout: Payout, note: Note) -> None:
    """Closed once all is back; otherwise paid, or written off if it was."""
    ctx.session.flush()
    now = account_of(ctx, payout)
    if now.left_fen == 0 and now.costs_fen == 0:
        payout.state = PayoutState.CLOSED
    elif note.state is NoteState.WRITTEN_OFF:
        payout.state = PayoutState.WRITTEN_OFF
    else:
        payout.state = PayoutState.PAID


def _enter(
    ctx: Context,
    payout: Payout,
    kind: RecoveryKind,
    *,
    on: date,
    received_fen: int = 0,
    costs_fen: int = 0,
    bank_fen: int = 0,
    fund_fen: int = 0,
    surplus_fen: int = 0,
    reason: str,
    reverses: Recovery | None = None,
) -> Recovery:
    row = Recovery(
        public_id=ctx.new_id(),
        payout_id=payout.id,
        bank_id=payout.bank_id,
        kind=kind,
        on=on,
        received_fen=received_fen,
        costs_fen=costs_fen,
        bank_fen=bank_fen,
        fund_fen=fund_fen,
        surplus_fen=surplus_fen,
        reason=reason,
        recorded_on=ctx.on,
        recorded_at=ctx.at,
        by_person_id=ctx.actor.person_id,
        reverses_id=reverses.id if reverses else None,
    )
    ctx.session.add(row)
    payload = {"payout": str(payout.public_id), "received": fen_to_yuan(received_fen)}
    outbox.emit(ctx, f"recovery.{kind.value}", payload, to=payout.bank_id)
    return row
