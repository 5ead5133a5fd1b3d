"""Hostile bodies, fields that are not the caller's, and queries that would be code (F2, F4, F5).

Each operation gets a drawn part of the corpus, the same on both engines; ``FUMIN_HOSTILE`` says how
many bodies (0: all).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from loans.access import OrganisationKind, Role
from tests.app.conftest import PREFIX, Api
from tests.app.hostile import VALUES, WHOLES, corpus
from tests.app.operations import operations
from tests.app.test_api_callers import NAMES
from tests.databases import Databases
from tests.programme import Seeded

EACH = int(os.environ.get("FUMIN_HOSTILE", "5"))
OWNED = (
    "id", "public_id", "status", "state", "version", "bank_id", "organisation_id", "created_at",
    "created_on", "approved_by", "amount_paid", "balance_fen", "checked_by", "by_person_id",
)  # fmt: skip
INJECTIONS = (
    "' OR '1'='1", "'; DROP TABLE note; --", "1 UNION SELECT 1", '" OR ""="', "%' OR 1=1 --", "%",
    "_", "*", "\\", "1;SELECT pg_sleep(9)", "${7*7}", "{{7*7}}", "../../etc/passwd", "\x00", "１",
    "0 OR 1", "id DESC", "(SELECT 1)", "a" * 3_000, "\u202e", "null", "[]", "{}",
)  # fmt: skip


@pytest.fixture
def make_api(databases: Databases, seeded: Seeded) -> Any:
    """A context with the API on an engine."""

    @contextmanager
    def on(kind: str) -> Iterator[Api]:
        original, programme = seeded[kind]
        with databases.copy(original) as database, programme.moved(database) as p:
            app = create_app(p.installation)
            with TestClient(app, raise_server_exceptions=False) as client:
                p.person(p._organisation(OrganisationKind.OBSERVER, "O"), "O-reader", Role.OBSERVER)
                p.person(p.bank.id, "B1-reader", Role.BANK_READER)
                yield Api(p, app, client)

    return on


@pytest.mark.postgresql
def test_no_hostile_body_is_a_fault_of_the_server(make_api) -> None:
    """5xx 0, and both engines give the same status."""
    assert len(VALUES) * len(WHOLES) >= 120
    told: dict[str, dict[tuple[str, str], int]] = {}
    for kind in ("sqlite", "postgresql"):
        with make_api(kind) as api:
            told[kind] = statuses(api)
    assert told["sqlite"] == told["postgresql"]
    assert [where for where, status in told["sqlite"].items() if status >= 500] == []
    print(f"hostile bodies: {len(told['sqlite'])} on each engine, 5xx 0, disagreements 0")


def statuses(api: Any) -> dict[tuple[str, str], int]:
    """What the bodies of the corpus get, by operation and name."""
    found = {}
    for operation in operations(api.app):
        request = operation.request()
        if "x-operation" not in operation.content or "json" not in request:
            continue
        bodies = corpus(request["json"])
        names = sorted(bodies)
        drawn = Random(operation.name).sample(names, EACH or len(names))
        caller = api.as_(NAMES[min(operation.roles)])
        headers = {"Content-Type": "application/json", "If-Match": '"1"'}
        for name in drawn:
            path = operation.address().removeprefix(PREFIX)
            answer = caller.send(
                operation.method.upper(), path, content=bodies[name], headers=headers
            )
            found[operation.name, name] = answer.status_code
    return found


def test_nobody_sets_what_the_programme_sets(make_api) -> None:
    checked = 0
    with make_api("sqlite") as api:
        for operation in operations(api.app):
            body = operation.request().get("json")
            if "x-operation" not in operation.content or not isinstance(body, dict):
                continue
            for name in set(OWNED) - body.keys():
                if _takes(operation, name):
                    continue
                sent = {**operation.request(), "json": body | {name: "1"}}
                answer = _send(api, operation, **sent)
                assert (answer.status_code, answer.json()["code"]) == (422, "bad-content"), (
                    operation.name, name, answer.text,
                )  # fmt: skip
                checked += 1
    print(f"server-owned fields: {checked} refused, 0 accepted")


def test_a_query_is_never_code(make_api) -> None:
    """A filter that is no value of its kind is refused; one that is finds nothing."""
    checked = 0
    with make_api("sqlite") as api:
        for operation in operations(api.app):
            if operation.method != "get" or "x-operation" not in operation.content:
                continue
            for name in operation.parameters("query"):
                path = operation.address().removeprefix(PREFIX)
                caller = api.as_(NAMES[min(operation.roles)])
                drawn = Random(f"{operation.name} {name}").sample(
                    INJECTIONS, EACH or len(INJECTIONS)
                )
                for payload in drawn:
                    answer = caller.send("GET", path, params={name: payload})
                    assert answer.status_code < 500, (operation.name, name, payload, answer.text)
                    if answer.status_code == 200 and "items" in answer.json():
                        assert answer.json()["items"] == [], (operation.name, name, payload)
                    checked += 1
    print(f"injection: {checked} queries, 5xx 0, changed results 0")


def _takes(operation: Any, name: str) -> bool:
    """Whether the field is one of the body's own."""
    schema = operation.content["requestBody"]["content"]["application/json"]["schema"]
    known = operation.components[schema["$ref"].rpartition("/")[2]]
    return name in known.get("properties", {})


def _send(api: Any, operation: Any, **request: Any) -> Any:
    caller = api.as_(NAMES[min(operation.roles)])
    path = operation.address().removeprefix(PREFIX)
    headers = {"If-Match": '"1"'}
    return caller.send(operation.method.upper(), path, headers=headers, **request)
