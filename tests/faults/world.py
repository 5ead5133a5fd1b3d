"""A programme in which almost everything can happen, and the names of what is there.

The story has every kind of record once, at its end. What waits for the next act is added to it:
applications at every stage, drawings, notes of the bank that asks most.
"""

from typing import Any

from fastapi import FastAPI
from sqlalchemy import select
from starlette.testclient import TestClient

from app.main import create_app
from loans.access import OrganisationKind, Role
from loans.models import ExemptionCase, Organisation
from subsidy.models import ClaimCase
from tests.app.conftest import Api
from tests.app.isolation import NAMED
from tests.app.people import NAMES
from tests.app.story import live_through
from tests.programme import Programme

AT_EVERY_STAGE = 4  # of a kind
# Beside what a bank may name.
ALSO: dict[str, tuple[Any, ...]] = {
    "bank": (Organisation,),
    "bank_id": (Organisation,),
    "case_id": (ClaimCase, ExemptionCase),
    "organisation_id": (Organisation,),
}


def populate(p: Programme) -> None:
    """Live through the story, leave work to do, and give everybody the key ``fumin_`` + login."""
    with p.at_once():
        p.person(p._organisation(OrganisationKind.OBSERVER, "O"), "O-reader", Role.OBSERVER)
        p.person(p.bank.id, "B1-reader", Role.BANK_READER)
    app: FastAPI = create_app(p.installation)
    api = Api(p, app, TestClient(app))
    live_through(api)
    for login in NAMES.values():
        api.as_(login)
    with p.at_once():
        for _ in range(AT_EVERY_STAGE):
            _wait_at_every_stage(p)


def _wait_at_every_stage(p: Programme) -> None:
    p.create()
    p.create(p.asked_firm())
    p.return_at_intake(p.submitted())
    p.submitted()
    p.accept(p.submitted())
    p.propose(p.under_review(), p.guarantor.maker)
    p.guaranteed()
    p.request(p.approved(), amount_fen=100_00, on=p.today)
    p.draw(p.approved(), amount_fen=100_000_00, on=p.today)


def names(p: Programme) -> dict[str, list[str]]:
    """What there is to name, by the name of a parameter or field."""
    models = {name: (model,) for name, model in NAMED.items()} | ALSO
    return {
        name: [str(each) for model in kinds for each in p.rows(select(model.public_id))]
        for name, kinds in models.items()
    }
