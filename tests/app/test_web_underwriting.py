"""Pages of underwriting: candidates in a file, clocks and hit rates, hires who left."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Any

import openpyxl
import pytest
from starlette.testclient import TestClient

from app.main import create_app
from tests.app.browsing import HTML, Person, signed_in
from tests.browser.office import PASSWORD, give_passwords
from tests.databases import Databases
from tests.programme import Programme

HEADER = (
    "编号,类型,所属企业编号,申请金额,贷款期限,经营地,本市户籍,人群类别,人社核验,雇用人数,"
    "其他已批准额度,小微企业,劳动合同起始日,无固定期限,其他贷款贴息基数"
)
LIST = f"""{HEADER}
甲,,,300000.00,12,320281,是,本市户籍失业人员,是,2,0.00,,,,
乙,个人,,300000.01,12,320281,是,本市户籍失业人员,是,2,0.00,,,,
企,小微企业,,2000000.00,24,320281,,,,,,是,,,0.00
员1,新招用人员,企,,,,是,本市户籍农民,是,,,,2019-03-01,是,
员2,新招用人员,企,,,,是,本市户籍农民,是,,,,2018-12-31,是,
员3,新招用人员,无此企业,,,,是,本市户籍农民,是,,,,2019-03-01,是,
"""


@pytest.fixture(scope="module")
def office(databases: Databases) -> Iterator[tuple[Programme, TestClient]]:
    """One firm lent to, one of its two hires gone; a file decided in time, one running."""
    with databases.fresh("sqlite") as database, Programme.begin(database) as p:
        give_passwords(p)
        with p.at_once():
            p.decide(p.under_review(), p.guarantor)
            p.under_review()
            firm = p.approved(p.asked_firm(hires=2, amount_fen=500_000_00))
            p.draw(firm, amount_fen=500_000_00, on=p.today)
            p.day(date(2019, 4, 9))
        yield p, TestClient(create_app(p.installation), raise_server_exceptions=False)


def _as(office: tuple[Programme, TestClient], login: str) -> Person:
    return signed_in(office[1], login, PASSWORD)


def _upload(person: Person, do: str, text: str = LIST) -> Any:
    form = person.form("/candidates", "/candidates")
    return person.client.post(
        "/candidates",
        data=form.values | {"do": do},
        files={"file": ("名单.csv", text.encode(), "text/csv")},
        headers=HTML,
    )


class TestCandidates:
    def test_are_answered_on_the_page_with_the_sentence_that_refuses(self, office):
        page = _upload(_as(office, "B1-maker"), "page").text
        assert "名单.csv：3 行，无法读取 1 处" in page
        assert "申请 300000.01元，超过限额" in page and "最高不超过30万元" in page
        assert "不是当年新招用" in page and "名单中没有编号“无此企业”的小微企业" in page

    def test_come_back_as_csv_and_workbook_with_value_day_and_citation(self, office):
        person = _as(office, "F-maker")
        text = _upload(person, "csv").content.decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [(row["编号"], row["结论"], row["最高额度"]) for row in rows] == [
            ("甲", "符合", "300000.00"),
            ("乙", "不符合", "300000.00"),
            ("企", "符合", "100000.00"),
            ("", "无法读取", ""),
        ]
        assert rows[1]["规定值（施行日）"] == "300000.00元（2019-01-01 起）"
        assert "30万元" in rows[1]["依据"]
        book = openpyxl.load_workbook(io.BytesIO(_upload(person, "xlsx").content))
        cells = [[cell or "" for cell in row] for row in book.active.iter_rows(values_only=True)]
        assert cells == list(csv.reader(io.StringIO(text)))

    def test_are_for_those_who_may_ask(self, office):
        assert _as(office, "audit").get("/candidates").status_code == 403
        assert _as(office, "G-maker").get("/candidates/template.xlsx").status_code == 200

    def test_without_a_file_or_with_a_broken_one_the_page_says_so(self, office):
        person = _as(office, "B1-maker")
        form = person.form("/candidates", "/candidates")
        empty = person.send(form, "/candidates", do="page")
        assert empty.status_code == 422 and "请选择名单文件" in empty.text
        broken = _upload(person, "page", "什么,也不是\n1,2\n")
        assert broken.status_code == 400 and "编号" in broken.text


def test_the_clocks_page_shows_the_api_s_figures(office):
    person = _as(office, "G-maker")
    page = person.get("/clocks").text
    lists = person.client.get("/api/v1/clocks").json()
    assert (len(lists["today"]), "今天到期 <small>2 件" in page) == (2, True)
    period = {"since": "2018-05-01", "until": "2019-05-01"}
    rates = person.client.get("/api/v1/clocks/hit-rate", params=period).json()
    (rate,) = rates["items"]
    assert rates["definition"] in page
    shown = [rate["institution"], str(rate["decided"]), str(rate["in_time"])]
    (row,) = [line for line in page.split("<tr>") if f">{rate['month']}<" in line]
    assert all(f">{text}<" in row for text in shown) and ">100%<" in row
    assert person.get("/clocks?since=2019-05").text.count("这段时间没有作出决定") == 1


def test_a_departure_is_reported_on_the_firms_page_and_listed(office):
    p, _ = office
    maker = _as(office, "B1-maker")
    (firm,) = maker.client.get("/api/v1/applications", params={"kind": "small_firm"}).json()[
        "items"
    ]
    path = f"/applications/{firm['id']}"
    hire = maker.client.get(f"/api/v1{path}").json()["hires"][0]
    form = maker.form(path, "/hire-left")
    answer = maker.send(form, path, follow=True, hire=hire["id"], left_on="2019-04-08")
    assert "离职已登记" in answer.text and "2019-04-08 离职" in answer.text
    page = _as(office, "H-verifier").get("/hires").text
    assert hire["name"] in page and "自 2019-06-21 起" in page and "100,000.00" in page
    assert hire["name"] not in _as(office, "B2-maker").get("/hires").text
    refused = maker.send(
        maker.form(path, "/hire-left"), path, hire=hire["id"], left_on="2030-01-01"
    )
    assert refused.status_code == 409 and "离职日" in refused.text
    assert p.today == date(2019, 4, 9)
