"""A hire who left: the firm's base follows from the start of the next claim period, to the fen."""

import tomllib
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from loans import headcount
from loans.errors import Conflict, NotFound
from loans.models import Application, Hire, Movement, MovementKind
from loans.money import yuan_to_fen
from loans.roster import next_claim_period
from subsidy.models import AccrualLine, LineKind
from tests.programme import Programme

(CASE,) = tomllib.loads(
    (Path(__file__).parents[1] / "cases" / "hire_left.toml").read_text(encoding="utf-8")
)["case"]
START = CASE["disbursed_on"]


def _firm_loan(p: Programme, *, hires: int = CASE["hires"]) -> tuple[object, object]:
    """The case's loan: the application and its note."""
    with p.at_once():
        p.day(START)
        asked = p.asked_firm(hires=hires, amount_fen=yuan_to_fen(CASE["principal"]), term_months=24)
        application = p.approved(asked)
        note = p.draw(application, amount_fen=asked.terms.amount_fen, on=START)
    return application, note


def _leave(p: Programme, application, *, left_on: date, which: int = 0, by=None) -> None:
    row = p.row(Application, application)
    hires = p.rows(select(Hire.public_id).where(Hire.application_id == row.id).order_by(Hire.id))
    p.do(
        by or p.bank.maker,
        "applications.hire_left",
        lambda ctx: headcount.leave(
            ctx, application_id=application, hire_id=hires[which], left_on=left_on
        ),
    )


def _recounts(p: Programme) -> list[tuple[date, int]]:
    query = select(Movement.on, Movement.amount_fen).where(
        Movement.kind == MovementKind.HIRES_RECOUNTED
    )
    return [tuple(row) for row in p.rows(query.order_by(Movement.on, Movement.id))]


def _closed(p: Programme, *months: int) -> list[int]:
    """Close months of 2019; the subsidy of each line [fen]."""
    with p.at_once():
        p.day(date(2019, months[-1] % 12 + 1, 1))
        for month in months:
            p.close(date(2019, month, 1))
    return p.rows(select(AccrualLine.subsidy_fen).order_by(AccrualLine.id))


@pytest.mark.parametrize(
    ("left_on", "from_on"),
    [
        (date(2019, 6, 20), date(2019, 6, 21)),
        (date(2019, 6, 21), date(2019, 6, 21)),  # worked to the period's last day
        (date(2019, 6, 22), date(2019, 9, 21)),
        (date(2019, 12, 22), date(2020, 3, 21)),
    ],
)
def test_a_claim_period_begins_on_the_21st_of_a_quarters_last_month(left_on, from_on):
    assert next_claim_period(left_on) == from_on


def test_the_worked_case(programme):
    application, _ = _firm_loan(programme)
    programme.day(CASE["left_on"])
    _leave(programme, application, left_on=CASE["left_on"])
    assert _recounts(programme) == [(CASE["recounted_on"], yuan_to_fen(CASE["base_after"]))]
    lines = _closed(programme, 5, 6, 7, 8, 9, 10)
    assert sum(lines) == yuan_to_fen(CASE["subsidy_to_october"])


def test_one_who_left_is_reported_late_and_becomes_an_adjustment(programme):
    application, _ = _firm_loan(programme)
    lines = _closed(programme, 5, 6, 7, 8, 9, 10)
    assert sum(lines) == yuan_to_fen(CASE["unknown_to_october"])
    _leave(programme, application, left_on=CASE["left_on"], by=programme.verifier)
    with programme.at_once():
        programme.day(date(2019, 12, 1))
        programme.close(date(2019, 11, 1))
    query = select(AccrualLine.subsidy_fen).where(AccrualLine.kind == LineKind.ADJUSTMENT)
    difference = yuan_to_fen(CASE["subsidy_to_october"]) - yuan_to_fen(CASE["unknown_to_october"])
    assert programme.rows(query) == [difference]


def test_two_who_leave_are_counted_whatever_the_order_of_the_reports(programme):
    application, _ = _firm_loan(programme)
    programme.day(date(2019, 11, 4))
    _leave(programme, application, left_on=date(2019, 10, 8), which=1)
    _leave(programme, application, left_on=date(2019, 8, 12), which=0)
    assert _recounts(programme) == [
        (date(2019, 9, 21), 1_200_000_00),
        (date(2019, 12, 21), 1_200_000_00),
        (date(2019, 12, 21), 1_100_000_00),  # counted again when the earlier one became known
    ]


def test_a_corrected_day_takes_the_first_re_count_back(programme):
    application, _ = _firm_loan(programme)
    programme.day(date(2019, 11, 4))
    _leave(programme, application, left_on=date(2019, 8, 12))
    _leave(programme, application, left_on=date(2019, 10, 12))
    assert _recounts(programme) == [
        (date(2019, 9, 21), 1_200_000_00),
        (date(2019, 9, 21), 1_300_000_00),
        (date(2019, 12, 21), 1_200_000_00),
    ]


def test_above_the_300万_a_departure_may_change_nothing(programme):
    application, _ = _firm_loan(programme, hires=32)
    programme.day(date(2019, 8, 12))
    _leave(programme, application, left_on=date(2019, 8, 12))
    assert _recounts(programme) == [(date(2019, 9, 21), 3_000_000_00)]


def test_one_who_left_before_the_first_drawing_is_re_counted_with_it(programme):
    with programme.at_once():
        programme.day(START)
        application = programme.approved(
            programme.asked_firm(hires=2, amount_fen=500_000_00, term_months=24)
        )
        programme.day(date(2019, 5, 20))
        _leave(programme, application, left_on=date(2019, 5, 20))
        assert _recounts(programme) == []
        programme.draw(application, amount_fen=500_000_00, on=date(2019, 5, 20))
    assert _recounts(programme) == [(date(2019, 6, 21), 100_000_00)]


class TestRefused:
    def test_a_day_before_the_contract_or_after_today(self, programme):
        application, _ = _firm_loan(programme, hires=1)
        for day in (date(2018, 12, 31), date(2019, 5, 7)):
            with pytest.raises(Conflict, match="离职日"):
                _leave(programme, application, left_on=day)

    def test_another_banks_application(self, programme):
        application, _ = _firm_loan(programme, hires=1)
        with pytest.raises(NotFound):
            _leave(programme, application, left_on=START, by=programme.other_bank.maker)
