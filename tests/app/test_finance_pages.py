"""The finance bureau's pages and the bank's side of a claim: what they show, what they do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from openpyxl import load_workbook
from sqlalchemy import event, func, select
from starlette.testclient import TestClient

from app.main import create_app
from loans.money import half_up, yuan_to_fen
from loans.sheets import digest, write_workbook
from subsidy import claims
from subsidy.detail_sheet import DetailLine, write_detail_sheet
from subsidy.models import Claim, RegisterKind
from subsidy.registers import COLUMNS as LISTS
from tests.app.browsing import HTML, Forms, Person, Rows, signed_in
from tests.app.conftest import OfficeOn
from tests.browser.office import (
    PASSWORD,
    TODAY,
    Office,
    changed,
    claim_lines,
    claim_sheet,
)
from tests.programme import ENGINES, Programme, id_number

NEXT_QUARTER = date(2019, 9, 21), date(2019, 12, 21)
LATER = date(2019, 12, 30)


@dataclass
class Bureau:
    """An office, and its people at their browsers, each signed in once."""

    office: Office

    def __post_init__(self) -> None:
        installation = replace(self.office.programme.installation, env="demo")
        self.client = TestClient(create_app(installation), raise_server_exceptions=False)
        self.at = cache(lambda login: signed_in(self.client, login, PASSWORD))

    @property
    def programme(self) -> Programme:
        return self.office.programme

    def rows(self, path: str, login: str = "F-maker") -> list[dict[str, str]]:
        """The rows of a page's tables."""
        answer = self.at(login).get(path)
        assert answer.status_code == 200, answer.text[:3000]
        return Rows(answer.text).found

    def api(self, path: str, login: str = "F-maker") -> Any:
        """The API's answer to the same person."""
        answer = self.at(login).client.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def act(self, login: str, path: str, name: str, **filled: Any) -> Any:
        """Send an act's form of a page; the page that follows."""
        person = self.at(login)
        return person.send(person.form(path, f"/{name}"), path, follow=True, **filled)

    def upload(self, login: str, path: str, data: bytes, **filled: Any) -> Any:
        """Send a form with a file."""
        person: Person = self.at(login)
        form = next(f for f in _forms(person, path) if f.action == path)
        return person.client.post(
            path, data=form.values | filled, files={"file": ("表.xlsx", data)}, headers=HTML
        )

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """The statements sent to the database meanwhile."""
        said: list[str] = []
        engine = self.programme.installation.reads.kw["bind"]

        def heard(_c: Any, _k: Any, statement: str, *_: Any) -> None:
            said.append(statement)

        event.listen(engine, "before_cursor_execute", heard)
        try:
            yield said
        finally:
            event.remove(engine, "before_cursor_execute", heard)


def _forms(person: Person, path: str) -> list[Any]:
    return Forms(person.get(path).text).found


@pytest.fixture(scope="module", params=ENGINES)
def bureau(request: pytest.FixtureRequest, office_on: OfficeOn) -> Iterator[Bureau]:
    """An office that the tests of this module look at, and change only beside each other's way."""
    with office_on(request.param) as office:
        yield Bureau(office)


@pytest.fixture
def busy(office_on: OfficeOn) -> Iterator[Bureau]:
    """An office of one test's own."""
    with office_on("sqlite") as office:
        yield Bureau(office)


def _grouped(amount: str) -> str:
    """The API's amount as people read it."""
    whole, _, cents = amount.partition(".")
    return f"{int(whole):,}.{cents}" if not whole.startswith("-0") else amount


def _equal(rows: list[dict[str, str]], items: list[Any], names: dict[str, str]) -> None:
    """Every item of the API's is a row with the same amounts under these labels."""
    assert items
    for item in items:
        said = {label: _grouped(item[name]) for label, name in names.items()}
        assert any(said.items() <= row.items() for row in rows), (said, rows)


def test_the_numbers_on_the_pages_are_the_apis(bureau: Bureau) -> None:
    claim = bureau.office.claim
    amounts = {"申请额": "claimed", "重算额": "expected", "核定额": "payable"}
    _equal(bureau.rows("/claims"), bureau.api("/claims")["items"], amounts)
    page = bureau.rows(f"/claims/{claim}")
    _equal(page, bureau.api(f"/claims/{claim}/lines")["items"], amounts)
    _equal(page, bureau.api(f"/claims/{claim}")["classes"], amounts)
    cases = {"申请额": "claimed", "重算额": "expected"}
    _equal(bureau.rows("/cases"), bureau.api("/cases?state=open")["items"], cases)
    for path in ("/claims", f"/claims/{claim}"):
        assert f'href="/cases?claim={claim}"' in bureau.at("F-maker").get(path).text
    open_ = bureau.api(f"/cases?claim={claim}&state=open")["items"]
    assert len([row for row in bureau.rows(f"/cases?claim={claim}") if row]) == len(open_) > 0
    assert not bureau.rows(f"/cases?claim={bureau.office.paid_claim}")
    _equal(bureau.rows("/remittances"), bureau.api("/remittances")["items"], {"金额": "amount"})
    months = {"利息": "interest", "贴息": "subsidy", "借款人承担": "borrower"}
    _equal(bureau.rows("/months"), bureau.api("/months")["items"], months)
    lines = bureau.api("/months/2019-08/lines")["items"]
    _equal(bureau.rows("/months/2019-08"), lines, months)
    for login in ("F-maker", "B1-maker"):
        _statistics_agree(bureau, login)


def _statistics_agree(bureau: Bureau, login: str) -> None:
    names = {"发放额": "disbursed", "余额": "balance", "逾期余额": "overdue_balance",
             "应付贴息": "payable", "已付贴息": "paid", "代偿": "compensated",
             "追偿": "recovered"}  # fmt: skip
    for on in (TODAY, date(2019, 7, 31)):
        for by in ("bank", "category", "gender", "subsidy_class", "all"):
            labels = {f"{label}（元）": name for label, name in names.items()}
            rows = bureau.rows(f"/statistics?on={on}&by={by}", login)
            labels = {label.removesuffix("（元）"): name for label, name in labels.items()}
            _equal(rows, bureau.api(f"/statistics?on={on}&by={by}", login), labels)


def test_the_budget_can_be_asked_tried_and_kept(bureau: Bureau) -> None:
    person, asked = bureau.at("F-maker"), "since=2019-09&months=6&half=60"
    lines = bureau.api(f"/forecast?{asked}")
    _equal(bureau.rows(f"/forecast?{asked}"), lines, {"贴息": "subsidy", "假设下贴息": "supposed"})
    assert "假设下贴息" not in person.get("/forecast?half=").text, "nothing was supposed"
    book = load_workbook(BytesIO(person.get(f"/forecast/report.xlsx?{asked}").content))
    _, *rows, whole = book.active.values
    assert [(row[4], row[8]) for row in rows] == [
        (line["subsidy"], line["supposed"]) for line in lines
    ]
    for at, name in ((4, "subsidy"), (8, "supposed")):
        assert yuan_to_fen(whole[at]) == sum(yuan_to_fen(line[name]) for line in lines) > 0
    wrong = person.get("/forecast?months=0&half=101&cap=1.234")
    assert wrong.status_code == 422
    for said in ("“月数”应在 1 至 120 之间", "应在 0 至 100 之间", "1.234"):
        assert said in wrong.text
    assert person.get("/forecast/report.xlsx?months=0").status_code == 409
    assert bureau.at("B1-maker").get("/forecast").status_code == 403


def test_a_month_is_not_closed_on_a_preview_of_other_figures(bureau: Bureau) -> None:
    approver = bureau.at("F-checker")
    form = approver.form("/months/preview", "/preview")
    page = approver.send(form, "/months/preview", previewed="0" * 64)
    assert page.status_code == 409 and "请看清新的试算后再关账" in page.text
    other = bureau.at("F-maker")
    token = other.form("/", "sign-out").values["csrf"]
    page = other.send(form, "/months/preview", csrf=token)
    assert page.status_code == 403 and "请由以下岗位的人员办理：财政审批" in page.text
    assert approver.get("/months/2019-09").status_code == 404


def test_what_is_previewed_before_the_lock_is_the_apis_run(bureau: Bureau) -> None:
    run = bureau.api("/months/2019-09/preview")
    page = bureau.at("F-maker").get("/months/preview").text
    for amount in ("interest", "subsidy", "borrower"):
        assert f'<span class="value">{_grouped(run[amount])}</span>' in page
    assert run["sha256"] in page
    assert "由财政审批岗关账" in page and "关账 2019-09</button>" not in page


def test_every_figure_leads_to_the_notes_that_sum_to_it(bureau: Bureau) -> None:
    person = bureau.at("F-maker")
    assert person.get("/statistics?on=9999-12-31").status_code == 409
    answer = person.get("/maturities?month=9999-12")
    assert answer.status_code == 200, "the last day of all has no day after it"
    page = person.get(f"/statistics?on={TODAY}&by=category").text
    links = re.findall(r'href="(/statistics/notes[^"]+)">([\d,.]+)</a>', page)
    assert len(links) > 10
    for address, shown in links:
        behind = person.get(address.replace("&amp;", "&"))
        sums = re.findall(r'<span class="value">([\d,.]+)(?: 笔)?</span>', behind.text)
        assert shown in sums, (address, shown, sums)


def test_the_figures_are_kept_as_workbook_csv_and_form(bureau: Bureau) -> None:
    person = bureau.at("F-maker")
    kept = {
        kind: person.get(f"/statistics/report.{kind}?on={TODAY}&by=bank")
        for kind in ("xlsx", "csv", "pdf")
    }
    assert kept["xlsx"].content[:2] == b"PK" and kept["pdf"].content[:5] == b"%PDF-"
    lines = kept["csv"].content.decode("utf-8-sig").splitlines()
    whole = bureau.api(f"/statistics?on={TODAY}&by=all")[0]
    assert lines[-1].split(",")[4:6] == [whole["disbursed"], whole["balance"]]
    assert "attachment" in kept["csv"].headers["content-disposition"]
    assert person.get("/statistics/report.exe").status_code == 404


def test_a_claims_reports_are_the_apis_bytes_or_content(bureau: Bureau) -> None:
    path = f"/claims/{bureau.office.claim}"
    person = bureau.at("F-maker")
    assert person.get(f"{path}/report.pdf").content[:5] == b"%PDF-"
    assert person.get(f"{path}/report.xlsx").content[:2] == b"PK"
    assert "JJ-99999" in person.get(f"{path}/report.csv").content.decode("utf-8-sig")


def test_lines_are_found_by_cause_by_finding_and_by_class(bureau: Bureau) -> None:
    path = f"/claims/{bureau.office.claim}"

    def notes(query: str) -> list[str]:
        rows = bureau.rows(f"{path}?{query}")
        return [row[""].split()[0] for row in rows if "贴息期间" in row]

    assert notes("code=R08") == ["JJ-99999"]
    assert notes("code=R09") == ["JJ-00102"]  # a finding without money
    assert notes("class=matched") == ["JJ-00108", "JJ-00110", "JJ-00104"]
    assert notes("residual=1") == ["JJ-00102", "JJ-00106", "JJ-99999"]


def test_a_line_says_what_agrees_with_the_register_and_sums_to_what_was_recomputed(
    bureau: Bureau,
) -> None:
    lines = bureau.api(f"/claims/{bureau.office.claim}/lines")["items"]
    for item in lines:
        if item["note_id"] is None:
            continue
        path = f"/claims/{bureau.office.claim}/lines/{item['id']}"
        page = bureau.at("F-maker").get(path).text
        assert f'<dt>逐段合计</dt><dd class="figure">{_grouped(item["expected"])}' in page
        claimed = next(row for row in Rows(page).found if row.get("") == "申请贴息额")
        assert claimed["银行申报"] == _grouped(item["claimed"])
        is_equal = item["claimed"] == item["expected"]
        assert claimed["是否一致"] == ("一致" if is_equal else "不一致")


def test_a_convention_is_said_once_with_the_lines_it_does_not_explain(busy: Bureau) -> None:
    """Four notes without a change in the quarter, their interest counted with 365 days a year:
    18.27 + 16.75 + 12.18 + 21.35 = 68.55 less; and a line of a note that nobody knows."""
    programme = busy.programme
    lines = [
        line if line.repaid_fen else changed(line, claimed_fen=_with_365_days(line))
        for line in claim_lines(programme, programme.bank)
    ]
    sheet = write_detail_sheet([*lines, changed(lines[1], note_no="JJ-99999")])
    page = busy.upload("B1-maker", "/claims/new", sheet, quarter="2019-06-21")
    assert page.text.count("R11 计息惯例差异") == 1
    assert "（4 行，-68.55 元）" in page.text
    claim = str(page.url).partition("?")[0]
    shown = [row[""].split()[0] for row in busy.rows(f"{claim}?residual=1") if "贴息期间" in row]
    assert shown == ["JJ-99999"]


def _with_365_days(line: DetailLine) -> int:
    share = 50 if line.subsidy_class == "HALF" else 100
    return half_up(line.closing_fen * line.rate_ppm * line.days * share, 365 * 100 * 1_000_000)


def _strange(count: int) -> bytes:
    """A bank's sheet with lines of notes that nobody knows."""
    blank = {"bank": "本行", "branch": "营业部", "borrower": "测试", "category": "失业人员",
             "subsidy_class": "FULL", "rate_ppm": 43_500, "subsidy_rate_ppm": 43_500,
             "disbursed_fen": 0, "repaid_fen": 0, "days": 91, "claimed_fen": 1_000_00,
             "interest_paid_fen": 1_000_00, "signed_on": date(2019, 4, 10),
             "disbursed_on": date(2019, 4, 10), "matures_on": date(2020, 4, 10),
             "since": NEXT_QUARTER[0], "until": NEXT_QUARTER[1]}  # fmt: skip
    money = dict.fromkeys(("principal_fen", "opening_fen", "closing_fen"), 300_000_00)
    return write_detail_sheet(
        [
            DetailLine(
                contract_no=f"HT-9{n}", note_no=f"JJ-9{n:04}", identity=id_number(101), **blank,
                **money,
            )  # type: ignore[arg-type]
            for n in range(count)
        ]
    )  # fmt: skip


def _filed(bureau: Bureau, sheet: bytes) -> UUID:
    programme = bureau.programme
    vault = programme.installation.vault
    filing = claims.read_filing(sheet, "更正.xlsx", vault=vault, on=LATER)
    since, until = NEXT_QUARTER
    return programme.do(
        programme.bank.maker,
        "claims.receive",
        lambda ctx: claims.receive(ctx, filing=filing, since=since, until=until),
    ).public_id


def test_no_page_asks_more_of_the_database_for_more_rows(busy: Bureau) -> None:
    busy.programme.day(LATER)
    few, many = _filed(busy, _strange(5)), _filed(busy, _strange(50))
    person = busy.at("F-maker")

    def asked(path: str) -> int:
        person.get(path)  # whatever is asked only once is not counted
        return min(once(path), once(path))  # once a minute a session is noted as seen

    def once(path: str) -> int:
        with busy.counting() as said:
            assert person.get(path).status_code == 200
        return len(said)

    assert asked(f"/claims/{few}") == asked(f"/claims/{many}")
    assert len([r for r in busy.rows(f"/claims/{many}") if "贴息期间" in r]) == 50
    assert asked(f"/cases?state=&bank={busy.programme.other_bank.id}") < asked("/cases?state=")
    assert asked("/cases?state=open&code=R01") == asked("/cases?state=open&code=R08")
    assert asked("/statistics?on=2019-04-12") == asked(f"/statistics?on={TODAY}")
    assert asked("/months/2019-04") == asked("/months/2019-08")
    assert asked("/claims?state=superseded") == asked("/claims")
    last = _filed(busy, _strange(6))
    assert asked(f"/claims/{many}/comparison") == asked(f"/claims/{last}/comparison")
    assert '<span class="value">45</span>' in person.get(f"/claims/{many}/comparison").text


def test_a_check_before_filing_stores_nothing_and_its_workbook_passes(busy: Bureau) -> None:
    programme = busy.programme
    wrong = claim_sheet(programme, programme.bank, errors=True)
    quarter = {"quarter": "2019-06-21"}
    count = select(func.count()).select_from(Claim)
    before = programme.rows(count)
    page = busy.upload("B1-maker", "/claims/check", wrong, do="check", **quarter)
    assert page.status_code == 200 and "预检未通过" in page.text and "JJ-99999" in page.text
    assert "+1,601.33" in page.text
    mended = busy.upload("B1-checker", "/claims/check", wrong, do="workbook", **quarter)
    assert "corrected.xlsx" in mended.headers["content-disposition"]
    again = busy.upload("B1-maker", "/claims/check", mended.content, do="check", **quarter)
    assert "预检通过" in again.text
    assert programme.rows(count) == before
    person = busy.at("B1-maker")
    form = next(f for f in _forms(person, "/claims/check") if f.action == "/claims/check")
    filed = person.client.post(
        "/claims/new", data=form.values | quarter, files={"file": ("更正.xlsx", mended.content)},
        headers=HTML,
    )  # fmt: skip
    assert "已接收并逐行重算" in filed.text and "与被替换的文件比较" in filed.text
    assert {row.get("差异") for row in Rows(filed.text).found} <= {None, "0.00"}
    broken = busy.upload("B1-maker", "/claims/check", b"no workbook", do="check", **quarter)
    assert broken.status_code == 400 and 'role="alert"' in broken.text


def test_a_case_is_explained_by_the_bank_and_decided_with_a_citation(busy: Bureau) -> None:
    cases = {case["note_no"]: f"/cases/{case['id']}" for case in busy.api("/cases")["items"]}
    todo = busy.rows("/claims", "B1-maker")
    assert sum("待说明" in row.get("", "") for row in todo) == 3
    page = busy.act(
        "B1-maker", cases["JJ-00102"], "comment", text="借款人当日还款", evidence="凭证 8-3"
    )
    assert "说明已记录" in page.text
    owner = busy.act("F-maker", cases["JJ-00102"], "owner", owner_login="F-both")
    assert (
        "已指定跟进人" in owner.text and "借款人当日还款" in owner.text and "凭证 8-3" in owner.text
    )
    assert "作出决定" not in busy.at("B1-maker").get(cases["JJ-00102"]).text

    refused = busy.act("F-maker", cases["JJ-00106"], "decision", decision="disallowed",
                       cites="", reason="到期后不贴息")  # fmt: skip
    assert refused.status_code == 409 and "核减须写明所依据的条款" in refused.text
    assert "到期后不贴息</textarea>" in refused.text
    above = busy.act("F-maker", cases["JJ-00102"], "decision", decision="allowed",
                     amount_fen="2,558.34", reason="凭证已核")  # fmt: skip
    assert above.status_code == 409 and "2558.33" in above.text
    done = busy.act("F-maker", cases["JJ-00102"], "decision", decision="allowed",
                    amount_fen="2,540.00", reason="凭证已核")  # fmt: skip
    assert "决定已记录" in done.text and "2,540.00" in done.text
    busy.act("F-maker", cases["JJ-00106"], "decision", decision="disallowed",
             cites="（九）9.4", reason="到期后不贴息")  # fmt: skip
    busy.act("F-maker", cases["JJ-99999"], "decision", decision="returned", reason="无此借据")
    claim = busy.api(f"/claims/{busy.office.claim}")
    assert claim["payable"] == "7544.91"  # the recomputed 7518.24 and 26.67 allowed beyond it
    assert "没有符合条件的差异" in busy.at("F-maker").get("/cases").text
    todo = [row[""] for row in busy.rows("/claims", "B1-maker") if "办法" in row]
    assert todo == ["借据 JJ-99999 已退回"]


def test_a_payment_is_confirmed_by_another_comes_back_and_is_ordered_anew(busy: Bureau) -> None:
    claim = f"/claims/{busy.office.claim}"
    busy.act("F-maker", claim, "review", comment="已逐行核对")
    again = busy.act("F-maker", claim, "review-again", comment="再核")
    assert again.status_code == 409 and "请由另一人批准" in again.text
    assert "没有改变任何一行" in busy.at("F-maker").get(f"{claim}/today").text
    approved = busy.act("F-checker", claim, "approve")
    assert "核定额成为应付贴息" in approved.text
    busy.act("F-checker", "/budgets", "set", year="2019", amount_fen="100.00", document="澄财1号")
    over = busy.act("F-maker", claim, "order")
    assert over.status_code == 409 and "尚余" in over.text
    budget = busy.act(
        "F-checker", "/budgets", "set", year="2019", amount_fen="20,000", document="澄财2号"
    )
    assert "17,220.83" in budget.text  # 20000 less what the other bank's order took
    account = {"account": "6222021234567890", "reason": "开户行更换"}
    busy.act("B1-maker", "/accounts", "ask", **account)
    agreed = busy.act("B1-checker", "/accounts", "agree")
    assert "************7890" in agreed.text and "6222021234567890" not in agreed.text

    ordered = busy.act("F-maker", claim, "order")
    path = re.search(r"/remittances/[0-9a-f-]{36}", str(ordered.url))[0]  # type: ignore[index]
    assert "7,518.24" in ordered.text and "************7890" in ordered.text
    file = busy.at("F-maker").get(f"{path}/payment.csv")
    assert digest(file.content) in ordered.text
    assert "确认付款</button>" not in ordered.text  # whoever ordered does not confirm
    today = TODAY.isoformat()
    paid = busy.act("F-checker", path, "confirm", paid_on=today, reference="ZF-1")
    assert "付款已确认" in paid.text and "ZF-1" in paid.text
    back = busy.act("F-maker", path, "return", returned_on=today, reason="账户户名不符")
    assert "退款已登记" in back.text and "账户户名不符" in back.text
    assert sum("退款" in row.get("事项", "") for row in busy.rows("/ledger?kind=paid")) == 5

    busy.programme.repay(busy.office.note, 50_000_00, on=date(2019, 8, 15))
    again = busy.act("F-maker", claim, "order")
    assert "以前期间调整" in again.text and "按现有事实重算" in again.text
    netted = next(row for row in busy.rows("/remittances") if "待确认付款" in row.get("状态", "")
                  and row["其中调整"] != "0.00")  # fmt: skip
    # 50000.00 at 4.35 % for the 37 days from 15 August: 223.54 less.
    assert netted["其中调整"] == "-223.54" and netted["金额"] == "7,294.70"


def test_facts_recorded_since_a_review_are_shown_and_reviewed_again(busy: Bureau) -> None:
    claim = f"/claims/{busy.office.claim}"
    busy.act("F-maker", claim, "review", comment="已逐行核对")
    busy.programme.repay(busy.office.note, 50_000_00, on=date(2019, 8, 15))
    refused = busy.act("F-checker", claim, "approve")
    assert refused.status_code == 409 and "请审核岗重新审核后再批准" in refused.text
    changed = [row for row in busy.rows(f"{claim}/today") if "现在的重算额" in row]
    # 50000.00 at 4.35 % for the 37 days from 15 August: 223.54 less.
    said = {"": "JJ-00102", "报送时的重算额": "2,513.33", "现在的重算额": "2,289.79"}
    assert [{label: row[label] for label in said} for row in changed] == [said]
    again = busy.act("F-maker", claim, "review-again", comment="已按还款重核")
    assert "等待另一人批准" in again.text and "7,294.70" in again.text
    assert "核定额成为应付贴息" in busy.act("F-checker", claim, "approve").text


def _list(*rows: tuple[str, str, str]) -> bytes:
    columns = LISTS[RegisterKind.EXCLUSION].columns
    cells = [
        {"subject": number, "since": since, "until": until, "detail": "财政供养人员"}
        for number, since, until in rows
    ]
    header = [column.header for column in columns]
    return write_workbook({"名单": [header, *([r[c.name] for c in columns] for r in cells)]})


def test_a_list_is_refused_with_every_bad_row_then_loaded_and_read_as_of_a_day(
    busy: Bureau,
) -> None:
    asked = {"kind": "exclusion", "source": "市人社局"}
    bad = _list((id_number(101)[:-1] + "?", "2019-07-01", ""), (id_number(102), "七月", ""))
    page = busy.upload("F-maker", "/registers", bad, **asked)
    assert page.status_code == 400
    assert [row[""] for row in Rows(page.text).found if "问题" in row] == ["第 2 行", "第 3 行"]
    good = _list(
        (id_number(101), "2019-07-01", ""),
        (id_number(888), "2019-08-01", "2019-09-01"),
        (id_number(889), "2019-09-01", ""),
    )
    page = busy.upload("F-maker", "/registers", good, **asked)
    assert "名单已载入" in page.text and id_number(101) not in page.text
    path = str(page.url).partition("?")[0]
    on_a_day = [row[""] for row in busy.rows(f"{path}?on=2019-08-31") if "起始日" in row]
    assert on_a_day == ["第 2 行", "第 3 行"]
    ours = [row for row in busy.rows(f"{path}?ours=1") if "起始日" in row]
    assert len(ours) == 1 and f"********{id_number(101)[-4:]}" in ours[0]["本项目借款人"]
    assert busy.at("F-checker").get("/registers").status_code == 200
    refused = busy.at("F-checker").client.post("/registers", data={}, headers=HTML)
    assert refused.status_code == 403


def test_another_banks_payment_case_and_account_are_not_found(bureau: Bureau) -> None:
    order = bureau.api("/remittances")["items"][0]["id"]
    person = bureau.at("B1-maker")
    for path in (f"/remittances/{order}", f"/remittances/{order}/payment.csv"):
        assert person.get(path).status_code == 404
    assert bureau.rows("/ledger", "B1-maker") in ([], [{}])
    case = bureau.api("/cases")["items"][0]["id"]
    assert bureau.at("B2-maker").get(f"/cases/{case}").status_code == 404
