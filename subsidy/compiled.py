"""The same lines from compiled code: the optional extra ``speed`` (numba), on several threads.

One note after the other, one state machine, int64 throughout: what the accrual core does for a
block of notes at once, written the scalar way. It pays in a long-lived process; in a single call
loading the compiler eats the gain. The same tests run on both, and no fen may differ.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

from subsidy.accrual import LARGEST_FLOAT, Lines, reach
from subsidy.arrays import Positions
from subsidy.daycount import DAYS_A_YEAR, ordinals
from subsidy.levels import shares
from subsidy.notes import (
    CONTRACT_RATE,
    NO_CEILING,
    OVERDUE_CURED,
    OVERDUE_FROM,
    PRINCIPAL_REPAID,
    RATE_CHANGED,
    SUBSIDISED_CHANGED,
    SUBSIDY_STOPPED,
    Events,
    Notes,
)
from subsidy.settlement import AT_MATURITY, last_settlement_day, settlement_days
from subsidy.timeline import check_events

PPM: Final = 1_000_000
NEVER: Final = np.int64(2**62)
SLAB: Final = 32_768  # notes a task: what is checked of their events stays in the cache


def accrue(notes: Notes, events: Events, boundaries: npt.ArrayLike, *, threads: int = 2) -> Lines:
    """``subsidy.accrual.accrue``, compiled: the same arguments, lines and refusals."""
    cuts = np.asarray(boundaries, np.int32)
    assert len(cuts) >= 2 and bool((np.diff(cuts) > 0).all()), "boundaries ascend"
    lines = Lines(cuts, *np.empty((2, len(notes), len(cuts) - 1), np.int64))
    size = max(1, min(SLAB, -(-len(notes) // threads)))
    slabs = (slice(at, min(at + size, len(notes))) for at in range(0, len(notes), size))
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(_slab, notes, events, some, lines) for some in slabs]:
            done.result()
    return lines


def _slab(notes: Notes, events: Events, some: slice, lines: Lines) -> None:
    """The lines of a range of notes, on one thread."""
    notes, events = notes.take(some), events.take(some)
    check_events(notes, events, np.repeat(np.arange(len(notes)), np.diff(events.offsets)))
    exact = bool(reach(notes, events, int(lines.boundaries[-1])).max(initial=0) < LARGEST_FLOAT)
    mine = Lines(lines.boundaries, lines.interest_fen[some], lines.subsidy_fen[some])
    key = notes.settlement.astype(np.int64) * 4 + notes.day_count
    for kind in np.unique(key):
        _group(notes, events, np.flatnonzero(key == kind), mine, exact)


def _group(notes: Notes, events: Events, rows: Positions, lines: Lines, exact: bool) -> None:
    """The lines of notes that share settlement rule and day count."""
    cuts = lines.boundaries
    settlement, day_count = int(notes.settlement[rows[0]]), int(notes.day_count[rows[0]])
    first = min(int(notes.disbursed_on[rows].min()), int(cuts[0]))
    settled = last_settlement_day(settlement, int(cuts[0]))
    begin = first if settled is None else max(first, settled)
    settles = settlement_days(settlement, begin + 1, int(cuts[-1]) + 1)
    points = np.unique(np.concatenate([settles, cuts]))
    days = np.arange(begin, max(int(cuts[-1]), begin) + 1)
    _walk(
        rows,
        _columns(notes, events),
        points,
        np.isin(points, settles),
        np.isin(points, cuts),
        ordinals(days, day_count),
        begin,
        settlement == AT_MATURITY,
        PPM * DAYS_A_YEAR[day_count],
        exact,
        lines.interest_fen,
        lines.subsidy_fen,
    )


def _columns(notes: Notes, events: Events) -> tuple[Any, ...]:
    return (
        notes.principal_fen, notes.disbursed_on, notes.matures_on, notes.rate_ppm,
        *shares(notes), notes.subsidised_fen, notes.benchmark_ppm, notes.ceiling_ppm,
        notes.floor_ppm, notes.subsidy_ends_on,
        events.offsets, events.on, events.kind, events.value,
    )  # fmt: skip


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _walk(
    rows: Any, columns: Any, points: Any, settling: Any, asked: Any, ordinal: Any, begin: Any,
    at_maturity: Any, unit: Any, exact: Any, interest: Any, subsidy: Any,
) -> None:  # fmt: skip
    """Lines of the notes ``rows``; ``ordinal[d - begin]`` weighs day ``d``."""
    (principal, disbursed, matures, rates, share, parts, subsidised, benchmark, ceiling, floor,
     ends, offsets, ons, kinds, values) = columns  # fmt: skip
    for i in rows:
        balance, rate, most = principal[i], np.int64(rates[i]), subsidised[i]
        end, limited = np.int64(min(matures[i], ends[i])), benchmark[i] != CONTRACT_RATE
        fixed, own, part = np.int64(benchmark[i]), np.int64(floor[i]), share[i]
        highest = np.int64(ceiling[i]) if ceiling[i] != NO_CEILING else NEVER
        of = unit * parts[i]
        half, half_of, whole = unit // 2, of // 2, of == unit
        overdue, e, last = 0, offsets[i], offsets[i + 1]
        t = np.int64(max(disbursed[i], begin))
        turn = t  # the next day on which a level may change
        level = due = bound = np.int64(0)
        earned = paid = limit = np.int64(0)
        closed_i = closed_s = before_i = before_s = np.int64(0)
        column = -1
        for p in range(len(points)):
            point = np.int64(points[p])
            while t < point:
                if t == turn:
                    while e < last and ons[e] <= t:
                        kind, value = kinds[e], values[e]
                        if kind == PRINCIPAL_REPAID:
                            balance -= value
                        elif kind == RATE_CHANGED:
                            rate = value
                        elif kind == OVERDUE_FROM:
                            overdue += 1
                        elif kind == OVERDUE_CURED:
                            overdue -= 1
                        elif kind == SUBSIDY_STOPPED:
                            end = min(end, np.int64(ons[e]))
                        elif kind == SUBSIDISED_CHANGED:
                            most = value
                        e += 1
                    level, due, bound = balance * rate, np.int64(0), np.int64(0)
                    turn = np.int64(ons[e]) if e < last else NEVER
                    if t < end:
                        turn = min(turn, end)
                        if overdue <= 0:
                            base = min(balance, most)
                            follows = fixed
                            if not limited:
                                follows = max(min(rate, highest) - own, np.int64(0))
                            due, bound = base * follows * part, base * rate
                    if at_maturity and t < matures[i]:
                        turn = min(turn, np.int64(matures[i]))
                stop = min(point, turn)
                weight = ordinal[stop - begin] - ordinal[t - begin]
                earned += level * weight
                paid += due * weight
                if limited:
                    limit += bound * weight
                t = stop
                if at_maturity and t == matures[i]:
                    now_i, now_s = _rounded(
                        earned, paid, limit, limited, unit, half, of, half_of, whole, exact
                    )
                    closed_i += now_i
                    closed_s += now_s
                    earned = paid = limit = np.int64(0)
            now_i, now_s = closed_i, closed_s
            if earned:
                running_i, running_s = _rounded(
                    earned, paid, limit, limited, unit, half, of, half_of, whole, exact
                )
                now_i += running_i
                now_s += running_s
            if asked[p]:
                if column >= 0:
                    interest[i, column] = now_i - before_i
                    subsidy[i, column] = now_s - before_s
                column += 1
                before_i, before_s = now_i, now_s
            if settling[p]:
                closed_i, closed_s = now_i, now_s
                earned = paid = limit = np.int64(0)


@numba.njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _rounded(
    earned: Any, paid: Any, limit: Any, limited: Any, unit: Any, half: Any, of: Any, half_of: Any,
    whole: Any, exact: Any,
) -> Any:  # fmt: skip
    """Half up; a whole subsidy is the interest itself and is rounded like it."""
    now_i = _divided(earned + half, unit, exact)
    if paid == earned and whole and not limited:
        return now_i, now_i
    now_s = _divided(paid + half_of, of, exact)
    if limited:
        now_s = min(now_s, _divided(limit + half, unit, exact))
    return now_i, now_s


@numba.njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _divided(numerator: Any, denominator: Any, exact: Any) -> Any:
    """``exact``: below 2^53, where float64 divides exactly enough and faster (ADR 5)."""
    if exact:
        return np.int64(np.float64(numerator) / np.float64(denominator))
    return numerator // denominator
