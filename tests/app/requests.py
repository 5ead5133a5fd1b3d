"""Bodies that tests send."""

from dataclasses import asdict
from typing import Any

from loans.underwriting import Card
from loans.workflow import State
from tests.programme import (
    answered_checklist,
    credit_code,
    filled_card,
    id_number,
    shipped_book,
)

# The stage at which an office gives its opinion.
STAGES = {
    "G": State.GUARANTEE_REVIEW,
    "B1": State.LOAN_APPROVAL,
    "B2": State.LOAN_APPROVAL,
    "F": State.SUBSIDY_APPROVAL,
}


def application_body(branch: str, *, who: int = 1, **terms: Any) -> dict[str, Any]:
    """A local graduate's application for 300000.00 at 4.35% for a year."""
    return {
        "kind": "individual",
        "name": f"测试{who}",
        "id_no": id_number(who),
        "phone": "13800000001",
        "branch_id": branch,
        "terms": {
            "amount": "300000.00",
            "term_months": 12,
            "rate": "4.35",
            "penalty_rate": "6.525",
            "method": "BULLET",
            "purpose": "开办便利店",
        }
        | terms,
        "facts": {
            "business_division": "320281",
            "local_hukou": False,
            "graduated_on": "2015-06-30",
            "employees": 2,
            "spouse_has_loan": False,
            "own_firm_subsidised": False,
        },
        "categories": ["graduate"],
        "consent": {"version": "2019-01"},
        "evidence": [{"kind": "毕业证书", "reference": "2015-0042"}],
    }


def firm_body(branch: str, *, hires: int = 2, who: int = 500, **terms: Any) -> dict[str, Any]:
    """A small firm's application with newly hired local unemployed people."""
    body = application_body(branch, amount="2000000.00", term_months=24, method="LUMP_SUM", **terms)
    return body | {
        "kind": "small_firm",
        "name": f"江阴测试{who}有限公司",
        "id_no": credit_code(who),
        "facts": {"business_division": "320281", "is_small_firm": True},
        "categories": [],
        "evidence": [
            {"kind": kind, "reference": "员工名册"} for kind in ("就业创业证（失业登记）", "户口簿")
        ],
        "hires": [
            {
                "name": f"员工{n}",
                "id_no": id_number(who + n),
                "category": "unemployed",
                "local_hukou": True,
                "contract_from": "2019-02-01",
                "open_ended": True,
            }
            for n in range(1, hires + 1)
        ],
    }


def opinion_body(office: str, **more: Any) -> dict[str, Any]:
    """An office's opinion to pass, its due-diligence checklist answered."""
    answers = answered_checklist(shipped_book(), STAGES[office])
    checklist = [asdict(answer) for answer in answers]
    return {"action": "pass", "reason": "符合条件", "checklist": checklist} | more


def card_body(card: Card = Card.RAISED_CAP, *, passed: bool = True, **more: Any) -> dict[str, Any]:
    """A scorecard with full marks, or with none."""
    items = [asdict(item) for item in filled_card(shipped_book(), card, passed=passed)]
    return {"card": card.value, "items": items, "comment": "可行"} | more
