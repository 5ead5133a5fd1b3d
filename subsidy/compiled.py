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

from subsidy.accrual import Lines, reach
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


def accrue(notes: Notes, events: Events, boundaries: npt.ArrayLike, *, threads: int = 2) -> Lines:
    """``subsidy.accrual.accrue``, compiled: the same arguments, lines and refusals."""
    cuts = np.asarray(boundaries, np.int32)
    assert len(cuts) >= 2 and bool((np.diff(cuts) > 0).all()), "boundaries ascend"
    check_events(notes, events, np.repeat(np.arange(len(notes)), np.diff(events.offsets)))
    reach(notes, events, int(cuts[-1]))  # refuses what int64 cannot hold
    lines = Lines(cuts, *np.empty((2, len(notes), len(cuts) - 1), np.int64))
    key = notes.settlement.astype(np.int64) * 4 + notes.day_count
    with ThreadPoolExecutor(threads) as pool:
        running = [
            pool.submit(_group, notes, events, rows, lines)
            for kind in np.unique(key)
            for rows in np.array_split(np.flatnonzero(key == kind), threads)
            if len(rows)
        ]
    for part in running:
        part.result()
    return lines


def _group(notes: Notes, events: Events, rows: npt.NDArray[np.intp], lines: Lines) -> None:
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
    at_maturity: Any, unit: Any, interest: Any, subsidy: Any,
) -> None:  # fmt: skip
    """Lines of the notes ``rows``; ``ordinal[d - begin]`` weighs day ``d``."""
    (principal, disbursed, matures, rates, share, parts, subsidised, benchmark, ceiling, floor,
     ends, offsets, ons, kinds, values) = columns  # fmt: skip
    for i in rows:
        balance, rate, most = principal[i], np.int64(rates[i]), subsidised[i]
        end, limited = np.int64(min(matures[i], ends[i])), benchmark[i] != CONTRACT_RATE
        overdue, e, last = 0, offsets[i], offsets[i + 1]
        t = np.int64(max(disbursed[i], begin))
        earned = paid = limit = 0
        closed_i = closed_s = before_i = before_s = 0
        column = -1
        for p in range(len(points)):
            point = np.int64(points[p])
            while t < point:
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
                if balance == 0:
                    t = point
                    break
                stop = point
                if e < last:
                    stop = min(stop, np.int64(ons[e]))
                if t < end:
                    stop = min(stop, end)
                if at_maturity and t < matures[i]:
                    stop = min(stop, np.int64(matures[i]))
                weight = ordinal[stop - begin] - ordinal[t - begin]
                earned += balance * rate * weight
                if t < end and overdue <= 0:
                    base = min(balance, most)
                    follows = rate
                    if ceiling[i] != NO_CEILING:
                        follows = min(follows, np.int64(ceiling[i]))
                    follows = max(follows - floor[i], np.int64(0))
                    if limited:
                        follows = np.int64(benchmark[i])
                    paid += base * follows * share[i] * weight
                    limit += base * rate * weight
                t = stop
                if at_maturity and t == matures[i]:
                    now_i, now_s = _rounded(earned, paid, limit, limited, unit, parts[i])
                    closed_i += now_i
                    closed_s += now_s
                    earned = paid = limit = 0
            now_i, now_s = closed_i, closed_s
            if earned:
                running_i, running_s = _rounded(earned, paid, limit, limited, unit, parts[i])
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
                earned = paid = limit = 0


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _rounded(earned: Any, paid: Any, limit: Any, limited: Any, unit: Any, parts: Any) -> Any:
    """Half up; a whole subsidy is the interest itself and is rounded like it."""
    now_i = (earned + unit // 2) // unit
    if parts == 1 and paid == earned:
        return now_i, now_i
    now_s = (paid + unit * parts // 2) // (unit * parts)
    if limited:
        now_s = min(now_s, (limit + unit // 2) // unit)
    return now_i, now_s
