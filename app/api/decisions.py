"""An application as guarantee company, bank checker, 人社 and finance bureau decide on it."""

from typing import Any, Literal

from fastapi import Response
from pydantic import Field

from app.api.application_bodies import ReasonBody, ReturnBody
from app.api.application_views import ApplicationOut, AppraisalOut, OpinionOut, opinion, whole
from app.api.edge import Write
from app.api.journey import Journey
from app.api.wire import Body, Id, Reason, Yuan
from loans import applications, decisions
from loans.workflow import Action

journey = Journey("审核与审批")

Decision = Literal[Action.PASS, Action.SEND_BACK, Action.REJECT]


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


class AppraisalBody(Body):
    """综合评估表。"""

    items: dict[str, int] = Field(max_length=50, examples=[{"经营能力": 30, "项目前景": 35}])
    score: int = Field(ge=0, le=100, examples=[85])
    passed: bool
    approvable: Yuan | None = Field(default=None, description="评估同意的最高金额；空为不另限。")
    comment: Reason = Field(examples=["项目可行"])


class OpinionBody(Body):
    """经办意见，由同一机构的另一人复核。"""

    action: Decision = Field(examples=["pass"])
    reason: Reason = Field(examples=["符合条件"])
    approved: Yuan | None = Field(default=None, description="同意的金额；空为申请金额。")
    checklist: dict[str, bool] = Field(
        default={},
        max_length=50,
        examples=[{"已实地走访": True}],
        description="尽职调查清单（9.12）。",
    )


class DecisionBody(Body):
    """复核决定：同意经办意见，或不同意而请其重新提出。"""

    agree: bool = Field(examples=[True])
    reason: str = Field(default="", max_length=200)


class VerificationDecisionBody(Body):
    """人社部门退回或驳回企业的申请。"""

    action: Literal[Action.SEND_BACK, Action.REJECT] = Field(examples=["send_back"])
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
            ctx, application_id=application_id, action=body.action, reason=body.reason
        ),
        whole,
        body,
    )


@journey.write(
    "POST", "/applications/{application_id}/appraisals", "applications.appraise", "综合评估",
    out=AppraisalOut, status=201,
)  # fmt: skip
def appraise(application_id: Id, body: AppraisalBody, write: Write) -> Response:
    items: dict[str, Any] = dict(body.items)
    return write(
        lambda ctx: decisions.appraise(
            ctx,
            application_id=application_id,
            items=items,
            score=body.score,
            passed=body.passed,
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
            checklist=dict(body.checklist),
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
