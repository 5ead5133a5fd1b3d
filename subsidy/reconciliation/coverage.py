"""The other way round: what the register earns in the period, and what of it no line claims."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from subsidy.accrual import booked
from subsidy.reconciliation.pairing import Overlap, Pairs, spans_before, subtract
from subsidy.reconciliation.register import Register

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Coverage:
    """Per register note, shape ``(n,)``: what it earns in the period on days not claimed before,
    and how much of that no line covers. Fen by the core, before R10. Days of an under-claim that a
    line corrects earn what was not paid for them.
    """

    earned_fen: Integers
    unclaimed_fen: Integers
    is_claimed: npt.NDArray[np.bool_]  # some line, readable or not, names it


def coverage(pairs: Pairs, note: npt.NDArray[np.intp]) -> Coverage:
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
    some_free, some_left, paid = _in_parts(pairs, before, np.flatnonzero(~is_plain))
    earned, unclaimed = _worth(register, free, some_free), _worth(register, left, some_left)
    for at, fen in paid.items():
        earned[at] = max(earned[at] - fen, 0)
    is_claimed = np.zeros(n, np.bool_)
    is_claimed[note[note >= 0]] = True
    return Coverage(earned, unclaimed, is_claimed)


@dataclass(frozen=True)
class _Days:
    """Runs of days ``[since, until)``, each of a note of the register."""

    note: npt.NDArray[np.intp]
    since: Integers
    until: Integers

    @staticmethod
    def of(note: npt.NDArray[np.intp], since: int, until: int) -> "_Days":
        return _Days(note, np.full(len(note), since), np.full(len(note), until))

    @staticmethod
    def listed(rows: list[tuple[int, int, int]]) -> "_Days":
        columns = np.array(rows, np.int64).reshape(-1, 3).T
        return _Days(columns[0].astype(np.intp), columns[1], columns[2])

    def only(self, which: npt.NDArray[np.bool_]) -> "_Days":
        return _Days(self.note[which], self.since[which], self.until[which])


def _in_parts(
    pairs: Pairs, before: Mapping[int, Sequence[Overlap]], notes: npt.NDArray[np.intp]
) -> tuple[_Days, _Days, dict[int, int]]:
    """Of these notes: the period's days not claimed before, those no line covers, and what was
    paid for under-claims that a line corrects."""
    lines: dict[int, list[tuple[int, int]]] = defaultdict(list)
    some = np.isin(pairs.note, notes)
    columns = (pairs.note[some], pairs.since[some], pairs.until[some])
    for note, since, until in zip(*map(np.ndarray.tolist, columns), strict=True):
        lines[note].append((since, until))
    free: list[tuple[int, int, int]] = []
    left: list[tuple[int, int, int]] = []
    paid: dict[int, int] = defaultdict(int)
    for note in notes.tolist():
        taken = []
        for span in before.get(note, ()):
            if any(span.is_corrected_by(*line) for line in lines.get(note, ())):
                paid[note] += span.paid_fen or 0
            else:
                taken.append((span.since, span.until))
        for since, until in subtract(pairs.period.since, pairs.period.until, taken):
            free.append((note, since, until))
            left += [(note, *part) for part in subtract(since, until, lines.get(note, ()))]
    return _Days.listed(free), _Days.listed(left), paid


def _worth(register: Register, *runs: _Days) -> Integers:
    """What the runs earn by the core, per register note, int64 fen."""
    total = np.zeros(len(register), np.int64)
    for days in runs:
        bounds = np.stack([days.since, days.until], axis=1)
        notes, events = register.notes.take(days.note), register.events.take(days.note)
        amounts = booked(notes, events, bounds).subsidy_fen
        np.add.at(total, days.note, amounts[:, 1] - amounts[:, 0])
    return total
