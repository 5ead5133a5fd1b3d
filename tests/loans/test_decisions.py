"""Decisions: two people of one institution, bound to what they saw, within what the rules allow."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from loans import decisions
from loans.errors import Conflict, NotFound, NotPermitted
from loans.models import Application, ApplicationStep, Clock, FundEntry, GuaranteeFund, Proposal
from loans.workflow import Action, State
from tests.programme import Institution, Programme

HONOUR = {
    "kind": "contest_winner", "level": "city", "project": "修车", "holder": "测试", "year": 2018,
}  # fmt: skip


def _waiting(p: Programme, institution: str) -> tuple[UUID, Institution]:
    """An application that waits for a decision of this institution."""
    if institution == "guarantor":
        return p.under_review(), p.guarantor
    if institution == "bank":
        return p.guaranteed(), p.bank
    application = p.submitted(p.asked_firm())
    p.accept(application)
    p.verify(application)
    return application, p.finance


# --- who decides ----------------------------------------------------------------------------------


@pytest.mark.parametrize("institution", ["guarantor", "bank", "finance"])
def test_nobody_decides_on_their_own_opinion(programme: Programme, institution: str) -> None:
    application, place = _waiting(programme, institution)
    before = programme.row(Application, application).state
    programme.propose(application, place.both)

    with pytest.raises(NotPermitted) as refused:
        programme.agree_to(application, place.both)

    assert refused.value.code == "same-person"
    assert programme.row(Application, application).state is before
    programme.agree_to(application, place.checker)
    assert programme.row(Application, application).state is not before


@pytest.mark.parametrize("institution", ["guarantor", "bank", "finance"])
def test_another_institution_neither_proposes_nor_decides(
    programme: Programme, institution: str
) -> None:
    application, place = _waiting(programme, institution)
    others = {programme.guarantor, programme.bank, programme.finance} - {place}
    for other in others:
        with pytest.raises(NotPermitted):
            programme.propose(application, other.maker)
    programme.propose(application, place.maker)
    for other in others:
        with pytest.raises(NotPermitted) as refused:
            programme.agree_to(application, other.checker)
        assert refused.value.code == "wrong-institution"
    with pytest.raises(NotFound):
        programme.agree_to(application, programme.other_bank.checker)
    with pytest.raises(NotPermitted):
        programme.agree_to(application, place.maker)


def test_there_is_no_decision_without_an_opinion(programme: Programme) -> None:
    application = programme.under_review()
    with pytest.raises(Conflict) as refused:
        programme.agree_to(application, programme.guarantor.checker)
    assert refused.value.code == "no-proposal"


def test_an_opinion_that_was_refused_needs_a_new_one(programme: Programme) -> None:
    application = programme.under_review()
    programme.propose(application, programme.guarantor.maker)
    programme.agree_to(application, programme.guarantor.checker, agree=False)

    with pytest.raises(Conflict) as refused:
        programme.agree_to(application, programme.guarantor.checker)

    assert refused.value.code == "no-proposal"
    programme.decide(application, programme.guarantor)
    assert programme.row(Application, application).state is State.LOAN_APPROVAL


def test_the_latest_opinion_counts(programme: Programme) -> None:
    application = programme.under_review()
    programme.propose(application, programme.guarantor.maker, Action.PASS)
    programme.propose(application, programme.guarantor.both, Action.REJECT)
    programme.agree_to(application, programme.guarantor.checker)
    assert programme.row(Application, application).state is State.REJECTED


# --- what was decided on --------------------------------------------------------------------------


def test_content_edited_after_an_opinion_voids_it(programme: Programme) -> None:
    who = programme.asked(who=1)
    application = programme.under_review(who)
    programme.propose(application, programme.guarantor.maker, Action.PASS)
    programme.decide(application, programme.guarantor, Action.SEND_BACK)
    old = programme.row(Application, application).content_hash
    programme.edit(application, programme.asked(who=1, amount_fen=200_000_00))
    programme.resubmit(application)

    with pytest.raises(Conflict) as refused:
        programme.agree_to(application, programme.guarantor.checker)

    assert refused.value.code == "no-proposal"
    row = programme.decide(application, programme.guarantor)
    assert row.content_hash != old
    assert row.approved_fen == 200_000_00


def test_what_the_guarantee_company_passed_is_not_changed_behind_its_back(
    programme: Programme,
) -> None:
    application = programme.under_review(programme.asked(who=1))
    programme.decide(application, programme.guarantor)
    programme.decide(application, programme.bank, Action.SEND_BACK)

    with pytest.raises(Conflict) as refused:
        programme.edit(application, programme.asked(who=1, amount_fen=200_000_00))

    assert refused.value.code == "content-bound"
    old = programme.row(Application, application).content_hash
    programme.edit(application, programme.asked(who=1))
    programme.resubmit(application)
    row = programme.decide(application, programme.bank)
    assert (row.state, row.content_hash) == (State.APPROVED, old)


def test_facts_are_frozen_at_acceptance(programme: Programme) -> None:
    asked = programme.asked(who=1)
    application = programme.under_review(asked)
    programme.decide(application, programme.guarantor, Action.SEND_BACK)
    other = replace(asked, facts=replace(asked.facts, categories=()))

    with pytest.raises(Conflict) as refused:
        programme.edit(application, other)

    assert refused.value.code == "facts-frozen"


def test_content_that_changed_under_an_opinion_stops_the_decision(programme: Programme) -> None:
    application = programme.under_review()
    programme.propose(application, programme.guarantor.maker)
    with programme.tampering() as session:
        session.execute(update(Application).values(content_hash="0" * 64))

    with pytest.raises(Conflict) as refused:
        programme.agree_to(application, programme.guarantor.checker)

    assert refused.value.code == "content-changed"
    assert programme.row(Application, application).state is State.GUARANTEE_REVIEW


def test_the_bank_may_approve_less_than_was_guaranteed_and_never_more(
    programme: Programme,
) -> None:
    application = programme.under_review()
    programme.decide(application, programme.guarantor, approved_fen=250_000_00)
    for amount in (250_000_01, 0, -1):
        with pytest.raises(Conflict) as refused:
            programme.propose(application, programme.bank.maker, approved_fen=amount)
        assert refused.value.code == "amount-outside"
    row = programme.decide(application, programme.bank, approved_fen=100_000_00)
    assert row.approved_fen == 100_000_00
    (fund,) = programme.rows(select(GuaranteeFund))
    assert (fund.reserved_fen, fund.outstanding_fen) == (100_000_00, 0)


# --- what the rules say ---------------------------------------------------------------------------


def test_an_ineligible_application_is_stored_and_rejected_with_the_sentence(
    programme: Programme,
) -> None:
    application = programme.submitted(programme.asked(facts={"business_division": "320282"}))
    stored = programme.row(Application, application)
    assert stored.assessment["eligible"] == "no"
    programme.accept(application)
    programme.verify(application)

    with pytest.raises(Conflict) as refused:
        programme.propose(application, programme.guarantor.maker)
    assert refused.value.code == "not-eligible"
    assert any("我市行政区域内" in cite for cite in refused.value.cites)

    programme.decide(application, programme.guarantor, Action.REJECT)
    last = programme.rows(select(ApplicationStep).order_by(ApplicationStep.no.desc()))[0]
    assert last.to_state is State.REJECTED
    assert any("我市行政区域内" in cite for cite in last.details["cites"])
    assert programme.rows(select(FundEntry.id).where(FundEntry.application_id.isnot(None))) == []


def test_a_rejection_that_no_finding_asks_for_cites_the_stages_own_sentence(
    programme: Programme,
) -> None:
    person = programme.under_review(programme.asked())
    programme.decide(person, programme.guarantor, Action.REJECT)
    firm = programme.submitted(programme.asked_firm(hires=1))
    programme.accept(firm)
    programme.do(
        programme.verifier,
        "applications.decide_verification",
        lambda ctx: decisions.decide_verification(
            ctx, application_id=firm, action=Action.REJECT, reason="合同不实"
        ),
    )
    rejected = select(ApplicationStep).where(ApplicationStep.action == Action.REJECT)
    by_person, by_firm = programme.rows(rejected.order_by(ApplicationStep.id))
    assert any("完成担保审核" in cite for cite in by_person.details["cites"])
    assert any("实际吸纳人数" in cite for cite in by_firm.details["cites"])


def test_other_live_loans_at_another_bank_use_up_the_300000(programme: Programme) -> None:
    other = programme.asked(who=1, bank=programme.other_bank, amount_fen=100_000_00)
    programme.approved(other, bank=programme.other_bank)

    too_much = programme.under_review(programme.asked(who=1, amount_fen=200_000_01))
    with pytest.raises(Conflict) as refused:
        programme.propose(too_much, programme.guarantor.maker)
    assert refused.value.code == "not-eligible"
    assert any("最高不超过30万元" in cite for cite in refused.value.cites)
    assert "100000.00" in refused.value.message
    assert "B2" not in refused.value.message, "whose loan it is stays with the other bank"

    # Asked for is 200000.01, approved the 200000.00 that are left.
    programme.withdraw(too_much)
    just = programme.approved(programme.asked(who=1, amount_fen=200_000_00))
    assert programme.row(Application, just).approved_fen == 200_000_00


@pytest.mark.parametrize(("amount_fen", "passes"), [(300_000_00, True), (300_000_01, False)])
def test_300000_is_within_the_cap_and_a_fen_more_is_not(
    programme: Programme, amount_fen: int, passes: bool
) -> None:
    application = programme.under_review(programme.asked(amount_fen=amount_fen))
    if passes:
        programme.decide(application, programme.guarantor)
        return
    with pytest.raises(Conflict, match=r"300000\.01元，超过限额"):
        programme.propose(application, programme.guarantor.maker)


def test_a_loan_repaid_in_full_gives_its_part_of_the_cap_back(programme: Programme) -> None:
    note = programme.loan(programme.asked(who=1))
    with pytest.raises(Conflict):
        programme.approved(programme.asked(who=1, amount_fen=1))
    programme.repay(note, 300_000_00, on=programme.today)
    programme.approved(programme.asked(who=1))


@pytest.mark.parametrize("ground", [{"employees": 6}, {"honours": (HONOUR,)}])
def test_500000_needs_a_ground_and_a_passed_appraisal(
    programme: Programme, ground: dict[str, Any]
) -> None:
    asked = programme.asked(amount_fen=500_000_00, facts=ground)
    application = programme.under_review(asked)
    with pytest.raises(Conflict) as incomplete:
        programme.propose(application, programme.guarantor.maker)
    assert incomplete.value.code == "file-incomplete"
    assert "综合评估" in incomplete.value.message

    programme.appraise(application, passed=False)
    with pytest.raises(Conflict) as failed:
        programme.propose(application, programme.guarantor.maker)
    assert failed.value.code == "not-eligible"

    programme.appraise(application, approvable_fen=400_000_00)
    with pytest.raises(Conflict):
        programme.propose(application, programme.guarantor.maker)
    programme.appraise(application)
    row = programme.decide(application, programme.guarantor)
    assert row.approved_fen == 500_000_00


def test_without_a_ground_an_appraisal_raises_nothing(programme: Programme) -> None:
    asked = programme.asked(amount_fen=300_000_01, facts={"employees": 5})
    application = programme.under_review(asked)
    programme.appraise(application)
    with pytest.raises(Conflict) as refused:
        programme.propose(application, programme.guarantor.maker)
    assert refused.value.code == "not-eligible"


def test_a_group_is_verified_before_the_guarantee_review_passes(programme: Programme) -> None:
    application = programme.submitted()
    programme.accept(application)
    with pytest.raises(Conflict) as refused:
        programme.propose(application, programme.guarantor.maker)
    assert refused.value.code == "not-verified"
    programme.verify(application, passed=False)
    programme.appraise(application)
    row = programme.decide(application, programme.guarantor)
    assert (row.subsidy_class, row.share_pct) == ("half", 50), "not unemployed, but appraised"


def test_a_firm_skips_the_guarantee_and_is_subsidised_by_its_verified_hires(
    programme: Programme,
) -> None:
    application = programme.approved(programme.asked_firm(hires=3, amount_fen=2_000_000_00))
    row = programme.row(Application, application)
    assert (row.subsidy_class, row.share_pct) == ("small_firm", 50)
    assert row.assessment["base_fen"] == 300_000_00
    assert programme.rows(select(Clock)) == []
    assert programme.rows(select(FundEntry).where(FundEntry.application_id == row.id)) == []

    none = programme.submitted(programme.asked_firm(hires=1))
    programme.accept(none)
    programme.verify(none, passed=False)
    with pytest.raises(Conflict) as refused:
        programme.propose(none, programme.finance.maker)
    assert any("每人不超过10万元" in cite for cite in refused.value.cites)


def test_only_what_the_file_names_can_be_verified(programme: Programme) -> None:
    application = programme.submitted()
    programme.accept(application)
    with pytest.raises(NotFound):
        programme.do(
            programme.verifier,
            "applications.verify",
            lambda ctx: decisions.verify(
                ctx, application_id=application, results=[("veteran", True, "证书")]
            ),
        )


# --- the five working days ------------------------------------------------------------------------


def _clocks(p: Programme) -> list[Clock]:
    return p.rows(select(Clock).order_by(Clock.id))


def test_both_clocks_are_due_on_the_fifth_working_day(programme: Programme) -> None:
    days = [
        (date(2019, 4, 26), date(2019, 5, 6)),
        (date(2019, 12, 27), date(2020, 1, 6)),
    ]
    for accepted_on, due_on in days:
        programme.day(accepted_on)
        application = programme.guaranteed()
        row = programme.row(Application, application)
        guarantee, loan = [c for c in _clocks(programme) if c.application_id == row.id]
        assert (guarantee.started_on, guarantee.due_on, guarantee.ended_on) == (
            accepted_on, due_on, accepted_on,
        )  # fmt: skip
        assert (loan.started_on, loan.due_on, loan.ended_on) == (accepted_on, due_on, None)


def test_a_file_sent_back_stops_the_clock_and_it_resumes(at_march: Programme) -> None:
    p = at_march
    application = p.under_review()
    (clock,) = _clocks(p)
    assert clock.due_on == date(2019, 3, 25)

    p.day(date(2019, 3, 20))
    p.decide(application, p.guarantor, Action.SEND_BACK)
    p.day(date(2019, 3, 25))
    p.resubmit(application)

    (clock,) = _clocks(p)
    assert (clock.due_on, clock.ended_on) == (date(2019, 3, 28), None)
    assert clock.stops == [["2019-03-20", "2019-03-25"]]
    p.day(date(2019, 3, 28))
    p.decide(application, p.guarantor)
    first, second = _clocks(p)
    assert (first.due_on, first.ended_on) == (date(2019, 3, 28), date(2019, 3, 28))
    assert (second.state, second.started_on) == (State.LOAN_APPROVAL, date(2019, 3, 28))


def test_every_stop_and_start_is_kept(at_march: Programme) -> None:
    p = at_march
    application = p.under_review()
    for sent_back, came_back in ((20, 21), (22, 25)):
        p.day(date(2019, 3, sent_back))
        p.decide(application, p.guarantor, Action.SEND_BACK)
        p.day(date(2019, 3, came_back))
        p.resubmit(application)

    (clock,) = _clocks(p)
    assert clock.due_on == date(2019, 3, 27)
    assert clock.stops == [["2019-03-20", "2019-03-21"], ["2019-03-22", "2019-03-25"]]
    assert programme_rounds(p, application) == 3


def programme_rounds(p: Programme, application: UUID) -> int:
    """How often a file was in, by its last opinion's round."""
    p.propose(application, p.guarantor.maker)
    return max(p.rows(select(Proposal.round)))


@pytest.fixture
def at_march(database: Any) -> Any:
    """A programme that begins on 2019-03-18, the day of the worked cases."""
    with Programme.begin(database, on=date(2019, 3, 18)) as programme:
        yield programme


# --- capacity -------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["withdraw", "reject", "lapse"])
def test_the_end_of_an_application_gives_its_capacity_back(programme: Programme, end: str) -> None:
    application = programme.guaranteed()
    (fund,) = programme.rows(select(GuaranteeFund))
    assert fund.reserved_fen == 300_000_00

    if end == "withdraw":
        programme.withdraw(application)
    elif end == "reject":
        programme.decide(application, programme.bank, Action.REJECT)
    else:
        programme.decide(application, programme.bank)
        programme.day(programme.today + timedelta(days=89))
        with pytest.raises(Conflict, match="还有 1 日"):
            programme.lapse(application)
        programme.day(programme.today + timedelta(days=1))
        programme.lapse(application)

    (fund,) = programme.rows(select(GuaranteeFund))
    assert (fund.reserved_fen, fund.outstanding_fen) == (0, 0)


def test_a_firms_file_returned_after_verification_keeps_its_verified_hires(
    programme: Programme,
) -> None:
    asked = programme.asked_firm()
    application = programme.submitted(asked)
    programme.accept(application)
    programme.verify(application)
    programme.decide(application, programme.finance, Action.SEND_BACK)

    programme.edit(application, asked)
    programme.resubmit(application)

    assert programme.decide(application, programme.finance).state is State.APPROVED
