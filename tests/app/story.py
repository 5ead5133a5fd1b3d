"""A story in which every write of the API happens once: the scenes of every test of all writes.

What a caller of ``api`` does around a write (rehearse it, replay it, crash in the middle of it)
is its own affair; the story only needs the answer of a write that was done.
"""

from datetime import date
from typing import Any

from tests.app.compensation import ask_for_payout, exempt, pay, recover
from tests.app.requests import application_body, card_body, firm_body
from tests.app.test_journey import QUARTER, approve, detail_csv, draw


def live_through(api: Any) -> None:
    """Live through the story with the callers of ``api`` (``as_``, ``day``, ``programme``)."""
    branch = str(api.programme.branches[api.programme.bank.id])
    register(api)
    firm = ways_of_applications(api, branch)
    loans_and_defaults(api, branch, firm)
    months_and_claims(api)
    what_the_bureau_keeps(api)


def register(api: Any) -> None:
    """Parties, their agreement, and money for the fund."""
    new = {"kind": "bank", "code": "B3", "name": "第三银行", "account": "32010012345678"}
    third = api.as_("system").post("/organisations", new)["id"]
    api.as_("system").post("/branches", {"bank_id": third, "code": "1", "name": "总行"})
    person = {"organisation_id": third, "name": "王", "login": "b3.maker", "roles": ["bank_maker"]}
    api.as_("security").post("/people", person)
    agreed = {"bank_id": third, "since": "2019-01-01", "bank_share_pct": 20}
    api.as_("G-checker").post("/agreements", agreed)
    api.as_("G-checker").post("/fund/contributions", {"amount": "1.00", "reason": "补充"})


def ways_of_applications(api: Any, branch: str) -> str:
    """Drafts, returned, withdrawn and appraised; the firm whose application waits."""
    maker = api.as_("B1-maker")
    drafts = [
        maker.post("/applications", application_body(branch, who=n, amount="10000.00"))["id"]
        for n in (1, 2)
    ]
    etag = maker.send("GET", f"/applications/{drafts[0]}").headers["ETag"]
    better = application_body(branch, who=1, amount="10001.00")
    maker.put(f"/applications/{drafts[0]}", better, headers={"If-Match": etag})
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
    return firm


def loans_and_defaults(api: Any, branch: str, firm: str) -> None:
    """Loans and what happens to them; one is not repaid."""
    maker, checker = api.as_("B1-maker"), api.as_("B1-checker")
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
    wrong = {
        "application_id": undrawn, "contract_no": "HT-4", "note_no": "JJ-9", "amount": "1.00",
        "signed_on": "2019-04-10", "disbursed_on": "2019-10-20",
    }  # fmt: skip
    drawing = maker.post("/disbursements", wrong)["id"]
    maker.post(f"/disbursements/{drawing}/withdrawal")
    maker.post(f"/applications/{undrawn}/proposals", {"action": "lapse", "reason": "到期未用"})
    checker.post(f"/applications/{undrawn}/decisions", {"agree": True})
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


def months_and_claims(api: Any) -> None:
    """A month is closed; a claim is examined, approved, paid and returned."""
    maker = api.as_("B1-maker")
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


def what_the_bureau_keeps(api: Any) -> None:
    """A register, a bank's account, a budget."""
    maker, checker = api.as_("B1-maker"), api.as_("B1-checker")
    listed = {"file": ("注销.csv", "统一社会信用代码,注销日期\n".encode(), "text/csv")}
    kind = {"kind": "deregistered", "source": "行政审批局"}
    api.as_("F-maker").send("POST", "/registers", data=kind, files=listed)
    moved = {"account": "6222021234567890", "reason": "开户行更换"}
    dropped = maker.post("/account-changes", moved)["id"]
    maker.post(f"/account-changes/{dropped}/withdrawal")
    change = maker.post("/account-changes", moved)["id"]
    checker.post(f"/account-changes/{change}/agreement")
    budget = {"amount": "1000000.00", "document": "澄财预〔2019〕1号"}
    api.as_("F-checker").put("/budgets/2019", budget)
