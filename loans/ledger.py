"""A note's position is the fold of the movements that stand; nothing else decides it.

Movements are only appended. After each one the whole note is folded again, so a backdated report
and a punctual one end in the same position, and a movement that cannot be (more repaid than is
owed, a cure without an overdue) is refused by the fold itself, whether it is new or left over by
a reversal.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from loans.errors import Conflict
from loans.models import Movement, MovementKind
from loans.money import fen_to_yuan
from loans.workflow import NoteAction, NoteState, next_note_state

ACTIONS = {
    MovementKind.PAYOUT_REQUESTED: NoteAction.REQUEST_PAYOUT,
    MovementKind.PAYOUT_REFUSED: NoteAction.REFUSE_PAYOUT,
    MovementKind.COMPENSATED: NoteAction.COMPENSATE,
    MovementKind.RECOVERED: NoteAction.RECOVER,
    MovementKind.WRITTEN_OFF: NoteAction.WRITE_OFF,
}


@dataclass(frozen=True, slots=True)
class Position:
    """Where a note stands: balance [fen], state, and the days that matter."""

    balance_fen: int
    state: NoteState
    rate_ppm: int
    overdue_since: date | None = None
    extended_to: date | None = None
    settled_on: date | None = None


def standing(movements: Iterable[Movement]) -> list[Movement]:
    """Movements that are neither reversals nor reversed, by value date, then as recorded."""
    rows = list(movements)
    undone = {m.reverses_id for m in rows if m.reverses_id is not None}
    kept = [m for m in rows if m.reverses_id is None and m.id not in undone]
    # A new movement has no id yet: it was recorded last.
    return sorted(kept, key=lambda m: (m.on, m.id is None, m.id))


def position(principal_fen: int, rate_ppm: int, movements: Iterable[Movement]) -> Position:
    """Fold the standing movements; ``Conflict`` names the first that cannot be."""
    balance, rate = principal_fen, rate_ppm
    overdue: date | None = None
    extended: date | None = None
    settled: date | None = None
    stage: NoteState | None = None  # beyond repayment, once a payout was requested
    repriced: set[date] = set()
    for m in standing(movements):
        if m.kind is MovementKind.PRINCIPAL_REPAID:
            if m.amount_fen > balance:
                raise _refused(
                    "over-repaid",
                    m,
                    f"归还本金 {fen_to_yuan(m.amount_fen)} 元超过余额 {fen_to_yuan(balance)} 元",
                )
            balance -= m.amount_fen
            if balance == 0:
                settled, overdue = m.on, None
        elif m.kind is MovementKind.RATE_CHANGED:
            if m.on in repriced:
                raise _refused("two-rate-changes", m, "同一日已有一次利率调整")
            assert m.rate_ppm is not None
            repriced.add(m.on)
            rate = m.rate_ppm
        elif m.kind is MovementKind.OVERDUE_FROM:
            if overdue is not None:
                raise _refused("already-overdue", m, f"该借据自 {overdue} 起已处于逾期")
            if balance > 0:
                overdue = m.on
        elif m.kind is MovementKind.OVERDUE_CURED:
            if overdue is None and balance > 0:
                raise _refused("not-overdue", m, "该借据并未逾期，不能登记逾期结清")
            overdue = None
        elif m.kind is MovementKind.EXTENDED:
            extended = m.until
        elif m.kind in ACTIONS:
            stage = next_note_state(stage or _state(balance, overdue, extended), ACTIONS[m.kind])
            if m.kind is MovementKind.COMPENSATED:
                if not 0 < m.amount_fen == balance:
                    raise _refused(
                        "balance-changed", m, f"代偿时余额应为 {fen_to_yuan(balance)} 元"
                    )
                balance, overdue = 0, None
    state = stage if stage and (balance or stage is not NoteState.PAYOUT_REQUESTED) else None
    return Position(
        balance, state or _state(balance, overdue, extended), rate, overdue, extended, settled
    )


def _state(balance: int, overdue: date | None, extended: date | None) -> NoteState:
    if balance == 0:
        return NoteState.SETTLED
    if overdue is not None:
        return NoteState.OVERDUE
    return NoteState.EXTENDED if extended is not None else NoteState.ACTIVE


def _refused(code: str, movement: Movement, what: str) -> Conflict:
    return Conflict(
        code, f"{movement.on}：{what}，请核对后重新报送", details={"on": movement.on.isoformat()}
    )
