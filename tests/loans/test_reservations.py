"""A reservation has an end, wherever the file lies: shown before it comes, lapsed by two people."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from loans import overview, reservations
from loans.access import Actor
from loans.errors import Conflict, NotPermitted
from loans.models import Application, GuaranteeFund
from loans.workflow import Action, State
from tests.programme import BEGIN, Programme

END = BEGIN + timedelta(days=90)
SLOT = 300_000_00


def reserved(p: Programme) -> int:
    (fund,) = p.rows(select(GuaranteeFund))
    return int(fund.reserved_fen)


def listed(p: Programme) -> list[tuple[UUID, date, int, bool]]:
    with p.reading() as session:
        ctx = p.installation.context(session, p.guarantor.maker)
        return [
            (row.application.public_id, row.ends_on, row.days_left, row.is_proposed)
            for row in reservations.held(ctx)
        ]


def on_desk(p: Programme, who: Actor) -> list[UUID]:
    """The files on somebody's first screen."""
    with p.reading() as session:
        work = overview.worklist(p.installation.context(session, who))
        return [row.application.public_id for row in work.rows]


@pytest.mark.parametrize("where", ["with the bank", "returned", "approved"])
def test_it_ends_ninety_days_after_the_guarantee_review(programme: Programme, where: str) -> None:
    p = programme
    with p.at_once():
        application = p.guaranteed()
        p.day(BEGIN + timedelta(days=30))
        if where == "returned":
            p.decide(application, p.bank, Action.SEND_BACK)
        elif where == "approved":
            p.decide(application, p.bank)  # the bank's decision does not begin the days anew
        p.day(END - timedelta(days=1))
    assert listed(p) == [(application, END, 1, False)]
    with pytest.raises(Conflict) as early:
        p.lapse(application)
    assert (early.value.code, early.value.details["ends_on"]) == ("reservation-holds", str(END))
    assert early.value.cites

    p.day(END)
    assert on_desk(p, p.bank.checker) == []
    p.propose(application, p.bank.maker, Action.LAPSE)

    assert (listed(p), reserved(p)) == ([(application, END, 0, True)], SLOT)
    assert (on_desk(p, p.bank.maker), on_desk(p, p.other_bank.checker)) == ([], [])
    assert on_desk(p, p.bank.checker) == [application]
    with pytest.raises(NotPermitted):
        p.agree_to(application, p.bank.maker)
    p.agree_to(application, p.bank.checker)
    assert p.row(Application, application).state is State.LAPSED
    assert (listed(p), reserved(p), on_desk(p, p.bank.checker)) == ([], 0, [])


def test_who_proposed_the_lapse_does_not_decide_it(programme: Programme) -> None:
    p = programme
    application = p.guaranteed()
    p.day(END)
    p.propose(application, p.bank.both, Action.LAPSE)
    with pytest.raises(NotPermitted) as refused:
        p.agree_to(application, p.bank.both)
    assert refused.value.code == "same-person"
    p.agree_to(application, p.bank.checker, agree=False)  # the bank approves after all
    p.decide(application, p.bank)
    assert reserved(p) == SLOT


def test_what_was_drawn_stays_and_the_opinion_is_used_up(programme: Programme) -> None:
    p = programme
    application = p.approved()
    p.draw(application, amount_fen=100_000_00, on=BEGIN)
    p.day(END)
    p.lapse(application)
    row = p.row(Application, application)
    assert (row.state, row.approved_fen, reserved(p)) == (State.APPROVED, 100_000_00, 0)
    with pytest.raises(Conflict) as again:
        p.agree_to(application, p.bank.checker)
    assert again.value.code == "no-proposal"


def test_before_the_guarantee_review_nothing_is_held(programme: Programme) -> None:
    p = programme
    application = p.under_review()
    p.day(END)
    with pytest.raises(Conflict) as refused:
        p.lapse(application)
    assert refused.value.code == "action-not-in-state"
    assert "300000.00 元贷款" in refused.value.message
    assert listed(p) == []
