"""Variants of a line: the register's truth with some errors left in, valued by the accrual core.

A variant says which of the register's corrections are *lifted*. With nothing lifted it is the
truth; with everything lifted that bites it is what the line's own facts come to. Every amount
comes from ``accrual.booked``; only notes and events are changed.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from subsidy.accrual import (
    CONTRACT_RATE,
    NO_CEILING,
    OVERDUE_CURED,
    OVERDUE_FROM,
    PRINCIPAL_REPAID,
    RATE_CHANGED,
    WHOLE_BALANCE,
    Events,
    Notes,
    booked,
)
from subsidy.arrays import Flags, Integers, Positions
from subsidy.conventions import Convention, Slices, amounts, slices
from subsidy.reconciliation.pairing import Pairs
from subsidy.reconciliation.reasons import STOPS, Reasoned

TRUE = -1  # share and rate: the register's

# What is lifted of the principal.
NO_CAP = 1  # cap or hires do not limit the balance
OLD_BALANCE = 2  # repayments inside the line's days do not count
NO_CAP_OLD_BALANCE = 3
STATED_BALANCE = 4  # the line's own 期初余额 + 本期发放, unchanged, without cap


@dataclass(frozen=True)
class Variants:
    """Columns of shape ``(v,)``: which line of ``Pairs``, and what is lifted on it."""

    line: Positions
    spans: Flags  # days claimed elsewhere count again (R07)
    stops: Integers  # bit k: the stops of STOPS[k] are lifted
    life: Flags  # days before disbursement, after settlement or the period (R03)
    term: Flags  # days after the term or overdue (R04)
    hires: Flags  # hires who left still count (R15)
    balance: Integers  # 0, or one of the names above (R05)
    share_pct: Integers  # TRUE or the share used (R02)
    rate_ppm: Integers  # TRUE or the rate used (R06)

    def __len__(self) -> int:
        return len(self.line)

    @staticmethod
    def true(lines: Positions) -> "Variants":
        """The truth of these lines: nothing lifted."""
        n = len(lines)
        no = np.zeros(n, np.bool_)
        return Variants(
            line=lines,
            spans=no,
            stops=np.zeros(n, np.int64),
            life=no,
            term=no,
            hires=no,
            balance=np.zeros(n, np.int64),
            share_pct=np.full(n, TRUE, np.int64),
            rate_ppm=np.full(n, TRUE, np.int64),
        )

    def take(self, at: Any) -> "Variants":
        """These variants only."""
        return Variants(**{f.name: getattr(self, f.name)[at] for f in fields(self)})

    def changed(self, name: str, values: npt.NDArray[Any]) -> "Variants":
        """The same variants with one column replaced."""
        columns: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        return Variants(**(columns | {name: values}))

    def joined(self, more: "Variants") -> "Variants":
        """These and ``more``, one after another."""
        columns = {
            f.name: np.concatenate([getattr(self, f.name), getattr(more, f.name)])
            for f in fields(self)
        }
        return Variants(**columns)

    def lifted(self) -> Integers:
        """How many corrections each variant lifts."""
        total = self.spans.astype(np.int64)
        for flag in (self.life, self.term, self.hires, self.balance > 0):
            total += flag
        total += (self.share_pct != TRUE).astype(np.int64) + (self.rate_ppm != TRUE)
        for bit in range(len(STOPS)):
            total += (self.stops >> bit) & 1
        return total


@dataclass(frozen=True)
class _Scene:
    """Variants spelled out: one note a run of days; ``owner`` tells whose run it is."""

    notes: Notes
    events: Events
    since: Integers
    until: Integers
    owner: Positions


def value(pairs: Pairs, variants: Variants) -> Integers:
    """Subsidy of each variant over its line's days by the core, int64 fen, shape ``(v,)``."""
    scene = _spelled_out(pairs, variants)
    days = np.stack([scene.since, scene.until], axis=1)
    lines = booked(scene.notes, scene.events, days).subsidy_fen
    total = np.zeros(len(variants), np.int64)
    np.add.at(total, scene.owner, lines[:, 1] - lines[:, 0])
    return _less_paid(pairs, variants, total)


def _less_paid(pairs: Pairs, variants: Variants, total: Integers) -> Integers:
    """What is left after an under-claim of the same days was paid (unless that is lifted too)."""
    paid = np.where(variants.spans, 0, pairs.deducted_fen[variants.line])
    left: Integers = np.where(paid == 0, total, np.maximum(total - paid, 0))
    return left


@dataclass(frozen=True)
class Weighed:
    """The slices of variants, to value them under other conventions."""

    found: Slices
    owner: Positions
    pairs: Pairs
    variants: Variants

    def under(self, convention: Convention, *, per_period: bool) -> Integers:
        """Amount of each variant under a convention, int64 fen."""
        total = np.zeros(len(self.variants), np.int64)
        np.add.at(total, self.owner, amounts(self.found, convention, per_period=per_period))
        return _less_paid(self.pairs, self.variants, total)


def weighed(pairs: Pairs, variants: Variants) -> Weighed:
    """The slices of each variant over its line's days."""
    scene = _spelled_out(pairs, variants)
    found = slices(scene.notes, scene.events, scene.since, scene.until)
    return Weighed(found, scene.owner, pairs, variants)


def _spelled_out(pairs: Pairs, variants: Variants) -> _Scene:
    owner, since, until = _runs(pairs, variants)
    runs = variants.take(owner)
    note = pairs.note[runs.line]
    notes = _changed_notes(pairs, runs, pairs.register.notes.take(note))
    return _Scene(notes, _changed_events(pairs, runs, note, notes), since, until, owner)


def _runs(pairs: Pairs, variants: Variants) -> tuple[Positions, Integers, Integers]:
    """The days each variant counts: the line's whole days, or those that are free."""
    counts = np.diff(pairs.free_offsets)[variants.line]
    counts = np.where(variants.spans, 1, counts)
    owner = np.repeat(np.arange(len(variants)), counts)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    line, whole = variants.line[owner], variants.spans[owner]
    if len(pairs.free_since):
        at = np.minimum(pairs.free_offsets[line] + nth, len(pairs.free_since) - 1)
        since = np.where(whole, pairs.since[line], pairs.free_since[at])
        until = np.where(whole, pairs.until[line], pairs.free_until[at])
    else:
        since, until = pairs.since[line], pairs.until[line]
    until = np.where(variants.life[owner], until, np.minimum(until, pairs.period.until))
    return owner, np.minimum(since, until), until


def _changed_notes(pairs: Pairs, runs: Variants, notes: Notes) -> Notes:
    line_since, line_until = pairs.since[runs.line], pairs.until[runs.line]
    stated = runs.balance == STATED_BALANCE
    opening = pairs.of_line("opening_fen") + pairs.of_line("disbursed_fen")
    no_cap = (runs.balance > 0) & (runs.balance != OLD_BALANCE)
    own_rate = runs.rate_ppm != TRUE
    later = np.maximum(notes.matures_on, line_until)
    ends_on = np.where(runs.term, np.maximum(notes.subsidy_ends_on, later), notes.subsidy_ends_on)
    earlier = np.minimum(notes.disbursed_on, line_since)
    return replace(
        notes,
        principal_fen=np.where(stated, opening[runs.line], notes.principal_fen),
        disbursed_on=np.where(runs.life, earlier, notes.disbursed_on),
        matures_on=np.where(runs.term, later, notes.matures_on),
        subsidy_ends_on=ends_on,
        rate_ppm=np.where(own_rate, runs.rate_ppm, notes.rate_ppm),
        share_pct=np.where(runs.share_pct != TRUE, runs.share_pct, notes.share_pct),
        subsidised_fen=np.where(no_cap, WHOLE_BALANCE, notes.subsidised_fen),
        benchmark_ppm=np.where(own_rate, CONTRACT_RATE, notes.benchmark_ppm),
        ceiling_ppm=np.where(own_rate, NO_CEILING, notes.ceiling_ppm),
        floor_ppm=np.where(own_rate, 0, notes.floor_ppm),
    )


def _changed_events(pairs: Pairs, runs: Variants, note: Positions, notes: Notes) -> Events:
    """The register's events without those that a variant lifts."""
    told = Reasoned.of(pairs, note)
    events, owner, is_final = told.events, told.owner, told.is_final
    keep = ~_dropped(pairs, runs, note, told)
    value = events.value.copy()
    repaid = keep & (events.kind == PRINCIPAL_REPAID) & ~is_final
    left = notes.principal_fen.astype(np.int64)
    np.subtract.at(left, owner[repaid], events.value[repaid])
    value[is_final] = left[owner[is_final]]  # a settlement repays whatever is left
    kept = np.concatenate([[0], np.cumsum(keep)])
    return Events(
        offsets=kept[events.offsets],
        on=events.on[keep],
        kind=events.kind[keep],
        value=value[keep],
    )


def _dropped(pairs: Pairs, runs: Variants, note: Positions, told: Reasoned) -> Flags:
    """Which events the variant of their note does not know of."""
    owner, kind, on = told.owner, told.events.kind, told.events.on
    balance, term = runs.balance[owner], runs.term[owner]
    drop = np.zeros(len(told.events), np.bool_)
    for bit, code in enumerate(STOPS):
        drop |= told.stopped_by(code) & ((runs.stops[owner] >> bit) & 1 == 1)
    drop |= term & ((kind == OVERDUE_FROM) | (kind == OVERDUE_CURED))
    matured = on >= pairs.register.notes.matures_on[note][owner]
    changed_rate = kind == RATE_CHANGED
    drop |= changed_rate & ((term & matured) | (runs.rate_ppm[owner] != TRUE))
    no_cap = (balance > 0) & (balance != OLD_BALANCE)
    drop |= told.recounted & (runs.hires[owner] | no_cap)
    drop |= told.capped & no_cap
    repaid = kind == PRINCIPAL_REPAID
    inside = (on > pairs.since[runs.line][owner]) & (on < pairs.until[runs.line][owner])
    old = (balance == OLD_BALANCE) | (balance == NO_CAP_OLD_BALANCE)
    drop |= repaid & ~told.is_final & ((old & inside) | (balance == STATED_BALANCE))
    drop |= told.is_final & runs.life[owner]
    return drop
