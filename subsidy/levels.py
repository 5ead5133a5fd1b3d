"""Levels: what a note earns a day, as changes on days.

Three levels, each an exact integer per note and day:

* interest: balance × contract rate                                        [fen·ppm]
* subsidy: subsidised balance × subsidy rate × share, on eligible days     [fen·ppm·share]
* limit: subsidised balance × contract rate, on eligible days              [fen·ppm]

A level is constant between events, so a note is a short list of ``(day, change of level)``; summing
``change × (weight from that day)`` gives interest without one row per loan and day.

Most notes are *plain*: nothing happens but repayments, and the subsidy is the note's share of all
its interest. They need no subsidy level of their own; the others are listed in ``Levels.own``.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from subsidy.notes import (
    CONTRACT_RATE,
    NO_CEILING,
    PRINCIPAL_REPAID,
    Column,
    Events,
    Integers,
    Notes,
)
from subsidy.settlement import AT_MATURITY
from subsidy.timeline import Timeline, check_events, subsidy_rate_ppm, timeline

Positions = npt.NDArray[np.intp]


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
    ``subsidy`` and ``limit`` are those of the notes ``own``, numbered from 0; ``limit`` is None
    where no subsidy can exceed it.
    """

    interest: Changes
    late: Changes | None
    own: Positions
    subsidy: Changes
    limit: Changes | None


def shares(notes: Notes) -> tuple[Integers, Integers]:
    """Each note's share as a reduced fraction: 50% is 1 and 2."""
    share_pct = notes.share_pct.astype(np.int64)
    common = np.gcd(share_pct, 100)
    return share_pct // common, 100 // common


def levels(notes: Notes, events: Events) -> Levels:
    """The level changes of every note; Conflict, naming the note, where its events cannot be.

    §2: a day earns a subsidy while it is before the original maturity, the subsidy's end and any
    stop, and the note is not overdue.
    """
    owner = np.repeat(np.arange(len(notes)), np.diff(events.offsets))
    repaid_fen = check_events(notes, events, owner)
    plain = _plain(notes, events, owner, repaid_fen)
    own = np.flatnonzero(~plain)
    if len(own) == 0:
        none = Changes(own, events.on[:0], np.empty(0, np.int64))
        return Levels(_repayments(notes, events, owner, plain), None, own, none, None)

    others = notes.take(own)
    time = timeline(others, events.take(own))
    interest = _changes(time, time.balance_fen * time.rate_ppm)
    base = np.minimum(time.balance_fen, time.subsidised_fen) * ~time.overdue
    share, _ = shares(others)
    subsidy = base * subsidy_rate_ppm(others, time) * share[time.row]
    limited = bool((others.benchmark_ppm != CONTRACT_RATE).any())
    late = None
    if notes.settlement[0] == AT_MATURITY:
        matures_on = others.matures_on
        late = Changes(own[time.row], np.maximum(time.on, matures_on[time.row]), interest.by)
        interest = _until(time, time.balance_fen * time.rate_ppm, matures_on)
    interest = Changes(own[interest.row], interest.on, interest.by)
    return Levels(
        interest=_joined(_repayments(notes, events, owner, plain), interest),
        late=late,
        own=own,
        subsidy=_until(time, subsidy, time.ends_on),
        limit=_until(time, base * time.rate_ppm, time.ends_on) if limited else None,
    )


def _plain(
    notes: Notes, events: Events, owner: Positions, repaid_fen: Integers
) -> npt.NDArray[np.bool_]:
    """Notes with repayments only, wholly subsidised at the contract's rate, repaid in time."""
    plain: npt.NDArray[np.bool_] = (
        (notes.benchmark_ppm == CONTRACT_RATE)
        & ((notes.ceiling_ppm == NO_CEILING) | (notes.ceiling_ppm >= notes.rate_ppm))
        & (notes.floor_ppm == 0)
        & (notes.subsidised_fen >= notes.principal_fen)
        & (repaid_fen == notes.principal_fen)
    )
    plain[owner[events.kind != PRINCIPAL_REPAID]] = False
    last = events.on[events.offsets[1:][plain] - 1]
    plain[plain] = last <= np.minimum(notes.matures_on, notes.subsidy_ends_on)[plain]
    return plain


def _repayments(
    notes: Notes, events: Events, owner: Positions, plain: npt.NDArray[np.bool_]
) -> Changes:
    """Interest changes of the plain notes: the disbursement, then each repayment."""
    rate = notes.rate_ppm.astype(np.int64)
    row = np.arange(len(notes))
    on, value = events.on, events.value
    if not plain.all():
        mine = plain[owner]
        owner, on, value, row = owner[mine], on[mine], value[mine], row[plain]
    return Changes(
        row=np.concatenate([row, owner]),
        on=np.concatenate([notes.disbursed_on[row], on]),
        by=np.concatenate([notes.principal_fen[row] * rate[row], -value * rate[owner]]),
    )


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
