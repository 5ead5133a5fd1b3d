"""An opinion is bound to all that it saw: whatever of the file changes afterwards voids it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from loans import decisions, headcount
from loans.errors import Conflict
from loans.models import Application, Hire, Proposal
from loans.underwriting import Card
from loans.workflow import Action, State
from tests.programme import Programme

MARRIED = {"categories": (), "employees": 6}


def _voided(p: Programme, application: UUID, at: Any) -> None:
    with pytest.raises(Conflict) as refused:
        p.agree_to(application, at.checker)
    assert refused.value.code == "content-changed"


def test_a_verification_that_fails_after_the_opinion(programme: Programme) -> None:
    application = programme.under_review()
    programme.propose(application, programme.guarantor.maker)
    programme.verify(application, passed=False)
    _voided(programme, application, programme.guarantor)
    assert programme.row(Application, application).state is State.GUARANTEE_REVIEW
    # The next opinion sees what is there now: no FULL any more.
    programme.decide(application, programme.guarantor)
    assert programme.row(Application, application).subsidy_class == "none"


@pytest.mark.parametrize("card", Card)
def test_an_appraisal_filled_again_after_the_opinion(programme: Programme, card: Card) -> None:
    application = programme.under_review(programme.asked(facts=MARRIED, amount_fen=300_000_00))
    programme.appraise(application, card=card)
    programme.propose(application, programme.guarantor.maker)
    programme.appraise(application, card=card, passed=False)
    _voided(programme, application, programme.guarantor)


def _paper(p: Programme, application: UUID, asked: Any) -> None:
    p.edit(application, replace(asked, evidence=(*asked.evidence, ("营业执照", "YY-1"))))


def _same(p: Programme, application: UUID, asked: Any) -> None:
    p.edit(application, asked)


@pytest.mark.parametrize(("change", "is_void"), [(_paper, True), (_same, False)])
def test_a_document_filed_under_an_opinion(
    programme: Programme, change: Callable[..., None], is_void: bool
) -> None:
    """Filed while the file is away, it makes another content; named again, it does not."""
    asked = programme.asked(who=1)
    application = programme.under_review(asked)
    before = programme.row(Application, application).content_hash
    programme.decide(application, programme.guarantor, Action.SEND_BACK)
    change(programme, application, asked)
    programme.resubmit(application)
    assert (programme.row(Application, application).content_hash != before) == is_void


@pytest.mark.parametrize(
    "fact", [{"local_hukou": False}, {"graduated_on": date(2018, 6, 30)}, {"open_ended": None}]
)
def test_every_fact_of_a_hire_is_content(programme: Programme, fact: dict[str, Any]) -> None:
    asked = programme.asked_firm(hires=1)
    application = programme.create(asked)
    before = programme.row(Application, application).content_hash
    other = replace(asked, hires=(replace(asked.hires[0], **fact),))
    programme.edit(application, other)
    assert programme.row(Application, application).content_hash != before


def test_one_person_is_listed_once(programme: Programme) -> None:
    """Whatever else the two lines say; the refusal names the person, masked."""
    asked = programme.asked_firm(hires=1)
    (hire,) = asked.hires
    with pytest.raises(Conflict, match=r"新招用人员 员\*+（320281\*+\d{3}[\dX]）列入了不止一次"):
        programme.create(replace(asked, hires=(hire, replace(hire, local_hukou=None))))


def test_hires_are_frozen_at_acceptance(programme: Programme) -> None:
    """（九）9.8: who is hired later counts only by a new application; papers may follow."""
    p = programme
    asked, more = p.asked_firm(hires=1), p.asked_firm(hires=2).hires
    with p.at_once():
        application = p.submitted(asked)
        p.accept(application)
        p.do(
            p.verifier,
            "applications.decide_verification",
            lambda ctx: decisions.decide_verification(
                ctx,
                application_id=application,
                action=Action.SEND_BACK,
                reason="缺件",
                missing=("劳动合同",),
            ),
        )
        with pytest.raises(Conflict, match="新招用人员自 2019-04-01 受理起冻结"):
            p.edit(application, replace(asked, hires=(*asked.hires, *more)))
        p.edit(application, replace(asked, evidence=(*asked.evidence, ("劳动合同", "LD-1"))))
        p.resubmit(application)
        p.verify(application)
    found = p.row(Application, application).assessment
    assert found is not None and found["hires_counted"] == 1


def test_a_hire_who_leaves_after_the_opinion(programme: Programme) -> None:
    with programme.at_once():
        application = programme.submitted(programme.asked_firm(hires=2))
        programme.accept(application)
        programme.verify(application)
        programme.propose(application, programme.finance.maker)
        row = programme.row(Application, application)
        hire = programme.rows(select(Hire.public_id).where(Hire.application_id == row.id))[0]
        programme.do(
            programme.verifier,
            "applications.hire_left",
            lambda ctx: headcount.leave(
                ctx, application_id=application, hire_id=hire, left_on=programme.today
            ),
        )
    _voided(programme, application, programme.finance)
    row = programme.decide(application, programme.finance)
    assert row.assessment is not None and row.assessment["hires_counted"] == 1


def test_what_was_decided_stays_bound_to_its_content(programme: Programme) -> None:
    """The record says on which content each step was taken; a decided file is stamped no more."""
    with programme.at_once():
        application = programme.approved()
    row = programme.row(Application, application)
    opinions = programme.rows(select(Proposal).where(Proposal.application_id == row.id))
    assert {opinion.content_hash for opinion in opinions} == {row.content_hash}
