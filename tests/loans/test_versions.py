"""Policy versions side by side: new applications follow the newest, old ones keep their own."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from loans import decisions, versions
from loans.errors import Conflict, PolicyGap
from loans.models import Application, Clock, Contract, PolicyVersion
from loans.policy import PolicyBook, content_of, load_policy_book, restored
from loans.underwriting import Card
from loans.workflow import Action, State
from subsidy.quotes import quote_application
from tests.programme import PAPERS, Programme, answered_checklist

BOOK = load_policy_book()
REVIEW = State.GUARANTEE_REVIEW
STRICTER = BOOK.replaced("individual_cap", 200_000_00)


def _adopt(p: Programme, book: PolicyBook) -> PolicyVersion:
    return p.do(p.system, "policies.load", lambda ctx: versions.adopt(ctx, book=book))


def test_a_book_and_its_stored_text_are_the_same_version() -> None:
    again = restored(content_of(BOOK))
    assert (again, again.version) == (BOOK, BOOK.version)


def test_an_accepted_application_keeps_its_version_and_a_new_one_follows_the_newest(programme):
    p = programme
    with p.at_once():
        accepted, submitted = p.under_review(), p.submitted()
    _adopt(p, STRICTER)
    with p.at_once():
        p.accept(submitted)
        p.verify(submitted)
    assert p.row(Application, accepted).policy_version == BOOK.version
    assert p.row(Application, submitted).policy_version == STRICTER.version
    p.decide(accepted, p.guarantor)
    decided = p.row(Application, accepted)
    assert decided.assessment["policy_version"] == BOOK.version
    assert decided.assessment["cap_fen"] == 300_000_00
    with pytest.raises(Conflict, match=r"最高贷款额度 200000\.00元"):
        p.decide(submitted, p.guarantor)


def test_an_appraisal_is_filled_on_the_card_of_the_applications_version(programme):
    p = programme
    with p.at_once():
        accepted = p.submitted(p.asked(amount_fen=400_000_00, facts={"employees": 6}))
        p.accept(accepted)
        _adopt(p, BOOK.replaced("individual_raised_cap", 350_000_00))
        card = p.appraise(accepted, card=Card.RAISED_CAP, approvable_fen=400_000_00)
    assert card.policy_version == BOOK.version


def test_clocks_checklists_and_groups_are_those_of_the_applications_version(programme):
    """A file accepted before is answered on the forms, and in the time, that it began with."""
    p = programme
    checklist = [{"code": "luck", "title": "另一项目"}]
    gone = {key: rule for key, rule in BOOK.parameters.items() if key != "group.unemployed"}
    later = PolicyBook.of(BOOK.documents, gone.values())
    later = later.replaced("due_diligence.guarantee_review", checklist)
    with p.at_once():
        asked = p.asked(who=1)
        application = p.under_review(asked)
        p.decide(application, p.guarantor, Action.SEND_BACK)
        _adopt(p, later.replaced("loan_approval_workdays", 9))
        p.edit(application, asked)  # the new law has no such group, the file's has
        p.resubmit(application)
        p.propose(application, p.guarantor.maker, checklist=answered_checklist(BOOK, REVIEW))
        p.agree_to(application, p.guarantor.checker)
    assert [clock.limit_days for clock in p.rows(select(Clock))] == [5, 5]


def test_a_forecast_keeps_the_findings_of_the_acceptance(programme):
    """A graduate on the last day of the five years stays one, however late the loan is drawn."""
    p = programme
    facts = {"categories": ("unemployed", "graduate"), "graduated_on": "2014-04-01"}
    with p.at_once():
        application = p.submitted(
            replace(p.asked(facts=facts), evidence=(*PAPERS, ("毕业证书", "BY-1")))
        )
        p.accept(application)
        p.do(
            p.verifier,
            "applications.verify",
            lambda ctx: decisions.verify(
                ctx,
                application_id=application,
                results=[("unemployed", False, "无登记"), ("graduate", True, "学信网")],
            ),
        )
        p.day(date(2019, 4, 2))
        with p.reading() as session:
            row = p.row(Application, application)
            found = quote_application(p.installation.context(session, p.bank.maker), row)
        assert {cost.borrower_fen for cost in found.costs} == {0}
        p.decide(application, p.guarantor)
        p.decide(application, p.bank)
        p.draw(application, amount_fen=300_000_00, on=p.today)
    # It counts under the group that was found, not under the one that was claimed in vain.
    assert p.rows(select(Contract.category)) == ["graduate"]


def test_a_contract_carries_the_version_of_its_first_disbursement(programme):
    p = programme
    with p.at_once():
        application = p.approved()
        later = BOOK.replaced("share.full", 80)
        _adopt(p, later)
        p.draw(application, amount_fen=300_000_00, on=p.today)
    (contract,) = p.rows(select(Contract))
    assert (contract.policy_version, contract.share_pct) == (later.version, 80)
    with p.reading() as session:
        assert versions.stored(session, contract.policy_version) == later


def test_an_extension_follows_the_loans_own_version(programme):
    p = programme
    with p.at_once():
        note = p.loan()
        _adopt(p, BOOK.replaced("extension_max_years", 2))
        with pytest.raises(Conflict, match="展期至 2022-03-31"):
            p.report(note, "request_extension", until=date(2022, 3, 31), reason="延后")


def test_going_back_to_an_earlier_version_is_adopting_it_again(programme):
    p = programme
    for book in (STRICTER, BOOK):
        _adopt(p, book)
        with p.reading() as session:
            assert p.installation.law(session) == book
    assert len(p.rows(select(PolicyVersion.version))) == 2


def test_a_fixed_folder_stays_the_law(programme):
    _adopt(programme, STRICTER)
    object.__setattr__(programme.installation, "fixed_book", True)
    with programme.reading() as session:
        assert programme.installation.law(session) == BOOK
    object.__setattr__(programme.installation, "fixed_book", False)


def test_a_version_that_nobody_stored_is_a_gap(programme):
    with programme.reading() as session, pytest.raises(PolicyGap, match="没有保存政策版本"):
        versions.stored(session, "0" * 64)
