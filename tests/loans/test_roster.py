"""A firm's hires over all its loans: each supports 10万 once, later ones raise the sum (9.8)."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select

from loans import headcount
from loans.applications import Asked
from loans.errors import Conflict
from loans.models import Application, Contract, Hire, Movement, MovementKind
from subsidy.accrual import SUBSIDISED_CHANGED
from subsidy.daycount import to_date
from subsidy.queries import read_book
from tests.programme import Programme

START, LATER = date(2019, 5, 6), date(2019, 7, 1)
FIRST = 2_000_000_00


def _first(p: Programme) -> Asked:
    """13 hires, 2000000.00 drawn: a base of 1300000.00."""
    p.day(START)
    asked = p.asked_firm(hires=13, amount_fen=FIRST, term_months=24)
    p.draw(p.approved(asked), amount_fen=FIRST, on=START)
    return asked


def _again(p: Programme, asked: Asked, *, new: int, named_again: int = 0) -> Asked:
    """The same firm asks once more, with new hires (and some of the first ones)."""
    hires = (*asked.hires[:named_again], *p.asked_firm(hires=new).hires)
    return replace(asked, hires=hires)


def _assessment(p: Programme, application: UUID) -> dict[str, object]:
    return p.row(Application, application).assessment


def _left(p: Programme, person: str, on: date) -> None:
    """The first file's hire of this number leaves."""
    index = p.installation.vault.index("id_no", person)
    hire = p.rows(select(Hire).where(Hire.id_index == index).order_by(Hire.id))[0]
    (file,) = p.rows(select(Application.public_id).where(Application.id == hire.application_id))
    p.do(
        p.verifier,
        "applications.hire_left",
        lambda ctx: headcount.leave(ctx, application_id=file, hire_id=hire.public_id, left_on=on),
    )


@pytest.mark.parametrize("named_again", [0, 13])
def test_five_more_hires_give_a_second_loan_500000(programme: Programme, named_again: int) -> None:
    with programme.at_once():
        asked = _first(programme)
        programme.day(LATER)
        second = programme.approved(_again(programme, asked, new=5, named_again=named_again))
        found = _assessment(programme, second)
        assert (found["base_fen"], found["hires_counted"]) == (500_000_00, 18)
        programme.draw(second, amount_fen=FIRST, on=LATER)
        limits = programme.rows(select(Contract.base_limit_fen).order_by(Contract.id))
        assert limits == [1_300_000_00, 1_800_000_00]  # what all the firm's loans share
        assert _subsidised(programme) == {START: 1_300_000_00, LATER: 1_800_000_00}
        # One of the first thirteen leaves: the next period counts 17, whoever named them.
        programme.day(date(2019, 8, 1))
        _left(programme, asked.hires[0].id_no, date(2019, 8, 1))
        recounted = programme.rows(
            select(Movement.on, Movement.amount_fen)
            .where(Movement.kind == MovementKind.HIRES_RECOUNTED)
            .order_by(Movement.id)
        )
        period = date(2019, 9, 21)
        assert [tuple(row) for row in recounted] == [
            (period, 1_200_000_00),
            (period, 1_700_000_00),
        ]
        assert _subsidised(programme)[period] == 1_700_000_00


def _subsidised(p: Programme) -> dict[date, int]:
    """The subsidised principal [fen] of all the notes together, from each day it changes."""
    with p.reading() as session:
        portfolio = read_book(p.installation.context(session, p.finance.maker)).portfolio()
    notes, events = portfolio.notes, portfolio.events
    base = {i: int(notes.subsidised_fen[i]) for i in range(len(notes))}
    steps = [(int(notes.disbursed_on[i]), i, fen) for i, fen in base.items()]
    for i in base:
        own = events.take(slice(i, i + 1))
        changed = own.kind == SUBSIDISED_CHANGED
        steps += [
            (on, i, fen)
            for on, fen in zip(own.on[changed].tolist(), own.value[changed].tolist(), strict=True)
        ]
    held: dict[int, int] = {}
    sums: dict[date, int] = {}
    for on, i, fen in sorted(steps):
        held[i] = fen
        sums[to_date(on)] = sum(held.values())
    return sums


def test_without_new_hires_a_second_loan_has_no_base(programme: Programme) -> None:
    with programme.at_once():
        asked = _first(programme)
        programme.day(LATER)
        second = programme.submitted(_again(programme, asked, new=0, named_again=13))
        assert _assessment(programme, second)["eligible"] == "no"


def test_an_approved_loan_uses_its_hires_before_it_is_drawn(programme: Programme) -> None:
    with programme.at_once():
        asked = programme.asked_firm(hires=3, amount_fen=FIRST)
        programme.approved(asked)
        second = programme.submitted(_again(programme, asked, new=1))
        found = _assessment(programme, second)
        assert (found["attainable_cap_fen"], found["hires_counted"]) == (100_000_00, 3)


def test_a_hire_supports_one_firm_until_they_left_it(programme: Programme) -> None:
    with programme.at_once():
        asked = _first(programme)
        programme.day(LATER)
        other = replace(programme.asked_firm(), hires=asked.hires[:1])
        taken = programme.submitted(other)
        assert _assessment(programme, taken)["eligible"] == "no"
        _left(programme, asked.hires[0].id_no, LATER)
        # Still counted there, to the end of the claim period.
        programme.day(date(2019, 9, 20))
        assert _assessment(programme, programme.submitted(other))["eligible"] == "no"
        programme.day(date(2019, 9, 21))
        assert _assessment(programme, programme.submitted(other))["eligible"] == "unknown"


def test_a_contract_is_open_ended_or_has_a_last_day(programme: Programme) -> None:
    asked = programme.asked_firm()
    both = replace(asked.hires[0], contract_until=date(2021, 1, 1), open_ended=True)
    with pytest.raises(Conflict, match="无固定期限"):
        programme.create(replace(asked, hires=(both,)))
