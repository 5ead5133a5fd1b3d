"""The budget of the coming months, and what a change of the rules would cost, by hand."""

from datetime import date
from typing import Any

import pytest

from loans.errors import Conflict
from loans.models import Note
from loans.money import half_up
from loans.schedule import Method
from subsidy.forecast import NO_CHANGE, BudgetLine, WhatIf, budget, costs_of_note
from tests.programme import Programme

D = date


def _budget(p: Programme, since: date, months: int, what_if: WhatIf = NO_CHANGE) -> list[Any]:
    with p.reading() as session:
        ctx = p.installation.context(session, p.finance.maker)
        return [line for _, line in budget(ctx, since=since, months=months, what_if=what_if)]


def _amounts(lines: list[BudgetLine]) -> list[tuple[Any, ...]]:
    return [(x.month, x.subsidy_class, x.notes, x.interest_fen, x.subsidy_fen) for x in lines]


def test_a_year_s_loan_costs_what_its_plan_says_until_it_is_paid(programme: Programme) -> None:
    """§8: 300000.00 FULL at 4.35% from 2019-04-10; repaid as planned on 2020-04-10."""
    programme.loan(on=D(2019, 4, 10))
    lines = _budget(programme, D(2019, 5, 15), 13)
    # May 31 days. June: 2610.00 of the quarter − 1885.00 of 52 days, then 10 days 362.50.
    assert _amounts(lines[:2]) == [
        (D(2019, 5, 1), "full", 1, 1_123_75, 1_123_75),
        (D(2019, 6, 1), "full", 1, 1_087_50, 1_087_50),
    ]
    # The last period 725.00 (20 days) − 398.75 (11 days in March); then nothing.
    assert _amounts(lines[-2:]) == [
        (D(2020, 4, 1), "full", 1, 326_25, 326_25),
        (D(2020, 5, 1), "full", 0, 0, 0),
    ]
    for line in lines:
        assert line.central_fen + line.provincial_fen + line.city_fen == line.subsidy_fen


def test_a_what_if_changes_shares_and_caps_and_nothing_else(programme: Programme) -> None:
    programme.loan()
    programme.loan(programme.asked(facts={"categories": ()}))
    may = D(2019, 5, 1)
    # HALF by 1 June 61 days 1105.625 → 1105.63, by 1 May 543.75.
    assert _amounts(_budget(programme, may, 1)) == [
        (may, "full", 1, 1_123_75, 1_123_75),
        (may, "half", 1, 1_123_75, 561_88),
    ]
    # 60% of 2211.25 is 1326.75, of 1087.50 is 652.50.
    more = _budget(programme, may, 1, WhatIf(share_pct={"half": 60}))
    assert _amounts(more) == [
        (may, "full", 1, 1_123_75, 1_123_75),
        (may, "half", 1, 1_123_75, 674_25),
    ]
    # 100000.00 for 61 days 737.08, for 30 days 362.50; half of it 368.54 and 181.25.
    less = _budget(programme, may, 1, WhatIf(cap_fen=100_000_00))
    assert [x.subsidy_fen for x in less] == [374_58, 187_29]
    above = _budget(programme, may, 1, WhatIf(cap_fen=400_000_00))
    assert [x.subsidy_fen for x in above] == [1_123_75, 561_88]


def test_a_note_s_periods_are_what_was_reported_and_then_the_plan(programme: Programme) -> None:
    """§8: 2610.00, 3335.00, 3298.75, 3298.75, 725.00; after a prepayment less."""
    note = programme.loan(on=D(2019, 4, 10))
    assert _costs(programme, note) == [2_610_00, 3_335_00, 3_298_75, 3_298_75, 725_00]
    programme.day(D(2019, 6, 22))
    programme.repay(note, 100_000_00, on=D(2019, 6, 21))
    # Two thirds of 3335.00 is 2223.33, of 3298.75 is 2199.17, of 725.00 is 483.33.
    assert _costs(programme, note) == [2_610_00, 2_223_33, 2_199_17, 2_199_17, 483_33]


def test_a_prepayment_covers_the_instalments_that_come_next(programme: Programme) -> None:
    """120000.00 at 4.35% in twelve instalments on the 10th: a month of 10000.00 is 36.25 in 30."""
    note = programme.loan(on=D(2019, 4, 10), method=Method.EQUAL_PRINCIPAL, amount_fen=120_000_00)
    programme.day(D(2019, 5, 10))
    programme.repay(note, 30_000_00, on=D(2019, 5, 10))  # the one due today and the next two
    owed = [120, *[90] * 3, *range(80, 0, -10)]
    days = [30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 29, 31]
    assert _costs(programme, note) == [
        half_up(thousand * 1_000_00 * 43_500 * n, 360_000_000)
        for thousand, n in zip(owed, days, strict=True)
    ]


def test_what_is_overdue_is_paid_with_the_next_instalment_and_subsidised_again(
    programme: Programme,
) -> None:
    """120000.00 in twelve: after the due day 2019-05-10 no subsidy, from 2019-06-10 again."""
    note = programme.loan(on=D(2019, 4, 10), method=Method.EQUAL_PRINCIPAL, amount_fen=120_000_00)
    programme.day(D(2019, 5, 12))
    programme.report(note, "mark_overdue", due_on=D(2019, 5, 10))
    lines = _budget(programme, D(2019, 5, 1), 3)
    # May: up to the 10th 10 days on 120000.00. June: 21 days on 100000.00. July: 9, 22 on 90000.00.
    assert [x.subsidy_fen for x in lines] == [145_00, 253_75, 348_00]


def test_a_forecast_has_an_end(programme: Programme) -> None:
    for months in (0, 121):
        with pytest.raises(Conflict):
            _budget(programme, D(2019, 5, 1), months)
    with pytest.raises(Conflict, match="请核对年份"):
        _budget(programme, D(9999, 12, 1), 12)


def test_no_cap_is_below_zero(programme: Programme) -> None:
    with pytest.raises(Conflict, match="不能为负"):
        _budget(programme, D(2019, 5, 1), 1, WhatIf(cap_fen=-1))


def _costs(p: Programme, note: Any) -> list[int]:
    with p.reading() as session:
        ctx = p.installation.context(session, p.bank.maker)
        row: Note = p.note(note)
        return [cost.interest_fen for cost in costs_of_note(ctx, row)]
