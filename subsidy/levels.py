"""Levels: what a note earns a day, as changes on days.

Three levels, each an exact integer per note and day:

* interest: balance × contract rate                                        [fen·ppm]
* subsidy: subsidised balance × subsidy rate × share, on eligible days     [fen·ppm·share]
* limit: subsidised balance × contract rate, on eligible days              [fen·ppm]

A level is constant between events, so a note is a short list of ``(day, change of level)``; summing
``change × (weight from that day)`` gives interest without one row per loan and day.

Most notes are *simple*: nothing happens but repayments, and the subsidy is the note's share of all
its interest (*proportional*). The others take the long way through their timeline.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from subsidy.arrays import Flags, Integers, Positions
from subsidy.notes import (
    CONTRACT_RATE,
    NO_CEILING,
    PRINCIPAL_REPAID,
    RATE_CHANGED,
    Column,
    Events,
    Notes,
)
from subsidy.settlement import AT_MATURITY
from subsidy.timeline import Timeline, check_events, subsidy_rate_ppm, timeline

# Every percentage as a reduced fraction, by the percentage.
_COMMON: Final = np.gcd(np.arange(101), 100)
NUMERATOR: Final = np.arange(101) // _COMMON
DENOMINATOR: Final = 100 // _COMMON
_LAWFUL: Final = (0, 50, 100)


@dataclass(frozen=True)
class Changes:
    """Changes of one level, shape ``(c,)``; a note's changes stand in order of their days."""

    row: Positions  # which note
    on: Column  # the first day on which the new level holds
    by: Integers  # new level - old level


@dataclass(frozen=True)
class Levels:
    """The levels of a block of notes.

    ``late`` is the interest from maturity on of notes that settle at maturity: a period of its own.
    ``subsidy`` and ``limit`` are those of the notes ``own``, numbered from 0, whose subsidy is not
    in proportion to their interest; each is None where it is not needed.
    """

    interest: Changes
    late: Changes | None
    own: Positions
    subsidy: Changes | None
    limit: Changes | None


def shares(notes: Notes) -> tuple[Integers, Integers]:
    """Each note's share as a reduced fraction: 50% is 1 and 2."""
    return NUMERATOR.take(notes.share_pct), DENOMINATOR.take(notes.share_pct)


def percentages(notes: Notes) -> Positions:
    """Every share that some note has, ascending."""
    times = [np.count_nonzero(notes.share_pct == share) for share in _LAWFUL]
    if sum(times) == len(notes):
        return np.array(_LAWFUL)[np.flatnonzero(times)]
    return np.flatnonzero(np.bincount(notes.share_pct, minlength=101))


def levels(notes: Notes, events: Events, until: int) -> Levels:
    """The level changes of every note, good for days before ``until``.

    Conflict, naming the note, where its events cannot be.
    """
    owner = np.repeat(np.arange(len(notes)), np.diff(events.offsets))
    repaid_fen = check_events(notes, events, owner)
    proportional = _proportional(notes, events, owner, repaid_fen, until)
    simple = proportional.copy()
    simple[owner[events.kind != PRINCIPAL_REPAID]] = False
    interest = _repayments(notes, events, owner, simple)
    others, late = np.flatnonzero(~simple), None
    if len(others):
        their_interest, late = _interest(notes, events, others)
        interest = _joined(interest, their_interest)
    own = np.flatnonzero(~proportional)
    if len(own) == 0:
        return Levels(interest, late, own, None, None)
    return Levels(interest, late, own, *_subsidy(notes.take(own), events.take(own)))


def _proportional(
    notes: Notes, events: Events, owner: Positions, repaid_fen: Integers, until: int
) -> Flags:
    """Notes subsidised wholly, at the contract's rate, without a break, as long as they last or at
    least to ``until``."""
    found: Flags = (
        (notes.benchmark_ppm == CONTRACT_RATE)
        & (notes.ceiling_ppm == NO_CEILING)
        & (notes.floor_ppm == 0)
        & (notes.subsidised_fen >= notes.principal_fen)
    )
    breaks = (events.kind != PRINCIPAL_REPAID) & (events.kind != RATE_CHANGED)
    found[owner[breaks]] = False
    ends_on = np.minimum(notes.matures_on, notes.subsidy_ends_on)
    ending = np.flatnonzero(found & (ends_on < until))
    repaid = repaid_fen[ending] == notes.principal_fen[ending]
    last = events.on[events.offsets[1:][ending[repaid]] - 1]
    found[ending] = False
    found[ending[repaid]] = last <= ends_on[ending[repaid]]
    return found


def _repayments(notes: Notes, events: Events, owner: Positions, simple: Flags) -> Changes:
    """Interest changes of the simple notes: all disbursements, then all repayments; those of the
    other notes stay in place as changes by nothing."""
    n = len(notes)
    rate = np.multiply(notes.rate_ppm, simple, dtype=np.int64)
    by = np.empty(n + len(events), np.int64)
    np.multiply(notes.principal_fen, rate, out=by[:n])
    np.multiply(events.value, -rate.take(owner), out=by[n:])
    return Changes(
        row=np.concatenate([np.arange(n), owner]),
        on=np.concatenate([notes.disbursed_on, events.on]),
        by=by,
    )


def _interest(notes: Notes, events: Events, some: Positions) -> tuple[Changes, Changes | None]:
    """Interest changes of some notes, and those from maturity on if they settle at maturity."""
    time = timeline(notes.take(some), events.take(some))
    level = time.balance_fen * time.rate_ppm
    changes = _changes(time, level)
    row = some[time.row]
    if notes.settlement[0] != AT_MATURITY:
        return Changes(row, changes.on, changes.by), None
    matures_on = notes.matures_on[some]
    late = Changes(row, np.maximum(time.on, matures_on[time.row]), changes.by)
    changes = _until(time, level, matures_on)
    return Changes(some[changes.row], changes.on, changes.by), late


def _subsidy(notes: Notes, events: Events) -> tuple[Changes, Changes | None]:
    """Subsidy and limit changes of notes whose subsidy has a course of its own.

    §2: a day earns a subsidy while it is before the original maturity, the subsidy's end and any
    stop, and the note is not overdue. The limit matters where a fixed benchmark may exceed the
    contract's rate.
    """
    time = timeline(notes, events)
    base = np.minimum(time.balance_fen, time.subsidised_fen) * ~time.overdue
    share, _ = shares(notes)
    subsidy = base * subsidy_rate_ppm(notes, time) * share[time.row]
    limited = bool((notes.benchmark_ppm != CONTRACT_RATE).any())
    limit = _until(time, base * time.rate_ppm, time.ends_on) if limited else None
    return _until(time, subsidy, time.ends_on), limit


def _changes(time: Timeline, level: Integers) -> Changes:
    by = np.diff(level, prepend=0)
    by[time.first] = level[time.first]
    return Changes(row=time.row, on=time.on, by=by)


def _until(time: Timeline, level: Integers, ends_on: Column) -> Changes:
    """Changes of a level that falls to 0 on each note's ``ends_on``, shape ``(n,)``."""
    ends = ends_on[time.row]
    level = np.where(time.on < ends, level, 0)
    changes = _changes(time, level)
    last = np.append(time.first[1:], len(level)) - 1
    fall = Changes(np.arange(len(ends_on)), ends_on, -level[last])
    return _joined(Changes(changes.row, np.minimum(changes.on, ends), changes.by), fall)


def _joined(a: Changes, b: Changes) -> Changes:
    return Changes(
        row=np.concatenate([a.row, b.row]),
        on=np.concatenate([a.on, b.on]),
        by=np.concatenate([a.by, b.by]),
    )
