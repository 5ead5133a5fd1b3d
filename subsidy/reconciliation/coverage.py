"""The other way round: what the register earns in the period, and what of it no line claims."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from subsidy.accrual import booked
from subsidy.arrays import Flags, Integers, Positions
from subsidy.reconciliation.pairing import Overlap, Pairs, spans_before, subtract
from subsidy.reconciliation.register import Register


@dataclass(frozen=True)
class Coverage:
    """Per register note, shape ``(n,)``: what it earns in the period on days not claimed before,
    and how much of that no line covers. Fen by the core, before R10. Days of an under-claim that a
    line corrects earn what was not paid for them.
    """

    earned_fen: Integers
    unclaimed_fen: Integers
    is_claimed: Flags  # some line, readable or not, names it


def coverage(pairs: Pairs, note: Positions) -> Coverage:
    """Compare the period's days of every note with the days of its lines.

    ``note`` is the ``note_positions`` of all lines, of unreadable ones too.
    """
    register, period = pairs.register, pairs.period
    n = len(register)
    before = spans_before(register)
    whole = (pairs.since <= period.since) & (pairs.until >= period.until)
    is_covered, is_plain = np.zeros(n, np.bool_), np.ones(n, np.bool_)
    is_covered[pairs.note[whole]] = True
    is_plain[pairs.note[~whole]] = False
    is_plain[list(before)] = False
    # Most notes have the whole period in one line, or no line at all.
    free = _Days.of(np.flatnonzero(is_plain), period.since, period.until)
    left = free.only(~is_covered[free.note])
    some_free, some_left = _in_parts(pairs, before, np.flatnonzero(~is_plain))
    earned = _worth(register, free, some_free) + _corrected(pairs)
    unclaimed = _worth(register, left, some_left)
    is_claimed = np.zeros(n, np.bool_)
    is_claimed[note[note >= 0]] = True
    return Coverage(earned, unclaimed, is_claimed)


@dataclass(frozen=True)
class _Days:
    """Runs of days ``[since, until)``, each of a note of the register."""

    note: Positions
    since: Integers
    until: Integers

    @staticmethod
    def of(note: Positions, since: int, until: int) -> "_Days":
        return _Days(note, np.full(len(note), since), np.full(len(note), until))

    @staticmethod
    def listed(rows: list[tuple[int, int, int]]) -> "_Days":
        columns = np.array(rows, np.int64).reshape(-1, 3).T
        return _Days(columns[0].astype(np.intp), columns[1], columns[2])

    def only(self, which: Flags) -> "_Days":
        return _Days(self.note[which], self.since[which], self.until[which])


def _in_parts(
    pairs: Pairs, before: Mapping[int, Sequence[Overlap]], notes: Positions
) -> tuple[_Days, _Days]:
    """Of these notes: the period's days not claimed before, those of lines that correct an
    under-claim apart, and the days that no line covers."""
    lines: dict[int, list[tuple[int, int]]] = defaultdict(list)
    some = np.isin(pairs.note, notes)
    columns = (pairs.note[some], pairs.since[some], pairs.until[some])
    for note, *line in zip(*map(np.ndarray.tolist, columns), strict=True):
        lines[note].append((line[0], line[1]))
    apart: dict[int, list[tuple[int, int]]] = defaultdict(list)
    correcting, _ = _correcting(pairs)
    for note, *days in zip(*map(np.ndarray.tolist, vars(correcting).values()), strict=True):
        apart[note].append((days[0], days[1]))
    free: list[tuple[int, int, int]] = []
    left: list[tuple[int, int, int]] = []
    for note in notes.tolist():
        own = lines.get(note, [])
        taken = [
            (span.since, span.until)
            for span in before.get(note, ())
            if not any(span.is_corrected_by(*line) for line in own)
        ]
        period = pairs.period.since, pairs.period.until
        free += [(note, *part) for part in subtract(*period, taken + apart[note])]
        left += [(note, *part) for part in subtract(*period, taken + own)]
    return _Days.listed(free), _Days.listed(left)


def _correcting(pairs: Pairs) -> tuple[_Days, Positions]:
    """The days of the lines that correct an under-claim, and each run's line."""
    line = np.repeat(np.arange(len(pairs)), np.diff(pairs.free_offsets))
    some = np.flatnonzero(pairs.deducted_fen[line])
    until = np.minimum(pairs.free_until[some], pairs.period.until)
    since = np.minimum(pairs.free_since[some], until)
    return _Days(pairs.note[line[some]], since, until), line[some]


def _corrected(pairs: Pairs) -> Integers:
    """What the lines that correct an under-claim earn beyond what was paid for it, per register
    note, int64 fen."""
    days, line = _correcting(pairs)
    earned = np.zeros(len(pairs), np.int64)
    np.add.at(earned, line, _amounts(pairs.register, days))
    total = np.zeros(len(pairs.register), np.int64)
    np.add.at(total, pairs.note, np.maximum(earned - pairs.deducted_fen, 0))
    return total


def _worth(register: Register, *runs: _Days) -> Integers:
    """What the runs earn by the core, per register note, int64 fen."""
    total = np.zeros(len(register), np.int64)
    for days in runs:
        np.add.at(total, days.note, _amounts(register, days))
    return total


def _amounts(register: Register, days: _Days) -> Integers:
    """What each run earns by the core, int64 fen."""
    bounds = np.stack([days.since, days.until], axis=1)
    notes, events = register.notes.take(days.note), register.events.take(days.note)
    amounts = booked(notes, events, bounds).subsidy_fen
    found: Integers = amounts[:, 1] - amounts[:, 0]
    return found
