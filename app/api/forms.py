"""The forms of the law in force: scorecards of the appraisal, checklists of due diligence."""

from datetime import date
from typing import Annotated

from fastapi import Query

from app.api.edge import Read
from app.api.journey import Journey
from app.api.wire import Day, Out
from loans.policy import Rule, Scorecard
from loans.versions import book_of

journey = Journey("规则与日期")

Version = Annotated[
    str | None,
    Query(max_length=64, description="政策版本（申请的 policy_version）；空为现行版本。"),
]


class ScoreItemOut(Out):
    """评估项目及其满分。"""

    code: str
    title: str
    weight: int


class CardOut(Out):
    """综合评估表。"""

    code: str
    title: str
    pass_mark: int
    items: list[ScoreItemOut]
    cites: list[str]


class CheckItemOut(Out):
    """清单项目。"""

    code: str
    title: str


class ChecklistOut(Out):
    """尽职调查清单（9.12）。"""

    code: str
    title: str
    items: list[CheckItemOut]
    cites: list[str]


class FormsOut(Out):
    """某日有效的表单。"""

    on: date
    version: str
    appraisal: list[CardOut]
    due_diligence: list[ChecklistOut]


@journey.read("/policy/forms", "programme.read", "综合评估表与尽职调查清单")
def forms(ctx: Read, on: Day | None = None, version: Version = None) -> FormsOut:
    day, book = on or ctx.on, book_of(ctx, version)
    return FormsOut(
        on=day,
        version=book.version,
        appraisal=[_card(rule) for rule in book.family("appraisal", day)],
        due_diligence=[
            ChecklistOut.of(rule, items=rule.value) for rule in book.family("due_diligence", day)
        ],
    )


def _card(rule: Rule) -> CardOut:
    assert isinstance(rule.value, Scorecard)
    return CardOut.of(rule, pass_mark=rule.value.pass_mark, items=rule.value.items)
