"""What a bank sends to make or change an application."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.facts import Code, FactsBody, HireFactBody
from app.api.wire import CLEAN, Body, Day, Id, OneOf, Percent, Reason, Text, Yuan
from loans.applications import Asked, Facts, HireFact, LoanTerms
from loans.schedule import LONGEST_TERM, Method
from loans.workflow import BorrowerKind

IdNo = Annotated[str, Field(min_length=15, max_length=40)]


class TermsBody(Body):
    """申请的贷款。"""

    amount: Yuan = Field(examples=["300000.00"])
    term_months: int = Field(ge=1, le=LONGEST_TERM, examples=[12])
    rate: Percent = Field(examples=["4.35"], description="合同年利率，百分数。")
    penalty_rate: Percent = Field(examples=["6.525"], description="逾期（罚息）年利率，百分数。")
    method: OneOf[Method] = Field(examples=["BULLET"])
    every_months: Literal[1, 3] = Field(default=1, description="等额还款的间隔月数。")
    day_count: Literal["act/360", "act/365", "30/360"] | None = Field(
        default=None, description="计息天数规则；空为政策默认。"
    )
    settlement: Literal["quarterly-20", "monthly-20", "month-end"] | None = Field(
        default=None, description="结息规则（按期付息到期还本）；空为政策默认。"
    )
    purpose: Reason = Field(examples=["开办便利店进货"])


class HireBody(HireFactBody):
    """一名新招用人员。姓名与证件号加密保存。"""

    name: Text
    id_no: IdNo
    contract_from: Day = Field(examples=["2019-04-01"])
    # Verification is the word of 人社, not of the firm.
    verified: None = Field(default=None, exclude=True)


class EvidenceBody(Body):
    """一份材料：种类与编号。"""

    kind: Text = Field(examples=["毕业证书"])
    reference: Reason = Field(examples=["档案 2019-0410-3"])


class ConsentBody(Body):
    """申请人对查询与使用其信息的授权。"""

    version: Annotated[str, Field(min_length=1, max_length=32), CLEAN] = Field(examples=["2019-01"])


class ApplicationBody(Body):
    """申请内容。"""

    kind: OneOf[BorrowerKind] = Field(examples=["individual"])
    name: Text = Field(examples=["张三"])
    id_no: IdNo = Field(
        examples=["320281199001010011"], description="身份证号，小微企业为统一社会信用代码。"
    )
    phone: Annotated[str, Field(pattern=r"^[0-9]{7,15}$")] | None = Field(
        default=None, examples=["13800000000"]
    )
    address: Reason | None = Field(default=None, description="经营或居住地址，加密保存。")
    account: Annotated[str, Field(pattern=r"^[0-9]{8,30}$")] | None = Field(
        default=None, description="还款账户，加密保存。"
    )
    branch_id: Id
    terms: TermsBody
    facts: FactsBody
    categories: list[Code] = Field(default=[], max_length=10, examples=[["graduate"]])
    consent: ConsentBody
    hires: list[HireBody] = Field(default=[], max_length=500)
    evidence: list[EvidenceBody] = Field(default=[], max_length=50)

    def asked(self) -> Asked:
        """As the domain takes it."""
        return Asked(
            kind=self.kind,
            name=self.name,
            id_no=self.id_no,
            phone=self.phone,
            address=self.address,
            account=self.account,
            branch_id=self.branch_id,
            terms=_terms(self.terms),
            facts=_facts(self.facts, self.categories),
            consent_version=self.consent.version,
            hires=tuple(_hire(hire) for hire in self.hires),
            evidence=tuple((paper.kind, paper.reference) for paper in self.evidence),
        )


class ReasonBody(Body):
    """理由或说明。"""

    reason: Annotated[str, Field(max_length=200)] = Field(default="", examples=["材料齐全"])


class DueReasonBody(Body):
    """必须说明的理由。"""

    reason: Reason = Field(examples=["申请人另行筹资"])


class ReturnBody(Body):
    """一次性告知缺少的全部材料。"""

    reason: Reason = Field(examples=["材料不齐"])
    missing: list[Text] = Field(min_length=1, max_length=50, examples=[["户口簿"]])


def _terms(terms: TermsBody) -> LoanTerms:
    return LoanTerms(
        amount_fen=terms.amount,
        term_months=terms.term_months,
        rate_ppm=terms.rate,
        penalty_rate_ppm=terms.penalty_rate,
        method=terms.method,
        every_months=terms.every_months,
        day_count=terms.day_count,
        settlement=terms.settlement,
        purpose=terms.purpose,
    )


def _facts(facts: FactsBody, categories: list[str]) -> Facts:
    return Facts(
        business_division=facts.business_division,
        local_hukou=facts.local_hukou,
        categories=tuple(dict.fromkeys(categories)),
        graduated_on=facts.graduated_on.isoformat() if facts.graduated_on else None,
        employees=facts.employees,
        honours=tuple(honour.stored() for honour in facts.honours),
        is_small_firm=facts.is_small_firm,
        spouse_has_loan=facts.spouse_has_loan,
        own_firm_subsidised=facts.own_firm_subsidised,
    )


def _hire(hire: HireBody) -> HireFact:
    return HireFact(
        name=hire.name,
        id_no=hire.id_no,
        category=hire.category,
        local_hukou=hire.local_hukou,
        graduated_on=hire.graduated_on,
        contract_from=hire.contract_from,
        contract_until=hire.contract_until,
        open_ended=hire.open_ended,
    )
