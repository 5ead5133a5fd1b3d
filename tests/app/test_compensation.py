"""A default over HTTP, every amount against a calculation by hand."""

import pytest

from tests.app.compensation import FINDINGS, TODAY, ask_for_payout, exempt, pay, recover
from tests.app.requests import application_body
from tests.app.test_journey import approve, draw


@pytest.fixture
def note(api, programme) -> str:
    """150000.00 at 4.35% from 2019-04-10; nothing was ever paid."""
    branch = str(programme.branches[programme.bank.id])
    api.day("2019-04-10")
    file = approve(api, application_body(branch, amount="150000.00"))
    note = draw(api, file, note_no="JJ-1", amount="150000.00", on="2019-04-10")
    api.day(TODAY)
    return note["id"]


def test_from_default_to_write_off(api, note):
    """18.125 a day: 1305.00 to 20 June, 1667.50 to 20 September, 29 days to 19 October 525.63.

    Claimed 153498.13, less 100.00 for the dunning: 153398.13; the bank's 20% is 30679.626, up to
    30679.63; the fund bears 122718.50.
    """
    bank, reviewer = api.as_("B1-maker"), api.as_("G-maker")
    arrears = bank.get(f"/notes/{note}/arrears")
    assert (arrears["days_past_due"], arrears["loan_class"]["name"]) == (122, "次级")
    assert [row["interest"] for row in arrears["arrears"]] == ["1305.00", "1667.50"]
    overdue = reviewer.get("/due-list", kind="overdue")
    assert overdue["next"] is None
    assert [(row["note_no"], row["instalment"]["days_past_due"]) for row in overdue["items"]] == [
        ("JJ-1", 122), ("JJ-1", 30),
    ]  # fmt: skip
    assert overdue["items"][0]["phone"] == "138****0001"
    (ready,) = reviewer.get("/payout-readiness")["items"]
    assert [item["code"] for item in ready["missing"]] == [
        "disbursement", "transcript", "dunning_bank", "dunning_guarantor",
    ]  # fmt: skip

    payout = ask_for_payout(api, note)
    assert (payout["state"], payout["days_past_due"]) == ("requested", 122)
    assert bank.get(f"/notes/{note}")["state"] == "payout_requested"
    paid = pay(api, payout["id"])
    assert (paid["principal"], paid["interest"], paid["reduced"]) == (
        "150000.00", "3498.13", "100.00",
    )  # fmt: skip
    assert (paid["compensated"], paid["bank_part"], paid["fund_part"]) == (
        "153398.13", "30679.63", "122718.50",
    )  # fmt: skip
    (ground,) = paid["grounds"]
    assert ground["cites"] == ["澄政发〔2019〕18号（九）：担保公司和经办银行应积极催收到期贷款"]
    shown = bank.get(f"/notes/{note}")
    assert (shown["state"], shown["balance"]) == ("compensated", "0.00")
    fund = reviewer.get("/fund")
    assert (fund["balance"], fund["outstanding"]) == ("9877281.50", "0.00")
    assert reviewer.get("/fund", on="2019-10-19")["outstanding"] == "150000.00"

    # every guarantee that ended was a compensation: 153398.13 ÷ 150000.00 = 102.2654%
    rates = {row["bank"]["name"]: row for row in reviewer.get("/compensation-rates")}
    assert (rates["bank B1"]["rate"], rates["bank B1"]["standing"]) == ("102.2654", "suspended")
    assert rates["bank B2"]["rate"] is None
    assert len(api.as_("B1-maker").get("/compensation-rates")) == 1

    # 1050.00: 50.00 costs, 1000.00 shared 30679.63 : 122718.50 → 200.00 (199.9999…) : 800.00
    written_off = recover(api, payout["id"])
    assert (written_off["state"], written_off["recovery"]) == (
        "written_off",
        {
            "received": "1050.00", "costs": "0.00", "bank": "200.00", "fund": "800.00",
            "surplus": "0.00", "left": "152398.13",
        },
    )  # fmt: skip
    kinds = [row["kind"] for row in bank.get(f"/payouts/{payout['id']}/recoveries")]
    assert kinds == ["cost", "receipt", "receipt", "reversal"]
    assert bank.get(f"/notes/{note}")["state"] == "written_off"
    case = exempt(api, note)
    assert (case["granted"], case["decided"]) == (True, True)
    assert [row["id"] for row in bank.get("/exemptions")["items"]] == [case["id"]]
    assert reviewer.get("/exemptions")["items"] == []


def test_a_contact_is_shown_once_asked_for_to_the_one_who_asked(api, note):
    bank = api.as_("B1-maker")
    asked = bank.post(f"/notes/{note}/reveals", {"purpose": "逾期催收"})
    assert "13800000001" not in str(asked)
    contact = bank.get(f"/reveals/{asked['id']}")
    assert (contact["name"], contact["phone"]) == ("测试1", "13800000001")
    api.as_("G-maker").get(f"/reveals/{asked['id']}", status=404)
    api.day("2019-10-21")
    bank.get(f"/reveals/{asked['id']}", status=404)


def test_another_bank_sees_nothing_of_a_default(api, note):
    payout = ask_for_payout(api, note)["id"]
    pay(api, payout)
    other = api.as_("B2-both")
    for path in ("/payouts", "/standings", "/exemptions", "/due-list", "/payout-readiness"):
        assert other.get(path)["items"] == []
    unknown = "00000000-0000-4000-8000-000000000001"
    for path in (f"/payouts/{payout}", f"/payouts/{payout}/recoveries", f"/notes/{note}/dunning"):
        found = other.get(path, status=404)
        assert found == other.get(path.replace(payout, unknown).replace(note, unknown), status=404)
    receipt = {"on": TODAY, "amount": "1.00"}
    theirs = other.post(f"/payouts/{payout}/receipts", receipt, status=404)
    assert theirs == other.post(f"/payouts/{unknown}/receipts", receipt, status=404)
    other.post(f"/notes/{note}/reveals", {"purpose": "打听"}, status=404)
    other.post(f"/notes/{note}/exemptions", FINDINGS, status=404)
