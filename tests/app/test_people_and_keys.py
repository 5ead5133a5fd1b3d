"""People and machines: second factor, revocation, keys with scopes, signed requests, no secrets."""

import hashlib
import json
import random
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from app import commands, security, signing
from app.limits import Buckets
from app.main import create_app
from app.security import (
    ABSOLUTE,
    ATTEMPT_COST,
    FAILURES_ALLOWED,
    SIGN_IN,
    STRANGER_COST,
    UNKNOWN,
    SignInRefused,
    hash_token,
)
from app.signing import WINDOW, Part, signature
from app.web import pages
from loans import audit, logins, role_changes, totp
from loans.access import ROLES_OF, OrganisationKind, Role
from loans.errors import Conflict, NotPermitted
from loans.models import ApiKey, Application, AuditRecord, BrowserSession, Person
from tests.app.requests import application_body
from tests.passwords import CHEAP
from tests.programme import FAR, id_number

PASSWORD = "correct-horse-battery"
SECRET = bytes(range(totp.SECRET_BYTES))
HASH = CHEAP.hash(PASSWORD)
PAGES = [
    (method, route.path)
    for module in pages.MODULES
    for route in module.router.routes
    for method in route.methods
]
# What a password alone opens, and what is open to anybody.
ALONE = {"/account", "/account/password", "/account/second-factor"} | {
    "/account/second-factor/confirm",
    "/sign-out",
}
NO_ONE_S = {"/sign-in", "/static/{name}", "/entitlement"}


def secure(p, operation, call):
    """A command of the security administrator."""
    return p.do(p.security, operation, call)


def ask_roles(p, login, roles, by=None):
    """One administrator asks for other roles for somebody."""
    return p.do(
        by or p.system,
        "role_changes.ask",
        lambda ctx: role_changes.ask(ctx, login=login, roles=roles, reason="轮岗"),
    )


def change_roles(p, login, roles):
    """Two administrators give somebody other roles."""
    change = ask_roles(p, login, roles)
    secure(p, "role_changes.agree", lambda ctx: role_changes.agree(ctx, change_id=change.public_id))


def ask_reset(p, login, by=None):
    """One administrator asks for a new password."""
    asking = partial(role_changes.ask_reset, login=login, reason="遗失")
    return p.do(by or p.system, "people.reset", asking)


def with_password(p, login):
    """Two administrators give somebody a new password."""
    (person,) = p.rows(select(Person).where(Person.login == login))
    with p.at_once():
        ask_reset(p, login)
        p.agree_account(person, HASH)
    return login


def actor_of(p, login):
    return {"B1-maker": p.bank.maker, "B1-checker": p.bank.checker}[login]


def code_of(p, ahead=0):
    """The code that the app shows now, or in a later step."""
    seconds = int(p.installation.clock().timestamp())
    return totp.code_at(SECRET, totp.step_of(seconds) + ahead)


def enrolled(p, login):
    """Somebody with a password and an app."""
    actor = actor_of(p, with_password(p, login))
    p.do(actor, "second_factor.begin", lambda ctx: logins.begin_second_factor(ctx, secret=SECRET))
    p.do(
        actor,
        "second_factor.confirm",
        lambda ctx: logins.confirm_second_factor(ctx, code=code_of(p)),
    )
    return login


def sign_in(api, login, code=None, *, status=201):
    body = {"login": login, "password": PASSWORD} | ({"code": code} if code else {})
    answer = api.client.post("/api/v1/session", json=body)
    assert answer.status_code == status, answer.text
    return answer


# --- the second factor --------------------------------------------------------------------------


def test_who_has_an_app_needs_its_code_once_each(api):
    p = api.programme
    enrolled(p, "B1-maker")
    refusals = {sign_in(api, "B1-maker", status=401).content}
    refusals.add(sign_in(api, "B1-maker", "000000", status=401).content)
    fresh = code_of(p, ahead=1)
    sign_in(api, "B1-maker", fresh)
    refusals.add(sign_in(api, "B1-maker", fresh, status=401).content)
    assert len(refusals) == 1, "nobody is told what was wrong"
    for _ in range(FAILURES_ALLOWED - 1):
        sign_in(api, "B1-maker", "000000", status=401)
    assert p.row(Person, p.bank.maker.public_id).locked_until is not None
    told = [entry.outcome for entry in attempts(p)]
    assert told == [*["refused"] * 2, "accepted", *["refused"] * 4, "locked"]


def attempts(p):
    """The links of the chain that tell of signing in."""
    links = select(AuditRecord).where(AuditRecord.operation == SIGN_IN)
    return p.rows(links.order_by(AuditRecord.seq))


def test_an_unknown_login_is_refused_like_a_wrong_password_and_kept_as_a_code(api):
    p = api.programme
    with_password(p, "B1-maker")
    limited = replace(p.installation, buckets=Buckets(ATTEMPT_COST * 5, clock=lambda: 0.0))
    app = create_app(limited)
    typed = "typed-a-password-here"
    with TestClient(app, raise_server_exceptions=False) as client:
        answers = []
        for at, login in enumerate(("B1-maker", typed, "B1-checker", typed)):
            body = {"login": login, "password": f"wrong-{at}"}
            answers.append(client.post("/api/v1/session", json=body))
        assert {(a.status_code, a.content) for a in answers} == {(401, answers[0].content)}
        headers = [a.headers.keys() for a in answers]
        assert headers == headers[:1] * 4
    mine, stranger, other, again = attempts(p)
    assert [e.outcome for e in (mine, stranger, other, again)] == ["refused", UNKNOWN] * 2
    assert stranger.person_id is None and stranger.organisation_id is None
    assert stranger.fingerprint == again.fingerprint != mine.fingerprint
    assert {e.details["address"] for e in (mine, stranger, other)} == {"testclient"}
    assert typed not in str((stranger.details, stranger.fingerprint, stranger.target_id))
    with p.reading() as session:
        assert audit.first_broken(session, p.installation.vault) is None


def test_a_flood_of_unknown_logins_leaves_only_so_many_links(programme):
    p = programme
    limited = replace(p.installation, buckets=Buckets(2 * STRANGER_COST, clock=lambda: 0.0))
    for at in range(3):
        with pytest.raises(SignInRefused):
            security.sign_in(limited, f"nobody-{at}", "x", address=f"10.0.0.{at}")
    assert len(attempts(p)) == 2
    with p.reading() as session:
        assert audit.first_broken(session, p.installation.vault) is None


def test_where_it_is_required_a_password_opens_the_way_to_it_and_nothing_else(api):
    p = api.programme
    with_password(p, "B1-maker")
    app = create_app(replace(p.installation, second_factor=True))
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.post("/api/v1/session", json={"login": "B1-maker", "password": PASSWORD})
        token = answer.json()["csrf"]
        for path in ("/me", "/applications", "/notes"):
            refused = client.get(f"/api/v1{path}")
            assert (refused.status_code, refused.json()["code"]) == (403, "second-factor-needed")
        opened = {
            page
            for method, page in PAGES
            if client.request(method, page, follow_redirects=False).headers.get("location")
            != "/account"
        }
        assert opened == ALONE | NO_ONE_S
        form = {"csrf": token, "key": "k" * 20}
        assert client.post("/account/second-factor", data=form).status_code == 200
        row = p.row(Person, p.bank.maker.public_id)
        secret = p.installation.vault.open_bytes(logins.SECOND_FACTOR, row.totp_sealed)
        assert totp.shown_secret(secret)[:4] in client.get("/account").text
        now = totp.step_of(int(p.installation.clock().timestamp()))
        wrong = client.post(
            "/account/second-factor/confirm", data=form | {"code": "000000", "key": "w" * 20}
        )
        assert wrong.status_code == 409 and "动态码不正确" in wrong.text
        form |= {"code": totp.code_at(secret, now), "key": "c" * 20}
        done = client.post("/account/second-factor/confirm", data=form, follow_redirects=False)
        assert done.headers["location"].startswith("/sign-in")
        assert client.get("/api/v1/me").status_code == 401, "that session knew only the password"
        code = totp.code_at(secret, now + 1)
        form = {"login": "B1-maker", "password": PASSWORD, "code": code, "next": "/account"}
        assert "已启用" in client.post("/sign-in", data=form).text
        assert client.get("/api/v1/me").status_code == 200


def test_a_new_password_ends_whatever_the_old_one_opened(api):
    p = api.programme
    with_password(p, "B1-maker")
    with TestClient(api.app) as elsewhere:
        elsewhere.post("/api/v1/session", json={"login": "B1-maker", "password": PASSWORD})
        assert elsewhere.get("/api/v1/me").status_code == 200
        form = {"csrf": sign_in(api, "B1-maker").json()["csrf"], "key": "k" * 20}
        form |= {"old": PASSWORD, "new": "another-long-password"}
        assert "密码已更改" in api.client.post("/account/password", data=form).text
        assert {c.get("/api/v1/me").status_code for c in (api.client, elsewhere)} == {401}
    sign_in(api, "B1-maker", status=401)


def test_a_session_left_open_is_no_place_to_guess_its_password(api):
    p = api.programme
    token = sign_in(api, with_password(p, "B1-maker")).json()["csrf"]

    def change(at, old):
        form = {"csrf": token, "key": f"{at:020}", "old": old, "new": "another-long-password"}
        return api.client.post("/account/password", data=form, follow_redirects=False).status_code

    answers = [change(at, f"wrong-{at}") for at in range(FAILURES_ALLOWED)]
    assert [*answers, change(9, PASSWORD)] == [409] * (FAILURES_ALLOWED + 1)
    told = [entry.outcome for entry in attempts(p)]
    assert told == ["accepted", *["refused"] * 4, "locked", "locked"]


def test_production_asks_for_it_always(programme):
    assert replace(programme.installation, env="production").needs_second_factor
    assert not programme.installation.needs_second_factor


def test_a_lost_phone_is_reset_by_two_administrators(api):
    p = api.programme
    enrolled(p, "B1-maker")
    sign_in(api, "B1-maker", code_of(p, ahead=1))
    with pytest.raises(NotPermitted):
        ask_reset(p, "B1-maker", by=p.bank.checker)
    own = ask_reset(p, "B1-maker", by=p.security)
    agreeing = partial(role_changes.agree, change_id=own.public_id, password_hash=HASH)
    with pytest.raises(NotPermitted, match="同一人"):
        secure(p, "role_changes.agree", agreeing)
    api.anybody.get("/me")  # one administrator signs nobody out, and knows nobody's password
    secure(p, "role_changes.drop", partial(role_changes.drop, change_id=own.public_id))
    with_password(p, "B1-maker")
    api.anybody.get("/me", status=401)
    sign_in(api, "B1-maker")


def test_one_administrator_registers_nobody_who_can_act(api):
    p = api.programme
    person = {
        "organisation_id": str(p.bank.id),
        "name": "王",
        "login": "w.f",
        "roles": ["bank_maker"],
    }
    shown = api.as_("security").post("/people", person)
    assert shown["roles"] == []
    (row,) = p.rows(select(Person).where(Person.login == "w.f"))
    with p.tampering() as session:
        session.execute(update(Person).where(Person.id == row.id).values(password_hash=HASH))
    sign_in(api, "w.f", status=401)
    with p.reading() as session:
        assert security.actor_of_login(session, "w.f") is None
    with pytest.raises(NotPermitted, match="同一人"):
        p.agree_account(row, HASH)


# --- what is revoked or changed counts at once ---------------------------------------------------


def test_nothing_outlives_its_revocation(api):
    p = api.programme
    sign_in(api, with_password(p, "B1-maker"))
    api.anybody.get("/me")
    key = api.as_("B1-maker")
    key.get("/me")
    secure(p, "people.disable", lambda ctx: logins.disable(ctx, login="B1-maker"))
    api.anybody.get("/me", status=401)
    key.get("/me", status=401)
    secure(p, "people.enable", lambda ctx: logins.enable(ctx, login="B1-maker"))
    api.anybody.get("/me", status=401)
    key.get("/me")
    reader = frozenset({Role.BANK_READER})
    sign_in(api, "B1-maker")
    change_roles(p, "B1-maker", reader)
    api.anybody.get("/me", status=401)
    assert key.get("/me")["roles"] == ["bank_reader"]
    body = application_body(str(p.branches[p.bank.id]))
    assert key.post("/applications", body, status=403)["code"] == "role-not-allowed"
    (row,) = p.rows(select(ApiKey).where(ApiKey.person_id == p.bank.maker.person_id))
    secure(p, "keys.revoke", lambda ctx: logins.revoke_key(ctx, key_id=row.public_id))
    key.get("/me", status=401)


def test_nothing_is_done_for_whom_was_sent_away_while_it_waited(api, monkeypatch):
    """The command has been let in and waits for its turn; meanwhile the door is closed."""
    p = api.programme
    body = application_body(str(p.branches[p.bank.id]))
    machine = Machine(api)

    def waiting(send, leave):
        """The answer to a command that begins to wait just before ``leave``."""
        real = commands._in_turn

        def turn(installation, attempt):
            monkeypatch.setattr(commands, "_in_turn", real)
            leave()
            return real(installation, attempt)

        monkeypatch.setattr(commands, "_in_turn", turn)
        return send()

    def signed_out():
        (row,) = p.rows(select(BrowserSession).where(BrowserSession.ended_at.is_(None)))
        with p.installation.writes() as session, session.begin():
            session.merge(row).ended_at = p.installation.clock()

    def revoked(key_id):
        return lambda: secure(p, "keys.revoke", lambda c: logins.revoke_key(c, key_id=key_id))

    def disabled():
        secure(p, "people.disable", lambda ctx: logins.disable(ctx, login="B1-maker"))

    cookie = {"X-CSRF-Token": sign_in(api, with_password(p, "B1-maker")).json()["csrf"]}
    bearer = api.as_("B1-maker")
    (row,) = p.rows(select(ApiKey).where(ApiKey.secret_sealed.is_(None)))
    again = replace(bearer, headers={"Authorization": "Bearer fumin_second"})
    p.key("B1-maker", "fumin_second")
    browser = replace(api.anybody, headers=cookie)
    signed = machine.signed("POST", "/api/v1/applications", json.dumps(body).encode())
    for send, leave in (
        (lambda: browser.send("POST", "/applications", json=body), signed_out),
        (lambda: bearer.send("POST", "/applications", json=body), revoked(row.public_id)),
        (lambda: machine.send(*signed), revoked(UUID(machine.key))),
        (lambda: again.send("POST", "/applications", json=body), disabled),
    ):
        assert waiting(send, leave).status_code == 401
    assert p.rows(select(Application)) == []


def test_a_session_ends_after_its_longest_time_however_busy(api):
    p = api.programme
    sign_in(api, with_password(p, "B1-maker"))
    with p.tampering() as session:
        late = p.installation.clock() + ABSOLUTE
        session.execute(update(BrowserSession).values(seen_at=late))
    api.app.state.installation = replace(p.installation, clock=lambda: late + timedelta(minutes=1))
    api.anybody.get("/me", status=401)


# --- who may change whom ------------------------------------------------------------------------


def test_nobody_changes_their_own_account_under_whatever_name(programme):
    p = programme
    operator = p.rows(select(Person).where(Person.login == "security"))[0]
    twin = id_number(7)
    with p.tampering() as session:
        index = p.installation.vault.index(logins.IDENTITY, twin)
        session.execute(update(Person).where(Person.id == operator.id).values(identity_index=index))
    acts = {
        "role_changes.ask": lambda ctx: role_changes.ask(
            ctx, login="security", roles=frozenset({Role.SYSTEM_ADMIN}), reason="轮岗"
        ),
        "people.reset": lambda ctx: role_changes.ask_reset(ctx, login="security", reason="遗失"),
        "people.register": lambda ctx: logins.register_person(
            ctx,
            organisation_id=p.finance.id,
            name="另一个账号",
            login="twin",
            roles=frozenset({Role.FINANCE_APPROVER}),
            id_no=twin,
        ),
    }
    for operation, call in acts.items():
        with pytest.raises(NotPermitted) as refused:
            secure(p, operation, call)
        assert refused.value.code == "own-account", operation


def test_the_three_administrators_are_three_people(programme):
    p = programme
    assert ROLES_OF[OrganisationKind.OPERATOR] == {
        Role.SYSTEM_ADMIN,
        Role.SECURITY_ADMIN,
        Role.AUDIT_ADMIN,
    }
    with pytest.raises(Conflict) as refused:
        ask_roles(p, "audit", frozenset({Role.AUDIT_ADMIN, Role.SYSTEM_ADMIN}))
    assert refused.value.code == "administrators-apart"


def test_a_change_of_roles_takes_two_administrators_and_neither_is_the_one(programme):
    p = programme
    reader, login = frozenset({Role.BANK_READER}), "B1-maker"

    def roles():
        return p.row(Person, p.bank.maker.public_id).roles

    def refused(error, operation, call, by=p.security):
        with pytest.raises(error) as told:
            p.do(by, operation, call)
        return told.value.code

    def agreeing(change):
        return "role_changes.agree", lambda ctx: role_changes.agree(ctx, change_id=change.public_id)

    own = ask_roles(p, login, reader, by=p.security)
    assert roles() == ["bank_maker"], "one administrator changes nothing"
    assert refused(NotPermitted, *agreeing(own)) == "same-person"
    assert refused(NotPermitted, *agreeing(own), by=p.system) == "role-not-allowed"
    assert refused(NotPermitted, *agreeing(own), by=p.bank.checker) == "role-not-allowed"
    with pytest.raises(Conflict, match="待复核"):
        ask_roles(p, login, reader)
    dropping = "role_changes.drop", lambda ctx: role_changes.drop(ctx, change_id=own.public_id)
    p.do(p.system, *dropping)
    assert refused(Conflict, *agreeing(own)) == "change-done"
    assert refused(Conflict, *dropping) == "change-done"
    assert roles() == ["bank_maker"]
    about_security = ask_roles(p, "security", frozenset({Role.AUDIT_ADMIN}))
    assert refused(NotPermitted, *agreeing(about_security)) == "own-account"
    secure(p, *agreeing(ask_roles(p, login, reader)))
    assert roles() == ["bank_reader"]
    acts = select(AuditRecord.operation).where(AuditRecord.operation.startswith("role_changes."))
    done = acts.where(AuditRecord.outcome == audit.ACCEPTED).order_by(AuditRecord.seq)
    told = [act.partition(".")[2] for act in p.rows(done)]
    assert told == ["ask", "drop", "ask", "ask", "agree"]
    outcomes = select(AuditRecord.outcome).where(AuditRecord.operation.startswith("role_changes."))
    assert {"role-not-allowed", "own-account", "same-person"} <= set(p.rows(outcomes))


def test_two_accounts_of_one_person_are_one_person(programme):
    p = programme
    with p.tampering() as session:
        session.execute(
            update(Person)
            .where(Person.login.in_(("G-maker", "G-checker")))
            .values(identity_index=p.installation.vault.index(logins.IDENTITY, id_number(8)))
        )
    application = p.under_review()
    p.propose(application, p.guarantor.maker)
    with pytest.raises(NotPermitted) as refused:
        p.agree_to(application, p.guarantor.checker)
    assert refused.value.code == "same-person"
    p.agree_to(application, p.guarantor.both)


# --- keys ---------------------------------------------------------------------------------------


def test_a_key_opens_nothing_before_a_second_administrator_agrees(api):
    p = api.programme
    machine = replace(api.anybody, headers={"Authorization": "Bearer fumin_new"})

    def issued(secret, by):
        asked = {"label": "核心系统", "key_hash": hash_token(secret), "expires_at": FAR}
        issuing = partial(logins.issue_key, login="B1-maker", **asked)
        return p.do(by, "keys.issue", issuing).public_id

    def agree(key, by=p.security):
        return p.do(by, "keys.agree", partial(logins.agree_key, key_id=key))

    own, asked = issued("fumin_own", p.security), issued("fumin_new", p.system)
    machine.get("/me", status=401)
    for key, by, code in ((own, p.security, "same-person"), (asked, p.system, "role-not-allowed")):
        with pytest.raises(NotPermitted) as refused:
            agree(key, by)
        assert refused.value.code == code
    agree(asked)
    machine.get("/me")
    with pytest.raises(Conflict, match="已经复核"):
        agree(asked)


def test_a_key_does_what_it_was_issued_for_and_nothing_else(api):
    p = api.programme
    p.key("B1-maker", "fumin_narrow", operations=frozenset({"programme.read", "notes.read"}))
    narrow = replace(api.anybody, headers={"Authorization": "Bearer fumin_narrow"})
    narrow.get("/me")
    assert narrow.get("/notes")["items"] == []
    assert narrow.get("/applications", status=403)["code"] == "key-not-allowed"
    body = application_body(str(p.branches[p.bank.id]))
    narrow.post("/applications", body, status=403)
    with pytest.raises(Conflict) as refused:
        p.key("B1-maker", "fumin_wide", operations=frozenset({"months.close"}))
    assert refused.value.code == "operation-not-theirs"


def test_a_key_opens_until_its_end_and_not_then(api):
    p = api.programme
    end = p.installation.clock() + timedelta(hours=1)
    p.key("B1-maker", "fumin_short", expires_at=end)
    short = replace(api.anybody, headers={"Authorization": "Bearer fumin_short"})
    for left, status in ((timedelta(seconds=1), 200), (timedelta(), 401)):
        at = end - left
        api.app.state.installation = replace(p.installation, clock=lambda at=at: at)
        short.get("/me", status=status)


class Machine:
    """A bank's system that signs its requests."""

    def __init__(self, api, secret="s3cret-of-a-machine"):
        self.api, self.secret, self.count = api, secret, 0
        self.key = str(api.programme.key("B1-maker", secret, secret=secret).public_id)

    def signed(self, method, path, body=b"", *, age=timedelta()):
        """The request as it is sent: method, path, body, headers."""
        self.count += 1
        at = str(int((self.api.programme.installation.clock() - age).timestamp()))
        nonce = f"nonce-{self.count:06d}"
        code = signature(self.secret, Part(method, path.encode(), body), time=at, nonce=nonce)
        given = f"FUMIN-HMAC-SHA256 key={self.key}, time={at}, nonce={nonce}, signature={code}"
        return method, path, body, given

    def send(self, method, path, body, given):
        headers = {"Authorization": given, "Content-Type": "application/json"}
        headers["Idempotency-Key"] = hashlib.sha256(given.encode()).hexdigest()
        return self.api.client.request(method, path, content=body, headers=headers)


def test_a_stored_answer_is_for_those_who_may_do_what_was_done(api):
    p = api.programme
    body = application_body(str(p.branches[p.bank.id]))

    def sent(login):
        answer = api.as_(login).send("POST", "/applications", json=body, key="one-key-of-the-bank")
        return answer.status_code, answer.headers.get("Idempotent-Replayed")

    assert sent("B1-reader") == (403, None)
    assert sent("B1-maker") == (201, None), "a refused colleague takes no key away"
    assert sent("B1-reader") == (403, None), "and reads no answer"
    assert sent("B1-both") == (201, "true")
    told = select(AuditRecord.outcome).where(AuditRecord.operation == "applications.create")
    refused = "role-not-allowed"
    assert p.rows(told.order_by(AuditRecord.seq)) == [refused, "accepted", refused]


def test_a_signed_request_is_taken_once_as_it_was_signed_and_in_time(api):
    machine = Machine(api)
    read = machine.signed("GET", "/api/v1/applications?limit=7")
    assert machine.send(*read).status_code == 200
    assert machine.send(*read).status_code == 401, "the same request again"
    body = application_body(str(api.programme.branches[api.programme.bank.id]))
    write = machine.signed("POST", "/api/v1/applications", json.dumps(body).encode())
    assert machine.send(*write).status_code == 201
    late = machine.signed("GET", "/api/v1/me", age=WINDOW + timedelta(seconds=5))
    assert machine.send(*late).status_code == 401
    bearer = replace(api.anybody, headers={"Authorization": f"Bearer {machine.secret}"})
    bearer.get("/me", status=401)


def test_one_changed_byte_and_the_signature_is_worth_nothing(api):
    """A thousand of them before the door, every fiftieth through it."""
    machine = Machine(api)
    now = api.programme.installation.clock()
    installation = replace(api.programme.installation, clock=lambda: now)  # always in time
    dice = random.Random(7)
    sent = machine.signed("POST", "/api/v1/assessments", b'{"a": "bcdef"}')
    tried = 0
    while tried < 1_000:
        method, path, body, given = sent
        spoilt = dice.choice(("method", "path", "body", "time", "nonce", "signature", "key"))
        if spoilt == "method":
            method = changed(method, dice)
        elif spoilt == "path":
            path = changed(path, dice)
        elif spoilt == "body":
            body = changed(body.decode(), dice).encode()
        else:
            at = given.index(f"{spoilt}=") + len(spoilt) + 1
            given = given[:at] + changed(given[at : at + 8], dice) + given[at + 8 :]
        if (method, path, body, given) == sent:
            continue
        tried += 1
        part = Part(method, path.encode(), body)
        assert signing.actor_of(installation, given.partition(" ")[2], part) is None, given
        if tried % 50 == 0:
            answer = machine.send(sent[0], sent[1], sent[2] + b" ", given)
            assert answer.status_code == 401, "nor with one byte more"
    part = Part(sent[0], sent[1].encode(), sent[2])
    assert signing.actor_of(installation, sent[3].partition(" ")[2], part) is not None


def changed(text, dice):
    """The text with another printable character in one place."""
    at = dice.randrange(len(text))
    return text[:at] + chr(dice.randrange(33, 127)) + text[at + 1 :]


# --- secrets stay where they belong --------------------------------------------------------------


def test_no_secret_is_stored_or_answered_in_the_clear(api):
    p = api.programme
    enrolled(p, "B1-maker")
    Machine(api)
    code = code_of(p, ahead=1)
    answer = sign_in(api, "B1-maker", code)
    token = api.client.cookies["fumin_session"]
    with p.reading() as session:
        connection = session.connection()
        stored = "".join(
            repr(tuple(row))
            for table in Person.metadata.sorted_tables
            for row in connection.execute(select(table))
        )
    for secret in (PASSWORD, token, "s3cret-of-a-machine", totp.shown_secret(SECRET), str(SECRET)):
        assert secret not in stored
        assert secret not in answer.text
    assert PASSWORD not in str(answer.url) and code not in str(answer.url)
