"""The OpenAPI document is the contract: what it says holds for every operation."""

import json

import pytest
from fastapi.routing import APIRoute

from app.api import routers
from app.main import create_app
from loans.access import ALLOWED
from tests.app.operations import KEYLESS, OPEN, operations

# In the access table, but only on the command line of the machine itself.
NOT_OVER_HTTP = {
    *("keys.issue", "keys.revoke", "keys.read", "audit.read", "policies.load", "calendar.load"),
    *("webhooks.register", "webhooks.remove", "webhooks.read"),
    *("vault.reseal", "borrowers.hold", "borrowers.erase"),
    *("people.change_roles", "people.disable", "people.enable", "people.reset"),
    *("second_factor.begin", "second_factor.confirm", "passwords.change"),  # a person's own page
}


@pytest.fixture(scope="module")
def document_app():
    return create_app(None)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def all_operations(document_app):
    return list(operations(document_app))


def test_every_write_asks_for_an_idempotency_key(all_operations):
    writes = [operation for operation in all_operations if operation.writes]
    assert len(writes) > 30
    for operation in writes:
        key = operation.parameters("header").get("Idempotency-Key", {})
        assert key.get("required") is True, operation.name
        assert "dry_run" in operation.parameters("query"), operation.name
    names = {operation.name for operation in all_operations}
    assert names >= KEYLESS


def test_every_operation_names_its_line_of_the_access_table(all_operations):
    for operation in all_operations:
        named = "x-operation" in operation.content
        assert named != (operation.name in OPEN | {"session.sign_out"}), operation.name
    over_http = {o.content["x-operation"] for o in all_operations if "x-operation" in o.content}
    assert set(ALLOWED) - over_http <= NOT_OVER_HTTP


def test_every_operation_is_described_in_chinese_with_all_its_problems(all_operations):
    for operation in all_operations:
        content = operation.content
        assert any("\u4e00" <= c <= "\u9fff" for c in content["summary"]), operation.name
        if "x-operation" in content:
            answers = set(content["responses"])
            assert {"400", "401", "403", "404", "422", "500", "503"} <= answers, operation.name
            assert not operation.writes or {"409", "412"} <= answers, operation.name


def test_every_documented_example_is_accepted_by_its_schema(all_operations):
    routes = [route for router in routers() for route in router.routes]
    bodies = {
        route.operation_id: route.body_field
        for route in routes
        if isinstance(route, APIRoute) and route.body_field is not None
    }
    for operation in all_operations:
        request = operation.request()
        if "json" in request:
            _, errors = bodies[operation.name].validate(request["json"], {}, loc=("body",))
            assert not errors, (operation.name, errors)


def test_no_internal_key_is_documented(all_operations):
    """Ids are UUIDs; an integer called id would be a serial key."""
    for operation in all_operations:
        for name, schema in operation.components.items():
            for field, shape in schema.get("properties", {}).items():
                if field == "id" or field.endswith("_id"):
                    assert "integer" not in json.dumps(shape), (name, field)


def test_money_never_travels_as_a_number(all_operations):
    for operation in all_operations:
        for name, schema in operation.components.items():
            for field, shape in schema.get("properties", {}).items():
                assert '"number"' not in json.dumps(shape), (name, field)
