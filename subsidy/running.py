"""Running numerators: exact interest and subsidy of a block of notes, and their rounding.

All notes of a block walk together from one day (report or settlement) to the next::

    running += level × weight of the interval + Σ change × weight from the event's day

and a running amount is rounded half up from the exact rational ``running / denominator``.
Numerators are integers held in float64, where a bound below 2^53 is proved
(docs/adr/0005-accrual-core.md), or in int64. Both are exact; float64 is several times as fast
because it divides in vectors.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from subsidy.arrays import Integers
from subsidy.daycount import DAYS_A_YEAR, ordinals
from subsidy.levels import DENOMINATOR, NUMERATOR, Changes, levels, percentages
from subsidy.notes import Column, Events, Notes

PPM: Final = 1_000_000


@dataclass(frozen=True)
class Block:
    """Notes that share settlement rule and day count, and the exact type of their numerators.

    ``steady``: walk them as if nothing ever happened to any of them (what comes out for those to
    whom something does is not used).
    """

    notes: Notes
    events: Events
    exact: type[np.float64] | type[np.int64]
    steady: bool = False

    @property
    def settlement(self) -> int:
        """The settlement code of all notes."""
        return int(self.notes.settlement[0])

    @property
    def day_count(self) -> int:
        """The day count of all notes."""
        return int(self.notes.day_count[0])


class Running:
    """One numerator per note, running from one settlement day to the next.

    A period starts from half the denominator, so that rounding half up is one truncated division.
    """

    def __init__(self, points: Column, block: Block, size: int, denominator: Any) -> None:
        """``points``: the days of the walk, ascending.
        ``denominator``: even, one for all notes or of shape ``(size,)``.
        """
        self._points = ordinals(points, block.day_count)
        self._exact = block.exact
        self._level = np.zeros(size, block.exact)
        self._product = np.empty_like(self._level)
        self._half = denominator // 2
        self.numerator = np.empty_like(self._level)
        self.numerator[:] = self._half
        self._cuts = [0] * (len(points) + 1)
        nothing = np.empty(0, np.int64)
        self._row, self._by, self._on = nothing.astype(np.intp), nothing, points[:0]
        self.idle = True  # nothing accrues, and nothing has since the last settlement

    @staticmethod
    def steady(points: Column, block: Block, denominator: int) -> "Running":
        """Balance × rate of every note, as it stands on the first of ``points``."""
        found = Running(points, block, len(block.notes), denominator)
        np.multiply(
            block.notes.principal_fen,
            block.notes.rate_ppm,
            out=found._level,
            dtype=np.int64,
            casting="unsafe",
        )
        found.idle = False
        return found

    @staticmethod
    def of(
        changes: Changes, points: Column, block: Block, size: int, denominator: Any
    ) -> "Running":
        """From changes of the level; one before the first of ``points`` counts from it."""
        found = Running(points, block, size, denominator)
        on = np.clip(changes.on, points[0], points[-1])
        narrow = np.uint8 if len(points) <= 255 else np.int16
        interval_of_day = np.repeat(
            np.arange(len(points), dtype=narrow), np.append(np.diff(points), 1)
        )
        interval = interval_of_day.take(np.subtract(on, points[0]))
        order = np.argsort(interval, kind="stable")  # a radix sort, for these narrow types
        on = on.take(order)
        found._row, found._by = changes.row.take(order), changes.by.take(order)
        # In order of intervals, not of days: enough to find where each interval begins.
        found._cuts = np.searchsorted(on, points).tolist()
        found._on = ordinals(on, block.day_count)
        return found

    def advance(self, j: int) -> None:
        """Walk from ``points[j]`` to ``points[j + 1]``."""
        some = slice(self._cuts[j], self._cuts[j + 1])
        self.idle = self.idle and some.start == some.stop
        if self.idle:
            return
        start, stop = self._points[j : j + 2]
        np.multiply(self._level, self._exact(stop - start), out=self._product)
        np.add(self.numerator, self._product, out=self.numerator)
        if some.start == some.stop:
            return
        row, by = self._row[some], self._by[some].astype(self._exact)
        np.add.at(self.numerator, row, by * (stop - self._on[some]))
        np.add.at(self._level, row, by)

    def settle(self) -> None:
        """A settlement period ends: the next begins with nothing but the half."""
        if not self.idle:
            self.numerator[:] = self._half
            self.idle = not self._level.any()


class Earnings:
    """Interest and subsidy of a block: which numerators run, and how they are rounded."""

    def __init__(self, block: Block, points: Column) -> None:
        notes, exact = block.notes, block.exact
        unit = PPM * DAYS_A_YEAR[block.day_count]
        units = unit * DENOMINATOR  # by percentage
        n, own = len(notes), np.empty(0, np.intp)
        self._late: list[Running] = []
        self._subsidy: list[Running] = []
        self._limit: list[Running] = []

        def running(changes: Changes | None, size: int, denominator: Any) -> list[Running]:
            if changes is None:
                return []
            return [Running.of(changes, points, block, size, denominator)]

        if block.steady:
            self._interest = [Running.steady(points, block, unit)]
        else:
            found = levels(notes, block.events, int(points[-1]))
            own = found.own
            self._interest = running(found.interest, n, unit)
            self._late = running(found.late, n, unit)
            self._subsidy = running(found.subsidy, len(own), units.take(notes.share_pct[own]))
            self._limit = running(found.limit, len(own), unit)
        self._running: list[Running] = [*self._interest, *self._late, *self._subsidy, *self._limit]

        self._own, self._unit = own, unit
        self._units = units.astype(exact).take(notes.share_pct)
        self._own_units = self._units[own]
        # Half the interest's denominator is in its numerator, half the subsidy's must be instead.
        self._shift = ((units - unit * NUMERATOR) // 2).astype(exact).take(notes.share_pct)
        present = percentages(notes)
        self._all_whole = present.tolist() == [100]
        whole = (NUMERATOR[present] == 1).all()
        self._share = None if whole else NUMERATOR.astype(exact).take(notes.share_pct)
        self._divide = np.divide if block.exact is np.float64 else np.floor_divide
        self._quotient = np.empty((2, n), block.exact)

    @property
    def idle(self) -> bool:
        """Whether every numerator is 0 and stays so."""
        return all(running.idle for running in self._running)

    def advance(self, j: int) -> None:
        """Walk from ``points[j]`` to ``points[j + 1]``."""
        for running in self._running:
            running.advance(j)

    def settle(self) -> None:
        """A settlement period ends."""
        for running in self._running:
            running.settle()

    def rounded(self, out: Integers) -> None:
        """Rounded amounts of the running settlement period [fen] into ``out``, shape ``(2, n)``:
        interest, then subsidy = min(rounded subsidy, rounded limit)."""
        if self.idle:
            out[:] = 0
            return
        interest, subsidy = self._quotient
        numerator = self._interest[0].numerator
        self._divide(numerator, self._unit, out=interest)
        if self._all_whole:
            subsidy[:] = interest
        else:
            if self._share is not None:
                numerator = np.multiply(numerator, self._share)
            np.add(numerator, self._shift, out=subsidy)
            self._divide(subsidy, self._units, out=subsidy)
        for own in self._subsidy:
            earned = self._divide(own.numerator, self._own_units)
            for limit in self._limit:
                earned = np.minimum(earned, self._divide(limit.numerator, self._unit))
            subsidy[self._own] = earned
        np.copyto(out, self._quotient, casting="unsafe")  # truncates
        for late in self._late:
            out[0] += self._divide(late.numerator, self._unit).astype(np.int64)
