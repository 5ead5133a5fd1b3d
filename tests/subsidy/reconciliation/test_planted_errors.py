"""Planted errors: all found, none invented, every difference explained to the fen."""

import random
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subsidy.conventions import Convention, amounts, slices
from subsidy.reconciliation import Claimed, LineClass, Reconciliation, Register, Span, match
from tests.subsidy.reconciliation.planted import ERRORS, HONEST, Claim, both_ends, honest
from tests.subsidy.reconciliation.quarter import PERIOD, SINCE


def _register(claim: Claim) -> Register:
    last = [claim.last_closing.get(note.note_no, -1) for note in claim.world.notes]
    return claim.world.register(
        earlier=tuple(claim.earlier),
        elsewhere=tuple(claim.elsewhere),
        flags=tuple(claim.flags),
        last_closing_fen=np.array(last, np.int64),
    )


def _match(claim: Claim, order: list[int] | None = None) -> Reconciliation:
    lines = [claim.lines[at] for at in order] if order else claim.lines
    return match(Claimed.of(lines), _register(claim), PERIOD, tolerance_fen=1)


def _causes(result: Reconciliation, at: int) -> dict[str, int]:
    return {cause.code: cause.amount_fen for cause in result.causes[at]}


def _planted(seed: int, errors: int, honest: int) -> Claim:
    claim = Claim(random.Random(seed))
    makers = [claim.rng.choice(ERRORS) for _ in range(errors)]
    # Two lines with both end days are the bank's convention (R11), not each line's own R03.
    twice = [at for at, make in enumerate(makers) if make is both_ends][1:]
    makers = [make for at, make in enumerate(makers) if at not in twice]
    makers += [claim.rng.choice(HONEST) for _ in range(honest)]
    claim.rng.shuffle(makers)
    for make in makers:
        make(claim)
    return claim


def _check_sums(claim: Claim, result: Reconciliation) -> None:
    """What holds for every comparison, whatever the claim says."""
    for at in range(len(result)):
        line = result.line(at)
        assert sum(cause.amount_fen for cause in line.causes) == line.difference_fen
        assert 0 <= line.payable_fen <= line.claimed_fen
        assert line.payable_fen <= line.expected_fen
    assert sum(result.count_by_class().values()) == len(claim.lines)
    unclaimed = {entry.note for entry in result.unclaimed}
    for note, is_claimed in enumerate(result.is_claimed.tolist()):
        assert is_claimed or note in unclaimed or result.earned_fen[note] == 0
    assert earned_both_ways(result) == result.earned_fen.tolist()


def earned_both_ways(result: Reconciliation) -> list[int]:
    """Per register note: what its lines recompute, unpaid interest or not, and what none claims."""
    sums = [0] * len(result.earned_fen)
    for at, note in enumerate(result.note.tolist()):
        if note >= 0:
            sums[note] += int(result.expected_fen[at]) + _causes(result, at).get("R10", 0)
    for entry in result.unclaimed:
        sums[entry.note] += entry.amount_fen
    return sums


@pytest.mark.parametrize("make", ERRORS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("seed", range(4))
def test_one_planted_error_of_each_kind_is_named_to_the_fen(make: Any, seed: int) -> None:
    claim = Claim(random.Random(seed))
    make(claim)

    result = _match(claim)

    for at, expected in enumerate(claim.expected):
        assert _causes(result, at) == expected, result.line(at)
    assert {entry.note_no for entry in result.unclaimed} == claim.missing
    found = {(finding.line, finding.code) for finding in result.findings}
    classes = {
        (at, "duplicate")
        for at in range(len(result))
        if result.line_class[at] is LineClass.DUPLICATE
    }
    assert found | classes == claim.findings


@given(st.integers(0, 2**32), st.integers(0, 40), st.integers(0, 60))
@settings(max_examples=25)
def test_planted_errors_are_all_found_and_none_is_invented(
    seed: int, errors: int, honest: int
) -> None:
    claim = _planted(seed, errors, honest)

    result = _match(claim)

    assert [_causes(result, at) for at in range(len(result))] == claim.expected
    assert {entry.note_no for entry in result.unclaimed} == claim.missing
    assert {f for f in claim.findings if f[1] != "duplicate"} == {
        (finding.line, finding.code) for finding in result.findings
    }
    _check_sums(claim, result)


@given(st.data())
@settings(max_examples=25)
def test_what_is_earned_is_claimed_or_unclaimed_however_lines_are_cut(data: st.DataObject) -> None:
    """Parts of the quarter, overlapping or not, after claims before them and with the days that
    are covered changed by an overdue interval or a stop in between."""
    claim = Claim(random.Random(data.draw(st.integers(0, 2**32))))
    begin, end = PERIOD.since, PERIOD.until
    for _ in range(3):
        data.draw(st.sampled_from(HONEST))(claim)
        whole, name = claim.lines.pop(), claim.world.notes[-1].note_no
        some_day = st.integers(begin, end)
        first, last = sorted(data.draw(st.tuples(some_day, some_day)))
        paid = data.draw(st.sampled_from([None, 0, 1_23]))
        if first < last and data.draw(st.booleans()):
            claim.earlier.append(Span(name, first, last, "以前的申报", paid))
        if data.draw(st.booleans()):
            claim.world.stopped(
                name, date(2019, 7, 1) + timedelta(data.draw(st.integers(0, 80))), 17
            )
        for since, until in data.draw(st.lists(st.tuples(some_day, some_day), max_size=3)):
            if since < until:
                claimed = data.draw(st.integers(0, 4_000_00))
                claim.lines.append(whole | {"since": since, "until": until, "claimed_fen": claimed})

    result = _match(claim)

    assert earned_both_ways(result) == result.earned_fen.tolist()


@pytest.mark.parametrize("cuts", [((0, 60), (30, 92)), ((0, 92), (30, 92)), ((30, 92), (30, 92))])
def test_a_day_that_one_line_may_not_claim_is_left_to_another(cuts: Any) -> None:
    """The days from the 30th were under-claimed: only a line that holds all of them corrects it."""
    claim = Claim(random.Random(3))
    honest(claim)
    whole, begin = claim.lines.pop(), PERIOD.since
    span = Span(whole["note_no"], begin + 30, PERIOD.until, "以前的申报", 1_23)
    claim.earlier.append(span)
    claim.lines = [whole | {"since": begin + a, "until": begin + b} for a, b in cuts]
    result = _match(claim)
    assert earned_both_ways(result) == result.earned_fen.tolist()
    first = 0 if cuts[0][0] == 0 else int(result.unclaimed[0].amount_fen)
    assert first + result.expected_fen.sum() == claim.truth() - 1_23


@given(st.integers(0, 2**32))
@settings(max_examples=10)
def test_a_shuffled_claim_has_the_same_result(seed: int) -> None:
    claim = _planted(seed, 30, 20)
    order = list(range(len(claim.lines)))
    random.Random(seed).shuffle(order)

    plain, shuffled = _match(claim), _match(claim, order)

    def rows(result: Reconciliation) -> list[Any]:
        return sorted(
            (result.note_no[at], int(result.expected_fen[at]), int(result.payable_fen[at]),
             result.line_class[at].value, sorted(_causes(result, at).items()))
            for at in range(len(result))
        )  # fmt: skip

    assert rows(shuffled) == rows(plain)
    assert shuffled.payable_fen.sum() == plain.payable_fen.sum()


@given(st.integers(0, 2**32))
@settings(max_examples=10)
def test_a_claim_of_exactly_what_is_expected_has_no_difference(seed: int) -> None:
    claim = _planted(seed, 20, 20)
    first = _match(claim)
    known = [at for at in range(len(first)) if first.note[at] >= 0]
    claim.lines = [
        claim.lines[at] | {"claimed_fen": int(first.expected_fen[at]), "interest_paid_fen": 10**9}
        for at in known
        if first.line_class[at] is not LineClass.DUPLICATE
    ]
    kept = [at for at in known if first.line_class[at] is not LineClass.DUPLICATE]
    unpaid = [at for at in kept if "R10" in {cause.code for cause in first.causes[at]}]

    second = _match(claim)

    differing = [at for at in range(len(second)) if second.causes[at]]
    assert [kept[at] for at in differing] == unpaid
    assert all(second.line_class[at] is not LineClass.DIFFERS for at in range(len(second)))


@pytest.mark.parametrize("convention", list(Convention))
@pytest.mark.parametrize("seed", range(3))
def test_a_bank_s_convention_is_recognised_and_said_once(convention: Convention, seed: int) -> None:
    claim = Claim(random.Random(seed))
    for _ in range(30):
        claim.rng.choice(HONEST)(claim)
    register = _register(claim)
    since = np.array([line["since"] for line in claim.lines], np.int64)
    until = np.array([line["until"] for line in claim.lines], np.int64)
    theirs = amounts(
        slices(register.notes, register.events, since, until), convention, per_period=True
    )
    for line, amount in zip(claim.lines, theirs.tolist(), strict=True):
        line["claimed_fen"] = amount

    result = _match(claim)

    differing = [at for at in range(len(result)) if result.causes[at]]
    if len(differing) >= 2:
        assert result.convention is not None
        assert all(set(_causes(result, at)) == {"R11"} for at in differing)
        assert result.convention.lines == len(differing)
    _check_sums(claim, result)


@pytest.mark.parametrize("reason", [13, 0])
def test_a_stop_is_told_by_its_own_day_not_by_that_of_an_earlier_repayment(reason: int) -> None:
    claim = Claim(random.Random(1))
    name = claim.note(principal_fen=200_000_00)
    claim.world.repaid(name, date(2019, 5, 6), 50_000_00)
    claim.world.stopped(name, date(2019, 7, 11), reason)
    left = {"opening_fen": 150_000_00, "closing_fen": 150_000_00}
    claim.put({"R13": claim.shadow(principal_fen=150_000_00) - claim.truth()}, **left)

    (cause,) = _match(claim).causes[0]

    assert "2019-07-11 起市场主体已注销" in cause.message


def test_what_was_paid_for_an_under_claim_is_deducted_from_one_line_only() -> None:
    """Days 30 to 60 were paid 1.23; both lines hold them, the second one's other days are new."""
    claim = Claim(random.Random(3))
    honest(claim)
    whole, begin = claim.lines.pop(), PERIOD.since
    claim.earlier.append(Span(whole["note_no"], begin + 30, begin + 60, "以前的申报", 1_23))
    cuts = [(0, 60), (30, 92)]
    claim.lines = [whole | {"since": begin + a, "until": begin + b} for a, b in cuts]

    result = _match(claim)

    assert result.deducted_fen.tolist() == [1_23, 0]
    assert int(result.expected_fen.sum()) == claim.truth() - 1_23
    assert earned_both_ways(result) == result.earned_fen.tolist()


def test_days_that_earn_less_than_was_paid_for_them_cost_the_others_nothing() -> None:
    """The tenth day was paid 1.23 and then lost: its line is worth 0.00, the other days are whole;
    what was overpaid is netted by an adjustment, not here."""
    claim = Claim(random.Random(3))
    honest(claim)
    whole, begin = claim.lines.pop(), PERIOD.since
    claim.earlier.append(Span(whole["note_no"], begin + 10, begin + 11, "以前的申报", 1_23))
    claim.world.stopped(whole["note_no"], SINCE + timedelta(days=10), 17)
    claim.lines = [whole | {"since": begin + 10, "until": begin + 11}]

    result = _match(claim)

    assert result.expected_fen.tolist() == [0]
    assert earned_both_ways(result) == result.earned_fen.tolist() == [claim.truth()]
