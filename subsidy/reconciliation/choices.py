"""Which errors a line made: candidates by the register, chosen by what the line itself says.

A correction that bites on a line (it claims days after settlement, its class is another, …) is a
candidate error. The line states some of its facts: days, balances, class, rate. All combinations of
the candidates are valued; the one is chosen that

1. gives the claimed amount to the fen, if there is one — of several, the one that contradicts the
   fewest of the line's own statements, then the one with the fewest errors;
2. otherwise has no error that the line does not state (or says nothing about) and comes nearest to
   the claimed amount.

So an amount alone proves an error only when it fits exactly. What the chosen combination leaves
over is the residual, which a convention (R11) or nothing (R01) explains.
"""

from dataclasses import dataclass, replace

import numpy as np

from subsidy.accrual import OVERDUE_FROM, PRINCIPAL_REPAID, RATE_CHANGED
from subsidy.arrays import Flags, Integers, Positions
from subsidy.conventions import earning_days
from subsidy.reconciliation.claimed import UNSTATED
from subsidy.reconciliation.pairing import Pairs
from subsidy.reconciliation.reasons import STOPS, Reasoned
from subsidy.reconciliation.variants import (
    NO_CAP,
    NO_CAP_OLD_BALANCE,
    OLD_BALANCE,
    STATED_BALANCE,
    Variants,
    weighed,
)
from subsidy.timeline import subsidy_rate_ppm, timeline

# Corrections doubled on one line at most: 2^7 combinations. What bites beyond is not tried.
MOST_CANDIDATES = 7
# A stated balance so large that exact arithmetic might overflow is not tried.
_LARGEST_STATED = 2.0**59


@dataclass(frozen=True)
class Truth:
    """What the register says about each line of ``lines`` (positions in ``Pairs``)."""

    lines: Positions
    days: Integers  # earning days inside the line's days
    share_pct: Integers
    rate_ppm: Integers  # the subsidy's rate on the line's first day
    opening_fen: Integers  # balance at the period's beginning, or the disbursement
    bites: dict[str, Flags]


def truth_of(pairs: Pairs, lines: Positions) -> Truth:
    """The register's facts of these lines and which corrections bite."""
    note = pairs.note[lines]
    register, since = pairs.register, pairs.since[lines]
    notes, events = register.notes.take(note), register.events.take(note)
    whole = replace(Variants.true(lines), spans=np.ones(len(lines), np.bool_))
    time = timeline(notes, events)
    first = np.maximum(since, notes.disbursed_on)
    at_first = _state_at(time.on, time.row, first, len(lines))
    # 期初余额 is the balance before the period's first day; a later drawing is 本期发放.
    eve = np.maximum(np.minimum(since, pairs.period.since) - 1, notes.disbursed_on)
    at_opening = _state_at(time.on, time.row, eve, len(lines))
    return Truth(
        lines=lines,
        days=earning_days_of(pairs, whole),
        share_pct=notes.share_pct.astype(np.int64),
        rate_ppm=subsidy_rate_ppm(notes, time)[at_first],
        opening_fen=time.balance_fen[at_opening],
        bites=_bites(pairs, lines),
    )


def earning_days_of(pairs: Pairs, variants: Variants) -> Integers:
    """Days with a subsidy of each variant."""
    found = weighed(pairs, variants)
    days = np.zeros(len(variants), np.int64)
    np.add.at(days, found.owner, earning_days(found.found))
    return days


def _state_at(on: Integers, row: Positions, asked: Integers, n: int) -> Positions:
    """Per note the last entry of its timeline not after the asked day."""
    # on >= disbursement for every note, so each has one.
    not_after = on <= asked[row]
    counts = np.bincount(row[not_after], minlength=n)
    begins = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n))[:-1]])
    state: Positions = begins + np.maximum(counts, 1) - 1
    return state


def _bites(pairs: Pairs, lines: Positions) -> dict[str, Flags]:
    """By correction: the lines whose amount may change with it."""
    note, since, until = pairs.note[lines], pairs.since[lines], pairs.until[lines]
    notes = pairs.register.notes
    told = Reasoned.of(pairs, note)
    events, owner = told.events, told.owner
    before_end = events.on < until[owner]
    inside = before_end & (events.on > since[owner])

    def some(which: Flags) -> Flags:
        found = np.zeros(len(lines), np.bool_)
        found[owner[which]] = True
        return found

    repaid = (events.kind == PRINCIPAL_REPAID) & inside & ~told.is_final
    matures = np.minimum(notes.matures_on, notes.subsidy_ends_on)[note]
    bites = {f"stop{code}": some(told.stopped_by(code) & before_end) for code in STOPS}
    overlapping = np.zeros(len(pairs), np.bool_)
    overlapping[list(pairs.overlaps)] = True
    bites["spans"] = overlapping[lines]
    late = np.minimum(pairs.settled_on[note], pairs.period.until) < until
    bites["life"] = (since < notes.disbursed_on[note]) | late
    bites["term"] = (matures < until) | some((events.kind == OVERDUE_FROM) & before_end)
    bites["hires"] = some(told.recounted & before_end)
    bites["cap"] = (notes.subsidised_fen < notes.principal_fen)[note] | some(
        told.capped & before_end
    )
    bites["repaid"] = some(repaid)
    bites["repriced"] = some((events.kind == RATE_CHANGED) & inside)
    return bites


@dataclass(frozen=True)
class Candidates:
    """All combinations tried, and how each contradicts the line's statements: by errors the line
    does not state, and by leaving out errors it states."""

    variants: Variants
    unstated: Integers
    denied: Integers

    def take(self, at: Positions) -> "Candidates":
        """These combinations only."""
        return Candidates(self.variants.take(at), self.unstated[at], self.denied[at])


def candidates(pairs: Pairs, truth: Truth) -> Candidates:
    """Every combination of the errors that bite, line by line."""
    builder = _Builder(pairs, truth)
    builder.flag("spans", stated=truth.bites["spans"])
    more_days = pairs.of_line("days")[truth.lines] > truth.days
    for bit, code in enumerate(STOPS):
        builder.stop(bit, truth.bites[f"stop{code}"], stated=more_days)
    builder.flag("life", stated=more_days)
    builder.flag("term", stated=more_days)
    builder.flag("hires", stated=None)
    builder.balances()
    builder.shares()
    builder.rates()
    return builder.found


class _Builder:
    """Doubles the variants of each line for each correction that bites."""

    def __init__(self, pairs: Pairs, truth: Truth) -> None:
        self._pairs, self._truth = pairs, truth
        none = np.zeros(len(truth.lines), np.int64)
        self.found = Candidates(Variants.true(truth.lines), none, none)
        self._at = np.arange(len(truth.lines))  # which entry of ``truth`` a variant belongs to
        self._used = np.zeros(len(truth.lines), np.int64)

    def flag(self, name: str, stated: Flags | None) -> None:
        """A correction that is lifted or not. ``stated``: what the line says; None: nothing."""
        yes = np.ones(len(self._truth.lines), np.bool_)
        self._double(name, yes, self._truth.bites[name], stated)

    def stop(self, bit: int, bites: Flags, stated: Flags) -> None:
        """One reason of a stop."""
        added = np.full(len(bites), 1 << bit, np.int64)
        self._double("stops", added, bites, stated, add=True)

    def balances(self) -> None:
        """Principal above the cap, an old balance, or a balance the register does not know."""
        pairs, truth = self._pairs, self._truth
        lines = truth.lines
        stated = (pairs.of_line("opening_fen") + pairs.of_line("disbursed_fen"))[lines]
        rate = np.maximum(truth.rate_ppm, pairs.of_line("subsidy_rate_ppm")[lines])
        since = np.minimum(pairs.since[lines], pairs.register.notes.disbursed_on[pairs.note[lines]])
        span = (pairs.until[lines] - since).astype(np.float64)
        fits = stated.astype(np.float64) * rate * 100.0 * span < _LARGEST_STATED
        opens = np.maximum(truth.opening_fen, 1)
        differs = (stated > 0) & (stated != opens) & fits
        kept = (pairs.of_line("repaid_fen")[lines] == 0) & truth.bites["repaid"]
        cap, repaid = truth.bites["cap"], truth.bites["repaid"]
        # (what is lifted, where it bites, where it contradicts 本期收回)
        options = (
            (OLD_BALANCE, repaid, ~kept),
            (NO_CAP, cap, kept),
            (NO_CAP_OLD_BALANCE, cap & repaid, ~kept),
            (STATED_BALANCE, differs, np.zeros(len(lines), np.bool_)),
        )
        base, base_at = self.found, self._at
        self._deny(kept.astype(np.int64) + differs)
        for name, bites, contradicts in options:
            pick = np.flatnonzero(bites[base_at])
            at = base_at[pick]
            some = base.take(pick)
            lifted = some.variants.changed("balance", np.full(len(pick), name, np.int64))
            unstated = some.unstated + contradicts[at]
            denied = some.denied + (differs & (name != STATED_BALANCE))[at]
            self._append(Candidates(lifted, unstated, denied), at)

    def shares(self) -> None:
        """The stated class where it is another; else the full share, against the statement."""
        stated = self._pairs.of_line("share_pct")[self._truth.lines]
        differs = (stated != UNSTATED) & (stated != self._truth.share_pct)
        other = np.where(differs, stated, 100)
        self._double("share_pct", other, other != self._truth.share_pct, differs)

    def rates(self) -> None:
        """The stated 贴息利率 where it is another; else the old rate, or the stated 合同利率."""
        pairs, truth = self._pairs, self._truth
        stated = pairs.of_line("subsidy_rate_ppm")[truth.lines]
        contract = pairs.of_line("rate_ppm")[truth.lines]
        # Some banks write the rate after the share: 2.175 for half of 4.35.
        shared = stated * 100 == truth.rate_ppm * truth.share_pct
        differs = (stated != truth.rate_ppm) & (stated > 0) & ~shared
        old = truth.bites["repriced"] & ~differs
        other = np.where(differs, stated, np.where(old, truth.rate_ppm, contract))
        bites = differs | old | ((contract != truth.rate_ppm) & (contract > 0))
        self._double("rate_ppm", other, bites, np.where(old, False, differs))

    def _double(
        self,
        name: str,
        values: Integers | Flags,
        bites: Flags,
        stated: Flags | None,
        add: bool = False,
    ) -> None:
        pick = np.flatnonzero(bites[self._at] & (self._used[self._at] < MOST_CANDIDATES))
        at = self._at[pick]
        some = self.found.take(pick)
        column = getattr(some.variants, name) + values[at] if add else values[at]
        unstated = some.unstated
        if stated is not None:
            unstated = unstated + ~stated[at]
            self._deny((bites & stated).astype(np.int64))
        self._used = self._used + bites
        self._append(Candidates(some.variants.changed(name, column), unstated, some.denied), at)

    def _deny(self, statements: Integers) -> None:
        """The combinations so far leave these stated errors of their lines out."""
        found = self.found
        denied = found.denied + statements[self._at]
        self.found = Candidates(found.variants, found.unstated, denied)

    def _append(self, more: Candidates, at: Positions) -> None:
        found = self.found
        self.found = Candidates(
            found.variants.joined(more.variants),
            np.concatenate([found.unstated, more.unstated]),
            np.concatenate([found.denied, more.denied]),
        )
        self._at = np.concatenate([self._at, at])


def best(
    found: Candidates, amounts_fen: Integers, claimed_fen: Integers, *, tolerance_fen: int
) -> Positions:
    """Position of the chosen variant of each line, in order of line.

    ``amounts_fen`` and ``claimed_fen`` have one entry a variant.
    """
    residual = np.abs(claimed_fen - amounts_fen)
    misses = residual > tolerance_fen
    distance = np.where(misses, found.unstated, found.unstated + found.denied)
    lifted, line = found.variants.lifted(), found.variants.line
    order = np.lexsort((lifted, found.denied, residual, distance, misses, line))
    ordered = line[order]
    return order[np.append(True, ordered[1:] != ordered[:-1])] if len(order) else order
