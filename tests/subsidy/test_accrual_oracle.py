"""The core against the independent day-by-day oracle: not one fen may differ."""

from datetime import date
from random import Random

import numpy as np
import pytest

from subsidy.accrual import accrue, booked, day, steps
from tests.subsidy import oracle
from tests.subsidy.nasty import columns, life_days, nasty_loan

CHUNK = 2_500
MONTHS = [date(2019 + month // 12, month % 12 + 1, 1) for month in range(9, 36)]


@pytest.mark.parametrize("seed", range(8))
def test_random_nasty_notes_match_the_oracle_on_their_own_days(seed):
    random = Random(seed)
    loans = [nasty_loan(random) for _ in range(CHUNK)]
    days = [life_days(random, loan, 6) for loan in loans]

    found = booked(*columns(loans), [[day(on) for on in own] for own in days])

    for i, (loan, own) in enumerate(zip(loans, days, strict=True)):
        expected = oracle.booked(loan, own)
        interest = {on: int(found.interest_fen[i, j]) for j, on in enumerate(own)}
        subsidy = {on: int(found.subsidy_fen[i, j]) for j, on in enumerate(own)}
        assert {on: (interest[on], subsidy[on]) for on in own} == expected, loan


@pytest.mark.parametrize("first", [0, 5])
def test_monthly_lines_match_the_oracle_from_any_first_month(first):
    random = Random(100 + first)
    loans = [nasty_loan(random) for _ in range(1_000)]
    months = MONTHS[first:]

    lines = accrue(*columns(loans), [day(on) for on in months])

    for i, loan in enumerate(loans):
        at = oracle.booked(loan, months)
        expected = np.diff([at[on] for on in months], axis=0)
        assert lines.interest_fen[i].tolist() == expected[:, 0].tolist(), loan
        assert lines.subsidy_fen[i].tolist() == expected[:, 1].tolist(), loan


def test_the_shown_steps_add_up_to_the_booked_amounts():
    random = Random(7)
    loans = [nasty_loan(random) for _ in range(400)]
    notes, events = columns(loans)
    windows = np.array([sorted(day(on) for on in life_days(random, loan, 2)) for loan in loans])

    found = booked(notes, events, windows)

    for i, (since, until) in enumerate(windows.tolist()):
        pieces = [
            step for step in steps(notes, events, i, since, until) if day(step.start) >= since
        ]
        interest, subsidy = np.diff(found.interest_fen[i])[0], np.diff(found.subsidy_fen[i])[0]
        assert sum(step.interest_fen for step in pieces) == interest, loans[i]
        assert sum(step.subsidy_fen for step in pieces) == subsidy, loans[i]
