"""Comparator (f): one loan after the other in plain Python integers."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from loans.money import half_up
from subsidy.accrual import Events, Lines, Notes
from subsidy.notes import OVERDUE_CURED, OVERDUE_FROM, PRINCIPAL_REPAID, RATE_CHANGED
from subsidy.settlement import last_settlement_day, settlement_days

PER_YEAR = 360 * 1_000_000


def with_python(notes: Notes, events: Events, boundaries: npt.NDArray[np.int32]) -> Lines:
    """The benchmark books only: act/360, quarterly, contract rate, whole balance."""
    asked = boundaries.tolist()
    begin = last_settlement_day(int(notes.settlement[0]), asked[0]) or asked[0]
    settles = set(settlement_days(int(notes.settlement[0]), begin, asked[-1] + 1).tolist())
    points = sorted(settles | set(asked))
    lists = [column.tolist() for column in (events.on, events.kind, events.value)]
    happened = list(zip(*lists, strict=True))
    rows = []
    for i in range(len(notes)):
        mine = happened[events.offsets[i] : events.offsets[i + 1]]
        rows.append(_one(notes, i, mine, points, settles, set(asked)))
    grid = np.array(rows)
    return Lines(boundaries, grid[:, :, 0], grid[:, :, 1])


def _one(
    notes: Notes,
    i: int,
    mine: list[tuple[int, int, int]],
    points: list[int],
    settles: set[int],
    asked: set[int],
) -> list[tuple[int, int]]:
    balance, rate = int(notes.principal_fen[i]), int(notes.rate_ppm[i])
    share, ends = int(notes.share_pct[i]), int(notes.subsidy_ends_on[i])
    first, overdue, waiting = int(notes.disbursed_on[i]), False, iter([*mine, (10**9, 0, 0)])
    event = next(waiting)
    cuts = sorted({*points, *(on for on, _, _ in mine), first, ends})
    finished, before, rows = (0, 0), (0, 0), []
    interest = subsidy = 0
    for start, stop in pairwise([*cuts, cuts[-1] + 1]):
        if start in asked or start in settles:
            now = half_up(interest, PER_YEAR), half_up(subsidy, 100 * PER_YEAR)
            total = finished[0] + now[0], finished[1] + now[1]
            if start in asked:
                rows.append((total[0] - before[0], total[1] - before[1]))
                before = total
            if start in settles:
                finished, interest, subsidy = total, 0, 0
        while event[0] <= start:
            if event[1] == PRINCIPAL_REPAID:
                balance -= event[2]
            elif event[1] == RATE_CHANGED:
                rate = event[2]
            overdue = (overdue or event[1] == OVERDUE_FROM) and event[1] != OVERDUE_CURED
            event = next(waiting)
        if start >= first:
            earned = balance * rate * (stop - start)
            interest += earned
            subsidy += earned * share * (start < ends and not overdue)
    return rows[1:]
