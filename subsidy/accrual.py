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

so the cost is one multiplication per note and interval and one correction per event. Numerators are
exact integers: float64 where a bound proves them below 2^53 (docs/adr/0005-accrual-core.md), else
int64; a note beyond that is refused by name, never wrapped.

    notes = Notes.of([Note(note_no="JY-1", principal_fen=300_000_00, ..., share_pct=100)])
    events = Events.of(notes, [Event(note_no="JY-1", on=date(2020, 4, 10),
                                     kind=PRINCIPAL_REPAID, value=300_000_00)])
    lines = accrue(notes, events, [day(date(2019, 6, 21)), day(date(2019, 9, 21))])
    lines.interest_fen, lines.subsidy_fen      # int64, shape (n, periods)

Source: rules.md §2, §3, §8; （九）9.6, 9.7, 9.8. No pandas, no database, no clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from loans.errors import Conflict
from subsidy.arrays import Flags, Integers, Positions
from subsidy.daycount import ACT_360, ACT_365, THIRTY_360, day, to_date
from subsidy.levels import NUMERATOR, percentages, shares
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
from subsidy.running import Block, Earnings
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

BLOCK: Final = 32_768  # notes walked together: their vectors stay in the processor's cache
STEADY_BLOCK: Final = 2 * BLOCK  # of notes that need few vectors and few steps
LARGEST_FLOAT: Final = 2.0**53  # up to here float64 holds every integer
LARGEST_INT: Final = 2.0**63
OUT_OF_RANGE: Final = "金额、利率或期间超出精确计息的范围，请核对录入是否有误"


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
    disbursement, more is repaid than was lent, or an amount is beyond the exact range.
    """
    asked = np.asarray(days, np.int32)
    n, k = len(notes), asked.shape[-1]
    result = Booked(np.zeros((k, n), np.int64).T, np.zeros((k, n), np.int64).T)
    if asked.size == 0 or n == 0:
        return result
    asked = np.broadcast_to(asked, (n, k))
    for rows, block in _blocks(notes, events, int(asked.max())):
        numbers, own = np.arange(n)[rows], asked[rows]
        total = np.zeros((2, len(numbers)), np.int64)
        for on, now, before in _walk(block, np.unique(own), since_birth=True):
            total += now - before
            hit, column = np.nonzero(own == on)
            result.interest_fen[numbers[hit], column] = total[0, hit]
            result.subsidy_fen[numbers[hit], column] = total[1, hit]
    return result


def accrue(notes: Notes, events: Events, boundaries: npt.ArrayLike) -> Lines:
    """Interest and subsidy of each note in each report period ``[boundaries[j], boundaries[j+1])``.

    ``boundaries``: days, ascending, at least two. Each amount is booked(end) − booked(start), also
    where a period cuts a settlement period. Errors as ``booked``.
    """
    cuts = np.asarray(boundaries, np.int32)
    assert len(cuts) >= 2 and bool((np.diff(cuts) > 0).all()), "boundaries ascend"
    shape = (len(cuts) - 1, len(notes))
    interest, subsidy = np.empty(shape, np.int64), np.empty(shape, np.int64)
    for rows, block in _steady_first(notes, events, int(cuts[0]), int(cuts[-1])):
        walk = _walk(block, cuts, since_birth=False)
        next(walk)  # what came before the first boundary
        for j, (_, now, before) in enumerate(walk):
            if isinstance(rows, slice):
                np.subtract(now[0], before[0], out=interest[j, rows])
                np.subtract(now[1], before[1], out=subsidy[j, rows])
            else:
                interest[j, rows], subsidy[j, rows] = now - before
    return Lines(cuts, interest.T, subsidy.T)


def _walk(
    block: Block, days: npt.NDArray[np.int32], *, since_birth: bool
) -> Iterator[tuple[int, Integers, Integers]]:
    """Yield (day, now, before) for each of ``days`` (ascending).

    ``now - before``, shape ``(2, n)``, is the interest and subsidy booked since the previous of
    ``days``; for the first one since the first disbursement or, when not ``since_birth``, since
    some earlier settlement day: the years before the first day are skipped.
    """
    begin = min(int(block.notes.disbursed_on.min()), int(days[0]))
    if not since_birth:
        settled = last_settlement_day(block.settlement, int(days[0]))
        begin = begin if settled is None else max(begin, settled)
    points, settling, asked = _schedule(block.settlement, begin, tuple(days.tolist()))
    earnings = Earnings(block, points)
    now, before = np.zeros((2, 2, len(block.notes)), np.int64)
    for j, on in enumerate(points.tolist()):
        if j:
            earnings.advance(j - 1)
            earnings.rounded(now)
        if asked[j]:
            yield on, now, before
            now, before = before, now
        if settling[j]:
            # What the finished period has booked is no part of the next one's running amount.
            before -= before if asked[j] else now
            earnings.settle()


@lru_cache(maxsize=256)
def _schedule(
    settlement: int, begin: int, days: tuple[int, ...]
) -> tuple[npt.NDArray[np.int32], list[bool], list[bool]]:
    """The days of a walk from ``begin``; which of them settle, which were asked for."""
    settles = settlement_days(settlement, begin + 1, days[-1] + 1)
    points = np.unique(np.concatenate([np.array([begin, *days], np.int32), settles]))
    points.flags.writeable = False  # one array for every block
    return points, np.isin(points, settles).tolist(), np.isin(points, days).tolist()


def _steady_first(
    notes: Notes, events: Events, since: int, until: int
) -> Iterator[tuple[Rows, Block]]:
    """Blocks for a walk that begins on the last settlement day up to ``since``.

    Where most notes of a slab are steady (nothing happens to them on the way), the whole slab is
    walked as if all were; the rest are walked again, properly, in blocks of their own.
    """
    others: list[Positions] = []
    for rows in _slabs(0, len(notes), STEADY_BLOCK):
        slab, happened = notes.take(rows), events.take(rows)
        steady = _steady(slab, happened, since, until)
        if steady is None or np.any(_wide(slab, happened, until)):
            for some in _slabs(rows.start, rows.stop, BLOCK):
                yield from _alike(notes, events, some, until)
        else:
            yield rows, Block(slab, happened, np.float64, steady=True)
            others.append(np.flatnonzero(~steady) + rows.start)
    rest = np.concatenate(others) if others else np.empty(0, np.intp)
    for some in _slabs(0, len(rest), BLOCK):
        yield from _alike(notes, events, rest[some], until)


def _steady(notes: Notes, events: Events, since: int, until: int) -> Flags | None:
    """Notes of one settlement rule and day count, subsidised in proportion to their interest, to
    which nothing happens from the last settlement day up to ``since`` until ``until``.

    None where they are too few to be worth walking apart.
    """
    found: Flags = np.diff(events.offsets) == 0
    settled = last_settlement_day(int(notes.settlement[0]), since)
    if settled is None or 2 * np.count_nonzero(found) < len(notes):
        return None
    for holds in (
        notes.disbursed_on <= settled,
        notes.matures_on >= until,
        notes.subsidy_ends_on >= until,
        notes.benchmark_ppm == CONTRACT_RATE,
        notes.ceiling_ppm == NO_CEILING,
        notes.floor_ppm == 0,
        notes.subsidised_fen >= notes.principal_fen,
        notes.settlement == notes.settlement[0],
        notes.day_count == notes.day_count[0],
    ):
        found &= holds
    return found if 2 * np.count_nonzero(found) >= len(notes) else None


def _slabs(start: int, stop: int, size: int) -> Iterator[slice]:
    return (slice(at, min(at + size, stop)) for at in range(start, stop, size))


def _blocks(notes: Notes, events: Events, until: int) -> Iterator[tuple[Rows, Block]]:
    """Blocks of at most BLOCK notes that share settlement rule, day count and exact type."""
    for rows in _slabs(0, len(notes), BLOCK):
        yield from _alike(notes, events, rows, until)


def _alike(notes: Notes, events: Events, rows: Rows, until: int) -> Iterator[tuple[Rows, Block]]:
    """These notes as blocks that share settlement rule, day count and exact type."""
    slab, happened = notes.take(rows), events.take(rows)
    wide = _wide(slab, happened, until)
    key = slab.settlement.astype(np.int16) * 8 + slab.day_count * 2 + wide
    for kind in [key[0]] if key.min() == key.max() else np.unique(key):
        exact = np.int64 if kind % 2 else np.float64
        if (key == kind).all():
            yield rows, Block(slab, happened, exact)
        else:
            some = np.flatnonzero(key == kind)
            placed = some + rows.start if isinstance(rows, slice) else rows[some]
            yield placed, Block(slab.take(some), happened.take(some), exact)


def _wide(notes: Notes, events: Events, until: int) -> Flags | bool:
    """Which notes need int64; False if the block's largest values together show that none does."""
    lent, share = float(notes.principal_fen.max()), int(NUMERATOR[percentages(notes)].max())
    repriced = events.value[events.kind == RATE_CHANGED]
    rates = notes.rate_ppm, notes.benchmark_ppm, repriced
    highest = max(int(column.max(initial=0)) for column in rates)
    if (notes.settlement != AT_MATURITY).all() and _bound(lent, highest, 92, share, 100) < 2**53:
        return False
    return reach(notes, events, until) >= LARGEST_FLOAT


def reach(notes: Notes, events: Events, until: int) -> npt.NDArray[np.float64]:
    """``bounds`` of notes that are all within exact arithmetic. Refuse, never wrap: Conflict."""
    found = bounds(notes, events, until)
    if found.max(initial=0) >= LARGEST_INT:
        note_no = notes.note_no[int(found.argmax())]
        raise Conflict(
            "accrual-range",
            f"借据 {note_no} 的{OUT_OF_RANGE}。",
            details={"note_no": note_no},
        )
    return found


def bounds(notes: Notes, events: Events, until: int) -> npt.NDArray[np.float64]:
    """A bound on every numerator of each note, half a denominator and float error included.

    A balance never exceeds the principal, a rate never the note's highest, and a period never
    weighs more than its days and 3 (30/360 counts 28 February thrice). What reaches
    ``LARGEST_INT`` cannot be computed. ``until`` matters to notes that settle at maturity only.
    """
    highest = np.maximum(notes.rate_ppm, notes.benchmark_ppm).astype(np.int64)
    repriced = np.flatnonzero(events.kind == RATE_CHANGED)
    owner = np.searchsorted(events.offsets, repriced, side="right") - 1
    np.maximum.at(highest, owner, events.value[repriced])
    days = np.where(
        notes.settlement == AT_MATURITY,
        np.maximum(until, notes.matures_on) - notes.disbursed_on.astype(np.int64),
        np.where(notes.settlement == QUARTERLY_20, 92, 31),
    )
    share, parts = shares(notes)
    lent = notes.principal_fen.astype(np.float64)
    found: npt.NDArray[np.float64] = _bound(lent, highest, np.maximum(days, 0), share, parts)
    return found


def _bound(lent_fen: Any, rate_ppm: Any, days: Any, share: Any, parts: Any) -> Any:
    """The bound of ``reach`` for one note or a column of them; the last factor covers its own
    floating-point error."""
    return (lent_fen * rate_ppm * (days + 3) * np.maximum(share, 1) + 366e6 * parts) * (1 + 2**-40)
