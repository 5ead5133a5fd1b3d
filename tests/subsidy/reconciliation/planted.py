"""Claims with planted errors: one maker per kind, each returning what must be found.

A maker adds one note to the world and one or more lines to the claim, and says which causes the
lines must have: code → fen. The false amounts are what an honest calculator gives for the false
facts: the accrual core on a false note, or the formula by hand.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import takewhile
from typing import Any

from loans.money import half_up
from subsidy.accrual import (
    OVERDUE_CURED,
    OVERDUE_FROM,
    RATE_CHANGED,
    SUBSIDISED_CHANGED,
    day,
)
from subsidy.reconciliation import ElsewhereSpan, Flag, Span
from tests.subsidy.reconciliation.quarter import SINCE, UNTIL, World, line, true_fen

Expected = dict[str, int]


@dataclass
class Claim:
    """A world, the lines claimed on it, and what must be found."""

    rng: random.Random
    world: World = field(default_factory=World)
    lines: list[dict[str, Any]] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)  # per line
    findings: set[tuple[int, str]] = field(default_factory=set)  # (line, code)
    missing: set[str] = field(default_factory=set)
    earlier: list[Span] = field(default_factory=list)
    elsewhere: list[ElsewhereSpan] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    last_closing: dict[str, int] = field(default_factory=dict)

    def note(self, **facts: Any) -> str:
        """A plain note with random amount, rate and class, earning through the whole quarter."""
        rng = self.rng
        disbursed_on = date(2018, 10, 1) + timedelta(days=rng.randrange(260))
        plain: dict[str, Any] = {
            "principal_fen": rng.randrange(2_000_000, 30_000_000, 10_000),
            "disbursed_on": disbursed_on,
            "matures_on": disbursed_on + timedelta(days=rng.choice([731, 1000])),
            "rate_ppm": rng.choice([43_500, 47_500, 47_850, 52_200]),
            "share_pct": rng.choice([50, 100]),
        }
        return self.world.add(f"JJ-{len(self.world.notes):05d}", **(plain | facts))

    def shadow(self, **facts: Any) -> int:
        """What the quarter of a note with false facts comes to."""
        other = World()
        last = self.world.notes[-1]
        other.add(**(vars(last) | facts))
        return true_fen(other.register(), last.note_no)

    def truth(self) -> int:
        """What the last note earns in the quarter."""
        name = self.world.notes[-1].note_no
        # A maker adds its note's events after the note: they are the last ones.
        last = takewhile(lambda event: event[0].note_no == name, reversed(self.world.events))
        own = World([self.world.notes[-1]], [*last][::-1])
        return true_fen(own.register(), name)

    def put(self, causes: Expected, **facts: Any) -> None:
        """A line of the last note, claimed at the truth plus the causes."""
        facts = {"claimed_fen": self.truth() + sum(causes.values())} | facts
        self.lines.append(line(self.world.notes[-1], **facts))
        self.expected.append(causes)


def honest(claim: Claim) -> None:
    claim.note()
    claim.put({})


def honest_after_repayment(claim: Claim) -> None:
    name = claim.note()
    half = claim.world.notes[-1].principal_fen // 2
    claim.world.repaid(name, date(2019, 8, 3), half)
    claim.put({}, repaid_fen=half, closing_fen=claim.world.notes[-1].principal_fen - half)


def honest_overdue(claim: Claim) -> None:
    name = claim.note()
    claim.world.event(name, date(2019, 7, 11), OVERDUE_FROM)
    claim.world.event(name, date(2019, 7, 30), OVERDUE_CURED)
    claim.put({}, days=92 - 19)


def honest_settled(claim: Claim) -> None:
    name = claim.note()
    principal = claim.world.notes[-1].principal_fen
    claim.world.repaid(name, date(2019, 7, 30), principal)
    until = day(date(2019, 7, 30))
    claim.put({}, repaid_fen=principal, closing_fen=0, until=until, days=until - day(SINCE))


def slip(claim: Claim) -> None:
    claim.note(share_pct=100)
    claim.put({"R01": claim.rng.randrange(1_001, 3_000, 7)})


def slip_beside_an_overdue_interval(claim: Claim) -> None:
    honest_overdue(claim)
    amount = claim.rng.randrange(11, 400, 7)
    claim.lines[-1]["claimed_fen"] += amount
    claim.expected[-1] = {"R01": amount}


def half_as_full(claim: Claim) -> None:
    claim.note(share_pct=50)
    claim.put({"R02": claim.shadow(share_pct=100) - claim.truth()}, share_pct=100)


def half_as_full_silently(claim: Claim) -> None:
    claim.note(share_pct=50)
    claim.put({"R02": claim.shadow(share_pct=100) - claim.truth()})


def no_assessment(claim: Claim) -> None:
    claim.note(share_pct=0)
    claim.put({"R02": claim.shadow(share_pct=50)}, share_pct=50)


def before_disbursement(claim: Claim) -> None:
    claim.note(disbursed_on=SINCE + timedelta(days=claim.rng.randrange(3, 80)))
    claim.put({"R03": claim.shadow(disbursed_on=SINCE) - claim.truth()})


def after_settlement(claim: Claim) -> None:
    name = claim.note()
    on = SINCE + timedelta(days=claim.rng.randrange(3, 80))
    claim.world.repaid(name, on, claim.world.notes[-1].principal_fen)
    claim.put({"R03": claim.shadow() - claim.truth()})


def both_ends(claim: Claim) -> None:
    claim.note()
    note = claim.world.notes[-1]
    numerator = note.principal_fen * note.rate_ppm * note.share_pct * 93
    claim.put({"R03": half_up(numerator, 36_000_000_000) - claim.truth()}, days=93)


def overdue_claimed(claim: Claim) -> None:
    name = claim.note()
    start = SINCE + timedelta(days=claim.rng.randrange(3, 40))
    claim.world.event(name, start, OVERDUE_FROM)
    claim.world.event(name, start + timedelta(days=claim.rng.randrange(3, 40)), OVERDUE_CURED)
    claim.put({"R04": claim.shadow() - claim.truth()})


def extension_claimed(claim: Claim) -> None:
    matures_on = SINCE + timedelta(days=claim.rng.randrange(10, 80))
    claim.note(matures_on=matures_on)
    claim.put({"R04": claim.shadow(matures_on=date(2020, 6, 1)) - claim.truth()})


def above_the_cap(claim: Claim) -> None:
    claim.note(principal_fen=50_000_000, subsidised_fen=30_000_000)
    claim.put({"R05": claim.shadow(subsidised_fen=50_000_000) - claim.truth()})


def old_balance(claim: Claim) -> None:
    name = claim.note()
    claim.world.repaid(name, date(2019, 8, 3), claim.world.notes[-1].principal_fen // 3)
    claim.put({"R05": claim.shadow() - claim.truth()})


def false_balance(claim: Claim) -> None:
    claim.note(principal_fen=10_000_000)
    claim.put(
        {"R05": claim.shadow(principal_fen=18_000_000) - claim.truth()},
        opening_fen=18_000_000,
        closing_fen=18_000_000,
        disbursed_fen=0,
    )


def false_rate(claim: Claim) -> None:
    claim.note(rate_ppm=43_500)
    claim.put({"R06": claim.shadow(rate_ppm=47_850) - claim.truth()}, subsidy_rate_ppm=47_850)


def old_rate(claim: Claim) -> None:
    name = claim.note(rate_ppm=47_500)
    claim.world.event(name, date(2019, 8, 20), RATE_CHANGED, 43_500)
    claim.put({"R06": claim.shadow() - claim.truth()})


def wrong_benchmark(claim: Claim) -> None:
    claim.note(rate_ppm=60_000, benchmark_ppm=43_500, share_pct=50)
    false = claim.shadow(rate_ppm=47_500, benchmark_ppm=-1)
    claim.put({"R06": false - claim.truth()}, subsidy_rate_ppm=47_500)


def twice_in_the_file(claim: Claim) -> None:
    claim.note()
    claim.put({})
    claim.put({"R07": claim.truth()}, claimed_fen=claim.truth())
    claim.findings.add((len(claim.lines) - 1, "duplicate"))


def claimed_before(claim: Claim) -> None:
    name = claim.note()
    cut = date(2019, 7, 21)
    claim.earlier.append(Span(name, day(SINCE), day(cut), "第二季度的申报"))
    own = World([claim.world.notes[-1]])
    free = true_fen(own.register(), name, cut, UNTIL)
    claim.put({"R07": claim.truth() - free}, claimed_fen=claim.truth())


def claimed_elsewhere(claim: Claim) -> None:
    name = claim.note()
    span = ElsewhereSpan(f"P-{name}", f"HT-{name}", day(SINCE), day(UNTIL), "甲银行")
    claim.elsewhere.append(span)
    claim.put({"R07": claim.truth()}, claimed_fen=claim.truth())
    claim.findings.add((len(claim.lines) - 1, "duplicate"))


def unknown_note(claim: Claim) -> None:
    claim.note()
    claim.put({"R08": claim.truth()}, claimed_fen=claim.truth(), note_no=f"WU-{len(claim.lines)}")
    claim.world.notes.pop()


def missing_note(claim: Claim) -> None:
    claim.missing.add(claim.note())


def balances_do_not_roll(claim: Claim) -> None:
    claim.note()
    claim.put({}, closing_fen=claim.world.notes[-1].principal_fen - 5_000_00)
    claim.findings.add((len(claim.lines) - 1, "R09"))


def not_carried_forward(claim: Claim) -> None:
    name = claim.note()
    claim.last_closing[name] = claim.world.notes[-1].principal_fen + 100
    claim.put({})
    claim.findings.add((len(claim.lines) - 1, "R09"))


def interest_unpaid(claim: Claim) -> None:
    claim.note()
    paid = claim.truth() * 2 // 3
    claim.put({"R10": claim.truth() - paid}, interest_paid_fen=paid, claimed_fen=claim.truth())


def hire_left(claim: Claim) -> None:
    facts = {"principal_fen": 200_000_000, "subsidised_fen": 130_000_000, "share_pct": 50}
    name = claim.note(rate_ppm=47_500, benchmark_ppm=47_500, **facts)
    claim.world.event(name, SINCE, SUBSIDISED_CHANGED, 100_000_000, reason=15)
    claim.put({"R15": claim.shadow() - claim.truth()})


def _stopped(reason: int) -> Callable[[Claim], None]:
    def make(claim: Claim) -> None:
        name = claim.note()
        on = SINCE + timedelta(days=claim.rng.randrange(1, 80))
        claim.world.stopped(name, on, reason)
        claim.put({f"R{reason}": claim.shadow() - claim.truth()})

    make.__name__ = f"stopped_by_R{reason}"
    return make


def flagged(claim: Claim) -> None:
    name = claim.note()
    claim.put({})
    claim.flags.append(Flag(name, "R13", "下一季度才变更", day(UNTIL)))
    for code in ("R14", "R20"):
        claim.flags.append(Flag(name, code, "需说明", day(UNTIL) - 1))
        claim.findings.add((len(claim.lines) - 1, code))


def class_and_days(claim: Claim) -> None:
    """Two errors on one line: the days are taken out first, at the false share."""
    claim.note(share_pct=50, disbursed_on=date(2019, 7, 10))
    full, false = claim.shadow(share_pct=100), claim.shadow(share_pct=100, disbursed_on=SINCE)
    claim.put({"R03": false - full, "R02": full - claim.truth()}, share_pct=100)


def false_facts_and_a_slip(claim: Claim) -> None:
    before_disbursement(claim)
    claim.lines[-1]["claimed_fen"] += 333
    claim.expected[-1] = claim.expected[-1] | {"R01": 333}


HONEST = (honest, honest_after_repayment, honest_overdue, honest_settled)
ERRORS = (
    slip, slip_beside_an_overdue_interval, half_as_full, half_as_full_silently, no_assessment,
    before_disbursement, after_settlement, both_ends, overdue_claimed, extension_claimed,
    above_the_cap, old_balance, false_balance, false_rate, old_rate, wrong_benchmark,
    twice_in_the_file, claimed_before, claimed_elsewhere, unknown_note, missing_note,
    balances_do_not_roll, not_carried_forward, interest_unpaid, hire_left, _stopped(12),
    _stopped(13), _stopped(16), _stopped(17), _stopped(18), flagged, class_and_days,
    false_facts_and_a_slip,
)  # fmt: skip
