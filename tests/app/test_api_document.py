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
    *(
        "keys.issue",
        "keys.agree",
        "keys.revoke",
        "keys.read",
        "audit.read",
        "sign_ins.read",
        "policies.load",
        "calendar.load",
    ),
    *("webhooks.register", "webhooks.remove", "webhooks.read"),
    *("vault.reseal", "borrowers.hold", "borrowers.erase"),
    *("role_changes.ask", "role_changes.agree", "role_changes.drop"),
    *("people.disable", "people.enable", "people.reset"),
    *("second_factor.begin", "second_factor.confirm", "passwords.change"),  # a person's own page
}
# Lists without pages, and why they end.
WHOLE = {
    **dict.fromkeys(("applications.history", "notes.history", "notes.schedule"), "one record's"),
    **dict.fromkeys(("notes.accrued", "dunning.list_log"), "one record's"),
    **dict.fromkeys(("payouts.list_recoveries", "forecasts.of_note"), "one record's"),
    "forecasts.of_application": "one record's",
    **dict.fromkeys(("forecasts.budget", "statistics.show", "statistics.hit_rates"), "sums"),
    **dict.fromkeys(("clocks.hit_rate", "watch.list_rates"), "sums"),
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
    print(f"idempotency: {len(writes)} of {len(writes)} writes ask for a key, 0 uncovered")


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


def test_every_list_that_grows_is_paged_by_the_last_row_seen(all_operations):
    """Never by counting rows: a page goes on after a record (or, in a file, after its line)."""
    paged, whole = [], set()
    for operation in all_operations:
        if operation.method != "get" or not operation.is_list:
            continue
        query = operation.parameters("query")
        if "after" not in query:
            whole.add(operation.name)
            continue
        assert query["limit"]["schema"]["maximum"] == 200, operation.name
        is_of_a_file = operation.name == "claims.lines"
        assert is_of_a_file or '"uuid"' in json.dumps(query["after"]), operation.name
        paged.append(operation.name)
    assert whole == WHOLE.keys()
    print(f"lists: {len(paged)} paged, {len(whole)} that end by themselves")


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
