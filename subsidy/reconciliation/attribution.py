"""Split each difference into causes that sum to it to the fen.

The chosen combination of errors (``choices``) is corrected one error after another, in the order of
the codes, and each time the core computes again: a cause's amount is the rounded amount before less
the rounded amount after. Then the interest actually paid caps what is left (R10), the contract's
own convention replaces the bank's (R11), and what no cause explains is R01::

    claimed ── R01 / R03 both ends ──> under the bank's convention, all errors in
            ── R07, R18 … R06 ──────> … no error in
            ── R10 ─────────────────> at most 实付利息
            ── R11 ─────────────────> expected

The sum telescopes to claimed − expected whatever the amounts are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from subsidy.arrays import Flags, Integers, Positions
from subsidy.conventions import Convention
from subsidy.reconciliation.choices import Candidates, Truth, best, candidates
from subsidy.reconciliation.claimed import UNSTATED
from subsidy.reconciliation.pairing import Pairs
from subsidy.reconciliation.reasons import STOPS
from subsidy.reconciliation.variants import TRUE, Variants, value, weighed


@dataclass(frozen=True)
class Used:
    """A convention as a bank uses it: rounded once a settlement period, or once for the line."""

    convention: Convention
    per_period: bool


@dataclass(frozen=True)
class Part:
    """One cause of one line before it has words; ``line`` is a position in ``Pairs``."""

    line: int
    code: str
    amount_fen: int
    convention: Convention | None = None  # for R11, and for what an R01 or R03 looks like


@dataclass(frozen=True)
class Attribution:
    """The causes of every line that differs, and the bank's convention if one explains it."""

    parts: tuple[Part, ...]
    chosen: Variants  # what was lifted on each of the truth's lines
    used: Used | None
    explained: int  # lines on which the convention is the bank's


def attribute(
    pairs: Pairs, truth: Truth, expected_fen: Integers, tolerance_fen: int
) -> Attribution:
    """Causes of the truth's lines; ``expected_fen`` is of shape ``(p,)``, as ``Pairs``."""
    found = candidates(pairs, truth)
    claimed = pairs.of_line("claimed_fen")
    by_core = value(pairs, found.variants)
    at = best(found, by_core, claimed[found.variants.line], tolerance_fen=tolerance_fen)
    chosen, residual = found.variants.take(at), claimed[truth.lines] - by_core[at]
    used, theirs, at_theirs = _bank_convention(pairs, found, truth.lines, residual, tolerance_fen)
    if used is not None:
        chosen = _replaced(chosen, found.variants.take(at_theirs), theirs)
    parts = list(_chains(pairs, chosen, ~theirs, None, expected_fen))
    if used is not None:
        parts += _chains(pairs, chosen, theirs, used, expected_fen)
    return Attribution(tuple(parts), chosen, used, int(theirs.sum()))


def _bank_convention(
    pairs: Pairs, found: Candidates, lines: Positions, residual: Integers, tolerance_fen: int
) -> tuple[Used | None, Flags, Positions]:
    """The one convention behind the residuals, the lines it holds for, and their variants.

    It must explain at least two lines and every line whose residual is more than rounding; where
    all residuals are roundings, every one of them.
    """
    none = np.zeros(len(lines), np.bool_)
    open_lines, large = residual != 0, np.abs(residual) > tolerance_fen
    if open_lines.sum() < 2:
        return None, none, np.empty(0, np.intp)
    required = large if large.any() else open_lines
    pick = np.flatnonzero(np.isin(found.variants.line, lines[open_lines]))
    tried = found.take(pick)
    claimed = pairs.of_line("claimed_fen")[tried.variants.line]
    under = weighed(pairs, tried.variants)
    for used in _all_conventions():
        amount = under.under(used.convention, per_period=used.per_period)
        hit = np.isin(lines, tried.variants.line[amount == claimed]) & open_lines
        if hit.sum() >= 2 and not (required & ~hit).any():
            at = pick[best(tried, amount, claimed, tolerance_fen=0)]
            chosen = np.zeros(len(lines), np.intp)
            chosen[open_lines] = at
            return used, hit, chosen
    return None, none, np.empty(0, np.intp)


def _all_conventions() -> Iterator[Used]:
    for convention in Convention:
        for per_period in (True, False):
            yield Used(convention, per_period)


def _replaced(kept: Variants, other: Variants, where: Flags) -> Variants:
    columns = {
        name: np.where(where, getattr(other, name), getattr(kept, name))
        for name in Variants.__dataclass_fields__
    }
    return Variants(**columns)


def _chains(
    pairs: Pairs,
    chosen: Variants,
    where: Flags,
    used: Used | None,
    expected_fen: Integers,
) -> Iterator[Part]:
    """The causes of the lines in ``where``, correcting one error after another."""
    state = chosen.take(np.flatnonzero(where))
    if len(state) == 0:
        return
    line = state.line
    claimed = pairs.of_line("claimed_fen")[line]
    before = _valued(pairs, state, used)
    yield from _residuals(pairs, state, claimed - before)
    for code, corrected in _corrections(state):
        changed = np.flatnonzero(corrected.lifted() != state.lifted())
        if len(changed) == 0:
            continue
        after = before.copy()
        after[changed] = _valued(pairs, corrected.take(changed), used)
        yield from _parts(line, code, before - after)
        state, before = corrected, after
    capped = _capped(pairs, line, before)
    yield from _parts(line, "R10", before - capped)
    convention = used.convention if used else None
    yield from _parts(line, "R11", capped - expected_fen[line], convention)


def _corrections(state: Variants) -> Iterator[tuple[str, Variants]]:
    """The same variants with one more error corrected each time, in the order of the codes."""
    no, zero = np.zeros(len(state), np.bool_), np.zeros(len(state), np.int64)
    state = replace(state, spans=no)
    yield "R07", state
    for bit, code in enumerate(STOPS):
        state = replace(state, stops=state.stops & ~(1 << bit))
        yield f"R{code}", state
    own = np.full(len(state), TRUE, np.int64)
    for code_name, column, values in (
        ("R03", "life", no),
        ("R04", "term", no),
        ("R15", "hires", no),
        ("R05", "balance", zero),
        ("R02", "share_pct", own),
        ("R06", "rate_ppm", own),
    ):
        state = state.changed(column, values)
        yield code_name, state


def _valued(pairs: Pairs, variants: Variants, used: Used | None) -> Integers:
    if used is None:
        return value(pairs, variants)
    return weighed(pairs, variants).under(used.convention, per_period=used.per_period)


def _residuals(pairs: Pairs, state: Variants, residual: Integers) -> Iterator[Part]:
    """R01 for what no cause explains; R03 where counting both end days explains it to the fen."""
    open_at = np.flatnonzero(residual)
    if len(open_at) == 0:
        return
    some = state.take(open_at)
    claimed = pairs.of_line("claimed_fen")[some.line]
    under = weighed(pairs, some)
    looks: list[Convention | None] = [None] * len(open_at)
    for used in _all_conventions():
        hits = np.flatnonzero(under.under(used.convention, per_period=used.per_period) == claimed)
        for hit in hits:
            looks[hit] = looks[hit] or used.convention
    for at, convention in zip(open_at.tolist(), looks, strict=True):
        code = "R03" if convention is Convention.BOTH_ENDS else "R01"
        yield Part(int(state.line[at]), code, int(residual[at]), convention)


def _capped(pairs: Pairs, line: Positions, amount: Integers) -> Integers:
    """The amount, at most the interest the line says was paid: unpaid interest is not claimable."""
    paid = pairs.of_line("interest_paid_fen")[line]
    return np.where(paid != UNSTATED, np.minimum(amount, paid), amount)


def capped_by_interest(pairs: Pairs, true_fen: Integers) -> Integers:
    """What is expected on each line: the core's amount, never above the interest paid (R10)."""
    lines = np.arange(len(pairs))
    return _capped(pairs, lines, true_fen)


def _parts(
    line: Positions, code: str, amount: Integers, convention: Convention | None = None
) -> Iterator[Part]:
    for at in np.flatnonzero(amount).tolist():
        yield Part(int(line[at]), code, int(amount[at]), convention)
