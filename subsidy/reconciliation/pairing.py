"""Pair the lines of a claim with the notes of the register, and find days claimed twice.

A line's days count once over everything claimed before it: earlier claims, other banks' claims of
the same borrower and contract, and other lines of the same file. Within the file the order of the
rows means nothing: lines of one note are taken by their first day, the longer first.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise, repeat

import numpy as np

from subsidy.accrual import PRINCIPAL_REPAID
from subsidy.arrays import Flags, Integers, Positions
from subsidy.reconciliation.claimed import Claimed
from subsidy.reconciliation.register import Period, Register

NEVER = np.int64(2**40)


@dataclass(frozen=True)
class Overlap:
    """Days ``[since, until)`` of a line that are claimed elsewhere; ``where`` says in Chinese."""

    since: int
    until: int
    where: str
    paid_fen: int | None = None  # of an under-claim: what it was paid

    def is_corrected_by(self, since: int, until: int) -> bool:
        """Whether a line of these days may claim the rest of an under-claim."""
        return self.paid_fen is not None and since <= self.since and self.until <= until


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """The lines that can be recomputed. Columns of shape ``(p,)``, in the claim's order.

    ``free_*`` are the days of each line that are claimed nowhere else: line ``i`` owns
    ``free_offsets[i]:free_offsets[i + 1]``. ``until`` may lie beyond the period. ``deducted_fen``
    was paid before for days of an under-claim that the line corrects.
    """

    claimed: Claimed
    register: Register
    period: Period
    line: Positions  # position in the claim
    note: Positions  # position in the register
    since: Integers
    until: Integers
    free_offsets: Integers
    free_since: Integers
    free_until: Integers
    deducted_fen: Integers
    overlaps: dict[int, tuple[Overlap, ...]]  # by position in these columns
    settled_on: Integers  # (n,) per register note: the day of full repayment, or NEVER
    is_final: Flags  # per register event: the repayment that settles the note

    def __len__(self) -> int:
        return len(self.line)

    def of_line(self, name: str) -> Integers:
        """A numeric column of the claim, for these lines."""
        column: Integers = getattr(self.claimed, name)[self.line]
        return column


def note_positions(claimed: Claimed, register: Register) -> Positions:
    """For each line its note's position in the register, or -1."""
    position = {note_no: i for i, note_no in enumerate(register.notes.note_no)}
    found = map(position.get, claimed.note_no, repeat(-1))
    return np.fromiter(found, np.intp, len(claimed.note_no))


def pair(claimed: Claimed, register: Register, period: Period, note: Positions) -> Pairs:
    """Pair every readable line whose note is known; ``note`` is its ``note_positions``."""
    line = np.flatnonzero((note >= 0) & ~claimed.is_bad)
    since, until = claimed.since[line], claimed.until[line]
    settled_on, is_final = _settled(register)
    free, overlaps = _free_days(claimed, register, line, note[line])
    counts = np.ones(len(line), np.int64)
    for at, days in free.items():
        counts[at] = len(days)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    free_since, free_until = np.repeat(since, counts), np.repeat(until, counts)
    for at, days in free.items():
        for k, (start, stop) in enumerate(days):
            free_since[offsets[at] + k], free_until[offsets[at] + k] = start, stop
    return Pairs(
        claimed=claimed,
        register=register,
        period=period,
        line=line,
        note=note[line],
        since=since,
        until=until,
        free_offsets=offsets,
        free_since=free_since,
        free_until=free_until,
        deducted_fen=_deducted(overlaps, since, until),
        overlaps=overlaps,
        settled_on=settled_on,
        is_final=is_final,
    )


def subtract(since: int, until: int, taken: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is left of ``[since, until)``.

    >>> subtract(0, 10, [(2, 4), (8, 20)])
    [(0, 2), (4, 8)]
    """
    cuts = [(max(a, since), min(b, until)) for a, b in taken if a < until and b > since]
    edges = [(since, since), *sorted(cuts), (until, until)]
    left: list[tuple[int, int]] = []
    reached = since
    for (_, stop), (start, _) in pairwise(edges):
        reached = max(reached, stop)
        if reached < start:
            left.append((reached, start))
    return left


def spans_before(register: Register) -> dict[int, list[Overlap]]:
    """Days of each note that earlier claims or other banks' claims hold."""
    spans: dict[int, list[Overlap]] = defaultdict(list)
    numbers = register.notes.note_no if register.earlier else ()
    position = {note_no: i for i, note_no in enumerate(numbers)}
    for span in register.earlier:
        if span.note_no in position:
            own = Overlap(span.since, span.until, span.where, span.paid_fen)
            spans[position[span.note_no]].append(own)
    by_loan: dict[tuple[str, str], list[int]] = defaultdict(list)
    if register.elsewhere:
        for i, loan in enumerate(zip(register.borrower, register.contract_no, strict=True)):
            by_loan[loan].append(i)
    for other in register.elsewhere:
        for i in by_loan.get((other.borrower, other.contract_no), ()):
            spans[i].append(Overlap(other.since, other.until, other.where))
    return spans


def _free_days(
    claimed: Claimed, register: Register, line: Positions, note: Positions
) -> tuple[dict[int, list[tuple[int, int]]], dict[int, tuple[Overlap, ...]]]:
    """Of the lines with an overlap: the days left, and what they overlap with."""
    before = spans_before(register)
    counts = np.bincount(note, minlength=len(register))
    affected = np.flatnonzero((counts[note] > 1) | np.isin(note, list(before)))
    free: dict[int, list[tuple[int, int]]] = {}
    overlaps: dict[int, tuple[Overlap, ...]] = {}
    taken: dict[int, list[Overlap]] = defaultdict(list, {i: list(s) for i, s in before.items()})
    for at in sorted(map(int, affected), key=lambda at: _file_order(claimed, int(line[at]))):
        i, of_note = int(line[at]), taken[int(note[at])]
        since, until = int(claimed.since[i]), int(claimed.until[i])
        hit = tuple(span for span in of_note if span.since < until and span.until > since)
        # An under-claim is corrected once: what was paid for it is deducted from one line only.
        kept = [span for span in of_note if not span.is_corrected_by(since, until)]
        if hit:
            overlaps[at] = hit
            free[at] = subtract(since, until, [(span.since, span.until) for span in kept])
        where = f"本文件第 {int(claimed.row[i])} 行"
        own = [Overlap(*days, where) for days in free.get(at, [(since, until)])]
        taken[int(note[at])] = kept + own
    return free, overlaps


def _deducted(
    overlaps: dict[int, tuple[Overlap, ...]], since: Integers, until: Integers
) -> Integers:
    deducted = np.zeros(len(since), np.int64)
    for at, spans in overlaps.items():
        own = int(since[at]), int(until[at])
        deducted[at] = sum(s.paid_fen or 0 for s in spans if s.is_corrected_by(*own))
    return deducted


def _file_order(claimed: Claimed, i: int) -> tuple[int, ...]:
    names = ("since", "claimed_fen", "opening_fen", "share_pct", "rate_ppm", "subsidy_rate_ppm")
    since, *rest = (int(getattr(claimed, name)[i]) for name in names)
    return (since, -int(claimed.until[i]), *rest, int(claimed.row[i]))


def _settled(register: Register) -> tuple[Integers, Flags]:
    """The day each note is repaid in full, and the event that does it."""
    events, n = register.events, len(register)
    owner = np.repeat(np.arange(n), np.diff(events.offsets))
    repaid = np.where(events.kind == PRINCIPAL_REPAID, events.value, 0)
    total = np.cumsum(repaid)
    before = np.concatenate([[0], total])[events.offsets[:-1]]
    balance = register.notes.principal_fen[owner] - (total - before[owner])
    is_final = (balance == 0) & (repaid > 0)
    settled_on = np.full(n, NEVER, np.int64)
    settled_on[owner[is_final]] = events.on[is_final]
    return settled_on, is_final
