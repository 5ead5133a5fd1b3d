"""The worked interest cases of the rules: tests/cases/interest.toml."""

import tomllib
from pathlib import Path

import pytest

from loans.money import percent_to_ppm, yuan_to_fen
from subsidy import accrual
from subsidy.accrual import Event, Events, Note, Notes, accrue, booked, day, steps

CASES = tomllib.loads(
    (Path(__file__).parents[1] / "cases" / "interest.toml").read_text(encoding="utf-8")
)["case"]
DAY_COUNTS = {
    "act/360": accrual.ACT_360,
    "act/365": accrual.ACT_365,
    "30/360": accrual.THIRTY_360,
}
SETTLEMENTS = {
    "quarterly-20": accrual.QUARTERLY_20,
    "monthly-20": accrual.MONTHLY_20,
    "monthly-1": accrual.monthly(1),
    "at-maturity": accrual.AT_MATURITY,
}


@pytest.fixture(params=CASES, ids=lambda case: case["name"])
def case(request):
    return request.param


def _columns(case):
    def optional(name, convert, missing):
        return convert(case[name]) if name in case else missing

    note = Note(
        note_no="澄-1",
        principal_fen=yuan_to_fen(case["principal"]),
        disbursed_on=case["disbursed_on"],
        matures_on=case["matures_on"],
        rate_ppm=percent_to_ppm(case["rate"]),
        share_pct=case["share"],
        subsidised_fen=optional("subsidised", yuan_to_fen, accrual.WHOLE_BALANCE),
        benchmark_ppm=optional("benchmark", percent_to_ppm, accrual.CONTRACT_RATE),
        ceiling_ppm=optional("ceiling", percent_to_ppm, accrual.NO_CEILING),
        floor_ppm=optional("floor", percent_to_ppm, 0),
        day_count=DAY_COUNTS[case.get("day_count", "act/360")],
        settlement=SETTLEMENTS[case.get("settlement", "quarterly-20")],
    )
    notes = Notes.of([note])
    return notes, Events.of(notes, list(_events(case)))


def _events(case):
    def event(on, kind, value=0):
        return Event(note_no="澄-1", on=on, kind=kind, value=value)

    for on, amount in case.get("repaid", [[case["matures_on"], case["principal"]]]):
        yield event(on, accrual.PRINCIPAL_REPAID, yuan_to_fen(amount))
    for on, rate in case.get("rates", []):
        yield event(on, accrual.RATE_CHANGED, percent_to_ppm(rate))
    for since, cured in case.get("overdue", []):
        yield event(since, accrual.OVERDUE_FROM)
        yield event(cured, accrual.OVERDUE_CURED)


def test_a_worked_case_comes_out_to_the_fen(case):
    notes, events = _columns(case)
    for start, stop, interest, subsidy in case["periods"]:
        lines = accrue(notes, events, [day(start), day(stop)])

        found = int(lines.interest_fen[0, 0]), int(lines.subsidy_fen[0, 0])
        assert found == (yuan_to_fen(interest), yuan_to_fen(subsidy)), (start, stop)


def test_booked_and_the_shown_steps_agree_with_the_lines(case):
    notes, events = _columns(case)
    for start, stop, interest, subsidy in case["periods"]:
        at = booked(notes, events, [day(start), day(stop)])
        pieces = [
            step for step in steps(notes, events, 0, day(start), day(stop)) if step.start >= start
        ]

        assert at.interest_fen[0, 1] - at.interest_fen[0, 0] == yuan_to_fen(interest)
        assert at.subsidy_fen[0, 1] - at.subsidy_fen[0, 0] == yuan_to_fen(subsidy)
        assert sum(step.interest_fen for step in pieces) == yuan_to_fen(interest)
        assert sum(step.subsidy_fen for step in pieces) == yuan_to_fen(subsidy)


def test_every_case_names_its_sentence_and_shows_its_calculation(case):
    assert case["sentence"].strip() and case["calculation"].strip()
