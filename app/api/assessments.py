"""预评估: what the rules say about an applicant and a loan, before there is an application."""

from datetime import date
from typing import Any, Literal

from pydantic import Field

from app.api.edge import Read
from app.api.facts import FactsBody, HireFactBody, HonourBody
from app.api.journey import Journey
from app.api.programme import RuleOut
from app.api.wire import Body, Day, OneOf, Out, Percent, Text, Yuan, YuanOut, fen
from loans import fund
from loans.daycount import DayCount
from loans.dossier import as_json
from loans.policy import PolicyBook
from loans.schedule import LONGEST_TERM, Method
from loans.underwriting import (
    Applicant,
    Appraisal,
    Category,
    Exposure,
    Hire,
    Honour,
    Outcome,
    Topic,
    demand_known_groups,
    remedies,
)
from loans.workflow import BorrowerKind
from subsidy import quotes
from subsidy.quotes import LoanWanted, Quote

journey = Journey("预评估")


class CategoryBody(Body):
    """申请人所属的重点群体，及人社部门是否已核验。"""

    code: str = Field(max_length=32, examples=["graduate"])
    verified: bool | None = None


class AppraisalFactBody(Body):
    """综合评估结论。"""

    passed: bool
    approvable: Yuan | None = None


class AppraisalsBody(Body):
    """两张评估表各自的结论；空为尚未评估。"""

    raised_cap: AppraisalFactBody | None = Field(
        default=None, description="提高额度评估表（9.5）。"
    )
    half: AppraisalFactBody | None = Field(default=None, description="50%贴息评估表（9.7）。")


class ExposureBody(Body):
    """已有的贷款与贴息。空表示不知道：结论会指出查询什么，没有的请填 0。"""

    other_approved: Yuan | None = Field(
        default=None, description="其他已批准且未结清的额度合计。", examples=["0.00"]
    )
    guaranteed: Yuan | None = Field(
        default=None, description="担保基金已为其担保的金额；空则按 other_approved 计。"
    )
    other_bases: Yuan | None = Field(
        default=None, description="小微企业其他在贷贷款的贴息基数合计。", examples=["0.00"]
    )
    other_hires: int | None = Field(
        default=None, ge=0, le=999, description="支持上述贷款的吸纳人数（不含本次列出的人员）。"
    )
    subsidised_loans: int | None = Field(default=None, ge=0, le=99)
    earlier_overdue: bool | None = None


class AssessmentBody(Body):
    """一次预评估。不涉及任何人的姓名或证件号。"""

    kind: OneOf[BorrowerKind] = Field(examples=["individual"])
    on: Day | None = Field(default=None, description="按哪一天的规定；空为当前业务日期。")
    amount: Yuan = Field(examples=["300000.00"])
    term_months: int = Field(ge=1, le=LONGEST_TERM, examples=[12])
    rate: Percent = Field(examples=["4.35"], description="合同年利率。")
    method: OneOf[Method] = Field(default=Method.BULLET, examples=["BULLET"])
    every_months: Literal[1, 3] = 1
    day_count: OneOf[DayCount] | None = Field(default=None, description="空为政策默认。")
    settlement: Literal["quarterly-20", "monthly-20", "month-end"] | None = None
    facts: FactsBody
    categories: list[CategoryBody] = Field(default=[], max_length=10)
    appraisals: AppraisalsBody = AppraisalsBody()
    evidence: list[Text] = Field(default=[], max_length=50, examples=[["毕业证书"]])
    hires: list[HireFactBody] = Field(default=[], max_length=500)
    exposure: ExposureBody = ExposureBody()


class FindingOut(Out):
    """一条规定对申请人的结论。"""

    topic: Topic
    rule: str = Field(examples=["individual_cap"])
    outcome: Outcome
    sentence: str
    observed: str
    value: str
    since: date
    cites: list[str]
    needs: list[str]
    subject: str
    also: list[str] = Field(
        default=[], examples=[["honour_levels"]], description="一并适用的其他规定。"
    )


class LimitOut(Out):
    """一个额度上限；binding 为起决定作用的那个。"""

    rule: str
    amount: YuanOut = fen("amount")
    sentence: str
    since: date
    cites: list[str]
    binding: bool


class RemedyOut(Out):
    """一种可以通过的改法。"""

    sentence: str
    amount: YuanOut | None = fen("amount")
    matures_on: date | None
    needs: list[str]


class AssessmentOut(Out):
    """结论：能否办理、最高额度、贴息类别，逐条附依据。"""

    on: date
    eligible: Outcome
    amount: YuanOut = fen("amount")
    matures_on: date
    cap: YuanOut = fen("cap")
    attainable_cap: YuanOut = fen("attainable_cap")
    cap_needs: list[str]
    latest_maturity_on: date | None
    subsidy_class: str = Field(examples=["full"])
    attainable_class: str
    share_pct: int = Field(examples=[100])
    base: YuanOut | None = fen("base")
    hires_counted: int | None
    policy_version: str
    documents: list[str] = Field(default=[], description="申请人尚须提交的材料。")
    preconditions: list[str] = Field(default=[], description="尚待办理的核验与评估。")
    warnings: list[FindingOut] = Field(default=[], description="须审核人员说明后接受的提示。")
    findings: list[FindingOut]
    limits: list[LimitOut]


class CostOut(Out):
    """一个计息期 [start, stop) 的利息、贴息与自付额。"""

    start: date
    stop: date
    interest: YuanOut = fen("interest")
    subsidy: YuanOut = fen("subsidy")
    borrower: YuanOut = fen("borrower")


class QuoteOut(AssessmentOut):
    """预评估的结论、改法与预计费用；attainable_costs 为补齐材料后的费用。"""

    remedies: list[RemedyOut]
    costs: list[CostOut]
    attainable_costs: list[CostOut]
    attainable_months: list[CostOut] = Field(description="同上，按自然月。")
    rules: list[RuleOut] = Field(description="预计费用所依据的规定。")


def stored_assessment(stored: dict[str, Any] | None) -> AssessmentOut | None:
    """An assessment as it was kept with its application; nothing is computed again."""
    return AssessmentOut.model_validate(stored) if stored else None


@journey.ask("/assessments", "assessments.quote", "预评估（不保存任何内容）")
def quote(body: AssessmentBody, ctx: Read) -> QuoteOut:
    on = body.on or ctx.on
    # The fund is known as it stands today; what it could bear on another day nobody knows.
    is_today = on == ctx.on and body.kind is BorrowerKind.INDIVIDUAL
    found = quoted(body, on, ctx.book, fund_free_fen=fund.free_for(ctx) if is_today else None)
    return QuoteOut.model_validate(
        as_json(found.assessment)
        | {
            "remedies": [RemedyOut.of(way) for way in remedies(found.assessment, ctx.book)],
            "costs": [CostOut.of(cost) for cost in found.costs],
            "attainable_costs": [CostOut.of(cost) for cost in found.attainable_costs],
            "attainable_months": [CostOut.of(cost) for cost in found.attainable_months],
            "rules": [RuleOut.of(rule) for rule in found.rules],
        }
    )


def quoted(
    body: AssessmentBody, on: date, book: PolicyBook, *, fund_free_fen: int | None = None
) -> Quote:
    """The quote of a stated application, by the rules of a day; a fund not asked is unknown."""
    groups = (*(c.code for c in body.categories), *(hire.category for hire in body.hires))
    demand_known_groups(groups, book=book)
    wanted = LoanWanted(
        amount_fen=body.amount,
        term_months=body.term_months,
        rate_ppm=body.rate,
        method=body.method,
        every_months=body.every_months,
        day_count=body.day_count,
        settlement=body.settlement,
    )
    return quotes.quote(_applicant(body), wanted, _exposure(body, fund_free_fen), on=on, book=book)


def _applicant(body: AssessmentBody) -> Applicant:
    facts = body.facts
    return Applicant(
        kind=body.kind,
        business_division=facts.business_division,
        local_hukou=facts.local_hukou,
        categories=tuple(Category(code=c.code, verified=c.verified) for c in body.categories),
        graduated_on=facts.graduated_on,
        employees=facts.employees,
        honours=tuple(_honour(honour) for honour in facts.honours),
        appraisal=_appraisal(body.appraisals.raised_cap),
        half_appraisal=_appraisal(body.appraisals.half),
        is_small_firm=facts.is_small_firm,
        evidence=tuple(body.evidence),
        hires=tuple(_hire(no, hire) for no, hire in enumerate(body.hires, 1)),
    )


def _appraisal(card: AppraisalFactBody | None) -> Appraisal | None:
    if card is None:
        return None
    return Appraisal(passed=card.passed, approvable_fen=card.approvable)


def _honour(honour: HonourBody) -> Honour:
    return Honour(**honour.stored())


def _hire(no: int, hire: HireFactBody) -> Hire:
    return Hire(
        reference=str(no),
        category=hire.category,
        local_hukou=hire.local_hukou,
        graduated_on=hire.graduated_on,
        contract_from=hire.contract_from,
        contract_until=hire.contract_until,
        open_ended=hire.open_ended,
        verified=hire.verified,
    )


def _exposure(body: AssessmentBody, fund_free_fen: int | None) -> Exposure:
    runs, facts = body.exposure, body.facts
    others = runs.other_hires
    return Exposure(
        other_approved_fen=runs.other_approved,
        other_bases_fen=runs.other_bases,
        other_hires=None if others is None else tuple(f"在贷{n}" for n in range(1, others + 1)),
        fund_capacity_fen=fund_free_fen,
        guaranteed_fen=runs.guaranteed,
        subsidised_loans=runs.subsidised_loans,
        spouse_has_loan=facts.spouse_has_loan,
        own_firm_subsidised=facts.own_firm_subsidised,
        earlier_overdue=runs.earlier_overdue,
    )
