"""The closed set of interest conventions, to name what a bank did.

The programme's own amount comes from the accrual core alone. Here the same levels (balance × rate
× share a day) are weighed and rounded in the other ways banks are known to use, so that a
difference can be recognised as "365 days", "truncated" and so on: R11 of rules.md §7. Nothing
computed here is ever paid.

A *slice* is a run of days of one line on which nothing changes. Amounts are integer fen from exact
integer numerators; days since 1970-01-01; periods half-open.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from loans.money import half_up
from subsidy.accrual import AT_MATURITY, THIRTY_360, Events, Notes
from subsidy.arrays import Flags, Integers, Positions
from subsidy.daycount import DAYS_A_YEAR, ordinals
from subsidy.levels import shares
from subsidy.settlement import settlement_days
from subsidy.timeline import subsidy_rate_ppm, timeline

_FAR = np.int64(2**40)
_PPM = 1_000_000


class Convention(StrEnum):
    """What a bank may do instead of the contract's own convention; the order is the preference
    where two of them give the same amounts."""

    ACT_365 = "actual/365"
    THIRTY_360 = "30/360"
    WHOLE_MONTHS = "whole months plus days"
    BOTH_ENDS = "both ends counted"
    TRUNCATED = "truncation"
    HALF_EVEN = "half-even"
    PER_SLICE = "per-slice rounding"
    PER_MONTH = "per-month rounding"


TITLES = {
    Convention.ACT_365: "按一年365天计息",
    Convention.THIRTY_360: "按30/360计息",
    Convention.WHOLE_MONTHS: "按整月加零头天数计息",
    Convention.BOTH_ENDS: "首尾两天都计息",
    Convention.TRUNCATED: "分以下截尾",
    Convention.HALF_EVEN: "四舍六入五成双",
    Convention.PER_SLICE: "分段各自四舍五入",
    Convention.PER_MONTH: "按月各自四舍五入",
}


@dataclass(frozen=True, kw_only=True)
class Slices:
    """Runs of days with one level; in order of ``row``, then of day. Shape ``(s,)``.

    ``row`` tells whose slice it is, of ``rows`` in all; ``period`` which settlement period;
    ``level`` is fen·ppm·share a day, ``parts`` the share's denominator.
    """

    rows: int
    row: Positions
    since: Integers
    until: Integers
    level: Integers
    parts: Integers
    day_count: Integers
    period: Integers


def slices(notes: Notes, events: Events, since: Integers, until: Integers) -> Slices:
    """The earning days of each note inside ``[since, until)``, both of shape ``(n,)``."""
    time = timeline(notes, events)
    base = np.minimum(time.balance_fen, time.subsidised_fen)
    share, parts = shares(notes)
    rate = subsidy_rate_ppm(notes, time) * share[time.row]
    # A fixed benchmark never earns more than the contract's interest（（九）9.8）.
    level = base * np.minimum(rate, time.rate_ppm * parts[time.row])
    following = np.append(time.on[1:], _FAR)
    following[np.append(np.diff(time.row) > 0, True)] = _FAR
    start = np.maximum(time.on, since[time.row])
    stop = np.minimum(np.minimum(following, time.ends_on[time.row]), until[time.row])
    earns = (start < stop) & (level > 0) & ~time.overdue
    row = time.row[earns]
    found = Slices(
        rows=len(notes),
        row=row,
        since=start[earns],
        until=stop[earns],
        level=level[earns],
        parts=parts[row],
        day_count=notes.day_count.astype(np.int64)[row],
        period=np.zeros(len(row), np.int64),
    )
    return _by_settlement(found, notes)


def earning_days(found: Slices) -> Integers:
    """Actual days with a subsidy, per row."""
    days = np.zeros(found.rows, np.int64)
    np.add.at(days, found.row, found.until - found.since)
    return days


def amounts(found: Slices, convention: Convention, *, per_period: bool) -> Integers:
    """What each row comes to under a convention, int64 fen, shape ``(rows,)``.

    ``per_period`` rounds once a settlement period, otherwise once for the whole line: a bank that
    leaves the contract's convention may do either.
    """
    if convention is Convention.PER_MONTH:
        found = _cut(found, _month_starts(found))
    year = np.array(DAYS_A_YEAR, np.int64)[found.day_count]
    days = _weights(found, found.day_count)
    group = found.period if per_period else np.zeros_like(found.period)
    rounding: Callable[[Integers, Integers], Integers] = _half_up
    match convention:
        case Convention.ACT_365:
            days, year = found.until - found.since, np.full_like(year, 365)
        case Convention.THIRTY_360:
            days = _weights(found, np.full_like(found.day_count, THIRTY_360))
            year = np.full_like(year, 360)
        case Convention.WHOLE_MONTHS:
            days, year = _months_and_days(found), np.full_like(year, 360)
        case Convention.BOTH_ENDS:
            days = days + _is_last(found.row)
        case Convention.TRUNCATED:
            rounding = _floor
        case Convention.HALF_EVEN:
            rounding = _half_even
        case Convention.PER_SLICE:
            group = np.arange(len(found.row))
        case Convention.PER_MONTH:
            group = _month(found.since)
    return _rounded_sums(found, found.level * days, _PPM * year * found.parts, group, rounding)


def _rounded_sums(
    found: Slices,
    numerator: Integers,
    denominator: Integers,
    group: Integers,
    rounding: Callable[[Integers, Integers], Integers],
) -> Integers:
    """Sum the numerators of each run of equal (row, group), round, add up per row."""
    total = np.zeros(found.rows, np.int64)
    if len(found.row) == 0:
        return total
    begins = np.flatnonzero(_differs(found.row) | _differs(group))
    sums = np.add.reduceat(numerator, begins)
    np.add.at(total, found.row[begins], rounding(sums, denominator[begins]))
    return total


def _half_up(numerator: Integers, denominator: Integers) -> Integers:
    rounded: Integers = half_up(numerator, denominator)  # type: ignore[arg-type]
    return rounded


def _floor(numerator: Integers, denominator: Integers) -> Integers:
    return numerator // denominator


def _half_even(numerator: Integers, denominator: Integers) -> Integers:
    whole, rest = numerator // denominator, numerator % denominator
    up = (2 * rest > denominator) | ((2 * rest == denominator) & (whole % 2 == 1))
    rounded: Integers = whole + up
    return rounded


def _weights(found: Slices, day_count: Integers) -> Integers:
    thirty: Integers = ordinals(found.until, THIRTY_360) - ordinals(found.since, THIRTY_360)
    actual: Integers = found.until - found.since
    weights: Integers = np.where(day_count == THIRTY_360, thirty, actual)
    return weights


def _months_and_days(found: Slices) -> Integers:
    """30 for each whole month (same day, clamped to the month's end), 1 for each day left."""
    months = _month(found.until) - _month(found.since)
    months -= _add_months(found.since, months) > found.until
    return 30 * months + found.until - _add_months(found.since, months)


def _add_months(on: Integers, months: Integers) -> Integers:
    first = (_month(on) + months).astype("datetime64[M]")
    length = (first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")
    day_of_month = on - _month(on).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    start: Integers = first.astype("datetime64[D]").astype(np.int64)
    moved: Integers = start + np.minimum(day_of_month, length.astype(np.int64) - 1)
    return moved


def _month(on: Integers) -> Integers:
    months: Integers = on.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months


def _month_starts(found: Slices) -> Integers:
    if len(found.row) == 0:
        return np.empty(0, np.int64)
    months = np.arange(_month(found.since).min(), _month(found.until).max() + 1)
    starts: Integers = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return starts


def _by_settlement(found: Slices, notes: Notes) -> Slices:
    """Cut at settlement days; ``period`` numbers the settlement periods of each row."""
    if len(found.row) == 0:
        return found
    rules = notes.settlement.astype(np.int64)[found.row]
    begin, end = int(found.since.min()), int(found.until.max())
    pieces = []
    for rule in np.unique(rules):
        own = _taken(found, np.flatnonzero(rules == rule))
        if rule == AT_MATURITY:
            pieces.append(own)
            continue
        days = settlement_days(int(rule), begin, end).astype(np.int64)
        cut = _cut(own, days)
        pieces.append(replace(cut, period=np.searchsorted(days, cut.since, side="right")))
    return _joined(found.rows, pieces)


def _cut(found: Slices, days: Integers) -> Slices:
    """The same slices, none of which goes across one of ``days`` (ascending)."""
    first = np.searchsorted(days, found.since, side="right")
    last = np.searchsorted(days, found.until, side="left")
    counts = np.maximum(last - first, 0) + 1
    source = np.repeat(np.arange(len(found.row)), counts)
    nth = np.arange(len(source)) - np.repeat(np.cumsum(counts) - counts, counts)
    cuts = np.append(days, _FAR)
    cut = _taken(found, source)
    since = np.where(nth == 0, cut.since, cuts[np.maximum(first[source] + nth - 1, 0)])
    until = np.where(nth == counts[source] - 1, cut.until, cuts[first[source] + nth])
    return replace(cut, since=since, until=until)


def _taken(found: Slices, at: Positions) -> Slices:
    return replace(
        found,
        row=found.row[at],
        since=found.since[at],
        until=found.until[at],
        level=found.level[at],
        parts=found.parts[at],
        day_count=found.day_count[at],
        period=found.period[at],
    )


def _joined(rows: int, pieces: list[Slices]) -> Slices:
    def column(name: str) -> Integers:
        return np.concatenate([getattr(piece, name) for piece in pieces])

    names = ("row", "since", "until", "level", "parts", "day_count", "period")
    columns = {name: column(name) for name in names}
    order = np.lexsort((columns["since"], columns["row"]))
    return Slices(rows=rows, **{name: values[order] for name, values in columns.items()})


def _differs(values: npt.NDArray[np.signedinteger]) -> Flags:
    """Where a run of equal values begins."""
    return np.append(True, values[1:] != values[:-1])


def _is_last(row: Positions) -> Flags:
    """Where a row has its last slice."""
    return np.append(row[1:] != row[:-1], True)[: len(row)]
