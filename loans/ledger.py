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
    fold = _Fold(principal_fen, rate_ppm)
    for m in _effective(standing(movements)):
        fold.take(m)
    return Position(fold.balance, fold.state, fold.rate, fold.overdue, fold.extended, fold.settled)


def _effective(rows: list[Movement]) -> list[Movement]:
    """Without the requests for a payout that were refused.

    They moved nothing, so they do not forbid what is reported later for a day before them: that
    the note had been repaid all along.
    """
    kept: list[Movement] = []
    for m in rows:
        if m.kind is MovementKind.PAYOUT_REFUSED:
            asked = [at for at, row in enumerate(kept) if row.kind is MovementKind.PAYOUT_REQUESTED]
            if asked:
                del kept[asked[-1]]
                continue
        kept.append(m)
    return kept


class _Fold:
    """A note's position while its movements are taken in one by one."""

    def __init__(self, principal_fen: int, rate_ppm: int) -> None:
        self.balance, self.rate = principal_fen, rate_ppm
        self.overdue: date | None = None
        self.extended: date | None = None
        self.settled: date | None = None
        self._stage: NoteState | None = None  # beyond repayment, once a payout was requested
        self._repriced: set[date] = set()

    @property
    def state(self) -> NoteState:
        """The stage beyond repayment, if there is one; a note repaid in the meantime is settled."""
        if self._stage and (self.balance or self._stage is not NoteState.PAYOUT_REQUESTED):
            return self._stage
        return _state(self.balance, self.overdue, self.extended)

    def take(self, m: Movement) -> None:
        """The next movement; kinds that move nothing of the position pass."""
        if m.kind is MovementKind.PRINCIPAL_REPAID:
            self._repay(m)
        elif m.kind is MovementKind.RATE_CHANGED:
            self._reprice(m)
        elif m.kind in (MovementKind.OVERDUE_FROM, MovementKind.OVERDUE_CURED):
            self._mark(m)
        elif m.kind is MovementKind.EXTENDED:
            self.extended = m.until
        elif m.kind in ACTIONS:
            self._stage = next_note_state(self._stage or self.state, ACTIONS[m.kind])
            if m.kind is MovementKind.COMPENSATED:
                self._compensate(m)

    def _repay(self, m: Movement) -> None:
        if m.amount_fen > self.balance:
            repaid, left = fen_to_yuan(m.amount_fen), fen_to_yuan(self.balance)
            raise _refused("over-repaid", m, f"归还本金 {repaid} 元超过余额 {left} 元")
        self.balance -= m.amount_fen
        if self.balance == 0:
            self.settled, self.overdue = m.on, None

    def _reprice(self, m: Movement) -> None:
        if m.on in self._repriced:
            raise _refused("two-rate-changes", m, "同一日已有一次利率调整")
        assert m.rate_ppm is not None
        self._repriced.add(m.on)
        self.rate = m.rate_ppm

    def _mark(self, m: Movement) -> None:
        if m.kind is MovementKind.OVERDUE_CURED:
            if self.overdue is None and self.balance > 0:
                raise _refused("not-overdue", m, "该借据并未逾期，不能登记逾期结清")
            self.overdue = None
            return
        if self.overdue is not None:
            raise _refused("already-overdue", m, f"该借据自 {self.overdue} 起已处于逾期")
        if self.balance > 0:
            self.overdue = m.on

    def _compensate(self, m: Movement) -> None:
        if not 0 < m.amount_fen == self.balance:
            owed = fen_to_yuan(self.balance)
            raise _refused("balance-changed", m, f"代偿时余额应为 {owed} 元")
        self.balance, self.overdue = 0, None


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
