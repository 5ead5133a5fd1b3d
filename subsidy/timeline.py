"""Timelines: the state of a note after its disbursement and after each of its events."""

from dataclasses import dataclass

import numpy as np

from loans.errors import Conflict
from subsidy.arrays import Flags, Integers, Positions
from subsidy.daycount import to_date
from subsidy.notes import (
    CONTRACT_RATE,
    NO_CEILING,
    OVERDUE_CURED,
    OVERDUE_FROM,
    PRINCIPAL_REPAID,
    RATE_CHANGED,
    SUBSIDISED_CHANGED,
    SUBSIDY_STOPPED,
    Column,
    Events,
    Notes,
)


@dataclass(frozen=True)
class Timeline:
    """Rows of ``n`` notes and ``m`` events, shape ``(n + m,)``.

    A note's rows stand together in order of day, its disbursement first. A state holds from the
    row's day to the next row's; of rows on one day only the last one's state lasts.
    """

    first: Positions  # (n,): the row of each note's disbursement
    row: Positions  # which note
    on: Column
    balance_fen: Integers
    rate_ppm: Integers
    subsidised_fen: Integers
    overdue: Flags
    ends_on: Column  # (n,): the first day that earns no subsidy, whatever happens


def timeline(notes: Notes, events: Events) -> Timeline:
    """Disbursements and events in one list with the state after each of them."""
    n, m = len(notes), len(events)
    row = np.repeat(np.arange(n), np.diff(events.offsets) + 1)
    first = events.offsets[:-1] + np.arange(n)
    later = np.ones(n + m, np.bool_)
    later[first] = False

    kind, value = np.zeros(n + m, np.int8), np.zeros(n + m, np.int64)
    kind[later], value[later] = events.kind, events.value
    on = np.empty(n + m, np.int32)
    on[first], on[later] = notes.disbursed_on, events.on
    balance = np.where(kind == PRINCIPAL_REPAID, -value, 0)
    balance[first] = notes.principal_fen
    late = (kind == OVERDUE_FROM).astype(np.int64) - (kind == OVERDUE_CURED)
    stopped = kind == SUBSIDY_STOPPED
    ends_on = np.minimum(notes.matures_on, notes.subsidy_ends_on)
    np.minimum.at(ends_on, row[stopped], on[stopped])
    return Timeline(
        first=first,
        row=row,
        on=on,
        balance_fen=_running_sum(balance, first, row),
        rate_ppm=_latest(notes.rate_ppm, value, kind == RATE_CHANGED, first),
        subsidised_fen=_latest(notes.subsidised_fen, value, kind == SUBSIDISED_CHANGED, first),
        overdue=_running_sum(late, first, row) > 0,
        ends_on=ends_on,
    )


def subsidy_rate_ppm(notes: Notes, time: Timeline) -> Integers:
    """The subsidised rate of each row, before the share.

    §2: ``max(0, min(contract, ceiling) - borrower's floor)``, or the fixed benchmark
    （（九）9.8 按基准利率）.
    """
    ceiling = np.where(notes.ceiling_ppm == NO_CEILING, np.iinfo(np.int32).max, notes.ceiling_ppm)
    follows = np.minimum(time.rate_ppm, ceiling[time.row]) - notes.floor_ppm[time.row]
    fixed = notes.benchmark_ppm.astype(np.int64)[time.row]
    return np.where(fixed != CONTRACT_RATE, fixed, np.maximum(follows, 0))


def check_events(notes: Notes, events: Events, owner: Positions) -> Integers:
    """What each note repaid in all [fen, shape (n,)]; ``owner``: the note of each event.

    Conflict, naming the note, where events are out of order or before the disbursement, an amount
    is negative, or more is repaid than was lent.
    """
    starts = events.offsets[:-1][np.diff(events.offsets) > 0]
    early = starts[events.on[starts] < notes.disbursed_on[owner[starts]]]
    backwards = np.append(False, events.on[1:] < events.on[:-1])[: len(events)]
    backwards[starts] = False
    for wrong, problem in (
        (early, "事件早于发放日，请核对日期"),
        (np.flatnonzero(backwards), "事件未按日期排序，请先排序"),
        (np.flatnonzero(events.value < 0), "金额或利率为负数，请核对"),
    ):
        if len(wrong):
            _refuse(notes, int(owner[wrong[0]]), int(events.on[wrong[0]]), problem)
    repaid_fen = np.zeros(len(notes), np.int64)
    if len(starts):
        repaid_fen[owner[starts]] = np.add.reduceat(events.value, starts)
    # Values of other events (WHOLE_BALANCE!) may have wrapped the sums; taking them out unwraps.
    others = np.flatnonzero(events.kind != PRINCIPAL_REPAID)
    np.subtract.at(repaid_fen, owner[others], events.value[others])
    over = np.flatnonzero(repaid_fen > notes.principal_fen)
    if len(over):
        i = int(over[0])
        last = int(events.on[events.offsets[i + 1] - 1])
        _refuse(notes, i, last, "还本合计超过本金，请核对还本流水")
    return repaid_fen


def _latest(at_first: Column, value: Integers, changed: Flags, first: Positions) -> Integers:
    """The newest value at each row: the note's own until the first change."""
    source = np.where(changed, np.arange(len(changed)), 0)
    source[first] = first
    values = np.where(changed, value, 0)
    values[first] = at_first
    return values[np.maximum.accumulate(source)]


def _running_sum(change: Integers, first: Positions, row: Positions) -> Integers:
    """Sum of a note's changes up to each row. Sums over the block may wrap: differences do not."""
    total = np.cumsum(change)
    return total - (total[first] - change[first])[row]


def _refuse(notes: Notes, i: int, on: int, problem: str) -> None:
    raise Conflict(
        "accrual-input",
        f"借据 {notes.note_no[i]}，{to_date(on)}：{problem}。",
        details={"note_no": notes.note_no[i], "on": to_date(on).isoformat()},
    )
