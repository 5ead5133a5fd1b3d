"""Recording one movement on a note: fold the note anew, free the guarantee, tell the outside.

The commands of ``lifecycle`` and ``payouts`` decide what may be recorded; this is how.
"""

from datetime import date

from loans import fund, outbox
from loans.context import Context
from loans.dues import Account, keep_open_days
from loans.errors import Conflict
from loans.ledger import position, standing
from loans.models import Contract, Movement, MovementKind, Note
from loans.money import fen_to_yuan
from loans.queries import instalments_of, movements_of


def record(
    ctx: Context,
    note: Note,
    kind: MovementKind,
    *,
    on: date,
    amount_fen: int = 0,
    rate_ppm: int | None = None,
    until: date | None = None,
    reason: str = "",
    reverses_id: int | None = None,
) -> Movement:
    """Append one movement; ``Conflict`` where the note's fold refuses it."""
    if not note.disbursed_on <= on <= ctx.on:
        raise Conflict(
            "value-date-outside",
            f"借据 {note.note_no}：起息日 {on} 应在放款日 {note.disbursed_on} 与今日 {ctx.on} "
            "之间，请核对日期后重新报送",
            details={"on": on.isoformat(), "note_no": note.note_no},
        )
    movement = Movement(
        public_id=ctx.new_id(),
        note_id=note.id,
        kind=kind,
        on=on,
        amount_fen=amount_fen,
        rate_ppm=rate_ppm,
        until=until,
        reason=reason,
        recorded_on=ctx.on,
        recorded_at=ctx.at,
        by_person_id=ctx.actor.person_id,
        reverses_id=reverses_id,
    )
    _fold(ctx, note, movement)
    ctx.session.add(movement)
    outbox.emit(
        ctx,
        f"note.{kind.value}",
        {"note": str(note.public_id), "on": on.isoformat(), "amount": fen_to_yuan(amount_fen)},
        to=note.bank_id,
    )
    return movement


def _fold(ctx: Context, note: Note, movement: Movement) -> None:
    contract = ctx.session.get_one(Contract, note.contract_id)
    movements = [*movements_of(ctx, note), movement]
    try:
        now = position(note.principal_fen, contract.rate_ppm, movements)
    except Conflict as error:  # the fold knows movements, not whose they are
        details = error.details | {"note_no": note.note_no}
        message = f"借据 {note.note_no}，{error.message}"
        raise Conflict(error.code, message, cites=error.cites, details=details) from error
    repaid_fen = note.balance_fen - now.balance_fen
    note.balance_fen, note.state = now.balance_fen, now.state
    note.extended_to, note.settled_on = now.extended_to, now.settled_on
    note.version += 1
    plan = instalments_of(ctx, note)
    keep_open_days(Account(note, contract, plan, standing(movements)))
    # A compensation is entered by the payout, together with the money that leaves the fund.
    if repaid_fen and contract.guaranteed and movement.kind is not MovementKind.COMPENSATED:
        fund.release(ctx, note, repaid_fen, movement.kind.value)
