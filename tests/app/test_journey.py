"""From application to remittance over HTTP, every amount against a calculation by hand.

300000.00 at 4.35%, act/360, costs 300000.00 × 4.35% / 360 = 36.25 a day; quarterly-20, FULL.
"""

import csv
import io
from datetime import date

import pytest

from subsidy.detail_sheet import DetailLine, write_detail_csv
from tests.app.requests import application_body, firm_body, opinion_body
from tests.programme import id_number

QUARTER = {"since": "2019-06-21", "until": "2019-09-21"}


def approve(api, body) -> str:
    """An application's way to its approval, one day."""
    application = api.as_("B1-maker").post("/applications", body)["id"]
    path = f"/applications/{application}"
    api.as_("B1-maker").post(f"{path}/submit")
    if body["kind"] == "small_firm":
        whole = api.as_("F-maker").post(f"{path}/accept")
        subjects = [hire["id"] for hire in whole["hires"]]
        offices = ["F"]
    else:
        api.as_("G-maker").post(f"{path}/accept")
        subjects, offices = body["categories"], ["G", "B1"]
    verify(api, path, subjects)
    for office in offices:
        decide(api, path, office)
    return application


def verify(api, path, subjects) -> None:
    words = [{"subject": subject, "passed": True, "evidence": "已核"} for subject in subjects]
    api.as_("H-verifier").post(f"{path}/verifications", {"results": words})


def decide(api, path, office):
    api.as_(f"{office}-maker").post(f"{path}/proposals", opinion_body(office))
    return api.as_(f"{office}-checker").post(f"{path}/decisions", {"agree": True})


def draw(api, application, *, note_no, amount, on) -> dict:
    """A drawing by two people: the note."""
    signed = api.as_("B1-maker").get(f"/applications/{application}")["decided_on"]
    drawing = api.as_("B1-maker").post(
        "/disbursements",
        {
            "application_id": application,
            "contract_no": f"HT-{note_no}",
            "note_no": note_no,
            "amount": amount,
            "signed_on": signed,
            "disbursed_on": on,
        },
    )
    return api.as_("B1-checker").post(f"/disbursements/{drawing['id']}/confirmation")


def close(api, *months) -> dict:
    """Close months of 2019 by their number."""
    approver = api.as_("F-checker")
    return {m: approver.post(f"/months/2019-{m:02d}/close") for m in months}


@pytest.fixture
def branch(programme) -> str:
    return str(programme.branches[programme.bank.id])


def test_from_application_to_remittance(api, branch):
    maker, reviewer = api.as_("B1-maker"), api.as_("G-maker")

    # --- the bank drafts, corrects and hands in; the intake desk asks for a missing paper once
    draft = maker.post("/applications", application_body(branch, amount="280000.00"))
    path = f"/applications/{draft['id']}"
    etag = maker.send("GET", path).headers["ETag"]
    edited = maker.put(path, application_body(branch), headers={"If-Match": etag})
    assert (edited["terms"]["amount"], edited["version"]) == ("300000.00", 2)
    maker.put(path, application_body(branch), headers={"If-Match": etag}, status=412)
    maker.post(f"{path}/submit", {"reason": "材料齐全"})
    reviewer.post(f"{path}/return", {"reason": "缺件", "missing": ["户口簿"]})
    maker.post(f"{path}/resubmit")

    # --- 受理 on Monday 1 April; 5 April is a holiday, so five working days end on the 9th
    accepted = reviewer.post(f"{path}/accept")
    assert accepted["state"] == "guarantee_review"
    assert accepted["waiting_for"] == ["verifier"]
    (clock,) = accepted["clocks"]
    assert (clock["started_on"], clock["due_on"]) == ("2019-04-01", "2019-04-09")
    verify(api, path, ["graduate"])
    api.day("2019-04-03")
    guaranteed = decide(api, path, "G")
    assert guaranteed["clocks"][0]["used_days"] == 2
    fund = api.as_("G-maker").get("/fund")
    assert (fund["reserved"], fund["outstanding"]) == ("300000.00", "0.00")
    # free: 10 000 000.00 × 5 − 300 000.00
    assert fund["free"] == "49700000.00"
    api.day("2019-04-09")
    approved = decide(api, path, "B1")
    assert approved["state"] == "approved"
    assert (approved["approved"], approved["subsidy_class"]) == ("300000.00", "full")
    clock = approved["clocks"][1]  # 4, 8, 9 April of five
    assert (clock["due_on"], clock["used_days"], clock["on_time"]) == ("2019-04-11", 3, True)
    assert [step["action"] for step in maker.get(f"{path}/history")] == [
        "submit", "send_back", "resubmit", "accept", "pass", "pass",
    ]  # fmt: skip

    # --- 放款: the note, its plan; reserved capacity is now outstanding guarantee
    api.day("2019-04-10")
    note = draw(api, draft["id"], note_no="JJ-1", amount="300000.00", on="2019-04-10")
    assert (note["state"], note["balance"]) == ("active", "300000.00")
    assert (note["matures_on"], note["subsidy_ends_on"]) == ("2020-04-10", "2020-04-10")
    plan = maker.get(f"/notes/{note['id']}/schedule")
    assert [(row["due_on"], row["interest"]) for row in plan] == [
        ("2019-06-20", "2610.00"),  # 72 days
        ("2019-09-20", "3335.00"),  # 92
        ("2019-12-20", "3298.75"),  # 91
        ("2020-03-20", "3298.75"),  # 91
        ("2020-04-10", "725.00"),  # 20
    ]
    assert [row["principal"] for row in plan] == ["0.00"] * 4 + ["300000.00"]
    fund = api.as_("G-maker").get("/fund")
    assert (fund["reserved"], fund["outstanding"], fund["leverage"]) == (
        "0.00", "300000.00", "0.03",
    )  # fmt: skip

    # --- a second borrower: 100000.00 from 10 July, 4.35%: 12.0833… a day
    api.day("2019-07-10")
    body = application_body(branch, who=2, amount="100000.00")
    other = draw(api, approve(api, body), note_no="JJ-2", amount="100000.00", on="2019-07-10")

    # --- interest comes in, months are closed one after another
    api.day("2019-10-08")
    for on, amount in (("2019-06-20", "2610.00"), ("2019-09-20", "3335.00")):
        maker.post(f"/notes/{note['id']}/interest-receipts", {"on": on, "amount": amount})
    paid = {"on": "2019-09-20", "amount": "1111.67"}
    maker.post(f"/notes/{other['id']}/interest-receipts", paid)
    locked = close(api, 4, 5, 6, 7, 8, 9)
    accruals = maker.get(f"/notes/{note['id']}/accruals")
    assert [(line["month"], line["interest"], line["subsidy"]) for line in accruals] == [
        ("2019-04", "761.25", "761.25"),  # 21 days
        ("2019-05", "1123.75", "1123.75"),  # 31
        ("2019-06", "1087.50", "1087.50"),  # 30
        ("2019-07", "1123.75", "1123.75"),
        ("2019-08", "1123.75", "1123.75"),
        ("2019-09", "1087.50", "1087.50"),
    ]
    # July of the other note: 22 days × 12.08333… = 265.83; 1123.75 + 265.83
    assert (locked[7]["lines"], locked[7]["interest"]) == (2, "1389.58")
    assert locked[7]["borrower"] == "0.00"
    first = api.as_("F-maker").get("/months/2019-07/lines", limit=1)
    rest = api.as_("F-maker").get("/months/2019-07/lines", limit=1, after=first["next"])
    lines = first["items"] + rest["items"]
    assert sorted(line["interest"] for line in lines) == ["1123.75", "265.83"]
    assert rest["next"] is None

    # --- 贴息申报: the second line claims the whole quarter of a loan disbursed on 10 July
    claim = file_claim(api, detail_csv(days=92, since=date(2019, 6, 21)))
    assert (claim["claimed"], claim["expected"], claim["payable"]) == (
        "4446.67",  # 3335.00 + 1111.67
        "4217.08",  # 3335.00 + 882.08 (73 days)
        "4217.08",
    )
    assert claim["causes"] == [{"code": "R03", "lines": 1, "amount": "229.59"}]
    found = maker.get(f"/claims/{claim['id']}/lines", code="R03")["items"]
    assert [(line["note_no"], line["difference"]) for line in found] == [("JJ-2", "229.59")]
    assert found[0]["cells"].keys().isdisjoint({"borrower", "identity"})

    # --- a corrected file replaces it; two people of the bureau approve it
    claim = file_claim(api, detail_csv(days=73, since=date(2019, 7, 10), claimed_fen=88208))
    assert (claim["claimed"], claim["payable"], claim["causes"]) == ("4217.08", "4217.08", [])
    path = f"/claims/{claim['id']}"
    api.as_("F-maker").post(f"{path}/review", {"comment": "逐笔核对无误"})
    bound = {"content_hash": claim["content_hash"]}
    api.as_("F-checker").post(f"{path}/approve", {"content_hash": "0" * 64}, status=409)
    approved = api.as_("F-checker").post(f"{path}/approve", bound)
    assert approved["state"] == "approved"

    # --- 拨付: ordered, then confirmed by another person
    order = api.as_("F-maker").post("/remittances", {"claim_id": claim["id"]})
    assert order["amount"] == "4217.08"
    assert sum(round(float(part) * 100) for part in order["funding"].values()) == 421708
    payment = {"paid_on": "2019-10-08", "reference": "国库 2019-1008"}
    paid = api.as_("F-checker").post(f"/remittances/{order['id']}/confirmation", payment)
    assert (paid["state"], paid["paid_on"]) == ("paid", "2019-10-08")
    file = maker.send("GET", f"/remittances/{order['id']}/file")
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [(row[0], row[-1]) for row in rows[1:]] == [("JJ-1", "3335.00"), ("JJ-2", "882.08")]
    api.as_("F-maker").post("/remittances", {"claim_id": claim["id"]}, status=409)


def test_prepayment_rate_change_overdue_and_extension(api, branch):
    """300000.00 from 10 April: 100000.00 prepaid on 1 June, 4.75% from 1 July."""
    maker, checker = api.as_("B1-maker"), api.as_("B1-checker")
    api.day("2019-04-10")
    application = approve(api, application_body(branch))
    note = draw(api, application, note_no="JJ-1", amount="300000.00", on="2019-04-10")
    path = f"/notes/{note['id']}"
    api.day("2019-08-01")
    wrong = maker.post(f"{path}/repayments", {"on": "2019-06-01", "amount": "200000.00"})
    reversal = {"movement_id": wrong["id"], "reason": "金额录入错误"}
    assert checker.post(f"{path}/reversals", reversal)["note_balance"] == "300000.00"
    repaid = maker.post(f"{path}/repayments", {"on": "2019-06-01", "amount": "100000.00"})
    assert (repaid["note_balance"], repaid["note_state"]) == ("200000.00", "active")
    assert api.as_("G-maker").get("/fund")["outstanding"] == "200000.00"
    maker.post(f"{path}/rate-changes", {"on": "2019-07-01", "rate": "4.75"})
    assert maker.get(path)["rate"] == "4.75"
    refused = maker.post(f"{path}/repayments", {"on": "2019-07-01", "amount": "200000.01"},
                         status=409)  # fmt: skip
    assert refused["code"] == "over-repaid"

    # unpaid on 20 June: overdue from the 21st, cured on 1 July
    overdue = maker.post(f"{path}/overdue", {"due_on": "2019-06-20"})
    assert (overdue["on"], overdue["note_state"]) == ("2019-06-21", "overdue")
    assert maker.post(f"{path}/cures", {"on": "2019-07-01"})["note_state"] == "active"
    close(api, 4, 5, 6, 7)
    lines = {line["month"]: line for line in maker.get(f"{path}/accruals")}
    assert [(m, lines[m]["interest"], lines[m]["subsidy"]) for m in sorted(lines)] == [
        ("2019-04", "761.25", "761.25"),
        ("2019-05", "1123.75", "1123.75"),
        # 200000.00 × 4.35% / 360 = 24.1666…: 30 days 725.00, of which 20 are subsidised: 483.33
        ("2019-06", "725.00", "483.33"),
        # 200000.00 × 4.75% / 360 × 31 = 818.0555…; the period's interest so far: 241.666… + that
        # = 1059.72, of which 241.67 were booked to June
        ("2019-07", "818.05", "818.06"),
    ]

    # 展期: asked by the bank, agreed by the guarantee company, once
    asked = maker.post(f"{path}/extensions", {"until": "2020-10-10", "reason": "回款延后"})
    assert (asked["until"], asked["agreed_on"]) == ("2020-10-10", None)
    agreed = api.as_("G-checker").post(f"{path}/extension-agreement")
    assert agreed["note_state"] == "extended"
    assert maker.get(path)["subsidy_ends_on"] == "2020-04-10"
    again = {"until": "2020-12-10", "reason": "再延"}
    assert maker.post(f"{path}/extensions", again, status=409)["code"] == "already-extended"
    kinds = [movement["kind"] for movement in maker.get(f"{path}/history")]
    assert kinds == [
        "disbursed", "principal_repaid", "reversed", "principal_repaid", "rate_changed",
        "overdue_from", "overdue_cured", "extended",
    ]  # fmt: skip


def test_a_firm_skips_the_guarantee(api, branch):
    """2000000.00 with 13 hires: base 1300000.00, two years: benchmark 4.75%, half of it."""
    api.day("2019-05-06")
    application = approve(api, firm_body(branch, hires=13))
    whole = api.as_("B1-maker").get(f"/applications/{application}")
    assert (whole["subsidy_class"], whole["assessment"]["base"]) == ("small_firm", "1300000.00")
    note = draw(api, application, note_no="JJ-9", amount="2000000.00", on="2019-05-06")
    assert (note["guaranteed"], note["benchmark"], note["share_pct"]) == (False, "4.75", 50)
    assert note["base_limit"] == "1300000.00"
    assert api.as_("G-maker").get("/fund")["outstanding"] == "0.00"
    api.day("2019-07-01")
    close(api, 5, 6)
    lines = api.as_("B1-maker").get(f"/notes/{note['id']}/accruals")
    # 1300000.00 × 4.75% × 50% / 360 = 85.7638…: 26 days 2229.86; 56 days 4802.78
    assert [line["subsidy"] for line in lines] == ["2229.86", "2572.92"]


def detail_csv(*, days, since, claimed_fen=111167) -> bytes:
    """The bank's detail sheet of the quarter with its two notes."""
    first = DetailLine(
        bank="bank B1",
        branch="营业部",
        contract_no="HT-JJ-1",
        note_no="JJ-1",
        borrower="测试1",
        identity=id_number(1),
        category="毕业5年内高校毕业生",
        subsidy_class="FULL",
        principal_fen=300_000_00,
        signed_on=date(2019, 4, 9),
        disbursed_on=date(2019, 4, 10),
        matures_on=date(2020, 4, 10),
        rate_ppm=43_500,
        subsidy_rate_ppm=43_500,
        opening_fen=300_000_00,
        disbursed_fen=0,
        repaid_fen=0,
        closing_fen=300_000_00,
        since=date(2019, 6, 21),
        until=date(2019, 9, 21),
        days=92,
        interest_paid_fen=3335_00,
        claimed_fen=3335_00,
    )
    second = DetailLine(
        bank="bank B1",
        branch="营业部",
        contract_no="HT-JJ-2",
        note_no="JJ-2",
        borrower="测试2",
        identity=id_number(2),
        category="毕业5年内高校毕业生",
        subsidy_class="FULL",
        principal_fen=100_000_00,
        signed_on=date(2019, 7, 10),
        disbursed_on=date(2019, 7, 10),
        matures_on=date(2020, 7, 10),
        rate_ppm=43_500,
        subsidy_rate_ppm=43_500,
        opening_fen=0,
        disbursed_fen=100_000_00,
        repaid_fen=0,
        closing_fen=100_000_00,
        since=since,
        until=date(2019, 9, 21),
        days=days,
        interest_paid_fen=1111_67,
        claimed_fen=claimed_fen,
    )
    return write_detail_csv([first, second])[0]


def file_claim(api, data: bytes) -> dict:
    answer = api.as_("B1-maker").send(
        "POST", "/claims", data=QUARTER, files={"file": ("明细表.csv", data, "text/csv")}
    )
    assert answer.status_code == 201, answer.text
    return answer.json()
