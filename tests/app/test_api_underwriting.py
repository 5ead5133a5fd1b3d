"""Over HTTP: forms, scorecards, candidates in a file, clocks and hit rates, hires who left."""

import csv
import io

import openpyxl
import pytest

from tests.app.requests import application_body, card_body, firm_body, opinion_body
from tests.app.test_journey import approve, decide, draw, verify

LIST = """编号,申请金额,贷款期限（月）,经营地,本市户籍,人群类别,人社核验,雇用人数,其他已批准额度
甲,300000.00,12,320281,是,本市户籍失业人员,是,2,0.00
乙,300000.01,12,320281,是,本市户籍失业人员,是,2,0.00
丙,三十万,12,320281,是,本市户籍失业人员,是,2,0.00
"""


@pytest.fixture
def branch(programme) -> str:
    return str(programme.branches[programme.bank.id])


def _upload(api, **params):
    return api.as_("B1-maker").send(
        "POST",
        "/assessments/candidates",
        params=params,
        files={"file": ("名单.csv", LIST.encode(), "text/csv")},
    )


def test_the_forms_of_the_law_are_shown_with_their_sentences(api):
    found = api.as_("G-maker").get("/policy/forms")
    cards = {card["code"]: card for card in found["appraisal"]}
    assert {code: card["pass_mark"] for code, card in cards.items()} == {
        "raised_cap": 70,
        "half": 60,
    }
    assert sum(item["weight"] for item in cards["half"]["items"]) == 100
    codes = [checklist["code"] for checklist in found["due_diligence"]]
    assert codes == ["guarantee_review", "loan_approval"]
    assert all(form["cites"] for form in found["appraisal"] + found["due_diligence"])


def test_nobody_states_a_score(api, branch):
    body = application_body(branch, amount="400000.00")
    body["facts"]["employees"] = 6
    path = f"/applications/{api.as_('B1-maker').post('/applications', body)['id']}"
    api.as_("B1-maker").post(f"{path}/submit")
    reviewer = api.as_("G-maker")
    reviewer.post(f"{path}/appraisals", card_body(score=100), status=422)
    reviewer.post(f"{path}/appraisals", card_body(passed=True) | {"items": []}, status=422)
    filled = card_body(approvable="350000.00")
    card = reviewer.post(f"{path}/appraisals", filled)
    assert (card["score"], card["passed"], card["approvable"]) == (100, True, "350000.00")
    filled["items"].pop()
    refused = reviewer.post(f"{path}/appraisals", filled, status=409)
    assert refused["code"] == "card-incomplete"


def test_a_pass_shows_the_checklist_it_was_given_with(api, branch):
    path = (
        f"/applications/{api.as_('B1-maker').post('/applications', application_body(branch))['id']}"
    )
    api.as_("B1-maker").post(f"{path}/submit")
    api.as_("G-maker").post(f"{path}/accept")
    verify(api, path, ["graduate"])
    bare = opinion_body("G") | {"checklist": []}
    refused = api.as_("G-maker").post(f"{path}/proposals", bare, status=409)
    assert refused["code"] == "checklist-incomplete"
    opinion = api.as_("G-maker").post(f"{path}/proposals", opinion_body("G"))
    assert opinion["checklist"]["identity"]["met"] is True


class TestCandidates:
    def test_are_answered_row_by_row(self, api):
        found = _upload(api).json()
        assert [(one["reference"], one["eligible"]) for one in found["items"]] == [
            ("甲", "yes"),
            ("乙", "no"),
        ]
        assert "30万元" in "".join(found["items"][1]["cites"])
        (unread,) = found["unread"]
        assert (unread["row"], unread["column"]) == (4, "申请金额")

    def test_come_back_as_csv_and_as_a_workbook_with_the_findings(self, api):
        rows = list(
            csv.reader(io.StringIO(_upload(api, **{"as": "csv"}).content.decode("utf-8-sig")))
        )
        book = openpyxl.load_workbook(io.BytesIO(_upload(api, **{"as": "xlsx"}).content))
        cells = [[cell or "" for cell in row] for row in book.active.iter_rows(values_only=True)]
        assert rows == cells
        assert [row[1:3] for row in rows] == [
            ["编号", "结论"],
            ["甲", "符合"],
            ["乙", "不符合"],
            ["", "无法读取"],
        ]

    def test_store_nothing_and_may_be_asked_for_another_day(self, api):
        assert _upload(api, on="2018-12-31").status_code == 422
        assert api.as_("O-reader").get("/applications")["items"] == []

    def test_have_a_template(self, api):
        answer = api.as_("B1-maker").send("GET", "/assessments/candidates/template")
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
        assert [cell.value for cell in sheet[1]][:3] == ["编号", "申请金额", "贷款期限（月）"]


def test_clocks_are_listed_by_urgency_and_counted_by_month(api, branch):
    path = (
        f"/applications/{api.as_('B1-maker').post('/applications', application_body(branch))['id']}"
    )
    api.as_("B1-maker").post(f"{path}/submit")
    api.as_("G-maker").post(f"{path}/accept")
    verify(api, path, ["graduate"])
    api.day("2019-04-09")
    found = api.as_("G-checker").get("/clocks")
    assert [clock["due_on"] for clock in found["today"]] == ["2019-04-09"]
    assert api.as_("B2-maker").get("/clocks")["today"] == []
    decide(api, path, "G")
    period = {"since": "2019-04-01", "until": "2019-05-01"}
    rates = api.as_("O-reader").get("/clocks/hit-rate", **period)
    (rate,) = rates["items"]
    assert (rate["month"], rate["decided"], rate["in_time"], rate["late"]) == ("2019-04", 1, 1, 0)
    assert "撤回的不计" in rates["definition"]


def test_a_hire_who_left_lowers_the_base_from_the_next_claim_period(api, branch):
    """2 hires: 200000.00 to 20 June, 100000.00 from the 21st; 4.75% × 50% ÷ 360 a day.

    26 days of May and 20 of June at 13.194444…, 10 at 6.597222…: 606.94 + 65.97 = 672.92.
    """
    api.day("2019-05-06")
    application = approve(api, firm_body(branch, hires=2))
    note = draw(api, application, note_no="JJ-9", amount="2000000.00", on="2019-05-06")
    maker = api.as_("B1-maker")
    hire = maker.get(f"/applications/{application}")["hires"][0]["id"]
    api.day("2019-07-01")
    path = f"/applications/{application}/hires/{hire}/departure"
    assert maker.post(path, {"left_on": "2019-05-20"})["hires"][0]["left_on"] == "2019-05-20"
    api.as_("B2-maker").post(path, {"left_on": "2019-05-20"}, status=404)
    for month in (5, 6):
        api.as_("F-checker").post(f"/months/2019-{month:02d}/close")
    lines = maker.get(f"/notes/{note['id']}/accruals")
    assert sum(round(float(line["subsidy"]) * 100) for line in lines) == 67292
