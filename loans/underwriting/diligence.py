"""尽职调查: the checklist that goes with a credit decision, answered line by line.

（九）9.12 推行授信尽职免责制度，在操作规范、勤勉尽责的前提下，对出现的授信风险可适当免于合规责任.
What was checked, and how, is recorded with the opinion; what was not done, with its reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from loans.errors import Conflict
from loans.policy import CheckItem, Rule
from loans.workflow import State

# The stages whose pass is a credit decision, with the policy key of their checklist.
CHECKLISTS: dict[State, str] = {
    State.GUARANTEE_REVIEW: "due_diligence.guarantee_review",
    State.LOAN_APPROVAL: "due_diligence.loan_approval",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One line as answered: done or not, and the evidence (or the reason why not)."""

    item: str
    met: bool
    evidence: str = ""


def checked(rule: Rule, answers: Sequence[Checked]) -> dict[str, Any]:
    """The answered checklist as it is stored; ``Conflict`` names every line without an answer."""
    assert isinstance(rule.value, tuple)
    items: dict[str, CheckItem] = {item.code: item for item in rule.value}
    given = {answer.item: answer for answer in answers}
    problems = [f"没有“{code}”这一清单项目" for code in given if code not in items]
    if len(given) != len(answers):
        problems.append("同一清单项目作答了不止一次")
    for code, item in items.items():
        answer = given.get(code)
        if answer is None:
            problems.append(f"“{item.title}”未作答")
        elif not answer.met and not answer.evidence.strip():
            problems.append(f"“{item.title}”未做到，须说明理由")
    if problems:
        raise Conflict(
            "checklist-incomplete",
            f"{rule.title}须逐项作答后方可提出通过的意见：{'；'.join(problems)}",
            cites=rule.cites,
            details={"problems": problems},
        )
    return {code: _stored(item, given[code]) for code, item in items.items()}


def _stored(item: CheckItem, answer: Checked) -> dict[str, Any]:
    return {"title": item.title, "met": answer.met, "evidence": answer.evidence}
