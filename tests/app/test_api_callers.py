"""Who may call what: credentials, roles, isolation of competing banks, sessions."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Newcomer, first_administrators
from app.main import create_app
from app.security import FAILURES_ALLOWED, IDLE, hash_password
from loans.access import Role
from loans.errors import Conflict
from loans.models import Person
from tests.app.conftest import PREFIX
from tests.app.operations import OPEN, UNKNOWN, operations
from tests.app.people import NAMES
from tests.app.requests import application_body, firm_body
from tests.app.test_journey import approve, detail_csv, draw, file_claim


def call(api, login, operation, **given):
    """A well-formed request of an operation; a write is only rehearsed."""
    who = api.as_(login) if login else api.anybody
    path = operation.address(**given).removeprefix(PREFIX)
    headers = {"If-Match": '"1"'} if "If-Match" in operation.parameters("header") else {}
    params = {"dry_run": "true"} if operation.writes else {}
    return who.send(
        operation.method.upper(), path, headers=headers, params=params, **operation.request()
    )


def over_http(api):
    """The operations of the access table."""
    return [o for o in operations(api.app) if "x-operation" in o.content]


def test_nobody_gets_anywhere_without_credentials(api):
    for operation in operations(api.app):
        if operation.name in OPEN:
            continue
        answer = call(api, None, operation)
        assert answer.status_code == 401, operation.name
        assert answer.json()["code"] == "not-signed-in"
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_body_of_nobody_is_not_read(api):
    pieces, answers = [], []
    scope = {"type": "http", "method": "POST", "scheme": "http", "query_string": b""}
    scope["path"] = f"{PREFIX}/applications"

    async def receive():
        pieces.append(b"{" * 1_000)
        return {"type": "http.request", "body": pieces[-1], "more_body": len(pieces) < 20}

    async def send(message):
        answers.append(message)

    for given in (b"", b"Bearer fumin_nobody", b"FUMIN-HMAC-SHA256 key=x, time=1"):
        headers = [(b"authorization", given)] if given else []
        asyncio.run(api.app(scope | {"headers": headers}, receive, send))
        assert answers[0]["status"] == 401 and pieces == []
        answers.clear()


def test_every_operation_obeys_the_access_table_for_every_role(api):
    """A refused role gets 403 and nothing else; an allowed one gets past that check.

    Every pair on SQLite; on PostgreSQL, where the same code decides, two roles an operation.
    """
    every = api.programme.installation.writes.kw["bind"].dialect.name == "sqlite"
    checked = 0
    for operation in over_http(api):
        some = {*sorted(operation.roles)[:1], *sorted(set(Role) - operation.roles)[:1]}
        for role, login in NAMES.items():
            if not every and role not in some:
                continue
            answer = call(api, login, operation)
            refused = answer.status_code == 403 and answer.json()["code"] == "role-not-allowed"
            assert refused == (role not in operation.roles), (operation.name, role, answer.text)
            assert answer.status_code < 500, (operation.name, role, answer.text)
            checked += 1
    print(f"access matrix: {checked} pairs of operation and role")


def test_what_belongs_to_another_bank_does_not_exist(api, programme):
    """Foreign and unknown ids get the same bytes, for every operation and id a bank may send."""
    branch = str(programme.branches[programme.bank.id])
    api.day("2019-04-10")
    person = approve(api, application_body(branch))
    firm = approve(api, firm_body(branch))
    note = draw(api, person, note_no="JJ-1", amount="100000.00", on="2019-04-10")
    drawing = api.as_("B1-maker").post(
        "/disbursements",
        {
            "application_id": firm,
            "contract_no": "HT-1",
            "note_no": "JJ-2",
            "amount": "1.00",
            "signed_on": "2019-04-10",
            "disbursed_on": "2019-04-10",
        },
    )
    api.day("2019-10-08")
    claim = file_claim(api, detail_csv(days=92, since=programme.today.replace(month=6, day=21)))
    api.as_("F-maker").post(f"/claims/{claim['id']}/review", {"comment": "核对"})
    bound = {"content_hash": claim["content_hash"]}
    api.as_("F-checker").post(f"/claims/{claim['id']}/approve", bound)
    order = api.as_("F-maker").post("/remittances", {"claim_id": claim["id"]})
    foreign = {
        "application_id": person,
        "note_id": note["id"],
        "disbursement_id": drawing["id"],
        "claim_id": claim["id"],
        "remittance_id": order["id"],
    }
    checked = 0
    for operation in over_http(api):
        if operation.roles.isdisjoint({Role.BANK_MAKER, Role.BANK_CHECKER}):
            continue
        for name in operation.parameters("path").keys() & foreign.keys():
            theirs = call(api, "B2-both", operation, **{name: foreign[name]})
            nobodys = call(api, "B2-both", operation, **{name: str(UNKNOWN)})
            assert theirs.status_code == nobodys.status_code == 404, (operation.name, theirs.text)
            assert theirs.content == nobodys.content, operation.name
            checked += 1
    assert checked > 20
    print(f"isolation: {checked} pairs of operation and id")
    other = api.as_("B2-maker")
    for path in ("/applications", "/notes", "/disbursements", "/claims", "/remittances"):
        assert other.get(path)["items"] == []
    assert other.get("/applications", status=404, after=person) == other.get(
        "/applications", status=404, after=str(UNKNOWN)
    )
    body = application_body(branch, who=9)
    theirs = other.post("/applications", body, status=404)
    assert theirs == other.post("/applications", body | {"branch_id": str(UNKNOWN)}, status=404)


def test_a_bank_registers_branches_of_its_own_only(api, programme):
    body = {"bank_id": str(programme.bank.id), "code": "002", "name": "城东支行"}
    assert api.as_("B2-checker").post("/branches", body, status=403)["code"] == "other-bank"
    assert api.as_("B1-checker").post("/branches", body)["bank"]["id"] == body["bank_id"]


# --- sessions -----------------------------------------------------------------------------------

PASSWORD = "correct-horse-battery"


@pytest.fixture
def officer(api):
    """Somebody registered over HTTP, with a password."""
    organisation = str(api.programme.bank.id)
    person = {
        "organisation_id": organisation,
        "name": "王芳",
        "login": "wang.fang",
        "roles": ["bank_maker"],
    }
    shown = api.as_("system").post("/people", person)
    assert shown["login"] == "wang.fang"
    p = api.programme
    p.agree_account(p.row(Person, UUID(shown["id"])), hash_password(PASSWORD))
    return {"login": "wang.fang", "password": PASSWORD}


def sign_in(api, credentials, *, status=201):
    answer = api.client.post("/api/v1/session", json=credentials)
    assert answer.status_code == status, answer.text
    return answer


def test_a_session_reads_with_its_cookie_and_writes_with_its_token(api, officer):
    answer = sign_in(api, officer)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    me = api.anybody.get("/me")
    assert (me["name"], me["organisation"]["name"]) == ("王芳", "bank B1")
    body = application_body(str(api.programme.branches[api.programme.bank.id]))
    assert api.anybody.post("/applications", body, status=403)["code"] == "csrf"
    token = {"X-CSRF-Token": answer.json()["csrf"]}
    assert api.anybody.post("/applications", body, headers=token)["state"] == "draft"
    assert api.anybody.send("DELETE", "/session").status_code == 403
    assert api.anybody.send("DELETE", "/session", headers=token).status_code == 204
    api.client.cookies.clear()
    api.anybody.get("/me", status=401)


def test_a_signed_out_cookie_stays_dead(api, officer):
    answer = sign_in(api, officer)
    cookie = dict(api.client.cookies)
    token = {"X-CSRF-Token": answer.json()["csrf"]}
    api.anybody.send("DELETE", "/session", headers=token)
    api.client.cookies.update(cookie)
    api.anybody.get("/me", status=401)


def test_an_idle_session_ends(api, officer):
    sign_in(api, officer)
    installation = api.programme.installation
    late = installation.clock() + IDLE + timedelta(minutes=1)
    api.app.state.installation = replace(installation, clock=lambda: late)
    api.anybody.get("/me", status=401)


def test_wrong_passwords_lock_without_saying_so(api, officer):
    wrong = officer | {"password": "wrong-wrong-wrong"}
    said = {sign_in(api, wrong, status=401).content for _ in range(FAILURES_ALLOWED)}
    said.add(sign_in(api, officer, status=401).content)  # the right one, but locked
    said.add(sign_in(api, wrong | {"login": "nobody"}, status=401).content)
    assert len(said) == 1


def test_the_business_date_is_refused_in_production(api):
    real = replace(api.programme.installation, env="production")
    with TestClient(create_app(real), base_url="https://testserver") as client:
        headers = api.as_("system").headers | {"Idempotency-Key": "12345678"}
        address = "/api/v1/business-date"
        answer = client.put(address, json={"on": "2019-06-01"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "production")
        today = real.clock().date().isoformat()
        assert client.get(address, headers=headers).json()["on"] == today


def test_a_person_who_left_is_out_at_once(api):
    api.as_("B1-maker").get("/me")
    with api.programme.tampering() as session:
        session.query(Person).filter_by(login="B1-maker").update({"active": False})
    api.as_("B1-maker").get("/me", status=401)


def test_only_an_unbegun_installation_takes_first_administrators(programme):
    people = {
        role: Newcomer(role.value, role.value)
        for role in (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN)
    }
    with pytest.raises(Conflict, match="已有登记的机构"):
        first_administrators(programme.installation, people)
