"""The way of an application: rules.md §4 as a table of commands, tried in every state."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from loans import applications, decisions
from loans.errors import Conflict, FuminError, NotPermitted
from loans.models import Application, ApplicationStep, Clock, Evidence
from loans.workflow import Action, State
from tests.programme import BEGIN, Programme

Deed = Callable[[Programme, UUID], Any]
S = State


def _decided(institution: str, action: Action) -> Deed:
    return lambda p, a: p.decide(a, getattr(p, institution), action)


def _verifier_decides(action: Action) -> Deed:
    return lambda p, a: p.do(
        p.verifier,
        "applications.decide_verification",
        lambda ctx: decisions.decide_verification(
            ctx, application_id=a, action=action, reason="", missing=("劳动合同",)
        ),
    )


DEEDS: dict[str, Deed] = {
    "submit": Programme.submit,
    "accept": Programme.accept,
    "return at intake": Programme.return_at_intake,
    "verify": Programme.verify,
    "resubmit": Programme.resubmit,
    "withdraw": Programme.withdraw,
    "lapse": Programme.lapse,
    "bureau sends back": _verifier_decides(Action.SEND_BACK),
    "bureau rejects": _verifier_decides(Action.REJECT),
    "bureau passes": _verifier_decides(Action.PASS),
    **{
        f"{institution} {action.value}": _decided(institution, action)
        for institution in ("guarantor", "bank", "finance")
        for action in (Action.PASS, Action.SEND_BACK, Action.REJECT)
    },
}

# What rules.md §4 allows, and where it leads; everything else is refused.
WITHDRAWN = {
    (state, "withdraw"): S.WITHDRAWN for state in ("draft", "submitted", "returned from submitted")
}
PERSON = WITHDRAWN | {
    ("draft", "submit"): S.SUBMITTED,
    ("submitted", "accept"): S.GUARANTEE_REVIEW,
    ("submitted", "return at intake"): S.RETURNED,
    ("guarantee_review", "verify"): S.GUARANTEE_REVIEW,
    ("guarantee_review", "guarantor pass"): S.LOAN_APPROVAL,
    ("guarantee_review", "guarantor send_back"): S.RETURNED,
    ("guarantee_review", "guarantor reject"): S.REJECTED,
    ("guarantee_review", "withdraw"): S.WITHDRAWN,
    ("loan_approval", "bank pass"): S.APPROVED,
    ("loan_approval", "bank send_back"): S.RETURNED,
    ("loan_approval", "bank reject"): S.REJECTED,
    ("loan_approval", "withdraw"): S.WITHDRAWN,
    ("loan_approval", "lapse"): S.LAPSED,
    ("returned from submitted", "resubmit"): S.SUBMITTED,
    ("returned from guarantee_review", "resubmit"): S.GUARANTEE_REVIEW,
    ("returned from guarantee_review", "withdraw"): S.WITHDRAWN,
    ("returned from loan_approval", "resubmit"): S.LOAN_APPROVAL,
    ("returned from loan_approval", "withdraw"): S.WITHDRAWN,
    ("returned from loan_approval", "lapse"): S.LAPSED,
    ("approved", "lapse"): S.LAPSED,
}
FIRM = WITHDRAWN | {
    ("draft", "submit"): S.SUBMITTED,
    ("submitted", "accept"): S.HIRE_VERIFICATION,
    ("submitted", "return at intake"): S.RETURNED,
    ("hire_verification", "verify"): S.SUBSIDY_APPROVAL,
    ("hire_verification", "bureau sends back"): S.RETURNED,
    ("hire_verification", "bureau rejects"): S.REJECTED,
    ("hire_verification", "withdraw"): S.WITHDRAWN,
    ("subsidy_approval", "finance pass"): S.APPROVED,
    ("subsidy_approval", "finance send_back"): S.RETURNED,
    ("subsidy_approval", "finance reject"): S.REJECTED,
    ("subsidy_approval", "withdraw"): S.WITHDRAWN,
    ("returned from submitted", "resubmit"): S.SUBMITTED,
    ("returned from hire_verification", "resubmit"): S.HIRE_VERIFICATION,
    ("returned from hire_verification", "withdraw"): S.WITHDRAWN,
    ("returned from subsidy_approval", "resubmit"): S.SUBSIDY_APPROVAL,
    ("returned from subsidy_approval", "withdraw"): S.WITHDRAWN,
    ("approved", "lapse"): S.LAPSED,
}


def _followed(p: Programme, application: UUID, *deeds: str) -> UUID:
    for deed in deeds:
        DEEDS[deed](p, application)
    return application


def _persons(p: Programme) -> dict[str, UUID]:
    """An application of a person in every state (RETURNED from every stage)."""
    to_review = ("submit", "accept", "verify")
    ways = {
        "draft": (),
        "submitted": ("submit",),
        "guarantee_review": to_review,
        "loan_approval": (*to_review, "guarantor pass"),
        "returned from submitted": ("submit", "return at intake"),
        "returned from guarantee_review": (*to_review, "guarantor send_back"),
        "returned from loan_approval": (*to_review, "guarantor pass", "bank send_back"),
        "approved": (*to_review, "guarantor pass", "bank pass"),
        "rejected": (*to_review, "guarantor reject"),
        "withdrawn": ("submit", "withdraw"),
    }
    return {state: _followed(p, p.create(), *way) for state, way in ways.items()}


def _firms(p: Programme) -> dict[str, UUID]:
    to_approval = ("submit", "accept", "verify")
    ways = {
        "draft": (),
        "submitted": ("submit",),
        "hire_verification": ("submit", "accept"),
        "subsidy_approval": to_approval,
        "returned from submitted": ("submit", "return at intake"),
        "returned from hire_verification": ("submit", "accept", "bureau sends back"),
        "returned from subsidy_approval": (*to_approval, "finance send_back"),
        "approved": (*to_approval, "finance pass"),
        "rejected": (*to_approval, "finance reject"),
        "withdrawn": ("submit", "withdraw"),
    }
    return {state: _followed(p, p.create(p.asked_firm()), *way) for state, way in ways.items()}


@pytest.mark.parametrize(
    ("made", "allowed"), [(_persons, PERSON), (_firms, FIRM)], ids=["persons", "firms"]
)
def test_every_deed_is_done_where_the_table_allows_it_and_refused_everywhere_else(
    programme: Programme, made: Callable[[Programme], dict[str, UUID]], allowed: Any
) -> None:
    with programme.at_once():
        states = made(programme)
        lapsed = programme.approved(programme.asked_firm() if allowed is FIRM else None)
        programme.day(BEGIN + timedelta(days=90))  # the reservations' end
        states["lapsed"] = _followed(programme, lapsed, "lapse")

    found = {}
    for name, application in states.items():
        before = programme.row(Application, application)
        for deed, act in DEEDS.items():
            with programme.rehearsed():
                try:
                    act(programme, application)
                except FuminError as refusal:
                    assert refusal.message, "a refusal says why"
                    continue
                found[name, deed] = programme.row(Application, application).state
        after = programme.row(Application, application)
        assert (after.state, after.version) == (before.state, before.version)

    assert found == allowed


def test_every_step_is_kept_with_who_took_it_and_the_content_it_was_taken_on(
    programme: Programme,
) -> None:
    application = programme.approved()

    row = programme.row(Application, application)
    steps = programme.rows(select(ApplicationStep).order_by(ApplicationStep.no))
    p = programme
    assert [(s.no, s.from_state, s.action, s.to_state, s.by_person_id) for s in steps] == [
        (1, S.DRAFT, Action.SUBMIT, S.SUBMITTED, p.bank.maker.person_id),
        (2, S.SUBMITTED, Action.ACCEPT, S.GUARANTEE_REVIEW, p.guarantor.maker.person_id),
        (3, S.GUARANTEE_REVIEW, Action.PASS, S.LOAN_APPROVAL, p.guarantor.checker.person_id),
        (4, S.LOAN_APPROVAL, Action.PASS, S.APPROVED, p.bank.checker.person_id),
    ]
    # The verification between acceptance and review is part of the content.
    asked, verified = steps[0].content_hash, row.content_hash
    assert [step.content_hash for step in steps] == [asked, asked, verified, verified]
    assert asked != verified
    assert (row.accepted_on, row.decided_on) == (BEGIN, BEGIN)
    assert row.policy_version == programme.installation.book.version


def test_persons_are_taken_in_by_the_guarantee_company_and_firms_by_the_finance_bureau(
    programme: Programme,
) -> None:
    person, firm = programme.submitted(), programme.submitted(programme.asked_firm())

    for application, desk in ((person, programme.finance), (firm, programme.guarantor)):
        with pytest.raises(NotPermitted) as refused:
            programme.accept(application, desk.maker)
        assert refused.value.code == "wrong-institution"
    with pytest.raises(NotPermitted):
        programme.accept(person, programme.bank.maker)


def test_a_file_with_missing_papers_is_not_accepted_and_says_which(programme: Programme) -> None:
    asked = programme.asked()
    bare = programme.submitted(type(asked)(**(_fields(asked) | {"evidence": ()})))

    with pytest.raises(Conflict) as refused:
        programme.accept(bare)

    assert refused.value.code == "file-incomplete"
    assert "就业创业证（失业登记）" in refused.value.message
    assert programme.row(Application, bare).state is S.SUBMITTED
    programme.return_at_intake(bare)
    assert programme.rows(select(Clock)) == [], "before the first complete file no clock runs"
    programme.edit(bare, asked)
    programme.resubmit(bare)
    programme.accept(bare)
    kinds = {paper.kind for paper in programme.rows(select(Evidence))}
    assert kinds == {"就业创业证（失业登记）", "户口簿"}


def test_only_drafts_and_returned_files_are_edited_and_never_for_another_borrower(
    programme: Programme,
) -> None:
    first, second = programme.asked(), programme.asked()
    application = programme.create(first)
    edit = partial(programme.edit, application)

    edit(type(first)(**(_fields(first) | {"terms": second.terms})))
    with pytest.raises(Conflict, match="申请人不能更换"):
        edit(second)
    with pytest.raises(Conflict) as stale:
        programme.do(
            programme.bank.maker,
            "applications.edit",
            lambda ctx: applications.edit(ctx, application_id=application, asked=first, version=1),
        )
    assert stale.value.code == "version-changed"
    programme.submit(application)
    with pytest.raises(Conflict) as refused:
        edit(first)
    assert refused.value.code == "not-editable"


def test_another_bank_finds_nothing_and_is_told_the_same_as_for_an_unknown_number(
    programme: Programme,
) -> None:
    application = programme.create()
    messages = set()
    for number in (application, UUID(int=7, version=4)):
        for command in (applications.submit, applications.withdraw):
            more = {"reason": ""} if command is applications.withdraw else {}
            with pytest.raises(FuminError) as refused:
                programme.do(
                    programme.other_bank.maker,
                    f"applications.{command.__name__}",
                    partial(command, application_id=number, **more),
                )
            messages.add((refused.value.code, refused.value.message))

    assert len(messages) == 1
    assert programme.row(Application, application).state is S.DRAFT


def _fields(asked: Any) -> dict[str, Any]:
    return {name: getattr(asked, name) for name in type(asked).__dataclass_fields__}
