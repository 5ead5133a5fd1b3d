"""Each convention by hand: the amount a bank gets when it counts or rounds in its own way."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from loans.money import fen_to_yuan
from subsidy.accrual import MONTHLY_20, PRINCIPAL_REPAID, Event, Events, Note, Notes, booked, day
from subsidy.conventions import Convention, amounts, slices

SINCE, UNTIL = date(2019, 6, 21), date(2019, 9, 21)


def _note(**facts: Any) -> Note:
    plain: dict[str, Any] = {
        "note_no": "JJ-1",
        "principal_fen": 150_000_00,
        "disbursed_on": date(2019, 4, 10),
        "matures_on": date(2020, 4, 10),
        "rate_ppm": 47_850,
        "share_pct": 50,
    }
    return Note(**(plain | facts))


def _amount(
    convention: Convention, note: Note, *events: Event, since: date = SINCE, until: date = UNTIL
) -> str:
    notes = Notes.of([note])
    found = slices(notes, Events.of(notes, events), np.array([day(since)]), np.array([day(until)]))
    return fen_to_yuan(int(amounts(found, convention, per_period=True)[0]))


@pytest.mark.parametrize(
    ("convention", "amount", "calculation"),
    [
        (Convention.ACT_365, "904.56", "150000 × 4.785% × 92 ÷ 365 × 50% = 904.5616…"),
        (Convention.THIRTY_360, "897.19", "90 days: 150000 × 4.785% ÷ 4 × 50% = 897.1875"),
        (Convention.WHOLE_MONTHS, "897.19", "3 whole months: as 90 days"),
        (Convention.BOTH_ENDS, "927.09", "93 days: 927.09375"),
        (Convention.TRUNCATED, "917.12", "917.125 cut off"),
        (Convention.HALF_EVEN, "917.12", "917.125 to the even fen"),
        (Convention.PER_SLICE, "917.13", "one slice only: 917.125 half up"),
        # 10 days 99.6875 → 99.69; 31 days 309.03125 → 309.03, twice; 20 days 199.375 → 199.38
        (Convention.PER_MONTH, "917.13", "99.69 + 309.03 + 309.03 + 199.38"),
    ],
)
def test_the_worked_half_class_line(convention: Convention, amount: str, calculation: str) -> None:
    # A day is 150000 × 4.785% ÷ 360 × 50% = 9.96875.
    assert _amount(convention, _note()) == amount, calculation


def test_slices_are_rounded_one_by_one_where_the_balance_changed() -> None:
    # 100000 × 4.35% ÷ 360 = 12.08333… a day for 30 days = 362.50; then half of it for 62 days:
    # 374.58333… → 374.58. Together 737.08; from one rational 737.08333… → 737.08.
    note = _note(principal_fen=100_000_00, rate_ppm=43_500, share_pct=100)
    repaid = Event(note_no="JJ-1", on=date(2019, 7, 21), kind=PRINCIPAL_REPAID, value=50_000_00)

    assert _amount(Convention.PER_SLICE, note, repaid) == "737.08"
    assert _amount(Convention.TRUNCATED, note, repaid) == "737.08"


def test_whole_months_plus_days_clamps_to_the_month_s_end() -> None:
    # 31 May to 5 July: one month (to 30 June) and 5 days, 35; 30/360 gives 30 to 5 July, 35 too;
    # 31 January to 1 March: one month (28 February) and 1 day, 31; 30/360 gives 31.
    note = _note(
        principal_fen=360_000_00, rate_ppm=10_000, share_pct=100, disbursed_on=date(2019, 1, 1)
    )

    assert (
        _amount(Convention.WHOLE_MONTHS, note, since=date(2019, 5, 31), until=date(2019, 7, 5))
        == "350.00"
    )
    assert (
        _amount(Convention.WHOLE_MONTHS, note, since=date(2019, 1, 31), until=date(2019, 3, 1))
        == "310.00"
    )


def test_the_levels_behind_the_conventions_are_the_core_s() -> None:
    """Half up once a settlement period, on the contract's own days, is what the core books."""
    repaid = Event(note_no="JJ-1", on=date(2019, 8, 3), kind=PRINCIPAL_REPAID, value=70_000_00)
    for note in (_note(), _note(settlement=MONTHLY_20), _note(share_pct=100, rate_ppm=43_511)):
        notes = Notes.of([note])
        events = Events.of(notes, [repaid])
        core = booked(notes, events, [day(SINCE), day(UNTIL)]).subsidy_fen[0]
        found = slices(notes, events, np.array([day(SINCE)]), np.array([day(UNTIL)]))
        truncated = int(amounts(found, Convention.TRUNCATED, per_period=True)[0])
        periods = len(np.unique(found.period))

        assert truncated <= core[1] - core[0] <= truncated + periods
