"""First screens: their numbers are the API's for the same day; the public page keeps nothing."""

import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from io import BytesIO

import pytest
from sqlalchemy import event, func, select
from starlette.testclient import TestClient

from app.main import create_app
from app.web import pages
from app.web.charts import in_wan, in_yuan, row_bars
from loans.models import Model
from loans.money import half_up, yuan_to_fen
from tests.app.browsing import HTML, Person, signed_in
from tests.app.conftest import OfficeOn
from tests.browser.office import PASSWORD, Office, give_passwords
from tests.databases import Databases
from tests.multiplied import multiplied
from tests.programme import ENGINES, Programme

API = "/api/v1"
OPEN_PAGES = {"/static/{name}", "/sign-in", "/entitlement"}
TILE = re.compile(r'<span class="label">(.*?)</span><span class="value">(.*?)</span>', re.S)
TAGS = re.compile(r"<[^>]+>")


@pytest.fixture(scope="module", params=ENGINES)
def office(request: pytest.FixtureRequest, office_on: OfficeOn) -> Iterator[Office]:
    """Half a year of work."""
    with office_on(request.param) as office:
        yield office


@pytest.fixture(scope="module")
def client(office: Office) -> TestClient:
    return TestClient(create_app(office.programme.installation), raise_server_exceptions=False)


def _tiles(page: str) -> dict[str, str]:
    """The figures of a first screen, by the words above them without their counts."""
    found = {}
    for label, value in TILE.findall(page):
        words = unescape(TAGS.sub("", label)).split()
        found[words[0]] = unescape(TAGS.sub("", value)).replace(",", "").strip()
        if len(words) > 1 and words[1].replace(",", "").isdigit():
            found[f"{words[0]} 笔"] = words[1].replace(",", "")
    return found


def _json(person: Person, path: str) -> object:
    answer = person.client.get(API + path)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("on", ["", "2019-08-31", "2019-09-30", "2019-05-15"])
def test_a_first_screens_numbers_are_the_apis(client: TestClient, on: str) -> None:
    person = signed_in(client, "G-maker", PASSWORD)
    query = f"?on={on}" if on else ""
    page = person.get("/" + query)
    assert page.status_code == 200
    tiles = _tiles(page.text)
    (whole,) = _json(person, f"/statistics{query}")  # type: ignore[misc]
    fund = _json(person, f"/fund{query}")
    assert tiles["贷款余额"] == whole["balance"] and tiles["贷款余额 笔"] == str(whole["live"])
    assert tiles["逾期"] == whole["overdue_balance"] and tiles["逾期 笔"] == str(whole["overdue"])
    assert tiles["在保余额（元）"] == fund["outstanding"]  # type: ignore[index]
    assert tiles["放大倍数（上限"] == f"{fund['leverage']} 倍"  # type: ignore[index]
    text = unescape(TAGS.sub(" ", page.text))
    for by in ("bank", "category"):
        for group in _json(person, f"/statistics?by={by}&{query[1:]}"):  # type: ignore[union-attr]
            wan = half_up(yuan_to_fen(group["balance"]), 10_000)  # in hundredths
            assert f"{wan // 100:,}.{wan % 100:02d}" in text, group


def test_charts_round_half_up_and_shares_are_of_a_hundred() -> None:
    month = date(2020, 1, 1)
    assert [in_wan(month, fen).shown for fen in (149_999_99, 150_000_00, 0)] == ["15", "15", "0"]
    assert [in_yuan(month, fen).shown for fen in (1_49, 1_50, 2_50)] == ["1", "2", "3"]
    bars = row_bars(
        ("甲乙丙"[n], fen, "") for n, fen in enumerate((10_050_00, 10_049_99, 9_950_01))
    )
    assert [(bar.label, bar.shown) for bar in bars] == [
        ("甲", "1.01"),
        ("乙", "1.00"),
        ("丙", "1.00"),
    ]
    assert sorted(bar.share_pct for bar in bars) == [33, 33, 34]
    assert [bar.share_pct for bar in row_bars([("甲", 0, "")])] == [0]


LINK = re.compile(r'<a [^>]*href="(/[^"]*)"')
DAY = "2019-08-31"
STANDS, ONLY_TODAY = f"以下为 <strong>{DAY}</strong> 日终的情况", f"不是 {DAY} 的"


def test_links_carry_the_day_and_a_page_without_it_says_so(
    client: TestClient, office: Office
) -> None:
    person = signed_in(client, "G-maker", PASSWORD)
    first = person.get(f"/?on={DAY}").text
    links = {unescape(link) for link in LINK.findall(first)} - {"/", "/account"}
    assert all(f"on={DAY}" in link for link in links), links
    told = {}
    for page in {link.partition("?")[0]: link for link in links}.values():
        text = person.get(page).text
        told[page.partition("?")[0]] = (STANDS in text) + 2 * (ONLY_TODAY in text)
    assert told.pop("/policy") == 0, "its day is its own"
    assert {page for page, what in told.items() if what == 1} == {
        "/", "/applications", "/notes", "/maturities", "/fund", "/statistics",
    }  # fmt: skip
    assert set(told.values()) == {1, 2}
    late = person.get(f"/notes?standing=late&on={DAY}").text
    assert 'href="/notes?standing=late">回到今天' in late, "the filter stays"
    assert f'href="/notes/{office.note}?on={DAY}"' in person.get(f"/notes?on={DAY}").text


def test_a_note_stands_as_in_the_list_of_the_day(client: TestClient, office: Office) -> None:
    person, path = signed_in(client, "G-maker", PASSWORD), f"/notes/{office.note}"
    now, then = person.get(path).text, person.get(f"{path}?on=2019-06-30").text
    balance = '<dt>余额</dt><dd class="figure">{} <small>元</small></dd>'
    assert balance.format("200,000.00") in now and "归还本金" in now
    assert balance.format("300,000.00") in then and "归还本金" not in then
    assert "2019-04" in then and "2019-06</a>" not in then and 'class="act' not in then
    overdue = f"/notes/{office.overdue}?on="
    assert "逾期</span>" in person.get(overdue + "2019-09-30").text
    assert "在贷</span>" in person.get(overdue + "2019-09-14").text
    early = person.get(f"{path}?on=2019-04-09")
    assert early.status_code == 404 and "于 2019-04-10 放款" in early.text


def test_a_day_without_figures_is_refused_inside_the_workspace(client: TestClient) -> None:
    person = signed_in(client, "G-maker", PASSWORD)
    assert 'min="2019-01-01" max="2019-10-09"' in person.get("/").text
    for page in ("/", "/notes?standing=late&", "/applications", "/fund", "/statistics"):
        query = page if page.endswith("&") else page + "?"
        for on, status, said in (
            ("2018-12-31", 422, "最早可以查看 2019-01-01"), ("2019-10-10", 409, "还没有到"),
        ):  # fmt: skip
            answer = person.get(f"{query}on={on}")
            assert answer.status_code == status and said in answer.text
            assert 'aria-label="主导航"' in answer.text, "inside the workspace"
            assert f'href="{page.rstrip("&")}">看今天的情况' in unescape(answer.text)
    for path in ("/statistics?on=2019-10-10", "/fund?on=2019-10-10",
                 "/statistics/hit-rates?since=2019-01-01&until=2019-10-11"):  # fmt: skip
        refused = person.client.get(API + path)
        assert refused.status_code == 409 and refused.json()["code"] == "day-not-come"


def test_the_clocks_of_a_first_screen_are_the_apis(client: TestClient) -> None:
    person = signed_in(client, "G-maker", PASSWORD)
    tiles, due = _tiles(person.get("/").text), _json(person, "/clocks")

    def own(name: str) -> str:
        rows = [row for row in due[name] if row["state"] == "guarantee_review"]  # type: ignore[index]
        return f"{len(rows)} 件"

    assert tiles["已超办理时限"] == own("late") and tiles["今天到期"] == own("today")


def test_a_lists_amounts_are_the_apis(client: TestClient) -> None:
    person = signed_in(client, "B1-maker", PASSWORD)
    for path in ("/notes", "/applications"):
        page = person.get(path).text.replace(",", "")
        items = _json(person, path)["items"]  # type: ignore[index]
        assert items
        for item in items:
            row = page[page.index(f"{path}/{item['id']}") :].split("</tr>")[0]
            for name in ("principal", "balance", "amount", "approved"):
                assert not item.get(name) or f">{item[name]}<" in row, (item, name)


def test_only_these_pages_need_no_sign_in(client: TestClient) -> None:
    paths = {route.path for module in pages.MODULES for route in module.router.routes
             if "GET" in route.methods}  # fmt: skip
    open_to_all = set()
    anybody = TestClient(client.app)
    for path in paths:
        address = re.sub(r"\{kind\}", "xlsx", re.sub(r"\{(\w*id)\}", "0" * 32, path))
        answer = anybody.get(address, headers=HTML, follow_redirects=False)
        if answer.headers.get("location", "").partition("?")[0] != "/sign-in":
            open_to_all.add(path)
    assert open_to_all == OPEN_PAGES


ANSWERS = {
    "kind": "individual", "here": "yes", "amount_fen": "200,000", "term_months": "24",
    "rate_ppm": "4.35", "method": "BULLET", "categories": "unemployed", "local_hukou": "yes",
    "other_approved_fen": "0",
}  # fmt: skip
BODY = {
    "kind": "individual", "amount": "200000.00", "term_months": 24, "rate": "4.35",
    "facts": {"business_division": "320281", "local_hukou": True},
    "categories": [{"code": "unemployed"}],
    "exposure": {"other_approved": "0.00", "subsidised_loans": 0, "earlier_overdue": False},
}  # fmt: skip


def _rows(office: Office) -> dict[str, int]:
    tables = Model.metadata.tables.values()
    return {t.name: office.programme.rows(select(func.count()).select_from(t))[0] for t in tables}


def test_the_public_page_answers_as_the_api_and_keeps_nothing(
    office: Office, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    person = signed_in(client, "G-maker", PASSWORD)
    csrf = person.form("/", "sign-out").values["csrf"]
    token = {"X-CSRF-Token": csrf}
    found = person.client.post(f"{API}/assessments", json=BODY, headers=token).json()
    before, anybody = _rows(office), TestClient(client.app)
    assert anybody.get("/entitlement", headers=HTML).status_code == 200
    with caplog.at_level("DEBUG"):
        answer = anybody.post("/entitlement", data=ANSWERS, headers=HTML)
    assert answer.status_code == 200 and "set-cookie" not in answer.headers
    assert _rows(office) == before
    assert "200,000" not in caplog.text and "unemployed" not in caplog.text
    page = answer.text.replace(",", "")
    assert f'<span class="value">{found["attainable_cap"]}</span>' in page
    assert found["latest_maturity_on"] in page and "全额贴息" in page
    for month in found["attainable_months"]:
        row = page[page.index(f'<th scope="row">{month["start"][:7]}</th>') :].split("</tr>")[0]
        assert all(f">{month[name]}<" in row for name in ("interest", "subsidy", "borrower"))
    for finding in found["findings"]:
        assert all(cite.replace(",", "") in unescape(page) for cite in finding["cites"])
        assert all(need in page for need in finding["needs"])


def test_the_public_page_counts_a_firms_hires(client: TestClient) -> None:
    anybody = TestClient(client.app)
    asked = ANSWERS | {"kind": "small_firm", "is_small_firm": "yes", "hired_graduates": "13",
                       "amount_fen": "2000000", "method": "LUMP_SUM"}  # fmt: skip
    page = anybody.post("/entitlement", data=asked, headers=HTML).text
    assert '<span class="value">1,300,000.00</span>' in page and "小微企业贴息" in page
    steep = anybody.post("/entitlement", data=asked | {"rate_ppm": "24.0001"}, headers=HTML)
    assert steep.status_code == 422 and "应在 0% 至 24% 之间" in steep.text
    none = anybody.post("/entitlement", data=asked | {"term_months": "0"}, headers=HTML)
    assert none.status_code == 422 and "个月之间" in none.text
    wrong = anybody.post("/entitlement", data=asked | {"amount_fen": "二百万"}, headers=HTML)
    assert wrong.status_code == 422 and 'value="二百万"' in wrong.text


def test_a_no_of_the_public_page_promises_nothing(client: TestClient) -> None:
    """Why not, by which sentence, and what would do; no tile says otherwise beside it."""
    anybody = TestClient(client.app)
    page = anybody.post("/entitlement", data=ANSWERS | {"here": "no"}, headers=HTML).text
    assert "按所填内容不能申请" in page and "<h3>为什么</h3>" in page
    assert 'class="tiles"' not in page and "政府贴息" not in page and "要准备的材料" not in page


def test_the_public_page_takes_no_blank_for_nothing(client: TestClient) -> None:
    """What else is owed, left blank, is asked for by name; what is stated counts."""
    anybody = TestClient(client.app)
    empty = anybody.get("/entitlement", headers=HTML).text
    assert 'value="0"' not in empty
    blank = anybody.post("/entitlement", data=ANSWERS | {"other_approved_fen": ""}, headers=HTML)
    assert "借款人其他创业担保贷款查询结果" in blank.text
    firm = ANSWERS | {"kind": "small_firm", "is_small_firm": "yes", "hired_graduates": "2"}
    unknown = anybody.post("/entitlement", data=firm, headers=HTML).text
    assert "企业其他存续贷款及其吸纳人员查询结果" in unknown
    others = {"other_bases_fen": "150000", "other_hires": "1"}
    stated = anybody.post("/entitlement", data=firm | others, headers=HTML).text
    assert "企业其他存续贷款及其吸纳人员查询结果" not in stated
    assert '<span class="value">150,000.00</span>' in stated, "3 hires give 300000.00, half is used"


# Pages with lists, by who reads them; as of an earlier day too.
LISTS = {
    "G-maker": ("/", "/?on=2019-06-30", "/applications", "/applications?on=2019-06-30", "/notes",
                "/notes?on=2019-06-30&standing=late", "/maturities", "/fund", "/payouts",
                "/standing", "/reservations"),
    "B1-maker": ("/", "/applications", "/notes"),
    "F-maker": ("/", "/claims", "/cases", "/remittances", "/statistics"),
}  # fmt: skip


def _counted(databases: Databases, notes: int) -> dict[str, int]:
    """Statements of each page over a book of so many notes."""
    with (
        databases.fresh("sqlite") as fresh,
        Programme.begin(fresh, fund_fen=10**12) as programme,
    ):
        give_passwords(programme)
        multiplied(programme, fresh, notes)
        client, said = TestClient(create_app(programme.installation)), []
        engine = programme.installation.reads.kw["bind"]
        event.listen(engine, "before_cursor_execute", lambda *_: said.append(1))
        found = {}
        for login, paths in LISTS.items():
            person = signed_in(client, login, PASSWORD)
            for path in paths:
                said.clear()
                assert person.get(path).status_code == 200, path
                found[f"{login} {path}"] = len(said)
        return found


def test_no_page_asks_more_often_because_there_are_more_rows(databases: Databases) -> None:
    few, many = _counted(databases, 120), _counted(databases, 600)
    assert few == many


def test_forms_for_signature_are_printed_with_amounts_in_capitals(
    office: Office, client: TestClient
) -> None:
    pypdf = pytest.importorskip("pypdf")
    pytest.importorskip("typst")
    for login, path, words in (
        ("G-maker", f"/applications/{office.approved}/approval.pdf", "叁拾万元整"),
        ("F-maker", f"/claims/{office.paid_claim}/sheet.pdf", "贴息资金审核表"),
    ):
        answer = signed_in(client, login, PASSWORD).get(path)
        assert answer.headers["content-type"] == "application/pdf"
        text = "".join(
            page.extract_text() for page in pypdf.PdfReader(BytesIO(answer.content)).pages
        )
        assert words in text and "测试" not in text
