"""Repayment plans: tests/cases/plans.toml, and what holds for every plan."""

import tomllib
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loans.daycount import DayCount, add_months, add_years, ordinal, year_days
from loans.money import percent_to_ppm, yuan_to_fen
from loans.schedule import Method, plan, settlement_for
from loans.settlement import MONTH_END, MONTHLY_20, QUARTERLY_20, due_on_day, period_starts

CASES = tomllib.loads(
    (Path(__file__).parents[1] / "cases" / "plans.toml").read_text(encoding="utf-8")
)["case"]
DAYS = st.dates(date(2018, 1, 1), date(2030, 12, 31))


@st.composite
def notes(draw):
    """The terms of any note of the programme: up to 5 million, up to 36%, up to 4 years."""
    method = draw(st.sampled_from(Method))
    disbursed_on = draw(DAYS)
    agreed = draw(st.sampled_from([QUARTERLY_20, MONTHLY_20, MONTH_END]))
    return {
        "method": method,
        "principal_fen": draw(st.integers(1, 5_000_000_00)),
        "rate_ppm": draw(st.integers(0, 360_000)),
        "disbursed_on": disbursed_on,
        "matures_on": disbursed_on + timedelta(days=draw(st.integers(1, 4 * 366))),
        "every_months": draw(st.sampled_from([1, 3])),
        "day_count": draw(st.sampled_from(DayCount)),
        "settlement": settlement_for(method, disbursed_on=disbursed_on, agreed=agreed),
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_worked_plan_comes_out_to_the_fen(case):
    method, disbursed_on = Method(case["method"]), case["disbursed_on"]
    settlement = case.get("settlement", "")

    rows = plan(
        method=method,
        principal_fen=yuan_to_fen(case["principal"]),
        rate_ppm=percent_to_ppm(case["rate"]),
        disbursed_on=disbursed_on,
        matures_on=case["matures_on"],
        every_months=case.get("every_months", 1),
        day_count=DayCount(case.get("day_count", "act/360")),
        settlement=settlement_for(method, disbursed_on=disbursed_on, agreed=settlement),
    )

    found = [(r.due_on, r.principal_fen, r.interest_fen, r.balance_after_fen) for r in rows]
    assert found == [(row[0], *map(yuan_to_fen, row[1:])) for row in case["rows"]]
    assert [row.no for row in rows] == list(range(1, len(rows) + 1))


@given(notes())
def test_a_plan_repays_the_principal_exactly_and_ends_at_maturity(note):
    rows = plan(**note)

    assert sum(row.principal_fen for row in rows) == note["principal_fen"]
    assert rows[-1].balance_after_fen == 0
    assert rows[-1].due_on == note["matures_on"]
    assert all(row.principal_fen >= 0 and row.interest_fen >= 0 for row in rows)
    assert all(earlier.due_on < later.due_on for earlier, later in pairwise(rows))


@given(notes())
def test_a_plans_interest_is_each_settlement_periods_exact_amount_rounded_once(note):
    rows = plan(**note)

    assert sum(row.interest_fen for row in rows) == sum(map(_half_up, _exact_by_period(note, rows)))


def _exact_by_period(note, rows):
    """The exact interest of each settlement period, day by day, from the balances of a plan."""
    starts = set(period_starts(note["settlement"], note["disbursed_on"], note["matures_on"]))
    falls = {row.due_on: row.principal_fen for row in rows}
    balance, day, exact = note["principal_fen"], note["disbursed_on"], [Fraction(0)]
    # Interest of a day is that of the balance after the day's payments.
    while day < note["matures_on"]:
        balance -= falls.get(day, 0)
        if day in starts:
            exact.append(Fraction(0))
        weight = ordinal(day + timedelta(days=1), note["day_count"]) - ordinal(
            day, note["day_count"]
        )
        year = 1_000_000 * year_days(note["day_count"])
        exact[-1] += Fraction(balance * note["rate_ppm"] * weight, year)
        day += timedelta(days=1)
    return exact


def _half_up(exact):
    return (2 * exact + 1) // 2


@given(notes().filter(lambda note: note["method"] is Method.EQUAL_INSTALMENT))
def test_equal_instalments_are_equal_but_for_the_last(note):
    *rows, _ = plan(**note)

    # Where interest alone exceeds the annuity, or nothing is left, a row cannot be equal.
    ordinary = {row.total_fen for row in rows if row.principal_fen and row.balance_after_fen}
    assert len(ordinary) <= 1


def test_no_rate_is_high_enough_to_make_a_balance_grow():
    rows = plan(
        method=Method.EQUAL_INSTALMENT,
        principal_fen=100_000_00,
        rate_ppm=3_600_000,
        disbursed_on=date(2019, 1, 1),
        matures_on=date(2022, 1, 1),
        day_count=DayCount.ACT_360,
        settlement="due-1",
    )

    balances = [100_000_00, *(row.balance_after_fen for row in rows)]
    assert all(after <= before for before, after in pairwise(balances))


def test_a_loan_of_one_fen_has_a_plan():
    rows = plan(
        method=Method.EQUAL_INSTALMENT,
        principal_fen=1,
        rate_ppm=43500,
        disbursed_on=date(2019, 1, 1),
        matures_on=date(2019, 4, 1),
        day_count=DayCount.ACT_360,
        settlement="due-1",
    )

    assert [(row.principal_fen, row.interest_fen) for row in rows] == [(0, 0), (0, 0), (1, 0)]


@pytest.mark.parametrize(
    "broken",
    [
        {"principal_fen": 0},
        {"rate_ppm": -1},
        {"matures_on": date(2019, 1, 1)},
        {"every_months": 2},
        {"settlement": "monthly-19"},
    ],
)
def test_terms_that_are_no_loan_are_refused(broken):
    terms = {
        "method": Method.BULLET,
        "principal_fen": 1,
        "rate_ppm": 0,
        "disbursed_on": date(2019, 1, 1),
        "matures_on": date(2019, 2, 1),
        "day_count": DayCount.ACT_360,
        "settlement": QUARTERLY_20,
    }
    with pytest.raises(ValueError):
        plan(**terms | broken)


class TestMonthArithmetic:
    @given(DAYS, st.integers(-480, 480))
    def test_keeps_the_day_or_takes_the_months_last(self, day, months):
        later = add_months(day, months)

        assert later.year * 12 + later.month == day.year * 12 + day.month + months
        assert later.day == day.day or (
            later.day < day.day and (later + timedelta(days=1)).day == 1
        )

    def test_three_years_from_a_leap_day_end_on_28_february(self):
        assert add_years(date(2020, 2, 29), 3) == date(2023, 2, 28)
        assert add_years(date(2019, 5, 31), 3) == date(2022, 5, 31)

    def test_a_later_due_day_is_not_clamped_by_an_earlier_one(self):
        assert add_months(date(2019, 1, 31), 2) == date(2019, 3, 31)


class TestDayCounts:
    @pytest.mark.parametrize(
        ("day", "weight"),
        [
            (date(2019, 1, 29), 1),
            (date(2019, 1, 30), 0),
            (date(2019, 1, 31), 1),
            (date(2019, 2, 28), 3),
            (date(2020, 2, 28), 1),
            (date(2020, 2, 29), 2),
            (date(2019, 4, 30), 1),
        ],
    )
    def test_thirty_360_weighs_the_ends_of_months(self, day, weight):
        count = DayCount.THIRTY_360

        assert ordinal(day + timedelta(days=1), count) - ordinal(day, count) == weight

    @given(DAYS, st.integers(1, 40))
    def test_whole_months_weigh_30_days_from_any_day_both_months_have(self, day, months):
        later = add_months(day, months)
        count = DayCount.THIRTY_360

        if later.day == day.day:
            assert ordinal(later, count) - ordinal(day, count) == 30 * months


class TestSettlement:
    @pytest.mark.parametrize(
        ("rule", "starts"),
        [
            (QUARTERLY_20, [date(2019, 12, 21), date(2020, 3, 21)]),
            (
                MONTHLY_20,
                [date(2019, 12, 21), date(2020, 1, 21), date(2020, 2, 21), date(2020, 3, 21)],
            ),
            (MONTH_END, [date(2020, 1, 1), date(2020, 2, 1), date(2020, 3, 1)]),
            (due_on_day(30), [date(2019, 12, 30), date(2020, 1, 30), date(2020, 2, 29)]),
            ("at-maturity", []),
        ],
    )
    def test_periods_begin_where_the_rule_says(self, rule, starts):
        assert period_starts(rule, date(2019, 12, 21), date(2020, 3, 22)) == starts

    def test_a_period_that_begins_on_the_last_day_is_outside(self):
        assert period_starts(QUARTERLY_20, date(2019, 6, 22), date(2019, 9, 21)) == []

    def test_an_unknown_rule_or_day_is_refused(self):
        with pytest.raises(ValueError):
            period_starts("weekly", date(2019, 1, 1), date(2019, 2, 1))
        with pytest.raises(ValueError):
            due_on_day(32)
