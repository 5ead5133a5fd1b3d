"""Interest at the contract rate: hand-made sums, and the accrual core on thousands of notes."""

from datetime import date
from random import Random

import pytest

from loans.daycount import DayCount
from loans.interest import Change, contract_interest_fen
from loans.settlement import AT_MATURITY
from subsidy.accrual import booked, day
from tests.subsidy.nasty import columns, life_days, nasty_loan

TERMS = {
    "principal_fen": 300_000_00,
    "rate_ppm": 43_500,
    "day_count": DayCount.ACT_360,
    "settlement": "quarterly-20",
    "disbursed_on": date(2019, 4, 10),
    "matures_on": date(2020, 4, 10),
}


@pytest.mark.parametrize(
    ("until", "fen"),
    [
        (date(2019, 4, 10), 0),
        (date(2019, 4, 11), 36_25),
        (date(2019, 9, 21), 2610_00 + 3335_00),
        (date(2020, 4, 10), 13_267_50),
        # 92 days after the maturity at the contract's rate, not the penalty's: 36.25 a day
        (date(2020, 7, 11), 13_267_50 + 92 * 36_25),
    ],
)
def test_a_worked_note_has_the_interest_of_the_hand_calculation(until, fen):
    assert contract_interest_fen(**TERMS, changes=(), until=until) == fen


def test_a_prepayment_and_a_new_rate_count_from_their_day():
    changes = [
        Change(date(2019, 8, 1), rate_ppm=36_000),
        Change(date(2019, 7, 1), repaid_fen=100_000_00),
    ]
    # 21 June to 1 July: 10 days of 36.25; July: 31 of 24.1666…; 1 August to 21 September: 51 of 20
    assert contract_interest_fen(**TERMS, changes=changes, until=date(2019, 9, 21)) == (
        2610_00 + 2131_67
    )


def test_it_is_the_accrual_core_s_interest_to_the_fen():
    """Two thousand random notes with every rule and day count, each on ten days of its life."""
    random, compared = Random(18), 0
    loans = [nasty_loan(random) for _ in range(2000)]
    for loan in loans:
        loan.events = [event for event in loan.events if event[1] in ("repaid", "rate")]
    notes, events = columns(loans)
    asked = [life_days(random, loan, 10) for loan in loans]
    found = booked(notes, events, [[day(on) for on in row] for row in asked]).interest_fen
    for loan, days, row in zip(loans, asked, found, strict=True):
        changes = [
            Change(on, repaid_fen=value) if kind == "repaid" else Change(on, rate_ppm=value)
            for on, kind, value in loan.events
        ]
        for on, expected in zip(days, row, strict=True):
            ours = contract_interest_fen(
                principal_fen=loan.principal,
                rate_ppm=loan.rate,
                day_count=DayCount(loan.day_count),
                settlement=AT_MATURITY if loan.settlement == "maturity" else loan.settlement,
                disbursed_on=loan.disbursed,
                matures_on=loan.maturity,
                changes=changes,
                until=on,
            )
            assert ours == expected, (loan, on)
            compared += 1
    print(f"contract interest: {compared} sums equal the accrual core's")
