"""Pages: who sees which, what no page ever contains, how forms are guarded and answered."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from app.main import create_app
from app.web import words
from app.web.edge import LARGEST_OF_NOBODY
from app.web.render import yuan
from loans.access import ALLOWED, OrganisationKind, Role
from loans.dunning import DueKind
from loans.models import (
    Application,
    Borrower,
    Disbursement,
    DunningChannel,
    DunningResult,
    FundEntryKind,
    GuaranteeFund,
    MovementKind,
    PayoutState,
    RecoveryKind,
    StandingKind,
)
from loans.schedule import Method
from loans.workflow import Action, BorrowerKind, NoteState, State
from subsidy.models import (
    CaseState,
    ClaimState,
    EntryKind,
    EntryReason,
    LineKind,
    RegisterKind,
    RemittanceState,
)
from subsidy.reconciliation import LineClass
from tests.app.browsing import HTML, Forms, Person, signed_in
from tests.app.conftest import OfficeOn
from tests.app.figures import TOLD, unexplained
from tests.browser.office import PASSWORD, Office, claimed, default
from tests.programme import ENGINES, id_number

LOGINS = ("B1-maker", "B1-checker", "G-maker", "G-checker", "F-maker", "F-checker", "H-verifier",
          "system", "security", "audit")  # fmt: skip
ROLES = {
    "B1-maker": {Role.BANK_MAKER}, "B1-checker": {Role.BANK_CHECKER},
    "G-maker": {Role.GUARANTEE_REVIEWER}, "G-checker": {Role.GUARANTEE_APPROVER},
    "F-maker": {Role.FINANCE_AUDITOR}, "F-checker": {Role.FINANCE_APPROVER},
    "H-verifier": {Role.VERIFIER}, "system": {Role.SYSTEM_ADMIN},
    "security": {Role.SECURITY_ADMIN}, "audit": {Role.AUDIT_ADMIN},
}  # fmt: skip
# Address (with the office's ids) and the line of the access table that lets people read it.
PAGES = {
    "/": "programme.read",
    "/policy": "programme.read",
    "/policy?on=2024-05-01": "programme.read",
    "/branches": "programme.read",
    "/applications": "applications.read",
    "/applications?state=approved&kind=individual": "applications.read",
    "/applications/new": "applications.create",
    "/applications/{draft}": "applications.read",
    "/applications/{submitted}": "applications.read",
    "/applications/{reviewed}": "applications.read",
    "/applications/{approved}": "applications.read",
    "/applications/{firm}": "applications.read",
    "/applications/{draft}/edit": "applications.edit",
    "/candidates": "assessments.quote",
    "/clocks": "applications.read",
    "/clocks?since=2019-04": "applications.read",
    "/hires": "applications.read",
    "/notes": "notes.read",
    "/notes?state=overdue&within=30": "notes.read",
    "/notes?standing=late&group=none&matures=2019-11&on=2019-09-30": "notes.read",
    "/maturities": "notes.read",
    "/maturities?month=2019-11&on=2019-09-30": "notes.read",
    "/?on=2019-08-31": "programme.read",
    "/applications?on=2019-08-31&state=draft": "applications.read",
    "/notes/{note}": "notes.read",
    "/notes/{note}?since=2019-07-01&until=2019-10-01": "notes.read",
    "/notes/{overdue}": "notes.read",
    "/claims": "claims.read",
    "/claims/new": "claims.receive",
    "/claims/{claim}": "claims.read",
    "/claims/{claim}?code=R01&class=differs": "claims.read",
    "/claims/{claim}/lines/{line}": "claims.read",
    "/claims/check": "claims.precheck",
    "/claims/{claim}/comparison": "claims.read",
    "/claims/{claim}?residual=1": "claims.read",
    "/remittances": "claims.read",
    "/remittances?state=ordered": "claims.read",
    "/ledger?kind=payable": "claims.read",
    "/budgets": "budgets.read",
    "/accounts": "accounts.read",
    "/cases": "claims.read",
    "/cases?state=&code=R08": "claims.read",
    "/cases/{case}": "claims.read",
    "/months": "months.read",
    "/months/preview": "months.preview",
    "/statistics": "statistics.read",
    "/statistics?on=2019-08-01&by=gender": "statistics.read",
    "/statistics/notes?by=bank&key=bank+B1&figure=paid": "statistics.read",
    "/registers": "registers.read",
    "/months/2019-08": "months.read",
    "/months/2019-08?kind=adjustment": "months.read",
    "/fund": "fund.read",
    "/fund?on=2019-05-31&kind=commitment": "fund.read",
    "/reservations": "applications.read",
    "/dunning": "dunning.read",
    "/dunning?kind=overdue": "dunning.read",
    "/dunning/{overdue}": "dunning.read",
    "/readiness": "payouts.read",
    "/payouts": "payouts.read",
    "/payouts?state=paid": "payouts.read",
    "/payouts/{payout}": "payouts.read",
    "/standing": "standing.read",
    "/standing?since=2019-01-01&until=2019-10-01": "standing.read",
    "/signals": "signals.read",
    "/exemptions": "exemptions.read",
}
OTHERS = ("/notes/{others_note}", "/claims/{paid_claim}", "/remittances/{order}")
ID_NUMBER = re.compile(r"\d{17}[\dX]")
LINK = re.compile(r'<a [^>]*href="(/[^"]*)"')


class Site:
    """The office behind pages, and its people, each signed in once."""

    def __init__(self, office: Office, env: str = "demo") -> None:
        self.office = office
        now = office.programme.installation.clock()  # stands, or who came first were idle too long
        installation = replace(office.programme.installation, env=env, clock=lambda: now)
        self.client = TestClient(create_app(installation), raise_server_exceptions=False)
        self.as_ = cache(self._signed_in)
        self.ids = vars(office) | claimed(office)

    def _signed_in(self, login: str) -> Person:
        return signed_in(self.client, login, PASSWORD)

    def path(self, address: str) -> str:
        return address.format(**self.ids)


@pytest.fixture(scope="module", params=ENGINES)
def site(request: pytest.FixtureRequest, office_on: OfficeOn) -> Iterator[Site]:
    """Half a year of work on one engine; tests change nothing that others look at."""
    with office_on(request.param) as office:
        defaulted = default(office)
        site = Site(office)
        site.ids |= defaulted
        yield site


@pytest.mark.parametrize("login", LOGINS)
def test_everyone_sees_the_pages_of_their_office_and_no_other(site: Site, login: str) -> None:
    person = site.as_(login)
    seen, offered = set(), {}
    for address, operation in PAGES.items():
        may = not ROLES[login].isdisjoint(ALLOWED[operation])
        answer = person.get(site.path(address))
        assert answer.status_code == (200 if may else 403), (address, answer.text[:2000])
        _check_page(answer)
        if may:
            seen.add(_kind(site.path(address)))
            offered |= {_kind(link): (link, address) for link in LINK.findall(answer.text)}
    for kind in offered.keys() - seen:
        link, address = offered[kind]
        assert person.get(unescape(link)).status_code == 200, f"{address} leads {login} to {link}"


def test_every_amount_on_a_page_is_the_apis_or_a_sum_of_such(site: Site) -> None:
    wrong = {}
    for login, pages in TOLD.items():
        person = site.as_(login)
        for address, paths in pages.items():
            answers = [person.client.get(f"/api/v1{site.path(path)}") for path in paths]
            assert all(answer.status_code == 200 for answer in answers), paths
            page = person.get(site.path(address)).text
            wrong[login, address] = unexplained(page, [answer.json() for answer in answers])
    assert not any(wrong.values()), {where: left for where, left in wrong.items() if left}


def _kind(link: str) -> str:
    """What addresses of one page have in common: no query, no ids, no months."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d{2}", "…", re.sub(r"[?#].*", "", link))


def _check_page(answer: object) -> None:
    """What holds for every page: no ID number, nothing inline, nothing from elsewhere, a banner."""
    page: str = answer.text  # type: ignore[attr-defined]
    assert not ID_NUMBER.search(page)
    assert " style=" not in page and not re.search(r"<script(?! src)", page)
    assert not re.search(r"""(src|href|action)=["']?(https?:)?//""", page)
    assert not re.search(r" on[a-z]+=", page)
    assert "演示环境" in page and 'lang="zh-CN"' in page and 'id="main"' in page
    assert page.count("<h1") == 1
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids)), [i for i in ids if ids.count(i) > 1]
    labels = set(re.findall(r'<label[^>]* for="([^"]+)"', page))
    asked = re.findall(
        r'<(?:input|select|textarea)(?![^>]*type="(?:hidden|checkbox|radio)")[^>]*>', page
    )
    for tag in asked:
        name = re.search(r' id="([^"]+)"', tag)
        assert name and name[1] in labels, f"an input without its label: {tag}"
    assert "default-src 'none'" in answer.headers["content-security-policy"]  # type: ignore[attr-defined]


def test_another_banks_objects_look_like_unknown_ones(site: Site) -> None:
    person = site.as_("B1-maker")
    for address in OTHERS:
        foreign = person.get(site.path(address))
        unknown = person.get(re.sub(r"[^/]+$", str(uuid4()), site.path(address)))
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.text == unknown.text
    assert str(site.office.others_note) not in person.get("/notes").text
    nothing = person.get("/notes/nothing")
    assert nothing.status_code == 404 and "path" not in nothing.text


def test_nobody_signed_in_is_shown_the_door_and_let_through_to_the_page(site: Site) -> None:
    anybody = TestClient(site.client.app)
    door = anybody.get("/notes?state=overdue", headers=HTML, follow_redirects=False)
    assert door.headers["location"] == "/sign-in?next=/notes%3Fstate%3Doverdue"
    asked = Person(anybody).form(door.headers["location"])
    answer = anybody.post(
        "/sign-in",
        data=asked.values | {"login": "G-maker", "password": PASSWORD},
        follow_redirects=False,
    )
    assert answer.headers["location"] == "/notes?state=overdue"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "secure" not in cookie


@pytest.mark.parametrize("next", ["//elsewhere.example", "https://elsewhere.example", "/\\x"])
def test_the_door_leads_nowhere_else(site: Site, next: str) -> None:
    answer = TestClient(site.client.app).post(
        "/sign-in",
        data={"login": "G-maker", "password": PASSWORD, "next": next},
        follow_redirects=False,
    )
    assert answer.headers["location"] == "/"


def test_a_wrong_password_is_told_without_saying_what_was_wrong(site: Site) -> None:
    client = TestClient(site.client.app)
    texts = {
        client.post("/sign-in", data={"login": login, "password": "x"}).text.replace(login, "")
        for login in ("nobody-here", "audit")
    }
    assert len(texts) == 1 and "登录名、密码或动态码不正确" in texts.pop()


def test_a_sign_in_from_another_site_is_refused(site: Site) -> None:
    answer = TestClient(site.client.app).post(
        "/sign-in",
        data={"login": "G-maker", "password": PASSWORD},
        headers=HTML | {"Origin": "https://elsewhere.example"},
    )
    assert answer.status_code == 403 and "set-cookie" not in answer.headers


def test_the_cookie_is_secure_in_production(site: Site) -> None:
    production = Site(site.office, env="production").client
    answer = production.post(
        "/sign-in", data={"login": "G-maker", "password": PASSWORD}, follow_redirects=False
    )
    assert "secure" in answer.headers["set-cookie"].lower()
    assert "演示环境" not in production.get("/sign-in").text


def test_every_form_needs_the_sessions_token(site: Site) -> None:
    person = site.as_("B1-maker")
    path = site.path("/applications/{draft}")
    for token in ("", "x" * 43):
        for form_path, ending in ((path, "/submit"), ("/applications/new", ""), ("/", "sign-out")):
            form = person.form(form_path, ending)
            answer = person.send(form, form_path, csrf=token)
            assert answer.status_code == 403 and "页面已过期" in answer.text
    assert site.office.programme.row(Application, site.office.draft).state is State.DRAFT


def test_signing_out_ends_the_session_on_the_server(site: Site) -> None:
    person = signed_in(site.client, "G-both", PASSWORD)
    token = person.client.cookies["fumin_session"]
    person.send(person.form("/", "sign-out"), "/")
    person.client.cookies.set("fumin_session", token)
    answer = person.client.get("/", headers=HTML, follow_redirects=False)
    assert answer.headers["location"] == "/sign-in"


def _filled(site: Site, who: int) -> dict[str, object]:
    branch = site.office.programme.branches[site.office.programme.bank.id]
    return {
        "name": "新申请人", "id_no": id_number(who), "branch_id": str(branch),
        "amount_fen": "120,000", "term_months": "24", "purpose": "开办便利店",
        "local_hukou": "yes", "categories": ["unemployed"], "consent": ["1"], "do": "create",
    }  # fmt: skip


def test_a_form_sent_twice_has_one_effect(site: Site) -> None:
    person = site.as_("B1-maker")
    count = select(func.count()).select_from(Application)
    before = site.office.programme.rows(count)[0]
    form, filled = person.form("/applications/new"), _filled(site, 901)
    first, second = (person.send(form, "/applications/new", **filled) for _ in range(2))
    assert first.status_code == 303 and first.headers["location"] == second.headers["location"]
    assert site.office.programme.rows(count)[0] == before + 1
    assert "120,000.00" in person.get(first.headers["location"]).text


def _ended(site: Site, login: str) -> Person:
    """Somebody whose session ends while a form lies open."""
    person = signed_in(site.client, login, PASSWORD)
    person.send(person.form("/", "sign-out"), "/")
    return person


def _at_the_door(person: Person, page: Any, password: str) -> Any:
    door = Forms(page.text).found[-1]
    said = door.values | {"login": "B1-maker", "password": password}
    return person.client.post("/sign-in", data=said, headers=HTML, follow_redirects=False)


def test_what_was_typed_outlives_its_session(site: Site) -> None:
    count = select(func.count()).select_from(Application)
    before = site.office.programme.rows(count)[0]
    form = site.as_("B1-maker").form("/applications/new")
    filled = _filled(site, 907) | {"purpose": '开店"<b>', "evidence": "户口簿 1\n毕业证 2"}
    person = _ended(site, "B1-maker")
    door = person.send(form, "/applications/new", **filled)
    assert door.status_code == 401 and "还没有办理" in door.text
    again = _at_the_door(person, door, "wrong")
    assert again.status_code == 401
    page = _at_the_door(person, again, PASSWORD)
    assert page.status_code == 200 and "继续提交" in page.text and "<b>" not in page.text
    assert "重新选择" not in page.text
    assert site.office.programme.rows(count)[0] == before
    sent = Forms(page.text).found[-1]
    stored = person.send(sent, "/")
    assert stored.status_code == 303 and stored.headers["location"].startswith("/applications/")
    shown = person.get(stored.headers["location"]).text
    assert "开店&#34;&lt;b&gt;" in shown and "户口簿" in shown and "毕业证" in shown
    assert person.send(sent, "/").headers["location"] == stored.headers["location"]
    assert site.office.programme.rows(count)[0] == before + 1


@pytest.mark.parametrize(
    ("headers", "carried"),
    [
        ({"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "https://elsewhere.example"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({}, False),
    ],
)
def test_a_form_of_an_earlier_session_is_sent_again_by_a_click(
    site: Site, headers: dict[str, str], carried: bool
) -> None:
    old = site.as_("B1-maker").form("/applications/new")
    person = signed_in(site.client, "B1-maker", PASSWORD)
    data = old.values | _filled(site, 908)
    page = person.client.post("/applications/new", data=data, headers=HTML | headers)
    assert page.status_code == 403 and ("继续提交" in page.text) is carried
    if carried:
        assert old.values["csrf"] not in page.text
        stored = person.send(Forms(page.text).found[-1], "/")
        assert stored.headers["location"].endswith("?done=applications.create")


def test_a_file_is_asked_for_again_after_its_session(site: Site) -> None:
    person = _ended(site, "B1-maker")
    door = person.client.post(
        "/claims/new", data={"key": "k" * 24, "quarter": "2019-06-21"},
        files={"file": ("申报.xlsx", b"sheet")}, headers=HTML,
    )  # fmt: skip
    page = _at_the_door(person, door, PASSWORD)
    assert "重新选择" in page.text
    answer = person.send(Forms(page.text).found[-1], "/")
    assert answer.status_code == 422 and "申报文件" in answer.text


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/account/password", {}),
        ("/sign-out", {}),
        ("/applications/new", {"Origin": "https://elsewhere.example"}),
        ("/applications/new", {"Sec-Fetch-Site": "cross-site"}),
    ],
)
def test_neither_a_password_nor_a_foreign_form_is_carried(
    site: Site, path: str, headers: dict[str, str]
) -> None:
    answer = _ended(site, "B1-maker").client.post(
        path, data={"new": "secret"}, headers=HTML | headers, follow_redirects=False
    )
    assert answer.headers["location"] == "/sign-in" and "secret" not in answer.text


@pytest.mark.parametrize("kept", [
    "[", "{}", '{"path": "//elsewhere.example", "texts": [], "files": false}',
    '{"path": "/sign-out", "texts": [], "files": false}',
    '{"path": "https://elsewhere.example", "texts": [], "files": false}',
])  # fmt: skip
def test_the_door_carries_nothing_elsewhere(site: Site, kept: str) -> None:
    answer = TestClient(site.client.app).post(
        "/sign-in", data={"login": "G-maker", "password": PASSWORD, "kept": kept},
        follow_redirects=False,
    )  # fmt: skip
    assert answer.status_code == 303 and answer.headers["location"] == "/"


def test_nobody_makes_the_server_read_much(site: Site) -> None:
    nobody, much = TestClient(site.client.app), {"login": "x" * (LARGEST_OF_NOBODY + 1)}
    for path in ("/sign-in", "/entitlement"):
        refused = nobody.post(path, data=much, headers=HTML)
        assert refused.status_code == 400 and "超过 1 MB" in refused.text
    ended = nobody.post("/claims/new", data=much, headers=HTML, follow_redirects=False)
    assert (ended.status_code, ended.headers["location"]) == (303, "/sign-in")


def test_a_trial_shows_cited_findings_and_stores_nothing(site: Site) -> None:
    person = site.as_("B1-maker")
    count = select(func.count()).select_from(Application)
    before = site.office.programme.rows(count)[0]
    form = person.form("/applications/new")
    filled = _filled(site, 902) | {"amount_fen": "600000", "do": "assess"}
    page = person.send(form, "/applications/new", **filled)
    assert page.status_code == 200
    assert "不符合申请条件" in page.text and "最高不超过30万元" in page.text
    assert 'value="600000"' in page.text
    assert "预计利息与贴息" in page.text and "自付（元）" in page.text
    assert site.office.programme.rows(count)[0] == before


def test_an_edit_is_tried_as_a_new_application_is_and_its_subsidy_is_not_nothing(
    site: Site,
) -> None:
    """The group's papers are not listed yet: the cost is told as it will be, and that it is so."""
    person, path = site.as_("B1-maker"), site.path("/applications/{draft}/edit")
    row = site.office.programme.row(Application, site.office.draft)
    version = row.version
    (masked,) = site.office.programme.rows(
        select(Borrower.id_masked).where(Borrower.id == row.borrower_id)
    )
    who = next(n for n in range(101, 400) if id_number(n)[-4:] == masked[-4:])
    form = person.form(path, "")
    filled = _filled(site, who) | {"name": f"测试{who}", "do": "assess"}
    whole = person.send(form, path, **filled)
    typing = person.send(form, path, **filled | {"name": ""})
    for page in (whole, typing):
        assert page.status_code == 200 and "试算结论（未保存）" in page.text
        assert "贴息尚未确定" in page.text and "保存修改" in page.text
        foot = page.text[page.text.index("<tfoot>") :].split("</tfoot>")[0]
        assert 'data-label="自付">0.00<' in foot and 'data-label="贴息">0.00<' not in foot
    assert site.office.programme.row(Application, site.office.draft).version == version
    steep = person.send(form, path, **filled | {"rate_ppm": "43.5"})
    assert "还不能试算：“年利率（%）”应在 0% 至 24% 之间" in steep.text
    assert 'value="assess" class="second" formnovalidate' in steep.text, "tried half-filled"


def test_what_cannot_be_read_is_said_at_its_field_and_stays_typed(site: Site) -> None:
    person = site.as_("B1-maker")
    filled = _filled(site, 903) | {"amount_fen": "十万", "term_months": "", "consent": []}
    page = person.send(person.form("/applications/new"), "/applications/new", **filled)
    assert page.status_code == 422
    assert 'value="十万"' in page.text and "请填写“期限（月）”" in page.text
    assert page.text.count('aria-invalid="true"') == 2
    assert "须有申请人的书面同意" in page.text


@pytest.mark.parametrize("months", ["0", "121", "999999"])
def test_a_term_beyond_all_reason_is_said_at_its_field(site: Site, months: str) -> None:
    person = site.as_("B1-maker")
    filled = _filled(site, 905) | {"term_months": months}
    page = person.send(person.form("/applications/new"), "/applications/new", **filled)
    assert page.status_code == 422 and "应在 1 至 120 之间" in page.text


def test_a_wrong_id_number_is_refused_without_repeating_it(site: Site) -> None:
    person = site.as_("B1-maker")
    filled = _filled(site, 904) | {"id_no": "320281199001010000"}
    page = person.send(person.form("/applications/new"), "/applications/new", **filled)
    assert page.status_code == 422 and "校验位不符" in page.text


def test_a_refusal_is_shown_at_its_form_with_the_sentence(site: Site) -> None:
    person = site.as_("B1-maker")
    path = site.path("/notes/{note}")
    form = person.form(path, "/extend")
    page = person.send(form, path, until="2029-01-01", reason="资金周转")
    assert page.status_code == 409
    assert "展期至 2029-01-01" in page.text and "<q>" in page.text
    assert "资金周转</textarea>" in page.text


@pytest.mark.parametrize(
    ("amount", "said"), [("99999999999.99", "超出精确计息的范围"), ("0", "须大于 0.00 元")]
)
def test_an_amount_beyond_reason_is_said_over_the_form(site: Site, amount: str, said: str) -> None:
    """While it is filled in, and complete; and at the public page."""
    person = site.as_("B1-maker")
    for name in ("", "王小明"):
        filled = _filled(site, 909) | {"name": name, "do": "assess", "amount_fen": amount}
        page = person.send(person.form("/applications/new"), "/applications/new", **filled)
        assert page.status_code == 200 and said in page.text and "开办便利店" in page.text
    form = person.form("/entitlement")
    page = person.send(form, "/entitlement", amount_fen="99999999999.99", rate_ppm="4.35")
    assert page.status_code == 422 and "超出精确计息的范围" in page.text
    assert 'value="99999999999.99"' in page.text


@pytest.mark.parametrize("question", ["", "?on=2019-09-30"])
def test_a_refused_acts_address_leads_to_its_page(site: Site, question: str) -> None:
    """Where the page of a refusal stands: a reload, or a filter on it, asks for that address."""
    person, path = site.as_("B1-maker"), site.path("/notes/{note}")
    page = person.send(person.form(path, "/repay"), path, on="2019-10-01", amount_fen="0")
    assert page.status_code == 409
    answer = person.client.get(f"{path}/repay{question}", headers=HTML, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, path + question)
    answer = person.client.get("/disbursements/1/confirm", headers=HTML, follow_redirects=False)
    assert answer.headers["location"] == "/"


def test_a_contact_is_shown_for_a_purpose_to_the_one_who_asked(site: Site) -> None:
    person, path = site.as_("G-maker"), site.path("/dunning/{small}")
    assert "138****0109" in person.get(path).text and "13800000109" not in person.get(path).text
    answer = person.send(person.form(path, "/reveal"), path, purpose="逾期催收")
    shown = person.get(answer.headers["location"]).text
    assert "13800000109" in shown and "用途“逾期催收”" in shown
    assert site.as_("B1-maker").get(answer.headers["location"]).status_code == 404


def test_a_drawing_asked_for_wrongly_is_taken_back_from_its_page(site: Site) -> None:
    drawing = site.office.programme.rows(select(Disbursement).where(Disbursement.note_id.is_(None)))
    file = site.office.programme.rows(
        select(Application.public_id).where(Application.id == drawing[0].application_id)
    )
    person, path = site.as_("B1-maker"), f"/applications/{file[0]}"
    answer = person.send(person.form(path, "/withdraw"), path)
    assert answer.headers["location"].startswith(f"{path}?done=")
    page = person.get(answer.headers["location"]).text
    assert "放款登记已撤回" in page and drawing[0].note_no not in page


def test_grounds_are_read_from_their_rows_and_cited(site: Site) -> None:
    person, path = site.as_("G-maker"), site.path("/payouts/{payout}")
    form = person.form(path, "/examine")
    ground = {"grounds.too_early": "100.00", "grounds-evidence.too_early": "未满"}
    page = person.send(form, path, passes="yes", opinion="核减", **ground)
    assert page.status_code == 409 and "只可用于不予代偿" in page.text
    assert 'value="100.00"' in page.text and "<q>" in page.text


def test_an_act_that_is_not_ones_own_is_refused(site: Site) -> None:
    person = site.as_("G-checker")
    form = person.form("/", "sign-out")
    form.action = site.path("/applications/{submitted}/accept")
    answer = person.send(form, "/", key="k" * 24)
    assert answer.status_code == 403 and "无权" in answer.text


def test_home_says_what_the_fund_holds(site: Site) -> None:
    fund = site.office.programme.rows(select(GuaranteeFund))[0]
    page = site.as_("G-maker").get("/").text
    assert yuan(fund.outstanding_fen) in page and yuan(fund.reserved_fen) in page


def test_a_lines_page_explains_the_difference_to_the_fen(site: Site) -> None:
    page = site.as_("F-maker").get(site.path("/claims/{claim}/lines/{line}")).text
    assert "+45.00" in page and "R01" in page
    assert "200,000.00 × 4.35% × 68 ÷ 360" in page and "2,513.33" in page


def test_a_problem_is_a_page_for_people_and_json_for_machines(site: Site) -> None:
    person = site.as_("G-maker")
    assert "text/html" in person.get("/nowhere").headers["content-type"]
    machine = person.client.get("/api/v1/nowhere", headers=HTML)
    assert machine.headers["content-type"] == "application/problem+json"


def test_a_file_that_is_no_sheet_is_refused_at_the_form(site: Site) -> None:
    person = site.as_("B1-maker")
    form = person.form("/claims/new")
    answer = person.client.post(
        "/claims/new",
        data=form.values | {"quarter": "2019-06-21"},
        files={"file": ("申报.xlsx", b"not a workbook")},
        headers=HTML,
    )
    assert answer.status_code == 400 and 'role="alert"' in answer.text


@pytest.mark.required_in_ci
def test_every_code_has_its_word() -> None:
    enums = (Role, OrganisationKind, State, NoteState, Action, BorrowerKind, Method, MovementKind,
             FundEntryKind, ClaimState, LineClass, LineKind, RemittanceState, CaseState, EntryKind,
             EntryReason, RegisterKind, PayoutState, RecoveryKind, StandingKind, DueKind,
             DunningChannel, DunningResult)  # fmt: skip
    missing = [member for enum in enums for member in enum
               if f"{enum.__name__}.{member}" not in words.WORDS]  # fmt: skip
    assert not missing
