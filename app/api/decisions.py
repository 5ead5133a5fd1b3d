"""An application as guarantee company, bank checker, 人社 and finance bureau decide on it."""

from typing import Literal

from fastapi import Response
from pydantic import Field

from app.api.application_bodies import ReasonBody, ReturnBody
from app.api.application_views import ApplicationOut, AppraisalOut, OpinionOut, opinion, whole
from app.api.edge import Write
from app.api.facts import Code
from app.api.journey import Journey
from app.api.wire import Body, Id, OneOf, Reason, Text, Yuan
from loans import applications, decisions
from loans.underwriting import Card, Checked, Scored
from loans.workflow import Action

journey = Journey("审核与审批")

Decision = Literal[Action.PASS, Action.SEND_BACK, Action.REJECT, Action.LAPSE]


class VerifiedBody(Body):
    """对一个群体类别（个人）或一名新招用人员（企业）的核验。"""

    subject: str = Field(
        min_length=1, max_length=64, examples=["graduate"], description="类别代码，或招用人员编号。"
    )
    passed: bool
    evidence: Reason = Field(examples=["学信网核验通过"])


class VerificationBody(Body):
    """人社部门的核验结果。"""

    results: list[VerifiedBody] = Field(min_length=1, max_length=500)


class ScoredBody(Body):
    """评估表的一项：得分与依据。"""

    item: Code = Field(examples=["operation"], description="评估项目代码，见 GET /policy/forms。")
    points: int = Field(ge=0, le=100, examples=[25])
    evidence: Reason = Field(examples=["近六个月银行流水"])
    comment: str = Field(default="", max_length=200)


class AppraisalBody(Body):
    """综合评估表：逐项打分，总分与结论由评估表得出。"""

    card: OneOf[Card] = Field(
        examples=["raised_cap"], description="raised_cap：50万元额度；half：50%贴息。"
    )
    items: list[ScoredBody] = Field(min_length=1, max_length=50)
    approvable: Yuan | None = Field(default=None, description="评估同意的最高金额；空为不另限。")
    comment: Reason = Field(examples=["项目可行"])


class CheckedBody(Body):
    """尽职调查清单的一项（9.12）：是否做到，及其依据；未做到的须说明理由。"""

    item: Code = Field(examples=["identity"])
    met: bool
    evidence: str = Field(default="", max_length=200, examples=["联网核查回执"])


class OpinionBody(Body):
    """经办意见，由同一机构的另一人复核。"""

    action: Decision = Field(examples=["pass"])
    reason: Reason = Field(examples=["符合条件"])
    approved: Yuan | None = Field(default=None, description="同意的金额；空为申请金额。")
    checklist: list[CheckedBody] = Field(
        default=[],
        max_length=50,
        description="尽职调查清单；担保审核、贷款审批通过时须逐项作答，见 GET /policy/forms。",
    )
    missing: list[Text] = Field(
        default=[], max_length=50, description="退回补正时一次性列出全部缺少的材料。"
    )


class DecisionBody(Body):
    """复核决定：同意经办意见，或不同意而请其重新提出。"""

    agree: bool = Field(examples=[True])
    reason: str = Field(default="", max_length=200)


class VerificationDecisionBody(Body):
    """人社部门退回或驳回企业的申请。"""

    action: Literal[Action.SEND_BACK, Action.REJECT] = Field(examples=["send_back"])
    missing: list[Text] = Field(default=[], max_length=50, description="退回补正时须列出。")
    reason: Reason = Field(examples=["劳动合同与社保记录不符"])


@journey.write(
    "POST", "/applications/{application_id}/accept", "applications.accept", "受理",
    out=ApplicationOut,
)  # fmt: skip
def accept(application_id: Id, body: ReasonBody, write: Write) -> Response:
    return write(
        lambda ctx: applications.accept(ctx, application_id=application_id, reason=body.reason),
        whole,
        body,
    )


@journey.write(
    "POST", "/applications/{application_id}/return", "applications.send_back",
    "受理环节退回补正", out=ApplicationOut,
)  # fmt: skip
def send_back(application_id: Id, body: ReturnBody, write: Write) -> Response:
    return write(
        lambda ctx: applications.return_at_intake(
            ctx, application_id=application_id, reason=body.reason, missing=tuple(body.missing)
        ),
        whole,
        body,
    )


@journey.write(
    "POST", "/applications/{application_id}/verifications", "applications.verify",
    "核验群体类别或新招用人员", out=ApplicationOut,
)  # fmt: skip
def verify(application_id: Id, body: VerificationBody, write: Write) -> Response:
    results = [(word.subject, word.passed, word.evidence) for word in body.results]
    return write(
        lambda ctx: decisions.verify(ctx, application_id=application_id, results=results),
        whole,
        body,
    )


@journey.write(
    "POST", "/applications/{application_id}/verification-decision",
    "applications.decide_verification", "核验环节退回或驳回", out=ApplicationOut,
)  # fmt: skip
def decide_verification(
    application_id: Id, body: VerificationDecisionBody, write: Write
) -> Response:
    return write(
        lambda ctx: decisions.decide_verification(
            ctx,
            application_id=application_id,
            action=body.action,
            reason=body.reason,
            missing=body.missing,
        ),
        whole,
        body,
    )


@journey.write(
    "POST", "/applications/{application_id}/appraisals", "applications.appraise", "综合评估",
    out=AppraisalOut, status=201,
)  # fmt: skip
def appraise(application_id: Id, body: AppraisalBody, write: Write) -> Response:
    return write(
        lambda ctx: decisions.appraise(
            ctx,
            application_id=application_id,
            card=body.card,
            items=[Scored(**line.model_dump()) for line in body.items],
            approvable_fen=body.approvable,
            comment=body.comment,
        ),
        lambda _, row: AppraisalOut.of(row),
        body,
    )


@journey.write(
    "POST", "/applications/{application_id}/proposals", "applications.propose", "提出经办意见",
    out=OpinionOut, status=201,
)  # fmt: skip
def propose(application_id: Id, body: OpinionBody, write: Write) -> Response:
    return write(
        lambda ctx: decisions.propose(
            ctx,
            application_id=application_id,
            action=body.action,
            reason=body.reason,
            approved_fen=body.approved,
            checklist=[Checked(**line.model_dump()) for line in body.checklist],
            missing=body.missing,
        ),
        opinion,
        body,
    )


@journey.write(
    "POST", "/applications/{application_id}/decisions", "applications.decide", "复核决定",
    out=ApplicationOut,
)  # fmt: skip
def decide(application_id: Id, body: DecisionBody, write: Write) -> Response:
    return write(
        lambda ctx: decisions.decide(
            ctx, application_id=application_id, agree=body.agree, reason=body.reason
        ),
        whole,
        body,
    )
