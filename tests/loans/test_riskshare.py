"""Shares of a loss: tests/cases/bank_share.toml, and what holds for every loss and recovery."""

import tomllib
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loans.money import yuan_to_fen
from loans.riskshare import (
    Split,
    bank_share,
    bank_share_pct,
    compensation_rate_ppm,
    leverage_pct,
    remaining_capacity,
    share_recovery,
)

CASES = tomllib.loads(
    (Path(__file__).parents[1] / "cases" / "bank_share.toml").read_text(encoding="utf-8")
)["case"]
LAW = {"threshold_fen": 100_000_00, "minimum_pct": 20}
FEN = st.integers(0, 10**12)
SPLITS = st.builds(Split, st.integers(0, 10**9), st.integers(0, 10**9)).filter(
    lambda split: split.total_fen > 0
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_worked_share_comes_out_to_the_fen(case):
    split = bank_share(
        principal_fen=yuan_to_fen(case["principal"]),
        agreed_pct=case["agreed"],
        compensated_fen=yuan_to_fen(case["compensated"]),
        **LAW,
    )

    assert split == Split(yuan_to_fen(case["bank"]), yuan_to_fen(case["fund"]))


class TestBankShare:
    @pytest.mark.parametrize("principal_fen", [9_999_999, 10_000_000, 10_000_001])
    @pytest.mark.parametrize("agreed_pct", [0, 20, 35])
    def test_fen_by_fen_the_shares_sum_and_the_floor_holds(self, principal_fen, agreed_pct):
        for compensated_fen in range(1, 201):
            split = bank_share(
                principal_fen=principal_fen,
                agreed_pct=agreed_pct,
                compensated_fen=compensated_fen,
                **LAW,
            )

            floor_pct = max(agreed_pct, 20) if principal_fen > 10_000_000 else agreed_pct
            assert split.total_fen == compensated_fen
            assert split.fund_fen >= 0
            assert 0 <= 100 * split.bank_fen - floor_pct * compensated_fen < 100

    @given(FEN, st.integers(0, 100), FEN, FEN, st.integers(0, 100))
    def test_whatever_the_law_says_the_shares_sum(
        self, principal, agreed, loss, threshold, minimum
    ):
        split = bank_share(
            principal_fen=principal,
            agreed_pct=agreed,
            compensated_fen=loss,
            threshold_fen=threshold,
            minimum_pct=minimum,
        )

        assert split.total_fen == loss
        assert min(split.bank_fen, split.fund_fen) >= 0
        assert 100 * split.bank_fen >= agreed * loss
        assert principal <= threshold or 100 * split.bank_fen >= minimum * loss

    @pytest.mark.parametrize("agreed_pct", [-1, 101])
    def test_a_share_outside_0_to_100_is_refused(self, agreed_pct):
        with pytest.raises(ValueError):
            bank_share_pct(principal_fen=1, agreed_pct=agreed_pct, **LAW)

    def test_a_negative_loss_is_refused(self):
        with pytest.raises(ValueError):
            bank_share(principal_fen=1, agreed_pct=20, compensated_fen=-1, **LAW)


class TestCapacity:
    def test_the_last_fen_of_capacity_is_capacity(self):
        assert (
            remaining_capacity(
                fund_fen=1_000_000_00,
                leverage=5,
                outstanding_fen=4_000_000_00,
                reserved_fen=999_999_99,
            )
            == 1
        )

    def test_a_compensation_can_push_the_fund_over_its_limit(self):
        before = remaining_capacity(
            fund_fen=100_00, leverage=5, outstanding_fen=500_00, reserved_fen=0
        )
        after = remaining_capacity(
            fund_fen=60_00, leverage=5, outstanding_fen=450_00, reserved_fen=0
        )

        assert (before, after) == (0, -150_00)

    def test_leverage_and_compensation_rate_round_half_up(self):
        assert leverage_pct(fund_fen=200, outstanding_fen=1001) == 501
        assert compensation_rate_ppm(compensated_fen=1, released_fen=3) == 333_333

    def test_without_a_fund_or_a_release_there_is_no_ratio(self):
        assert leverage_pct(fund_fen=0, outstanding_fen=1) is None
        assert compensation_rate_ppm(compensated_fen=0, released_fen=0) is None


class TestRecovery:
    def test_costs_come_first(self):
        received = share_recovery(
            80, unpaid_costs_fen=100, paid=Split(2000, 8000), recovered=Split(0, 0)
        )

        assert (received.costs_fen, received.shared) == (80, Split(0, 0))

    def test_two_recoveries_of_one_fen_are_shared_as_one_of_two(self):
        first = _receive([1], Split(50, 50))[-1]
        both = _receive([1, 1], Split(50, 50))[-1]

        assert first == Split(0, 1)  # a tie goes to the fund
        assert both == Split(1, 1)

    def test_what_exceeds_the_payment_is_surplus(self):
        received = share_recovery(
            150, unpaid_costs_fen=20, paid=Split(20, 80), recovered=Split(0, 0)
        )

        assert (received.shared, received.surplus_fen) == (Split(20, 80), 30)

    @given(SPLITS, st.lists(st.integers(0, 10**9), min_size=1, max_size=12))
    def test_many_receipts_end_where_one_would(self, paid, amounts):
        totals = _receive(amounts, paid)

        for recovered, total in zip(totals, accumulate(amounts), strict=True):
            total = min(total, paid.total_fen)
            assert recovered.total_fen == total
            assert recovered.bank_fen <= paid.bank_fen
            assert recovered.fund_fen <= paid.fund_fen
            exact = Fraction(total * paid.bank_fen, paid.total_fen)
            assert -Fraction(1, 2) <= recovered.bank_fen - exact < Fraction(1, 2)

    @given(st.data(), SPLITS, st.integers(0, 10**9), st.integers(0, 10**9))
    def test_from_any_earlier_state_sums_are_exact_and_nobody_gains(
        self, data, paid, received_fen, unpaid_costs_fen
    ):
        recovered = Split(
            data.draw(st.integers(0, paid.bank_fen)), data.draw(st.integers(0, paid.fund_fen))
        )

        receipt = share_recovery(
            received_fen, unpaid_costs_fen=unpaid_costs_fen, paid=paid, recovered=recovered
        )

        shared = receipt.shared
        parts = (receipt.costs_fen, shared.bank_fen, shared.fund_fen, receipt.surplus_fen)
        assert sum(parts) == received_fen
        assert min(parts) >= 0
        assert recovered.bank_fen + shared.bank_fen <= paid.bank_fen
        assert recovered.fund_fen + shared.fund_fen <= paid.fund_fen

    def test_a_negative_receipt_is_refused(self):
        with pytest.raises(ValueError):
            share_recovery(-1, unpaid_costs_fen=0, paid=Split(1, 1), recovered=Split(0, 0))


def _receive(amounts, paid):
    """The two payers' totals after each receipt."""
    recovered, totals = Split(0, 0), []
    for amount in amounts:
        shared = share_recovery(amount, unpaid_costs_fen=0, paid=paid, recovered=recovered).shared
        recovered = Split(
            recovered.bank_fen + shared.bank_fen, recovered.fund_fen + shared.fund_fen
        )
        totals.append(recovered)
    return totals
