"""A book as read, and the portfolio that the accrual core computes: values in, values out.

What the core calls an event is made here from what was reported and from the contract: the penalty
rate after maturity, the cap of a person or the base of a firm over all their notes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from subsidy import accrual
from subsidy.accrual import Events, Notes
from subsidy.arrays import Integers, Positions
from subsidy.caps import Added, bases
from subsidy.columns import (
    DRAWN,
    EXTENDED,
    NEVER,
    MovementColumns,
    NoteColumns,
)


@dataclass(frozen=True)
class Portfolio:
    """Notes and events in the core's columns, beside the columns and rows they came from.

    ``reason`` is the difference code behind an event, else 0. ``rows`` are the notes' rows (same
    order) where the reader asked for them, else empty.
    """

    columns: NoteColumns
    notes: Notes
    events: Events
    reason: npt.NDArray[np.int8]
    rows: Sequence[Any] = ()

    def owner(self) -> Positions:
        """Which note each event belongs to."""
        return np.repeat(np.arange(len(self.notes)), np.diff(self.events.offsets))

    def take(self, kept: Positions) -> "Portfolio":
        """These notes only; ``kept`` ascends."""
        return Portfolio(
            columns=self.columns.take(kept),
            notes=self.notes.take(kept),
            events=self.events.take(kept),
            reason=self.reason[np.isin(self.owner(), kept)],
            rows=[self.rows[i] for i in kept.tolist()] if len(self.rows) else (),
        )


@dataclass(frozen=True)
class Book:
    """What was read: notes with contract facts, and what was reported on them."""

    notes: NoteColumns
    movements: MovementColumns
    rows: Sequence[Any] = ()

    def portfolio(self) -> Portfolio:
        """The book as the core's columns."""
        notes, told = self.notes, self.movements
        told = told.take(told.undone_by() == NEVER)
        events = told.take(told.kind > 0)
        own = Added(events.note, events.on, events.kind, events.value, events.reason)
        base, changes = bases(notes, told)
        owner, on, kind, value, reason = (
            np.concatenate(parts)
            for parts in zip(own, _penalties(notes, told), changes, strict=True)
        )
        order = np.lexsort((on, owner))
        return Portfolio(
            columns=notes,
            notes=_core_notes(notes, base),
            events=Events(
                offsets=np.append(0, np.cumsum(np.bincount(owner, minlength=len(notes)))),
                on=on[order].astype(np.int32),
                kind=kind[order].astype(np.int8),
                value=value[order],
            ),
            reason=reason[order].astype(np.int8),
            rows=self.rows,
        )

    def as_of(self, facts: Positions) -> tuple["Book", Integers, Positions]:
        """All notes of each fact's borrower as they stood when that fact had been recorded.

        ``facts``: movements by position. A book in which fact ``k`` has its own borrower ``k``;
        beside its notes the ``k`` of each and the note it is a state of. A note drawn later is not
        in it. The movements must hold the drawings.
        """
        notes, told = self.notes, self.movements
        by_borrower = np.argsort(notes.borrower_id, kind="stable")
        who = notes.borrower_id[by_borrower]
        rank = np.empty(len(notes), np.intp)
        rank[by_borrower] = np.arange(len(notes))
        asked = notes.borrower_id[told.note[facts]]
        first = np.searchsorted(who, asked)
        version, member = _ranges(first, np.searchsorted(who, asked, side="right"))
        note, fact_id = by_borrower[member], told.id[facts]
        drawn_by = np.full(len(notes), NEVER)
        drawings = told.kind == DRAWN
        drawn_by[told.note[drawings]] = told.id[drawings]
        known = drawn_by[note] <= fact_id[version]
        place = np.cumsum(known) - 1  # of each of a version's notes, if it is known
        begins = np.searchsorted(version, np.arange(len(facts)))

        by_owner = np.argsort(notes.borrower_id[told.note], kind="stable")
        owners = notes.borrower_id[told.note][by_owner]
        of, at = _ranges(
            np.searchsorted(owners, asked), np.searchsorted(owners, asked, side="right")
        )
        movement = by_owner[at]
        stood = (told.id[movement] <= fact_id[of]) & (told.undone_by()[movement] > fact_id[of])
        of, movement = of[stood], movement[stood]
        moved = told.take(movement)
        position = place[begins[of] + rank[moved.note] - first[of]]
        version, note = version[known], note[known]
        copies = replace(notes.take(note), borrower_id=version.astype(np.int64))
        return Book(copies, replace(moved, note=position)), version, note


def _ranges(starts: Positions, stops: Positions) -> tuple[Positions, Positions]:
    """Every position of each ``[start, stop)``, and which of the ranges it belongs to."""
    counts = stops - starts
    which = np.repeat(np.arange(len(starts)), counts)
    ends = np.cumsum(counts)
    return which, np.arange(len(which)) + np.repeat(starts - (ends - counts), counts)


def _penalties(notes: NoteColumns, told: MovementColumns) -> Added:
    """From the (extended) maturity on the contract's penalty rate, unless reported that day."""
    end = notes.matures_on.copy()
    extended = told.take(told.kind == EXTENDED)
    end[extended.note] = extended.until  # in order of recording: the last one stays
    priced = told.take(told.kind == accrual.RATE_CHANGED)
    charged = notes.penalty_rate_ppm != 0
    charged[priced.note[priced.on == end[priced.note]]] = False
    row = np.flatnonzero(charged)
    rate = notes.penalty_rate_ppm[row]
    return Added.all_of(accrual.RATE_CHANGED, row, end[row], rate)


def _core_notes(notes: NoteColumns, base: Integers) -> Notes:
    narrow = {
        f.name: getattr(notes, f.name).astype(_DTYPES[f.name])
        for f in fields(Notes)
        if f.name in _DTYPES
    }
    return Notes(
        note_no=notes.note_no, principal_fen=notes.principal_fen, subsidised_fen=base, **narrow
    )


_DTYPES: dict[str, type[np.signedinteger[Any]]] = {
    "disbursed_on": np.int32,
    "matures_on": np.int32,
    "rate_ppm": np.int32,
    "share_pct": np.int8,
    "benchmark_ppm": np.int32,
    "ceiling_ppm": np.int32,
    "floor_ppm": np.int32,
    "subsidy_ends_on": np.int32,
    "day_count": np.int8,
    "settlement": np.int8,
}
