"""The forms of the law in force: scorecards of the appraisal, checklists of due diligence."""

from datetime import date

from app.api.edge import Read
from app.api.journey import Journey
from app.api.wire import Day, Out
from loans.policy import Rule, Scorecard

journey = Journey("规则与日期")


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
def forms(ctx: Read, on: Day | None = None) -> FormsOut:
    day = on or ctx.on
    return FormsOut(
        on=day,
        version=ctx.book.version,
        appraisal=[_card(rule) for rule in ctx.book.family("appraisal", day)],
        due_diligence=[
            ChecklistOut.of(rule, items=rule.value)
            for rule in ctx.book.family("due_diligence", day)
        ],
    )


def _card(rule: Rule) -> CardOut:
    assert isinstance(rule.value, Scorecard)
    return CardOut.of(rule, pass_mark=rule.value.pass_mark, items=rule.value.items)
