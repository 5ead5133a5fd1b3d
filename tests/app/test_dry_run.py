"""A dry run answers what the real run answers, whatever is asked; and leaves nothing."""

from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.api.application_views import whole
from app.commands import Answer, Command, execute
from loans import applications
from loans.access import Actor
from loans.models import Application
from tests.programme import Programme

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


def _count(p: Programme) -> int:
    return p.rows(select(func.count(Application.id)))[0]


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
