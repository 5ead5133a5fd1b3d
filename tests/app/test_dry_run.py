"""A dry run answers what the real run answers, whatever is asked; and leaves nothing."""

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.api.application_views import whole
from app.commands import Answer, Command, execute
from loans import applications, decisions
from loans.access import Actor
from loans.models import (
    Application,
    ApplicationStep,
    Appraisal,
    Clock,
    Evidence,
    FundEntry,
    Hire,
    Movement,
    OutboxEvent,
    Proposal,
    Verification,
)
from loans.queries import one
from loans.underwriting import Card
from loans.workflow import Action, BorrowerKind
from tests.programme import Institution, Programme, filled_card

TABLES = (
    Application, ApplicationStep, Proposal, Verification, Appraisal, Clock, Evidence, FundEntry,
    Hire, Movement, OutboxEvent,
)  # fmt: skip
MOMENT = datetime(2019, 4, 1, tzinfo=UTC)
FACTS = st.fixed_dictionaries(
    {
        "business_division": st.sampled_from([None, "320281", "320282"]),
        "local_hukou": st.sampled_from([None, True, False]),
        "categories": st.sampled_from([(), ("unemployed",), ("graduate",), ("farmer", "veteran")]),
        "graduated_on": st.sampled_from([None, "2014-04-01", "2014-03-31"]),
        "employees": st.sampled_from([None, 0, 5, 6]),
        "spouse_has_loan": st.sampled_from([None, True, False]),
    }
)
TERMS = st.fixed_dictionaries(
    {
        "amount_fen": st.sampled_from([0, 1, 300_000_00, 300_000_01, 500_000_00, 500_000_01]),
        "term_months": st.integers(1, 40),
        "rate_ppm": st.integers(0, 240_000),
    }
)


def _both(p: Programme, actor: Actor, operation: str, call: Any, seed: int) -> Answer:
    """The answer of the real run, after a rehearsal with the same ids that said the same."""
    answers = []
    for dry_run in (True, False):
        ids = Random(seed)
        here = replace(
            p.installation,
            clock=lambda: MOMENT,
            new_id=lambda ids=ids: UUID(int=ids.getrandbits(128), version=4),
        )
        command = Command(operation=operation, key=f"k-{seed:08d}", status=200, dry_run=dry_run)
        before = _count(p)
        answers.append(
            execute(
                here, actor, command, call, lambda ctx, row: whole(ctx, row).model_dump(mode="json")
            )
        )
        assert not dry_run or _count(p) == before
    rehearsed, done = answers
    assert (rehearsed.status, rehearsed.body) == (done.status, done.body)
    return done


def _count(p: Programme) -> list[int]:
    return [p.rows(select(func.count(table.id)))[0] for table in TABLES]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts=FACTS, terms=TERMS)
def test_generated_applications_are_answered_alike(programme, facts, terms):
    p = programme
    seed = next(p.numbers) * 10
    asked = p.asked(facts=facts, **terms)
    maker, reviewer = p.bank.maker, p.guarantor.maker
    created = _both(
        p, maker, "applications.create", lambda ctx: applications.create(ctx, asked=asked), seed
    )
    assert created.status == (409 if terms["amount_fen"] == 0 else 200)
    if created.status != 200:
        return
    application = UUID(int=Random(seed).getrandbits(128), version=4)
    steps = (
        (maker, "applications.submit", applications.submit),
        (reviewer, "applications.accept", applications.accept),
    )
    for n, (actor, operation, command) in enumerate(steps, 1):
        answer = _both(
            p, actor, operation, lambda ctx, c=command: c(ctx, application_id=application), seed + n
        )
        assert answer.status in (200, 409)
    assert p.row(Application, application).created_on == date(2019, 4, 1)


# What people do to a file, in whatever state it is: a refusal is rehearsed as well as a success.
ACTS = st.sampled_from(
    ("accept", "verify", "verify", "fail", "appraise", "appraise half", "propose", "propose",
     "agree", "agree", "agree", "refuse", "propose send_back", "resubmit", "propose reject",
     "withdraw")
)  # fmt: skip


def _act(p: Programme, application: UUID, act: str) -> tuple[Actor, str, Any]:
    """Who does it, which operation it is, and the call."""
    row = p.row(Application, application)
    person = row.kind is BorrowerKind.INDIVIDUAL
    desk = _deciding(p, row)
    name, _, how = act.partition(" ")
    match name:
        case "accept":
            office = p.guarantor if person else p.finance
            return office.maker, "applications.accept", applications.accept
        case "resubmit":
            return p.bank.maker, "applications.resubmit", applications.resubmit
        case "withdraw":
            return (
                p.bank.maker,
                "applications.withdraw",
                partial(applications.withdraw, reason="不办了"),
            )
        case "verify" | "fail":
            subjects = row.facts["categories"] if person else _hires(p, row)
            results = [(subject, name == "verify", "登记") for subject in subjects]
            return p.verifier, "applications.verify", partial(decisions.verify, results=results)
        case "appraise":
            card = Card.HALF if how else Card.RAISED_CAP
            items = filled_card(p.installation.book, card)
            return (
                p.guarantor.maker,
                "applications.appraise",
                partial(decisions.appraise, card=card, items=items),
            )
        case "propose":
            action = Action(how or "pass")
            return (
                desk.maker,
                "applications.propose",
                partial(
                    decisions.propose,
                    action=action,
                    reason="意见",
                    checklist=p.answered(application) if action is Action.PASS else (),
                    missing=("租赁合同",) if action is Action.SEND_BACK else (),
                ),
            )
        case _:
            return (
                desk.checker,
                "applications.decide",
                partial(decisions.decide, agree=name == "agree"),
            )


def _deciding(p: Programme, row: Application) -> Institution:
    """Whose turn a decision is; the guarantee company where it is nobody's."""
    return {"loan_approval": p.bank, "subsidy_approval": p.finance}.get(row.state, p.guarantor)


def _hires(p: Programme, row: Application) -> list[str]:
    found = p.rows(select(Hire.public_id).where(Hire.application_id == row.id).order_by(Hire.id))
    return [str(hire) for hire in found]


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hires=st.integers(0, 2), acts=st.lists(ACTS, min_size=4, max_size=10))
def test_whatever_is_done_to_a_file_is_rehearsed_alike(programme, hires, acts):
    """Persons (no hires) and firms, from acceptance to the end of the file, refusals included."""
    p = programme
    with p.at_once():
        asked = p.asked_firm(hires=hires) if hires else p.asked(amount_fen=300_000_00)
        application = p.submitted(asked)
    for act in ("accept", "verify", *acts):
        actor, operation, command = _act(p, application, act)

        def call(ctx: Any, command: Any = command) -> Application:
            command(ctx, application_id=application)
            return one(ctx, Application, application)

        answer = _both(p, actor, operation, call, next(p.numbers) * 10)
        assert answer.status in (200, 403, 409)
