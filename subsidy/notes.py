"""Notes (借据) and their events as columns: what the accrual core reads.

Columns are numpy arrays with one entry a note or an event. Money is integer fen, rates integer
ppm (4.35% = 43500), shares integer percent, days are days since 1970-01-01 (``daycount.day``).
Any integer dtype will do; the narrow ones named below keep a province in memory.
``Notes.of`` and ``Events.of`` build the columns from plain records.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final, overload

import numpy as np
import numpy.typing as npt

from subsidy.daycount import ACT_360, day
from subsidy.settlement import QUARTERLY_20

Column = npt.NDArray[np.signedinteger[Any]]
# Which notes: a range of them, or their positions.
Rows = slice | npt.NDArray[np.intp]

WHOLE_BALANCE: Final = 2**63 - 1  # subsidised principal: whatever the balance is
CONTRACT_RATE: Final = -1  # benchmark_ppm: the subsidy follows the contract's rate
NO_CEILING: Final = -1  # ceiling_ppm

# Kinds of event.
PRINCIPAL_REPAID: Final = 1  # value: fen repaid
RATE_CHANGED: Final = 2  # value: the new contract rate; on matures_on: the penalty rate
OVERDUE_FROM: Final = 3  # the first overdue day
OVERDUE_CURED: Final = 4  # the first day that is no longer overdue
SUBSIDY_STOPPED: Final = 5  # the first day without subsidy, for good
SUBSIDISED_CHANGED: Final = 6  # value: the new subsidised principal, fen or WHOLE_BALANCE


@dataclass(frozen=True, kw_only=True)
class Note:
    """One note as a record, for callers that hold Python values; see ``Notes`` for the terms."""

    note_no: str
    principal_fen: int
    disbursed_on: date
    matures_on: date
    rate_ppm: int
    share_pct: int
    subsidised_fen: int = WHOLE_BALANCE
    benchmark_ppm: int = CONTRACT_RATE
    ceiling_ppm: int = NO_CEILING
    floor_ppm: int = 0
    subsidy_ends_on: date | None = None
    day_count: int = ACT_360
    settlement: int = QUARTERLY_20


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event of one note as a record; ``value`` is fen or ppm, as the kind says."""

    note_no: str
    on: date
    kind: int
    value: int = 0


@dataclass(frozen=True, kw_only=True)
class Notes:
    """Columns of shape ``(n,)``, one entry a note, each note one disbursement."""

    note_no: Sequence[str]  # used in messages only
    principal_fen: Column  # int64 > 0
    disbursed_on: Column  # int32: the first day that bears interest
    matures_on: Column  # int32: original maturity, the first day after the contract
    rate_ppm: Column  # int32: contract rate on disbursed_on
    share_pct: Column  # int8 0 … 100: the class's share (全额 100, 50%贴息 50, none 0)
    subsidised_fen: Column  # int64 >= 0: at most this much of the balance, or WHOLE_BALANCE
    benchmark_ppm: Column  # int32: fixed subsidy rate, or CONTRACT_RATE
    ceiling_ppm: Column  # int32: the subsidy rate follows the contract up to here, or NO_CEILING
    floor_ppm: Column  # int32 >= 0: the borrower's own part of the contract rate
    subsidy_ends_on: Column  # int32: first day without subsidy (never later than matures_on counts)
    day_count: Column  # int8: ACT_360, ACT_365 or THIRTY_360
    settlement: Column  # int8: a code of subsidy.settlement

    def __len__(self) -> int:
        return len(self.principal_fen)

    @staticmethod
    def of(records: Iterable[Note]) -> "Notes":
        """Columns of records, in their order; a missing subsidy end is the maturity."""
        rows = list(records)

        def column(name: str, dtype: type[np.signedinteger[Any]]) -> Column:
            return np.array([_integer(getattr(row, name)) for row in rows], dtype)

        ends = [_integer(row.subsidy_ends_on or row.matures_on) for row in rows]
        return Notes(
            note_no=[row.note_no for row in rows],
            principal_fen=column("principal_fen", np.int64),
            disbursed_on=column("disbursed_on", np.int32),
            matures_on=column("matures_on", np.int32),
            rate_ppm=column("rate_ppm", np.int32),
            share_pct=column("share_pct", np.int8),
            subsidised_fen=column("subsidised_fen", np.int64),
            benchmark_ppm=column("benchmark_ppm", np.int32),
            ceiling_ppm=column("ceiling_ppm", np.int32),
            floor_ppm=column("floor_ppm", np.int32),
            subsidy_ends_on=np.array(ends, np.int32),
            day_count=column("day_count", np.int8),
            settlement=column("settlement", np.int8),
        )

    def take(self, rows: Rows) -> "Notes":
        """These notes only; a slice gives views, positions give copies."""
        columns = {f.name: getattr(self, f.name)[rows] for f in fields(self)[1:]}
        picked = range(len(self))[rows] if isinstance(rows, slice) else rows
        return Notes(note_no=_Picked(self.note_no, picked), **columns)


@dataclass(frozen=True, kw_only=True)
class Events:
    """Events in compressed-sparse-row form: note ``i`` owns ``offsets[i]:offsets[i + 1]``.

    A note's events are in order of their day; on one day, in any order, because a day's interest
    uses the balance and rate after all events of that day.
    """

    offsets: Column  # int64, shape (n + 1,), from 0 to m
    on: Column  # int32, shape (m,): the first day on which the event counts
    kind: Column  # int8, shape (m,)
    value: Column  # int64, shape (m,): fen or ppm, as the kind says, else 0

    def __len__(self) -> int:
        return len(self.on)

    @staticmethod
    def of(notes: Notes, records: Iterable[Event]) -> "Events":
        """Columns of records in any order; KeyError for a note number that ``notes`` lacks."""
        position = {note_no: i for i, note_no in enumerate(notes.note_no)}
        rows = [(position[event.note_no], day(event.on), event) for event in records]
        return Events.sorted(
            len(notes),
            owner=np.array([i for i, _, _ in rows], np.int64),
            on=np.array([on for _, on, _ in rows], np.int32),
            kind=np.array([event.kind for _, _, event in rows], np.int8),
            value=np.array([event.value for _, _, event in rows], np.int64),
        )

    @staticmethod
    def sorted(n: int, *, owner: Column, on: Column, kind: Column, value: Column) -> "Events":
        """Columns of unsorted events of ``n`` notes; ``owner`` is each event's note position."""
        order = np.lexsort((on, owner))
        offsets = np.zeros(n + 1, np.int64)
        np.cumsum(np.bincount(owner, minlength=n), out=offsets[1:])
        return Events(offsets=offsets, on=on[order], kind=kind[order], value=value[order])

    def take(self, rows: Rows) -> "Events":
        """The events of these notes, renumbered from 0; a contiguous slice gives views."""
        if isinstance(rows, slice):
            offsets = self.offsets[rows.start : rows.stop + 1]
            picked: Rows = slice(int(offsets[0]), int(offsets[-1]))
            return self._picked(picked, offsets - offsets[0])
        counts = self.offsets[rows + 1] - self.offsets[rows]
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(counts, out=offsets[1:])
        shift = np.repeat(self.offsets[rows] - offsets[:-1], counts)
        return self._picked(np.arange(offsets[-1]) + shift, offsets)

    def _picked(self, picked: Rows, offsets: Column) -> "Events":
        return Events(
            offsets=offsets, on=self.on[picked], kind=self.kind[picked], value=self.value[picked]
        )


class _Picked(Sequence[str]):
    """Some of a sequence of note numbers, looked up only when a message needs one."""

    def __init__(self, note_no: Sequence[str], picked: range | npt.NDArray[np.intp]) -> None:
        self._note_no, self._picked = note_no, picked

    def __len__(self) -> int:
        return len(self._picked)

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> "_Picked": ...
    def __getitem__(self, i: int | slice) -> "str | _Picked":
        if isinstance(i, slice):
            return _Picked(self._note_no, self._picked[i])
        return self._note_no[int(self._picked[i])]


def _integer(value: object) -> int:
    if isinstance(value, date):
        return day(value)
    assert isinstance(value, int)
    return value
