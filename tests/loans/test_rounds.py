"""补正 round after round, and decisions that are taken once: what the record keeps."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from loans.errors import Conflict, FuminError
from loans.models import Application, ApplicationStep, Appraisal, Proposal
from loans.underwriting import Card
from loans.workflow import Action


def _steps(p, application, action):
    row = p.row(Application, application)
    query = select(ApplicationStep).where(
        ApplicationStep.application_id == row.id, ApplicationStep.action == action
    )
    return p.rows(query.order_by(ApplicationStep.no))


def test_a_return_names_all_that_is_missing_and_a_later_round_is_marked(programme):
    p = programme
    with p.at_once():
        application = p.under_review()
        for missing in (("租赁合同",), ("租赁合同", "纳税证明")):
            p.decide(application, p.guarantor, Action.SEND_BACK, missing=missing)
            p.resubmit(application)
    first, second = _steps(p, application, Action.SEND_BACK)
    assert first.details == {"missing": ["租赁合同"], "late": []}
    assert second.details == {"missing": ["租赁合同", "纳税证明"], "late": ["纳税证明"]}
    assert (first.round, second.round) == (1, 2)


def test_a_return_without_a_list_is_refused(programme):
    application = programme.under_review()
    with pytest.raises(Conflict, match="一次性告知"):
        programme.propose(application, programme.guarantor.maker, Action.SEND_BACK, missing=())


def test_a_pass_without_its_checklist_is_refused_at_both_stages(programme):
    p = programme
    application = p.under_review()
    with pytest.raises(Conflict, match="尽职调查清单（担保审核）"):
        p.propose(application, p.guarantor.maker, checklist=())
    p.decide(application, p.guarantor)
    with pytest.raises(Conflict, match="尽职调查清单（贷款审批）"):
        p.propose(application, p.bank.maker, checklist=())
    p.decide(application, p.bank)
    kept = p.rows(select(Proposal.checklist).order_by(Proposal.id))
    assert [set(checklist) for checklist in kept] == [
        {"identity", "premises", "operation", "credit", "counter_guarantee"},
        {"identity", "purpose", "credit", "other_loans", "related"},
    ]


def test_the_database_takes_one_decision_a_stage_and_round(programme):
    p = programme
    with p.at_once():
        application = p.guaranteed()
    (step,) = _steps(p, application, Action.PASS)
    again = {c.key: getattr(step, c.key) for c in ApplicationStep.__table__.columns}
    del again["id"]
    again |= {"no": step.no + 1, "action": Action.REJECT}
    with pytest.raises(IntegrityError), p.tampering() as session:
        session.execute(insert(ApplicationStep).values(again))


@pytest.mark.parametrize("stage", ["guarantor", "bank"])
def test_two_checkers_at_once_decide_once(programme, stage):
    p = programme
    with p.at_once():
        application = p.under_review() if stage == "guarantor" else p.guaranteed()
        office = getattr(p, stage)
        p.propose(application, office.maker)
    before = p.row(Application, application).state
    start = Barrier(2)

    def decide(by):
        start.wait()
        try:
            p.agree_to(application, by)
        except FuminError as refusal:
            return refusal.code
        return "decided"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(decide, [office.checker, office.both]))
    assert outcomes == ["decided", "no-proposal"]
    (step,) = [row for row in _steps(p, application, Action.PASS) if row.from_state is before]
    assert step.round == 1


class TestAppraisal:
    def test_on_the_half_card_gives_the_half_subsidy_but_not_the_higher_tier(self, programme):
        p = programme
        with p.at_once():
            asked = p.asked(facts={"categories": (), "employees": 6})
            application = p.submitted(asked)
            p.accept(application)
            p.appraise(application, card=Card.HALF)
        found = p.row(Application, application).assessment
        assert (found["subsidy_class"], found["cap_fen"]) == ("half", 300_000_00)
        assert found["attainable_cap_fen"] == 500_000_00

    def test_on_the_higher_tiers_card_serves_for_both(self, programme):
        p = programme
        with p.at_once():
            asked = p.asked(facts={"categories": (), "employees": 6})
            application = p.submitted(asked)
            p.accept(application)
            p.appraise(application, card=Card.RAISED_CAP)
        found = p.row(Application, application).assessment
        assert (found["subsidy_class"], found["cap_fen"]) == ("half", 500_000_00)

    def test_may_agree_to_less_than_the_cap_but_never_to_more(self, programme):
        p = programme
        application = p.submitted(p.asked(amount_fen=450_000_00, facts={"employees": 6}))
        with pytest.raises(Conflict, match=r"不超过 500000\.00元"):
            p.appraise(application, approvable_fen=500_000_01)
        p.appraise(application, approvable_fen=400_000_00)
        assert p.row(Application, application).assessment["cap_fen"] == 400_000_00
        # Less than was asked for may be approved at once, without a round of 补正.
        p.accept(application)
        p.verify(application)
        with pytest.raises(Conflict, match=r"申请 400000\.01元，超过限额"):
            p.decide(application, p.guarantor, approved_fen=400_000_01)
        for office in (p.guarantor, p.bank):
            p.decide(application, office, approved_fen=400_000_00)
        found = p.row(Application, application)
        assert (found.approved_fen, found.assessment["eligible"]) == (400_000_00, "yes")

    def test_is_kept_with_score_items_and_version(self, programme):
        p = programme
        application = p.submitted(p.asked(amount_fen=450_000_00, facts={"employees": 6}))
        for passed in (False, True):
            p.appraise(application, passed=passed)
        first, second = p.rows(select(Appraisal).order_by(Appraisal.id))
        assert (first.score, first.passed, second.score, second.passed) == (0, False, 100, True)
        assert first.policy_version == p.installation.book.version
        assert second.items["credit"]["evidence"] == "实地查看"
