"""What one caller may ask, send and see: each limit met, and passed by one."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from app.api.strict import DEEPEST, LARGEST_JSON
from app.limits import REMEMBERED, Buckets, TooMany
from app.main import SECURITY_HEADERS, create_app
from app.security import ATTEMPT_COST
from app.web.entitlement import ANSWER_COST
from loans import parties
from loans.access import Role
from loans.errors import Conflict
from loans.models import Person
from tests.app.operations import UNKNOWN


class Clock:
    """Seconds that pass when they are told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


# --- the bucket ---------------------------------------------------------------------------------


def test_a_minute_s_worth_is_served_at_once_and_then_as_it_fills():
    clock = Clock()
    buckets = Buckets(60, clock)
    for _ in range(60):
        buckets.take("a")
    with pytest.raises(TooMany) as refused:
        buckets.take("a")
    assert refused.value.wait_s == 1
    buckets.take("b")
    clock.now = 1.0
    buckets.take("a")
    with pytest.raises(TooMany):
        buckets.take("a")
    clock.now = 1000.0
    for _ in range(60):
        buckets.take("a")
    with pytest.raises(TooMany) as refused:
        buckets.take("a", cost=40)
    assert refused.value.wait_s == 40


def test_the_buckets_themselves_are_bounded():
    buckets = Buckets(60, Clock())
    for caller in range(REMEMBERED + 10):
        buckets.take(caller)
    assert len(buckets._left) == REMEMBERED


# --- over HTTP ----------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite"])
def programme(request, databases, seeded):
    """No database decides here."""
    original, programme = seeded[request.param]
    with databases.copy(original) as database, programme.moved(database) as moved:
        yield moved


def test_a_noisy_bank_waits_and_no_other_does(api):
    headers = {login: api.as_(login).headers for login in ("B1-maker", "B1-checker", "B2-maker")}
    installation = replace(api.programme.installation, buckets=Buckets(60, Clock()))
    with TestClient(create_app(installation), raise_server_exceptions=False) as client:
        for _ in range(60):
            answer = client.get("/api/v1/me", headers=headers["B1-maker"])
            assert answer.status_code == 200
        refused = client.get("/api/v1/me", headers=headers["B1-checker"])
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many")
        assert refused.headers["retry-after"] == "1"
        assert client.get("/api/v1/me", headers=headers["B2-maker"]).status_code == 200
        assert client.get("/healthz").status_code == 200


def test_guessing_passwords_is_slow_from_one_address(api):
    installation = replace(api.programme.installation, buckets=Buckets(2 * ATTEMPT_COST, Clock()))
    guess = {"login": "B1-maker", "password": "wrong-wrong-wrong"}
    with TestClient(create_app(installation), raise_server_exceptions=False) as client:
        said = [client.post("/api/v1/session", json=guess).status_code for _ in range(3)]
        page = client.post("/sign-in", data=guess, headers={"Accept": "text/html"})
    assert said == [401, 401, 429]
    assert page.status_code == 429 and "请求过于频繁" in page.text


def test_the_public_page_answers_one_address_so_often(api):
    installation = replace(api.programme.installation, buckets=Buckets(ANSWER_COST, Clock()))
    with TestClient(create_app(installation), raise_server_exceptions=False) as client:
        said = [client.post("/entitlement", data={"a": "1"}).status_code for _ in range(2)]
        assert client.get("/entitlement").status_code == 200
    assert said == [422, 429]


def test_bodies_pages_and_nesting_at_their_limit_and_one_beyond(api):
    maker = api.as_("B1-maker")
    assert maker.get("/applications", limit=200)["items"] == []
    maker.get("/applications", status=422, limit=201)

    def posted(content: bytes) -> str:
        answer = maker.send(
            "POST", "/assessments", content=content, headers={"Content-Type": "application/json"}
        )
        return answer.json()["code"]

    text = b'{"kind": "%s"}'
    filling = LARGEST_JSON - len(text % b"")
    assert posted(text % (b"x" * filling)) == "bad-content"
    assert posted(text % (b"x" * (filling + 1))) == "too-large"
    nested = lambda depth: json.dumps({"a": None}).replace("null", "[" * depth + "]" * depth)  # noqa: E731
    assert posted(nested(DEEPEST - 1).encode()) == "bad-content"
    assert posted(nested(DEEPEST + 1).encode()) == "bad-json"


def test_the_thirty_first_look_of_a_person_at_a_contact_today_is_refused(api):
    p = api.programme
    p.person(p.bank.id, "B1-second", Role.BANK_MAKER)
    with p.tampering() as session:
        two = update(Person).where(Person.login.in_(("B1-maker", "B1-second")))
        session.execute(two.values(identity_index=b"one person"))
    with p.at_once():
        note = p.loan(amount_fen=100_000_00)
        for _ in range(30):
            p.do(
                p.bank.maker,
                "borrowers.reveal",
                lambda ctx: parties.reveal(ctx, note_id=note, purpose="催收"),
            )
        with pytest.raises(Conflict, match="今日已用完"):
            p.do(
                p.bank.maker,
                "borrowers.reveal",
                lambda ctx: parties.reveal(ctx, note_id=note, purpose="催收"),
            )
    asked = {"purpose": "催收"}
    for login in ("B1-maker", "B1-second"):
        refused = api.as_(login).post(f"/notes/{note}/reveals", asked, status=429)
        assert refused["code"] == "reveals-used-up"
    api.as_("B1-both").post(f"/notes/{note}/reveals", asked)


def test_every_answer_carries_the_security_headers(api):
    maker = api.as_("B1-maker")
    answers = [
        maker.send("GET", "/me"),
        maker.send("GET", f"/notes/{UNKNOWN}"),
        maker.send("POST", "/applications", json={}),
        maker.send("DELETE", "/me"),
        api.anybody.send("GET", "/me"),
        *(
            api.client.get(path)
            for path in (
                "/healthz",
                "/metrics",
                "/sign-in",
                "/openapi.json",
                "/nothing",
                "/static/x",
            )
        ),
    ]
    assert {a.status_code for a in answers} == {200, 401, 404, 405, 422}
    for answer in answers:
        missing = SECURITY_HEADERS.keys() - {name.title() for name in answer.headers}
        assert {name.lower() for name in SECURITY_HEADERS} <= set(answer.headers), missing
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-request-id"]
    with TestClient(api.app, base_url="https://testserver") as client:
        assert "strict-transport-security" in client.get("/healthz").headers
