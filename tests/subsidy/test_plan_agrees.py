"""A plan and the accrual of a note that pays as planned agree to the fen."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loans import settlement
from loans.daycount import DayCount
from loans.schedule import Method, plan, settlement_for
from subsidy import accrual
from subsidy.accrual import Event, Events, Note, Notes, booked, day
from subsidy.codes import DAY_COUNTS, SETTLEMENTS
from subsidy.daycount import to_date
from subsidy.settlement import settlement_days

RULES = [
    settlement.QUARTERLY_20,
    settlement.MONTHLY_20,
    settlement.MONTH_END,
    settlement.AT_MATURITY,
    *(settlement.due_on_day(n) for n in (1, 15, 20, 21, 28, 29, 30, 31)),
]
DAYS = st.dates(date(2018, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize("rule", RULES)
@given(since=DAYS, days=st.integers(0, 800))
def test_both_packages_begin_settlement_periods_on_the_same_days(rule, since, days):
    until = since + timedelta(days=days)

    found = settlement_days(SETTLEMENTS[rule], day(since), day(until))

    assert [to_date(on) for on in found] == settlement.period_starts(rule, since, until)


@given(
    method=st.sampled_from(Method),
    agreed=st.sampled_from(RULES[:3]),
    principal_fen=st.integers(1, 500_000_00),
    rate_ppm=st.integers(0, 240_000),
    disbursed_on=DAYS,
    term=st.integers(1, 1100),
    every_months=st.sampled_from([1, 3]),
    day_count=st.sampled_from(DayCount),
)
def test_each_row_has_the_interest_the_accrual_books(
    method, agreed, principal_fen, rate_ppm, disbursed_on, term, every_months, day_count
):
    rule = settlement_for(method, disbursed_on=disbursed_on, agreed=agreed)
    matures_on = disbursed_on + timedelta(days=term)
    rows = plan(
        method=method,
        principal_fen=principal_fen,
        rate_ppm=rate_ppm,
        disbursed_on=disbursed_on,
        matures_on=matures_on,
        every_months=every_months,
        day_count=day_count,
        settlement=rule,
    )
    note = Note(
        note_no="澄-1",
        principal_fen=principal_fen,
        disbursed_on=disbursed_on,
        matures_on=matures_on,
        rate_ppm=rate_ppm,
        share_pct=100,
        day_count=DAY_COUNTS[day_count],
        settlement=SETTLEMENTS[rule],
    )
    notes = Notes.of([note])
    paid = [
        Event(
            note_no="澄-1",
            on=row.due_on,
            kind=accrual.PRINCIPAL_REPAID,
            value=row.principal_fen,
        )
        for row in rows
        if row.principal_fen
    ]
    # Interest settled on the 20th includes that day; at a due day or the maturity it does not.
    stops = [_settled_before(rule, row.due_on, matures_on) for row in rows]

    at = booked(notes, Events.of(notes, paid), [day(on) for on in [disbursed_on, *stops]])

    totals = at.interest_fen[0]
    assert [int(n) for n in totals[1:] - totals[:-1]] == [row.interest_fen for row in rows]


def _settled_before(rule, due_on, matures_on):
    if due_on == matures_on or rule.startswith("due-"):
        return due_on
    return due_on + timedelta(days=1)
