"""What can be wrong with the events of a book: each rule yields the rows that break it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from subsidy.accrual import (
    OVERDUE_CURED,
    OVERDUE_FROM,
    PRINCIPAL_REPAID,
    RATE_CHANGED,
    SUBSIDISED_CHANGED,
    Notes,
)
from subsidy.arrays import Integers, Positions


@dataclass(frozen=True)
class Happened:
    """Events as read, in the order of the file, shape ``(m,)``; ``owner`` is each one's note."""

    owner: Positions
    on: Integers
    kind: npt.NDArray[np.int8]
    value: Integers


def event_problems(events: Happened, notes: Notes) -> Iterator[tuple[str, Positions, str]]:
    """(column, rows, message) of each rule that some event breaks; every cell is readable."""
    early = np.flatnonzero(events.on < notes.disbursed_on[events.owner])
    yield "on", early, "事件早于发放日，请核对日期"
    negative = (events.value < 0) & (events.kind != RATE_CHANGED)
    yield "amount", np.flatnonzero(negative), "金额不能为负，请核对"
    again = _repeated(events, RATE_CHANGED)
    yield "on", again, "同一天已有一次利率变动，请只留一个"
    again = _repeated(events, SUBSIDISED_CHANGED)
    yield "on", again, "同一天已有一次贴息本金变动，请只留一个"
    yield "amount", _over_repaid(events, notes), "还本合计超过本金，请核对还本流水"
    twice, never = _out_of_turn(events)
    yield "kind", twice, "逾期期间又记逾期开始，请核对或补上逾期结束"
    yield "kind", never, "未逾期却记逾期结束，请核对或补上逾期开始"


def _of_kind(events: Happened, *kinds: int) -> Positions:
    """Rows of these kinds, by note, day and place in the file."""
    rows = np.flatnonzero(np.isin(events.kind, kinds))
    ordered: Positions = rows[np.lexsort((rows, events.on[rows], events.owner[rows]))]
    return ordered


def _repeated(events: Happened, kind: int) -> Positions:
    """Events of a kind that may come once a note and day, after the first."""
    rows = _of_kind(events, kind)
    same = (np.diff(events.owner[rows]) == 0) & (np.diff(events.on[rows]) == 0)
    repeated: Positions = rows[1:][same]
    return repeated


def _over_repaid(events: Happened, notes: Notes) -> Positions:
    """The repayment of each note that first exceeds what is left."""
    rows = _of_kind(events, PRINCIPAL_REPAID)
    owner = events.owner[rows]
    total = np.cumsum(events.value[rows])
    first = np.searchsorted(owner, owner, side="left")
    repaid = total - (total - events.value[rows])[first]
    over = np.flatnonzero(repaid > notes.principal_fen[owner])
    return rows[over[np.unique(owner[over], return_index=True)[1]]]


def _out_of_turn(events: Happened) -> tuple[Positions, Positions]:
    """overdue_from while overdue, and overdue_cured while not.

    Events of one day may come in any order, so a day is right when its events can be put in turn:
    when each note's balance of the two stays 0 or 1 at every day's end.
    """
    rows = _of_kind(events, OVERDUE_FROM, OVERDUE_CURED)
    owner, on = events.owner[rows], events.on[rows]
    turn = np.where(events.kind[rows] == OVERDUE_FROM, 1, -1)
    total = np.cumsum(turn)
    depth = total - (total - turn)[np.searchsorted(owner, owner, side="left")]
    ends_day = np.append((np.diff(owner) != 0) | (np.diff(on) != 0), True)[: len(rows)]
    twice: list[int] = []
    never: list[int] = []
    for note in np.unique(owner[ends_day & ((depth < 0) | (depth > 1))]):
        mine = slice(*np.searchsorted(owner, [note, note + 1]))
        _take_turns(rows[mine], on[mine], turn[mine], twice, never)
    return np.array(twice, np.intp), np.array(never, np.intp)


def _take_turns(
    rows: Positions, on: Integers, turn: Integers, twice: list[int], never: list[int]
) -> None:
    """Play one note's days; an event out of turn is noted and changes nothing."""
    overdue = False
    for today in np.unique(on):
        waiting = {
            1: list(rows[(on == today) & (turn == 1)]),
            -1: list(rows[(on == today) & (turn == -1)]),
        }
        while waiting[-1 if overdue else 1]:
            waiting[-1 if overdue else 1].pop(0)
            overdue = not overdue
        twice += map(int, waiting[1])
        never += map(int, waiting[-1])
