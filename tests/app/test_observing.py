"""Seen from outside: metrics, request ids in the log, nothing personal there; unchanged reads."""

import io
import json
import logging

import pytest
from starlette.testclient import TestClient

from app import logs
from app.main import create_app
from tests.app.operations import UNKNOWN
from tests.app.requests import application_body
from tests.programme import id_number


@pytest.fixture(params=["sqlite"])
def programme(request, databases, seeded):
    """No database decides here."""
    original, programme = seeded[request.param]
    with databases.copy(original) as database, programme.moved(database) as moved:
        yield moved


@pytest.fixture
def written():
    """What the log says, as it is written in production."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.formatter())
    before = logs.log.level
    logs.log.addHandler(handler)
    logs.log.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logs.log.removeHandler(handler)
    logs.log.setLevel(before)


def test_a_request_is_found_in_the_log_by_its_id(api, written):
    api.as_("B1-maker").send("GET", "/applications?limit=7", headers={"X-Request-Id": "bank-42"})
    (line,) = [each for each in written() if each.get("request_id") == "bank-42"]
    assert (line["event"], line["method"], line["status"]) == ("answered", "GET", 200)
    assert line["route"] == "/api/v1/applications" and line["ms"] >= 0
    assert line["person"] == str(api.programme.bank.maker.public_id)


@pytest.mark.parametrize("given", ["", "x" * 65, "a\tb", "号"])
def test_an_id_that_is_none_is_replaced(api, given):
    answer = api.client.get("/healthz", headers={"X-Request-Id": given.encode()})
    assert answer.headers["x-request-id"] != given and len(answer.headers["x-request-id"]) == 36


def test_a_failure_is_logged_with_its_id_and_tells_the_caller_nothing_else(api, written):
    app = create_app(api.programme.installation)

    @app.get("/api/v1/breaks")
    def breaks():
        raise RuntimeError("SELECT secret FROM somewhere")

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/api/v1/breaks")
    assert answer.status_code == 500 and "SELECT" not in answer.text
    failed, told = written()
    assert failed["level"] == "error" and "RuntimeError" in failed["exception"]
    assert failed["request_id"] == told["request_id"] == answer.json()["request_id"]


def test_metrics_count_by_pattern_and_name_nobody(api):
    maker = api.as_("B1-maker")
    body = application_body(str(api.programme.branches[api.programme.bank.id]))
    draft = maker.post("/applications", body)["id"]
    maker.get(f"/applications/{draft}")
    api.client.get("/no/such/320281199001010011")
    told = api.client.get("/metrics").text
    line = 'fumin_requests_total{method="GET",route="/api/v1/applications/{application_id}",'
    assert line + 'status="200"}' in told
    assert "fumin_request_seconds_bucket" in told
    for word in (draft, "320281199001010011", body["name"]):
        assert word not in told


def test_an_unchanged_answer_is_not_sent_again(api):
    maker = api.as_("B1-maker")
    branch = str(api.programme.branches[api.programme.bank.id])
    draft = maker.post("/applications", application_body(branch))["id"]
    for path in ("/applications", f"/applications/{draft}", "/branches", "/me"):
        first = maker.send("GET", path)
        tag = first.headers["etag"]
        again = maker.send("GET", path, headers={"If-None-Match": f'"other", W/{tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert (
            maker.send("GET", path, headers={"If-None-Match": '"other"'}).content == first.content
        )
    whole, listed = maker.send("GET", f"/applications/{draft}"), maker.send("GET", "/applications")
    tag = whole.headers["etag"]
    assert tag.startswith('"1-'), "a record's version comes first: the tag serves as If-Match too"
    better = application_body(branch)
    maker.put(f"/applications/{draft}", better, headers={"If-Match": tag})
    maker.put(f"/applications/{draft}", better, headers={"If-Match": tag}, status=412)
    for path, before in ((f"/applications/{draft}", whole), ("/applications", listed)):
        after = maker.send("GET", path, headers={"If-None-Match": before.headers["etag"]})
        assert (after.status_code == 304) == (after.headers["etag"] == before.headers["etag"])
    assert maker.send("GET", f"/applications/{draft}").headers["etag"].startswith('"2-')


def test_what_fails_leaves_no_trace_of_the_person_it_was_about(api, written):
    """J1: fifty requests that are refused or broken, each with a name, a number and a phone."""
    maker = api.as_("B1-maker")
    branch = str(api.programme.branches[api.programme.bank.id])
    canary = {"name": "欧阳金丝雀", "id_no": id_number(907), "phone": "13987654321"}
    whole = application_body(branch) | canary
    maker.post("/applications", whole)
    spoilt = [
        whole | {"branch_id": str(UNKNOWN)},
        whole | {"amount": "一百"},
        whole | {"name": "冒名金丝雀"},
        whole | {"id_no": canary["id_no"][:-1] + "?"},
        {"canary": canary},
    ]
    told = []
    for n in range(50):
        answer = maker.send("POST", "/applications", json=spoilt[n % len(spoilt)])
        assert answer.status_code in (404, 409, 422)
        told.append(answer.text)
    maker.send("GET", f"/applications/{canary['id_no']}")
    told.append(api.client.get("/metrics").text)
    logged = json.dumps(written(), ensure_ascii=False)
    assert logged.count("answered") >= 50
    for word in canary.values():
        assert word not in logged
        assert word not in "".join(told)
