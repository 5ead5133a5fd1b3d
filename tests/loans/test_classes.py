"""The subsidised principal of notes that share one cap, and the ends of subsidy terms."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loans.classes import NoteBalance, SubsidyClass, subsidised_balances, subsidy_terms
from loans.daycount import add_years
from loans.errors import PolicyGap
from loans.policy import load_policy_book

BOOK = load_policy_book()
START = date(2019, 5, 6)


def _on(days: int) -> date:
    return START + timedelta(days=days)


def _note(note_no: str, *balances: tuple[int, int]) -> NoteBalance:
    steps = tuple((_on(days), fen) for days, fen in balances)
    return NoteBalance(note_no=note_no, disbursed_on=steps[0][0], balances=steps)


def _level(steps: tuple[tuple[date, int], ...], on: date) -> int:
    return next((fen for since, fen in reversed(steps) if since <= on), 0)


class TestSubsidisedBalances:
    def test_of_notes_below_the_cap_are_their_balances(self) -> None:
        note = _note("甲", (0, 200_000_00), (30, 150_000_00), (60, 0))
        assert subsidised_balances([note], [(START, 300_000_00)]) == {"甲": note.balances}

    def test_fill_the_cap_by_earliest_disbursement(self) -> None:
        late, early = _note("甲", (10, 200_000_00)), _note("乙", (0, 200_000_00))

        filled = subsidised_balances([late, early], [(START, 300_000_00)])

        assert filled == {"乙": ((_on(0), 200_000_00),), "甲": ((_on(10), 100_000_00),)}

    def test_of_one_day_are_filled_by_note_number(self) -> None:
        second, first = _note("B2", (0, 200_000_00)), _note("B1", (0, 200_000_00))

        filled = subsidised_balances([second, first], [(START, 300_000_00)])

        assert filled == {"B1": ((START, 200_000_00),), "B2": ((START, 100_000_00),)}

    def test_grow_when_an_earlier_note_is_repaid(self) -> None:
        early = _note("甲", (0, 200_000_00), (40, 50_000_00))
        late = _note("乙", (10, 200_000_00))

        filled = subsidised_balances([early, late], [(START, 300_000_00)])

        assert filled["乙"] == ((_on(10), 100_000_00), (_on(40), 200_000_00))

    def test_follow_a_recount_of_the_hires(self) -> None:
        firm = _note("甲", (0, 2_000_000_00))

        filled = subsidised_balances([firm], [(START, 1_300_000_00), (_on(92), 1_200_000_00)])

        assert filled["甲"] == ((_on(0), 1_300_000_00), (_on(92), 1_200_000_00))

    def test_of_a_note_beyond_the_cap_are_zero_from_its_first_day(self) -> None:
        notes = [_note("甲", (0, 300_000_00)), _note("乙", (5, 100_000_00))]
        assert subsidised_balances(notes, [(START, 300_000_00)])["乙"] == ((_on(5), 0),)

    @given(
        notes=st.lists(
            st.tuples(
                st.integers(0, 40),
                st.lists(st.tuples(st.integers(1, 40), st.integers(0, 500)), max_size=4),
            ),
            max_size=5,
        ),
        caps=st.lists(st.integers(0, 900), min_size=1, max_size=3),
    )
    def test_sum_to_the_lesser_of_balances_and_cap_on_every_day(
        self, notes: list[tuple[int, list[tuple[int, int]]]], caps: list[int]
    ) -> None:
        lived = []
        for n, (first, later) in enumerate(notes):
            steps = {first: 400} | {first + days: fen for days, fen in sorted(later)}
            lived.append(_note(str(n), *sorted(steps.items())))
        cap_steps = [(_on(30 * n), fen) for n, fen in enumerate(caps)]

        filled = subsidised_balances(lived, cap_steps)

        for on in (_on(days) for days in range(100)):
            balances = sum(_level(note.balances, on) for note in lived)
            cap = _level(tuple(cap_steps), on)
            assert sum(_level(steps, on) for steps in filled.values()) == min(balances, cap)
            for note in lived:
                assert 0 <= _level(filled[note.note_no], on) <= _level(note.balances, on)

    @given(balance=st.integers(0, 900), cap=st.integers(0, 900))
    def test_are_given_only_where_they_change(self, balance: int, cap: int) -> None:
        note = _note("甲", (0, balance), (5, balance), (9, balance))
        assert subsidised_balances([note], [(START, cap)]) == {"甲": ((START, min(balance, cap)),)}


class TestSubsidyTerms:
    @given(
        firm=st.booleans(),
        first=st.dates(date(2019, 1, 1), date(2020, 12, 31)),
        days=st.integers(1, 2000),
    )
    def test_end_with_the_note_or_after_the_years_of_the_class(
        self, firm: bool, first: date, days: int
    ) -> None:
        matures_on = first + timedelta(days=days)

        ends = subsidy_terms(
            SubsidyClass.SMALL_FIRM if firm else SubsidyClass.HALF,
            signed_on=first,
            first_disbursed_on=first,
            matures_on=matures_on,
            book=BOOK,
        ).subsidy_ends_on

        assert ends == min(matures_on, add_years(first, 2 if firm else 3))

    def test_above_the_lpr_ask_for_the_tenor_of_the_contract(self) -> None:
        with pytest.raises(PolicyGap) as gap:
            _terms(date(2021, 1, 4))
        assert gap.value.code == "lpr-tenor-missing"

    def test_of_a_day_before_the_opinion_are_a_gap(self) -> None:
        with pytest.raises(PolicyGap):
            _terms(date(2018, 12, 31))

    def test_with_the_lower_of_contract_and_ceiling_carry_the_ceiling(self) -> None:
        book = BOOK.replaced("rate_ceiling", 40_000)
        book = book.replaced("individual_rate_basis", "min_ceiling")
        terms = subsidy_terms(
            SubsidyClass.FULL,
            signed_on=START,
            first_disbursed_on=START,
            matures_on=_on(365),
            book=book,
        )
        assert (terms.ceiling_ppm, terms.benchmark_ppm, terms.floor_ppm) == (40_000, None, 0)

    def test_without_the_ceiling_they_need_are_a_gap(self) -> None:
        book = BOOK.replaced("individual_rate_basis", "min_ceiling")
        with pytest.raises(PolicyGap) as gap:
            subsidy_terms(
                SubsidyClass.FULL,
                signed_on=START,
                first_disbursed_on=START,
                matures_on=_on(365),
                book=book,
            )
        assert gap.value.code == "rate-ceiling-missing"


def _terms(on: date) -> object:
    return subsidy_terms(
        SubsidyClass.FULL,
        signed_on=on,
        first_disbursed_on=on,
        matures_on=on + timedelta(days=365),
        book=BOOK,
    )
