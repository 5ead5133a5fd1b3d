"""Money as integer fen: strict text, one rounding, exact splitting."""

from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loans.money import (
    MoneyText,
    ceil_share,
    fen_to_yuan,
    half_up,
    percent_to_ppm,
    ppm_to_percent,
    split_by_weight,
    yuan_to_fen,
)

FEN = st.integers(1 - 10**15, 10**15 - 1)


class TestText:
    @given(FEN)
    def test_fen_survive_the_way_to_text_and_back(self, fen):
        assert yuan_to_fen(fen_to_yuan(fen)) == fen

    @given(st.integers(0, 9_999_999))
    def test_ppm_survive_the_way_to_text_and_back(self, ppm):
        assert percent_to_ppm(ppm_to_percent(ppm)) == ppm

    @pytest.mark.parametrize(
        ("text", "fen"),
        [("0", 0), ("0.1", 10), ("0.01", 1), ("300000.00", 30_000_000), ("-0.05", -5)],
    )
    def test_yuan_are_read(self, text, fen):
        assert yuan_to_fen(text) == fen

    @pytest.mark.parametrize(
        "text",
        [
            *("", "1.", ".5", "1.234", "1e3", "+1", "1,000.00", "01", "--1", " 1", "1 ", "1\n"),
            *("１", "一", "NaN", "Infinity", "0x1", "1_000", "9" * 14, 1, 1.5, None, True, b"1"),
        ],
    )
    def test_anything_but_yuan_text_is_refused(self, text):
        with pytest.raises(MoneyText):
            yuan_to_fen(text)

    @pytest.mark.parametrize(
        ("text", "ppm"), [("4.35", 43500), ("4.785", 47850), ("5.0005", 50005), ("0", 0)]
    )
    def test_percent_are_read(self, text, ppm):
        assert percent_to_ppm(text) == ppm

    @pytest.mark.parametrize(
        "text", ["", "4.35%", "-1", "4.35001", "1000", "4.", "04", "４", " 4", 4.35, 4, None]
    )
    def test_anything_but_percent_text_is_refused(self, text):
        with pytest.raises(MoneyText):
            percent_to_ppm(text)


class TestRounding:
    @given(st.integers(-(10**30), 10**30), st.integers(1, 10**12))
    def test_half_up_is_the_nearest_and_up_on_a_tie(self, numerator, denominator):
        exact = Fraction(numerator, denominator)

        assert half_up(numerator, denominator) == floor(exact + Fraction(1, 2))

    def test_where_floats_and_bankers_rounding_give_18_12_it_gives_18_13(self):
        # 300000.00 at 4.35%, one day, half: 18.125 yuan.
        assert half_up(30_000_000 * 43_500 * 50, 1_000_000 * 360 * 100) == 1813

    @given(st.lists(st.integers(-(10**17), 10**17), min_size=1), st.integers(1, 10**9))
    def test_arrays_round_like_numbers(self, numerators, denominator):
        rounded = half_up(np.array(numerators, np.int64), denominator)

        assert rounded.tolist() == [half_up(n, denominator) for n in numerators]


class TestSplitting:
    @given(st.integers(0, 10**15), st.integers(0, 100))
    def test_a_share_rounded_up_is_the_smallest_that_is_not_too_small(self, amount, pct):
        assert ceil_share(amount, pct) == ceil(Fraction(amount * pct, 100))

    @given(
        st.integers(0, 10**15),
        st.lists(st.integers(0, 10**12), min_size=1, max_size=6).filter(any),
    )
    def test_parts_sum_and_each_is_within_a_fen_of_its_exact_share(self, amount, weights):
        parts = split_by_weight(amount, weights)

        assert sum(parts) == amount
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part - Fraction(amount * weight, sum(weights))) < 1
            assert weight or not part

    def test_a_tie_goes_to_the_later_party(self):
        assert split_by_weight(1, [1, 1]) == [0, 1]
        assert split_by_weight(100, [1, 1, 1]) == [33, 33, 34]

    @pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [2, -1]])
    def test_weights_that_divide_nothing_are_refused(self, weights):
        with pytest.raises(ValueError):
            split_by_weight(1, weights)
