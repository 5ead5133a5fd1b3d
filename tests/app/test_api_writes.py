"""One write, one transaction: keys, rehearsals, replays, and the commit before the answer."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.db import METADATA
from tests.app.conftest import PREFIX, Api, Caller
from tests.app.operations import operation_at, operations
from tests.app.requests import application_body
from tests.app.story import live_through
from tests.app.test_journey import approve, draw
from tests.programme import id_number


@pytest.fixture
def branch(api) -> str:
    return str(api.programme.branches[api.programme.bank.id])


def rows(api) -> dict[str, int]:
    """How many rows every table has."""
    with api.programme.reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table))
            for table in METADATA.sorted_tables
        }


# --- every write of a journey: rehearsed, done, replayed, and its key refused for another ---------


@dataclass(frozen=True)
class CarefulCaller(Caller):
    """Before and after every write it looks at what the write left behind."""

    api: "CarefulApi"

    def send(self, method: str, path: str, *, key: str | None = None, **more: Any) -> Any:
        if method == "GET":
            return super().send(method, path, **more)
        key, api = str(uuid4()), self.api
        before = rows(api)
        api.repeatable(key)
        rehearsed = super().send(method, path, key=key, params={"dry_run": "true"}, **more)
        told = before | {"audit_record": before["audit_record"] + 1}
        assert rows(api) == told, f"the rehearsal of {path} left more than its link"
        api.repeatable(key)
        done = super().send(method, path, key=key, **more)
        assert (rehearsed.status_code, rehearsed.text) == (done.status_code, done.text)
        after = rows(api)
        assert after["idempotency_key"] == before["idempotency_key"] + 1
        assert after["audit_record"] == told["audit_record"] + 1
        replayed = super().send(method, path, key=key, **more)
        assert (replayed.status_code, replayed.content) == (done.status_code, done.content)
        assert replayed.headers["Idempotent-Replayed"] == "true"
        if more.get("json"):
            other = more | {"json": _other(more["json"])}
            reused = super().send(method, path, key=key, **other)
            assert reused.status_code == 422
            assert reused.json()["code"] in ("key-reused", "bad-content")
        assert rows(api) == after, f"replays of {path} left something"
        api.covered.add(operation_at(api.app, method, PREFIX + path).name)
        return done


@dataclass
class CarefulApi(Api):
    """Hands out careful callers."""

    covered: set[str] = field(default_factory=set)

    def as_(self, login: str) -> Caller:
        return CarefulCaller(self.client, super().as_(login).headers, self)


@pytest.fixture
def careful(api) -> CarefulApi:
    return CarefulApi(api.programme, api.app, api.client)


def _other(body: dict[str, Any]) -> dict[str, Any]:
    """Another well-formed body, as far as one field tells."""
    name = next((n for n, value in body.items() if value is True or value is False), None)
    return body | ({name: not body[name]} if name else {"dry": "wet"})


def test_every_write_is_rehearsed_done_once_and_replayed(careful):
    live_through(careful)
    writes = [operation.name for operation in operations(careful.app) if operation.writes]
    uncovered = [name for name in writes if name not in careful.covered]
    assert uncovered == []


# --- keys ---------------------------------------------------------------------------------------


def test_a_key_belongs_to_one_request(api, branch):
    maker, key = api.as_("B1-maker"), str(uuid4())
    body = application_body(branch)
    draft = maker.post("/applications", body, key=key)
    assert maker.post("/applications", body, key=key) == draft
    other = maker.post("/applications", body | {"name": "别人"}, key=key, status=422)
    assert other["code"] == "key-reused"
    # the order of fields is not content; another bank may use the same key
    assert maker.post("/applications", dict(reversed(body.items())), key=key) == draft
    guessed = api.as_("B2-maker").send("POST", "/applications", json=body, key=key)
    assert guessed.status_code == 404 and "Idempotent-Replayed" not in guessed.headers
    key = str(uuid4())
    draft = maker.post("/applications", body, key=key)
    theirs = str(api.programme.branches[api.programme.other_bank.id])
    assert api.as_("B2-maker").post("/applications", application_body(theirs), key=key) != draft


def test_an_edit_is_bound_to_the_version_it_names(api, branch):
    maker, key = api.as_("B1-maker"), str(uuid4())
    draft = maker.post("/applications", application_body(branch))
    path, body = f"/applications/{draft['id']}", application_body(branch, amount="1.00")
    maker.put(path, body, status=422)  # without If-Match
    edited = maker.put(path, body, key=key, headers={"If-Match": '"1"'})
    assert edited["version"] == 2
    assert maker.put(path, body, key=key, headers={"If-Match": '"1"'}) == edited
    reused = maker.put(path, body, key=key, headers={"If-Match": '"2"'}, status=422)
    assert reused["code"] == "key-reused"
    stale = maker.put(path, body, headers={"If-Match": '"1"'}, status=412)
    assert stale["code"] == "version-changed"


def test_a_refusal_is_remembered_and_a_misspelling_is_not(api, branch):
    maker = api.as_("B1-maker")
    draft = maker.post("/applications", application_body(branch))["id"]
    refused, before = str(uuid4()), rows(api)
    answer = maker.post(f"/applications/{draft}/resubmit", key=refused, status=409)
    assert answer["code"] == "action-not-in-state"
    after = rows(api)
    assert after["audit_record"] == before["audit_record"] + 1
    assert after["application_step"] == before["application_step"]
    maker.post(f"/applications/{draft}/submit")
    assert maker.post(f"/applications/{draft}/resubmit", key=refused, status=409) == answer

    # a wrong check character is found by the command, a number for money by the schema
    body, key, before = application_body(branch, who=2), str(uuid4()), rows(api)
    misspelt = body["id_no"][:-1] + ("0" if body["id_no"][-1] != "0" else "1")
    wrong = maker.post("/applications", body | {"id_no": misspelt}, key=key, status=422)
    assert "校验位" in wrong["detail"] and misspelt not in wrong["detail"]
    terms = body["terms"] | {"amount": 300000}
    maker.post("/applications", body | {"terms": terms}, key=key, status=422)
    assert rows(api) == before
    assert maker.post("/applications", body, key=key)["state"] == "draft"


def test_a_write_without_a_key_is_refused(api, branch):
    answer = api.client.post(
        f"{PREFIX}/applications",
        json=application_body(branch),
        headers=api.as_("B1-maker").headers,
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key")


def test_natural_keys_hold_with_a_new_key(api, branch):
    api.day("2019-04-10")
    first = approve(api, application_body(branch))
    second = approve(api, application_body(branch, who=2))
    draw(api, first, note_no="JJ-1", amount="1.00", on="2019-04-10")
    drawing = {
        "application_id": second,
        "contract_no": "HT-other",
        "note_no": "JJ-1",
        "amount": "1.00",
        "signed_on": "2019-04-10",
        "disbursed_on": "2019-04-10",
    }
    taken = api.as_("B1-maker").post("/disbursements", drawing, status=409)
    assert taken["code"] == "already-exists"


# --- the commit ---------------------------------------------------------------------------------


@pytest.fixture
def watched(api) -> Iterator[tuple[Caller, list[str]]]:
    """A maker, and what happens in which order: finished commits, and answers sent."""
    seen: list[str] = []
    maker = api.as_("B1-maker")

    def noted(session: Session) -> None:
        if not session.in_nested_transaction():
            seen.append("committed")

    async def application(scope: Any, receive: Any, send: Any) -> None:
        async def noting(message: Any) -> None:
            if message["type"] == "http.response.start":
                seen.append(f"answered {message['status']}")
            await send(message)

        await api.app(scope, receive, noting)

    event.listen(Session, "after_commit", noted)
    with TestClient(application) as client:
        yield Caller(client, maker.headers), seen
    event.remove(Session, "after_commit", noted)


def test_the_commit_comes_before_the_answer(watched, branch):
    maker, seen = watched
    draft = maker.post("/applications", application_body(branch))
    assert seen[-2:] == ["committed", "answered 201"]
    seen.clear()
    maker.get(f"/applications/{draft['id']}")
    assert seen == ["answered 200"]


def test_a_failing_commit_never_answers_success(api, branch, monkeypatch):
    maker, key, before = api.as_("B1-maker"), str(uuid4()), rows(api)
    dialect = api.programme.installation.writes.kw["bind"].dialect

    def broken(_connection: Any) -> None:
        raise dialect.dbapi.OperationalError("the link broke at COMMIT")

    with monkeypatch.context() as patched:
        patched.setattr(dialect, "do_commit", broken)
        answer = maker.post("/applications", application_body(branch), key=key, status=503)
    assert answer["code"] == "busy"
    assert rows(api) == before
    assert maker.post("/applications", application_body(branch), key=key)["state"] == "draft"


def test_an_unexpected_failure_says_nothing_and_changes_nothing(api, branch, monkeypatch):
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("secret internals")

    maker, before = api.as_("B1-maker"), rows(api)
    monkeypatch.setattr("loans.applications.borrower_for", broken)
    answer = maker.send("POST", "/applications", json=application_body(branch))
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal" and "secret" not in answer.text
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert rows(api) == before


def test_no_answer_holds_an_id_number(api, branch):
    number = id_number(7)
    body = application_body(branch, who=7)
    draft = api.as_("B1-maker").send("POST", "/applications", json=body)
    assert number not in draft.text and "测试7" not in draft.text
    assert "320281********" in draft.text
