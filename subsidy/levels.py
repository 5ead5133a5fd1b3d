"""Levels: what a note earns a day, as changes on days.

Three levels, each an exact integer per note and day:

* interest: balance × contract rate                                        [fen·ppm]
* subsidy: subsidised balance × subsidy rate × share, on eligible days     [fen·ppm·share]
* limit: subsidised balance × contract rate, on eligible days              [fen·ppm]

A level is constant between events, so a note is a short list of ``(day, change of level)``; summing
``change × (weight from that day)`` gives interest without one row per loan and day.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from loans.errors import Conflict
from subsidy.daycount import to_date
from subsidy.notes import (
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

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Changes:
    """Changes of one level; a note's changes on one day add up. All of shape ``(c,)``."""

    row: npt.NDArray[np.intp]  # which note of the block
    on: Integers  # the first day on which the new level holds
    by: Integers  # new level - old level


@dataclass(frozen=True)
class Levels:
    """The levels of a block of notes; ``limit`` is None where no subsidy can exceed it."""

    interest: Changes
    subsidy: Changes
    limit: Changes | None


@dataclass(frozen=True)
class Timeline:
    """The state of each note after its disbursement and after each event, shape ``(n + m,)``.

    A note's rows stand together in order of day, its disbursement first.
    """

    first: npt.NDArray[np.intp]  # (n,): the row of each note's disbursement
    row: npt.NDArray[np.intp]  # which note
    on: Integers
    balance_fen: Integers
    rate_ppm: Integers
    subsidised_fen: Integers
    overdue: npt.NDArray[np.bool_]
    ends_on: Integers  # (n,): the first day that earns no subsidy, whatever happens


def levels(notes: Notes, events: Events) -> Levels:
    """The level changes of every note.

    §2: a day earns a subsidy while it is before the original maturity, the subsidy's end and any
    stop, and the note is not overdue. Its rate is ``max(0, min(contract, ceiling) - floor)``, or
    the fixed benchmark（（九）9.8 按基准利率）.
    """
    time = timeline(notes, events)
    base = np.minimum(time.balance_fen, time.subsidised_fen)
    contract = base * time.rate_ppm
    share, _ = shares(notes)
    subsidy = base * subsidy_rate_ppm(notes, time) * share[time.row]
    fixed = bool((notes.benchmark_ppm >= 0).any())
    return Levels(
        interest=_changes(time, time.balance_fen * time.rate_ppm),
        subsidy=changes_until(time, subsidy * ~time.overdue, time.ends_on),
        limit=changes_until(time, contract * ~time.overdue, time.ends_on) if fixed else None,
    )


def shares(notes: Notes) -> tuple[Integers, Integers]:
    """Each note's share as a reduced fraction: 50% is 1 and 2."""
    share_pct = notes.share_pct.astype(np.int64)
    common = np.gcd(share_pct, 100)
    return share_pct // common, 100 // common


def timeline(notes: Notes, events: Events) -> Timeline:
    """Disbursements and events in one list with the state after each of them."""
    n, m = len(notes), len(events)
    counts = np.diff(events.offsets)
    first = events.offsets[:-1] + np.arange(n)
    row = np.repeat(np.arange(n), counts + 1)
    kind = np.zeros(n + m, np.int8)
    on = np.empty(n + m, np.int64)
    value = np.zeros(n + m, np.int64)
    later = np.ones(n + m, np.bool_)
    later[first] = False
    on[first], on[later] = notes.disbursed_on, events.on
    kind[later], value[later] = events.kind, events.value
    _check_order(notes, row, on, later)

    balance = np.where(kind == PRINCIPAL_REPAID, -value, 0)
    balance[first] = notes.principal_fen
    balance = _running_sum(balance, first, row)
    if len(balance) and balance.min() < 0:
        i = int(balance.argmin())
        _refuse(notes, int(row[i]), int(on[i]), "还本合计超过本金，请核对还本流水")
    overdue = (kind == OVERDUE_FROM).astype(np.int64) - (kind == OVERDUE_CURED)
    stopped = kind == SUBSIDY_STOPPED
    ends_on = np.minimum(notes.matures_on, notes.subsidy_ends_on).astype(np.int64)
    np.minimum.at(ends_on, row[stopped], on[stopped])
    return Timeline(
        first=first,
        row=row,
        on=on,
        balance_fen=balance,
        rate_ppm=_latest(notes.rate_ppm, value, kind == RATE_CHANGED, first, row),
        subsidised_fen=_latest(notes.subsidised_fen, value, kind == SUBSIDISED_CHANGED, first, row),
        overdue=_running_sum(overdue, first, row) > 0,
        ends_on=ends_on,
    )


def changes_until(time: Timeline, level: Integers, ends_on: Integers) -> Changes:
    """Changes of a level that falls to 0 on each note's ``ends_on``, shape ``(n,)``."""
    ends = ends_on[time.row]
    changes = _changes(time, np.where(time.on < ends, level, 0))
    left = np.zeros(len(ends_on), np.int64)
    np.add.at(left, changes.row, changes.by)
    return Changes(
        row=np.concatenate([changes.row, np.arange(len(ends_on))]),
        on=np.concatenate([np.minimum(changes.on, ends), ends_on]),
        by=np.concatenate([changes.by, -left]),
    )


def _changes(time: Timeline, level: Integers) -> Changes:
    by = np.diff(level, prepend=0)
    by[time.first] = level[time.first]
    return Changes(row=time.row, on=time.on, by=by)


def subsidy_rate_ppm(notes: Notes, time: Timeline) -> Integers:
    """The rate the programme subsidises, shape of the timeline; the share is not in it."""
    ceiling = np.where(notes.ceiling_ppm == NO_CEILING, np.iinfo(np.int32).max, notes.ceiling_ppm)
    follows = np.minimum(time.rate_ppm, ceiling[time.row]) - notes.floor_ppm[time.row]
    fixed = notes.benchmark_ppm.astype(np.int64)[time.row]
    return np.where(fixed >= 0, fixed, np.maximum(follows, 0))


def _latest(
    at_first: Column,
    value: Integers,
    changed: npt.NDArray[np.bool_],
    first: npt.NDArray[np.intp],
    row: npt.NDArray[np.intp],
) -> Integers:
    """The newest value of each row of a timeline: the note's own until the first change."""
    source = np.where(changed, np.arange(len(row)), 0)
    source[first] = first
    values = np.where(changed, value, 0)
    values[first] = at_first
    return values[np.maximum.accumulate(source)]


def _running_sum(
    change: Integers, first: npt.NDArray[np.intp], row: npt.NDArray[np.intp]
) -> Integers:
    """Sum of a note's changes up to each row. Sums over the block may wrap: differences do not."""
    total = np.cumsum(change)
    return total - (total[first] - change[first])[row]


def _check_order(
    notes: Notes, row: npt.NDArray[np.intp], on: Integers, later: npt.NDArray[np.bool_]
) -> None:
    backwards = (np.diff(on, prepend=0) < 0) & later
    if backwards.any():
        i = int(backwards.argmax())
        _refuse(notes, int(row[i]), int(on[i]), "事件早于发放日，或未按日期排序，请核对")


def _refuse(notes: Notes, i: int, on: int, problem: str) -> None:
    raise Conflict(
        "accrual-input",
        f"借据 {notes.note_no[i]}，{to_date(on)}：{problem}。",
        details={"note_no": notes.note_no[i], "on": to_date(on).isoformat()},
    )
