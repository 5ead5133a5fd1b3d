"""The accrual core: interest and subsidy of a whole portfolio, exact to the fen.

For every note, ``booked(t)`` is what its life up to day ``t`` (exclusive) has earned::

    booked(t) = Σ finished settlement periods, each rounded once + the rounded running one

and any report row (a month, a claim line, a window) is ``booked(end) - booked(start)``, so months
and settlement periods have the same sum. Rounding is half up, once per note and settlement period,
from the exact rational ``numerator / (1 000 000 · days a year · share)``. At any point of a
period ``subsidy = min(rounded subsidy, rounded interest on the subsidised principal for the
eligible days)``; the borrower's share is interest − subsidy, in a single row perhaps −1 fen.

How: a note's level (fen·ppm a day) is constant between events. All notes of a block walk together
from one day of interest (report day or settlement day) to the next::

    running += level × weight of the interval + Σ change × weight from the event's day

so the cost is one multiplication per note and interval and one correction per event. Everything is
int64; a bound is proved per note before the walk and a note beyond it is refused by name.

    notes = Notes.of([Note(note_no="JY-1", principal_fen=300_000_00, ..., share_pct=100)])
    events = Events.of(notes, [Event(note_no="JY-1", on=date(2020, 4, 10),
                                     kind=PRINCIPAL_REPAID, value=300_000_00)])
    lines = accrue(notes, events, [day(date(2019, 6, 21)), day(date(2019, 9, 21))])
    lines.interest_fen, lines.subsidy_fen      # int64, shape (n, periods)

Source: rules.md §2, §3, §8; （九）9.6, 9.7, 9.8. No pandas, no database, no clock, no float.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from loans.errors import Conflict
from loans.money import half_up
from subsidy.daycount import (
    ACT_360,
    ACT_365,
    DAYS_A_YEAR,
    THIRTY_360,
    day,
    ordinals,
    to_date,
)
from subsidy.levels import Changes, Integers, Levels, changes_until, levels, shares, timeline
from subsidy.notes import (
    CONTRACT_RATE,
    NO_CEILING,
    OVERDUE_CURED,
    OVERDUE_FROM,
    PRINCIPAL_REPAID,
    RATE_CHANGED,
    SUBSIDISED_CHANGED,
    SUBSIDY_STOPPED,
    WHOLE_BALANCE,
    Event,
    Events,
    Note,
    Notes,
    Rows,
)
from subsidy.settlement import (
    AT_MATURITY,
    MONTH_END,
    MONTHLY_20,
    QUARTERLY_20,
    last_settlement_day,
    monthly,
    settlement_days,
)
from subsidy.steps import Step, steps

__all__ = [
    "ACT_360", "ACT_365", "AT_MATURITY", "CONTRACT_RATE", "MONTHLY_20", "MONTH_END",
    "NO_CEILING", "OVERDUE_CURED", "OVERDUE_FROM", "PRINCIPAL_REPAID", "QUARTERLY_20",
    "RATE_CHANGED", "SUBSIDISED_CHANGED", "SUBSIDY_STOPPED", "THIRTY_360", "WHOLE_BALANCE",
    "Booked", "Event", "Events", "Lines", "Note", "Notes", "Step",
    "accrue", "booked", "day", "monthly", "steps", "to_date",
]  # fmt: skip

PPM: Final = 1_000_000
BLOCK: Final = 32_768  # notes walked together: their vectors stay in the processor's cache
# A running numerator doubled, plus its denominator, must stay below 2^63 for half_up.
LARGEST_NUMERATOR: Final = 2.0**61


@dataclass(frozen=True)
class Booked:
    """Cumulative booked amounts, int64 fen, shape ``(n, k)``: note by day asked for."""

    interest_fen: Integers
    subsidy_fen: Integers

    @property
    def borrower_fen(self) -> Integers:
        """What the borrower bears of the interest."""
        return self.interest_fen - self.subsidy_fen


@dataclass(frozen=True)
class Lines:
    """Rows per note and report period: int64 fen, shape ``(n, k)``; period ``j`` is
    ``[boundaries[j], boundaries[j + 1])``."""

    boundaries: npt.NDArray[np.int32]
    interest_fen: Integers
    subsidy_fen: Integers

    @property
    def borrower_fen(self) -> Integers:
        """What the borrower bears; −1 fen is possible in one period, never over a note's life."""
        return self.interest_fen - self.subsidy_fen


def booked(notes: Notes, events: Events, days: npt.ArrayLike) -> Booked:
    """Cumulative interest and subsidy of each note up to each day (exclusive).

    ``days``: int, shape ``(k,)`` for all notes or ``(n, k)`` per note, in any order. A day up to
    the disbursement gives 0. Conflict, naming the note, where events are out of order or before
    disbursement, the balance falls below 0, or an amount is beyond the exact range.
    """
    asked = np.asarray(days, np.int64)
    n, k = len(notes), asked.shape[-1]
    interest = np.zeros((k, n), np.int64).T
    subsidy = np.zeros((k, n), np.int64).T
    if n == 0 or k == 0:
        return Booked(interest, subsidy)
    for rows in _groups(notes):
        own = asked if asked.ndim == 1 else asked[rows]
        block = notes.take(rows), events.take(rows)
        numbers = np.arange(n)[rows]
        for on, earned, subsidised in _walk(*block, np.unique(own), None):
            for j in range(k):
                hit = own[..., j] == on
                if asked.ndim == 1 and hit:
                    interest[rows, j], subsidy[rows, j] = earned, subsidised
                elif asked.ndim == 2 and hit.any():
                    interest[numbers[hit], j] = earned[hit]
                    subsidy[numbers[hit], j] = subsidised[hit]
    return Booked(interest, subsidy)


def accrue(notes: Notes, events: Events, boundaries: Sequence[int] | Integers) -> Lines:
    """Interest and subsidy of each note in each report period ``[boundaries[j], boundaries[j+1])``.

    ``boundaries``: days, ascending, at least two. Each amount is booked(end) − booked(start), also
    where a period cuts a settlement period. Errors as ``booked``.
    """
    cuts = np.asarray(boundaries, np.int32)
    assert len(cuts) >= 2 and (np.diff(cuts) > 0).all(), "boundaries ascend"
    shape = (len(cuts) - 1, len(notes))
    lines = Lines(cuts, np.empty(shape, np.int64).T, np.empty(shape, np.int64).T)
    for rows in _groups(notes):
        walk = _walk(notes.take(rows), events.take(rows), cuts, int(cuts[0]))
        _, interest_before, subsidy_before = next(walk)
        for j, (_, earned, subsidised) in enumerate(walk):
            lines.interest_fen[rows, j] = earned - interest_before
            lines.subsidy_fen[rows, j] = subsidised - subsidy_before
            interest_before, subsidy_before = earned, subsidised
    return lines


class _Running:
    """One exact numerator per note of a block, running from one settlement day to the next."""

    def __init__(self, changes: Changes, points: Integers, day_count: int, n: int) -> None:
        """``points``: the days of the walk, ascending; a change before the first counts from it."""
        on = np.maximum(changes.on, points[0])
        interval = np.searchsorted(points, on, side="right") - 1
        order = np.argsort(interval.astype(np.int16), kind="stable")
        self._row, self._by = changes.row[order], changes.by[order]
        self._on = ordinals(on[order], day_count)
        self._cuts = np.searchsorted(interval[order], np.arange(len(points) + 1))
        self._points = ordinals(points, day_count)
        self._level = np.zeros(n, np.int64)
        self.numerator = np.zeros(n, np.int64)

    def advance(self, j: int) -> None:
        """Walk from ``points[j]`` to ``points[j + 1]``."""
        changed = slice(self._cuts[j], self._cuts[j + 1])
        row, by, stop = self._row[changed], self._by[changed], self._points[j + 1]
        self.numerator += self._level * (stop - self._points[j])
        np.add.at(self.numerator, row, by * (stop - self._on[changed]))
        np.add.at(self._level, row, by)

    def settle(self) -> None:
        """A settlement period ends: the next begins with nothing."""
        self.numerator[:] = 0


def _walk(
    notes: Notes, events: Events, days: Integers, since: int | None
) -> Iterator[tuple[int, Integers, Integers]]:
    """Yield (day, interest, subsidy) booked up to each of ``days`` (ascending), shape ``(n,)``.

    All notes share settlement rule and day count. With ``since`` the amounts are booked since the
    last settlement day up to it: enough for differences, and the years before are skipped.
    """
    settlement, day_count = int(notes.settlement[0]), int(notes.day_count[0])
    begin = int(notes.disbursed_on.min())
    if since is not None:
        begin = max(begin, last_settlement_day(settlement, since) or begin)
    settles = settlement_days(settlement, begin + 1, int(days[-1]) + 1)
    begin = min(begin, int(days[0]))
    points = np.unique(np.concatenate([[begin], settles, days])).astype(np.int64)
    earning = _earnings(notes, events, points, day_count)
    denominator = PPM * DAYS_A_YEAR[day_count]
    _, parts = shares(notes)

    finished = np.zeros(len(notes), np.int64), np.zeros(len(notes), np.int64)
    settling, asked = np.isin(points, settles), np.isin(points, days)
    for j, on in enumerate(points):
        if j:
            for running in earning:
                running.advance(j - 1)
        amounts = _rounded(earning, denominator, parts)
        total = finished[0] + amounts[0], finished[1] + amounts[1]
        if asked[j]:
            yield int(on), *total
        if settling[j]:
            finished = total
            for running in earning:
                running.settle()


def _earnings(
    notes: Notes, events: Events, points: Integers, day_count: int
) -> list[_Running]:
    """The running numerators: interest, subsidy, [interest after maturity, [limit]]."""
    _check_bounds(notes, events, points)
    found: Levels = levels(notes, events)
    n = len(notes)
    interest, after = found.interest, None
    if int(notes.settlement[0]) == AT_MATURITY:
        time = timeline(notes, events)
        matures_on = notes.matures_on.astype(np.int64)
        interest = changes_until(time, time.balance_fen * time.rate_ppm, matures_on)
        late = np.maximum(time.on, matures_on[time.row])
        after = Changes(time.row, late, found.interest.by)
    nothing = Changes(np.empty(0, np.intp), np.empty(0, np.int64), np.empty(0, np.int64))
    kinds = [interest, found.subsidy, after or nothing]
    if found.limit is not None:
        kinds.append(found.limit)
    return [_Running(changes, points, day_count, n) for changes in kinds]


def _rounded(
    earning: list[_Running], denominator: int, parts: Integers
) -> tuple[Integers, Integers]:
    interest, subsidy, after = (running.numerator for running in earning[:3])
    earned = half_up(interest, denominator) + half_up(after, denominator)
    subsidised = half_up(subsidy, parts * denominator)
    if len(earning) > 3:
        subsidised = np.minimum(subsidised, half_up(earning[3].numerator, denominator))
    return earned, subsidised


def _groups(notes: Notes) -> Iterator[Rows]:
    """Blocks of at most BLOCK notes that share settlement rule and day count."""
    for start in range(0, len(notes), BLOCK):
        stop = min(start + BLOCK, len(notes))
        key = notes.settlement[start:stop].astype(np.int64) * 4 + notes.day_count[start:stop]
        kinds = np.unique(key)
        if len(kinds) == 1:
            yield slice(start, stop)
            continue
        for kind in kinds:
            yield np.flatnonzero(key == kind) + start


def _check_bounds(notes: Notes, events: Events, points: Integers) -> None:
    """Refuse, never wrap: no numerator of a note may pass LARGEST_NUMERATOR."""
    highest = np.maximum(notes.rate_ppm, notes.benchmark_ppm).astype(np.float64)
    owner = np.repeat(np.arange(len(notes)), np.diff(events.offsets))
    rates = np.where(events.kind == RATE_CHANGED, events.value, 0)
    np.maximum.at(highest, owner, rates)
    share, _ = shares(notes)
    reach = notes.principal_fen.astype(np.float64) * highest * np.maximum(share, 1)
    reach *= float(points[-1] - points[0] + 1)
    if reach.max() > LARGEST_NUMERATOR:
        note_no = notes.note_no[int(reach.argmax())]
        raise Conflict(
            "accrual-range",
            f"借据 {note_no} 的金额、利率或期间超出精确计息的范围，请核对录入是否有误。",
            details={"note_no": note_no},
        )
