"""A default over HTTP: from the dunning of a note to the write-off of its claim."""

from typing import Any

from loans.access import Role

DUE, TODAY = "2019-06-20", "2019-10-20"
EXPLAINED = [
    {"item": item, "reason": "借款人失联"} for item in ("dunning_bank", "dunning_guarantor")
]
FINDINGS = {
    "subject": "2019年4月贷款审批",
    "norms_kept": True,
    "norms_evidence": "流程完整",
    "diligent": True,
    "diligence_evidence": "清单逐项作答",
}


def ask_for_payout(api: Any, note: str) -> dict[str, Any]:
    """An overdue note of 2019-04-10, dunned and documented, and the bank's request."""
    maker, reviewer = api.as_("B1-maker"), api.as_("G-maker")
    maker.post(f"/notes/{note}/overdue", {"due_on": DUE})
    contact = {"on": "2019-07-01", "channel": "phone", "result": "promised"}
    maker.post(f"/notes/{note}/dunning", contact)
    reviewer.post(f"/notes/{note}/dunning", contact | {"channel": "visit", "remark": "上门"})
    for item in ("disbursement", "transcript"):
        maker.post(f"/notes/{note}/evidence", {"item": item, "reference": f"{item} 1"})
    body = {"note_id": note, "reason": "逾期未还", "explanations": EXPLAINED}
    return maker.post("/payouts", body)


def pay(api: Any, payout: str) -> dict[str, Any]:
    """Examined, sent back once, approved by a second person, and paid."""
    path = f"/payouts/{payout}"
    ground = {"code": "dunning_missing", "amount": "100.00", "reason": "各催收一次"}
    opinion = {"passes": True, "opinion": "核减后代偿", "grounds": [ground]}
    api.as_("G-maker").post(f"{path}/examination", opinion)
    api.as_("G-checker").post(f"{path}/decision", {"agree": True})
    paid = {"paid_on": TODAY, "reference": "转账 1"}
    return api.as_("G-maker").post(f"{path}/payment", paid)


def recover(api: Any, payout: str) -> dict[str, Any]:
    """A cost, a receipt, a wrong receipt undone, and the write-off."""
    path, maker = f"/payouts/{payout}", api.as_("B1-maker")
    maker.post(f"{path}/costs", {"on": TODAY, "amount": "50.00", "reason": "诉讼费"})
    maker.post(f"{path}/receipts", {"on": TODAY, "amount": "1050.00"})
    wrong = maker.post(f"{path}/receipts", {"on": TODAY, "amount": "0.01"})
    undone = {"recovery_id": wrong["id"], "reason": "误记"}
    api.as_("B1-checker").post(f"{path}/recovery-reversals", undone)
    return api.as_("G-checker").post(f"{path}/write-off", {"reason": "终结执行"})


def exempt(api: Any, note: str) -> dict[str, Any]:
    """The bank exempts its officer: two findings, two signatures."""
    case = api.as_("B1-maker").post(f"/notes/{note}/exemptions", FINDINGS)
    path, signed = f"/exemptions/{case['id']}/signatures", {"granted": True, "reason": "符合"}
    p = api.programme
    p.person(p.bank.id, "B1-third", Role.BANK_CHECKER)  # who decided on the loan does not sign
    api.as_("B1-third").post(path, signed)
    return api.as_("B1-both").post(path, signed)
