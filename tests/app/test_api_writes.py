"""One write, one transaction: keys, rehearsals, replays, and the commit before the answer."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.db import METADATA
from tests.app.compensation import ask_for_payout, exempt, pay, recover
from tests.app.conftest import PREFIX, Api, Caller
from tests.app.operations import operations
from tests.app.requests import application_body, card_body, firm_body
from tests.app.test_journey import QUARTER, approve, detail_csv, draw
from tests.programme import id_number

MOMENT = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def branch(api) -> str:
    return str(api.programme.branches[api.programme.bank.id])


def rows(api) -> dict[str, int]:
    """How many rows every table has."""
    with api.programme.installation.reads() as session:
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
        if method == "GET" or "headers" in more:
            return super().send(method, path, key=key, **more)
        key, api = str(uuid4()), self.api
        before = rows(api)
        api.repeatable(key)
        rehearsed = super().send(method, path, key=key, params={"dry_run": "true"}, **more)
        assert rows(api) == before, f"the rehearsal of {path} left something"
        api.repeatable(key)
        done = super().send(method, path, key=key, **more)
        assert (rehearsed.status_code, rehearsed.text) == (done.status_code, done.text)
        after = rows(api)
        assert after["idempotency_key"] == before["idempotency_key"] + 1
        assert after["audit_record"] == before["audit_record"] + 1
        replayed = super().send(method, path, key=key, **more)
        assert (replayed.status_code, replayed.content) == (done.status_code, done.content)
        assert replayed.headers["Idempotent-Replayed"] == "true"
        if more.get("json"):
            reused = super().send(method, path, key=key, json=_other(more["json"]))
            assert reused.status_code == 422
            assert reused.json()["code"] in ("key-reused", "bad-content")
        assert rows(api) == after, f"replays of {path} left something"
        api.covered.add((method.lower(), done.request.url.path))
        return done


@dataclass
class CarefulApi(Api):
    """Hands out careful callers; ids and clock of a write can be repeated."""

    covered: set[tuple[str, str]] = field(default_factory=set)

    def as_(self, login: str) -> Caller:
        return CarefulCaller(self.client, super().as_(login).headers, self)

    def repeatable(self, seed: str) -> None:
        ids = Random(seed)
        self.app.state.installation = replace(
            self.programme.installation,
            clock=lambda: MOMENT,
            new_id=lambda: UUID(int=ids.getrandbits(128), version=4),
        )


@pytest.fixture
def careful(api) -> CarefulApi:
    return CarefulApi(api.programme, api.app, api.client)


def _other(body: dict[str, Any]) -> dict[str, Any]:
    """Another well-formed body, as far as one field tells."""
    name = next((n for n, value in body.items() if value is True or value is False), None)
    return body | ({name: not body[name]} if name else {"dry": "wet"})


def test_every_write_is_rehearsed_done_once_and_replayed(careful, branch):
    api = careful
    maker, checker = api.as_("B1-maker"), api.as_("B1-checker")
    # parties
    new = {"kind": "bank", "code": "B3", "name": "第三银行", "account": "32010012345678"}
    third = api.as_("system").post("/organisations", new)["id"]
    api.as_("system").post("/branches", {"bank_id": third, "code": "1", "name": "总行"})
    person = {"organisation_id": third, "name": "王", "login": "b3.maker", "roles": ["bank_maker"]}
    api.as_("security").post("/people", person)
    agreed = {"bank_id": third, "since": "2019-01-01", "bank_share_pct": 20}
    api.as_("G-checker").post("/agreements", agreed)
    api.as_("G-checker").post("/fund/contributions", {"amount": "1.00", "reason": "补充"})
    # ways an application can go
    drafts = [
        maker.post("/applications", application_body(branch, who=n, amount="10000.00"))["id"]
        for n in (1, 2)
    ]
    for draft in drafts:
        maker.post(f"/applications/{draft}/submit", {"reason": "齐全"})
    missing = {"reason": "缺件", "missing": ["户口簿"]}
    api.as_("G-maker").post(f"/applications/{drafts[0]}/return", missing)
    maker.post(f"/applications/{drafts[0]}/resubmit", {"reason": "补齐"})
    maker.post(f"/applications/{drafts[0]}/withdraw", {"reason": "不办了"})
    api.as_("G-maker").post(f"/applications/{drafts[1]}/appraisals", card_body())
    firm = maker.post("/applications", firm_body(branch))["id"]
    maker.post(f"/applications/{firm}/submit")
    api.as_("F-maker").post(f"/applications/{firm}/accept")
    back = {"action": "send_back", "reason": "合同不符", "missing": ["劳动合同"]}
    api.as_("H-verifier").post(f"/applications/{firm}/verification-decision", back)
    # loans and what happens to them
    api.day("2019-04-10")
    first = approve(api, application_body(branch, who=3))
    note = draw(api, first, note_no="JJ-1", amount="300000.00", on="2019-04-10")
    undrawn = approve(api, application_body(branch, who=4))
    lost = draw(
        api,
        approve(api, application_body(branch, who=5)),
        note_no="JJ-2",
        amount="300000.00",
        on="2019-04-10",
    )["id"]
    api.day("2019-10-20")
    maker.post(f"/applications/{undrawn}/lapse")
    hire = maker.get(f"/applications/{firm}")["hires"][0]["id"]
    left = {"left_on": "2019-10-20"}
    api.as_("H-verifier").post(f"/applications/{firm}/hires/{hire}/departure", left)
    path = f"/notes/{note['id']}"
    maker.post(f"{path}/interest-receipts", {"on": "2019-09-20", "amount": "5945.00"})
    wrong = maker.post(f"{path}/repayments", {"on": "2019-10-01", "amount": "1.00"})
    checker.post(f"{path}/reversals", {"movement_id": wrong["id"], "reason": "误录"})
    maker.post(f"{path}/rate-changes", {"on": "2019-10-02", "rate": "4.75"})
    maker.post(f"{path}/overdue", {"due_on": "2019-09-20"})
    maker.post(f"{path}/cures", {"on": "2019-10-01"})
    maker.post(f"{path}/stops", {"on": "2019-10-19", "reason": "legal_representative"})
    maker.post(f"{path}/extensions", {"until": "2020-10-10", "reason": "回款延后"})
    api.as_("G-checker").post(f"{path}/extension-agreement")
    # a default
    maker.post(f"/notes/{lost}/reveals", {"purpose": "催收"})
    payout = ask_for_payout(api, lost)["id"]
    pay(api, payout)
    recover(api, payout)
    exempt(api, lost)
    released = {"reason": "已整改"}
    bank = str(api.programme.bank.id)
    api.as_("G-checker").post(f"/organisations/{bank}/standing-release", released)
    for way in ("income", "withdrawals"):
        api.as_("G-checker").post(f"/fund/{way}", {"amount": "1.00", "reason": "利息"})
    # months, claim, remittance
    api.as_("F-checker").post("/months/2019-04/close")
    file = {"file": ("明细表.csv", detail_csv(days=92, since=date(2019, 6, 21)), "text/csv")}
    claim = maker.send("POST", "/claims", data=QUARTER, files=file).json()
    case = f"/cases/{api.as_('F-maker').get('/cases')['items'][0]['id']}"
    api.as_("F-maker").post(f"{case}/owner", {"owner": "F-maker"})
    maker.post(f"{case}/comments", {"text": "发放日已核"})
    refused = {"decision": "disallowed", "reason": "发放日之前不贴息", "cites": "（九）9.6"}
    api.as_("F-maker").post(f"{case}/decision", refused)
    api.as_("F-maker").post(f"/claims/{claim['id']}/review", {"comment": "已核"})
    bound = {"content_hash": maker.get(f"/claims/{claim['id']}")["content_hash"]}
    api.as_("F-checker").post(f"/claims/{claim['id']}/approve", bound)
    order = api.as_("F-maker").post("/remittances", {"claim_id": claim["id"]})
    paid = {"paid_on": "2019-10-20", "reference": "国库 1"}
    api.as_("F-checker").post(f"/remittances/{order['id']}/confirmation", paid)
    back = {"returned_on": "2019-10-20", "reason": "账号户名不符"}
    api.as_("F-maker").post(f"/remittances/{order['id']}/return", back)
    # what else the bureau keeps
    listed = {"file": ("注销.csv", "统一社会信用代码,注销日期\n".encode(), "text/csv")}
    kind = {"kind": "deregistered", "source": "行政审批局"}
    api.as_("F-maker").send("POST", "/registers", data=kind, files=listed)
    moved = {"account": "6222021234567890", "reason": "开户行更换"}
    change = maker.post("/account-changes", moved)["id"]
    checker.post(f"/account-changes/{change}/agreement")
    budget = {"amount": "1000000.00", "document": "澄财预〔2019〕1号"}
    api.as_("F-checker").put("/budgets/2019", budget)

    uncovered = [o.name for o in operations(api.app) if o.writes and not _covers(api.covered, o)]
    # The edit goes by If-Match; its key is tested below.
    assert uncovered == ["applications.edit"]


def _covers(covered, operation) -> bool:
    parts = operation.path.split("/")
    return any(
        method == operation.method
        and len(path.split("/")) == len(parts)
        and all(a == b or a[0] == "{" for a, b in zip(parts, path.split("/"), strict=True) if a)
        for method, path in covered
    )


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
