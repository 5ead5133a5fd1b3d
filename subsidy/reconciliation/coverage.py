"""The other way round: what the register earns in the period, and what of it no line claims."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from subsidy.accrual import booked
from subsidy.reconciliation.claimed import Claimed
from subsidy.reconciliation.pairing import Pairs, note_positions, spans_before, subtract

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Coverage:
    """Per register note, shape ``(n,)``: what it earns in the period on days not claimed before,
    and how much of that no line covers. Fen by the core, before R10."""

    earned_fen: Integers
    unclaimed_fen: Integers
    is_claimed: npt.NDArray[np.bool_]  # some line, readable or not, names it


def coverage(claimed: Claimed, pairs: Pairs) -> Coverage:
    """Compare the period's days of every note with the days of its lines."""
    register, period = pairs.register, pairs.period
    n = len(register)
    before = {note: [(s.since, s.until) for s in spans]
              for note, spans in spans_before(register).items()}  # fmt: skip
    lines: dict[int, list[tuple[int, int]]] = defaultdict(list)
    spans = zip(pairs.note.tolist(), pairs.since.tolist(), pairs.until.tolist(), strict=True)
    for note, since, until in spans:
        lines[note].append((since, until))
    whole = [(period.since, period.until)]
    owners: list[int] = []
    days: list[tuple[int, int]] = []
    is_line_free: list[bool] = []
    for note in range(n):
        free = subtract(period.since, period.until, before[note]) if note in before else whole
        for since, until in free:
            for part in subtract(since, until, lines.get(note, ())):
                owners.append(note)
                days.append(part)
                is_line_free.append(True)
        owners += [note] * len(free)
        days += free
        is_line_free += [False] * len(free)
    owner = np.array(owners, np.intp)
    bounds = np.array(days, np.int64).reshape(-1, 2)
    amounts = booked(register.notes.take(owner), register.events.take(owner), bounds).subsidy_fen
    amount = amounts[:, 1] - amounts[:, 0]
    open_days = np.array(is_line_free, np.bool_)
    earned, unclaimed = np.zeros(n, np.int64), np.zeros(n, np.int64)
    np.add.at(earned, owner[~open_days], amount[~open_days])
    np.add.at(unclaimed, owner[open_days], amount[open_days])
    named = note_positions(claimed, register)
    is_claimed = np.zeros(n, np.bool_)
    is_claimed[named[named >= 0]] = True
    return Coverage(earned, unclaimed, is_claimed)
