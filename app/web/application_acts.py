"""What may be done to an application, as acts; and which of them this person may do now."""

from typing import Any
from uuid import UUID

from app.web.acts import Act, Offer, Values, table
from app.web.edge import Visit
from app.web.fields import Choices, Field, Filled, Kind
from loans import applications, decisions, disbursements
from loans.access import Role
from loans.applications import EDITABLE
from loans.context import Context
from loans.decisions import APPRAISABLE, VERIFIABLE, latest_proposal
from loans.errors import Conflict
from loans.models import Application, Disbursement, Hire
from loans.money import fen_to_yuan
from loans.workflow import (
    ACTION_NAMES,
    WITHDRAWABLE,
    Action,
    BorrowerKind,
    State,
    next_step,
)

REASON = Field(name="reason", label="理由", kind=Kind.LONG, longest=200)
REMARK = Field(name="reason", label="说明", kind=Kind.LONG, longest=200, needed=False)
DECISIONS: Choices = tuple(
    (action.value, ACTION_NAMES[action])
    for action in (Action.PASS, Action.SEND_BACK, Action.REJECT)
)


def _propose(ctx: Context, target: UUID, values: Values) -> Any:
    return decisions.propose(
        ctx,
        application_id=target,
        action=Action(values["action"]),
        reason=values["reason"],
        approved_fen=values["approved_fen"],
        checklist=dict.fromkeys(values["checklist"], True),
    )


def _appraise(ctx: Context, target: UUID, values: Values) -> Any:
    return decisions.appraise(
        ctx,
        application_id=target,
        items={},
        score=values["score"],
        passed=values["passed"],
        approvable_fen=values["approvable_fen"],
        comment=values["comment"],
    )


ACTS = table(
    Act(
        name="submit",
        title="提交申请",
        operation="applications.submit",
        hint="提交后由担保公司（小微企业由财政部门）受理；不符合条件的申请也会受理并逐条告知依据。",
        done="申请已提交，等待受理。",
        call=lambda ctx, target, _: applications.submit(ctx, application_id=target),
    ),
    Act(
        name="resubmit",
        title="补正后重新提交",
        operation="applications.resubmit",
        fields=(REMARK,),
        done="已重新提交，回到退回它的环节，时限继续计算。",
        call=lambda ctx, target, v: applications.resubmit(
            ctx, application_id=target, reason=v["reason"]
        ),
    ),
    Act(
        name="accept",
        title="受理",
        operation="applications.accept",
        hint="材料齐全方可受理；受理后人群类别、户籍等事实即固定，办理时限开始计算。",
        done="已受理。",
        call=lambda ctx, target, _: applications.accept(ctx, application_id=target),
    ),
    Act(
        name="return",
        title="退回补正",
        operation="applications.send_back",
        hint="一次性告知全部需要补正的材料。",
        fields=(
            Field(name="missing", label="需补正的材料（每行一项）", kind=Kind.LINES, longest=1000),
            REASON,
        ),
        done="已退回补正。",
        call=lambda ctx, target, v: applications.return_at_intake(
            ctx, application_id=target, reason=v["reason"], missing=v["missing"]
        ),
    ),
    Act(
        name="verify",
        title="登记核验结果",
        operation="applications.verify",
        fields=(Field(name="result", label="核验结论", kind=Kind.VERDICTS),),
        done="核验结果已登记。",
        call=lambda ctx, target, v: decisions.verify(
            ctx, application_id=target, results=v["result"]
        ),
    ),
    Act(
        name="decide-verification",
        title="退回或驳回",
        operation="applications.decide_verification",
        fields=(
            Field(name="action", label="处理", kind=Kind.CHOICE, choices=DECISIONS[1:]),
            REASON,
        ),
        done="已处理。",
        call=lambda ctx, target, v: decisions.decide_verification(
            ctx, application_id=target, action=Action(v["action"]), reason=v["reason"]
        ),
    ),
    Act(
        name="appraise",
        title="登记综合评估",
        operation="applications.appraise",
        fields=(
            Field(name="score", label="得分", kind=Kind.WHOLE),
            Field(name="passed", label="是否通过", kind=Kind.TRUTH),
            Field(
                name="approvable_fen",
                label="评估可批金额（元，可不填）",
                kind=Kind.MONEY,
                needed=False,
            ),
            Field(name="comment", label="评估意见", kind=Kind.LONG, longest=500),
        ),
        done="综合评估已登记。",
        call=_appraise,
    ),
    Act(
        name="propose",
        title="提出经办意见",
        operation="applications.propose",
        hint="意见与此刻的申请内容绑定；由本单位另一人复核决定。",
        fields=(
            Field(name="action", label="意见", kind=Kind.CHOICE, choices=DECISIONS),
            Field(
                name="approved_fen",
                label="同意金额（元，通过时填写）",
                kind=Kind.MONEY,
                needed=False,
            ),
            Field(
                name="checklist",
                label="尽职核对（可多选）",
                kind=Kind.CHECKS,
                choices=(
                    ("identity", "已核对身份与证件原件"),
                    ("premises", "已实地查看经营场所"),
                    ("credit", "已查询信用报告"),
                    ("purpose", "已核实贷款用途"),
                ),
            ),
            REASON,
        ),
        done="经办意见已提出，等待复核。",
        call=_propose,
    ),
    Act(
        name="decide",
        title="复核决定",
        operation="applications.decide",
        fields=(
            Field(
                name="agree",
                label="决定",
                kind=Kind.CHOICE,
                choices=(("yes", "同意经办意见"), ("no", "不同意，请经办人员重新提出")),
            ),
            REMARK,
        ),
        done="决定已生效。",
        call=lambda ctx, target, v: decisions.decide(
            ctx, application_id=target, agree=v["agree"] == "yes", reason=v["reason"]
        ),
    ),
    Act(
        name="draw",
        title="登记放款",
        operation="disbursements.request",
        hint="登记后由本行另一人复核，复核后生成借据、还款计划，担保额度转为在保余额。",
        fields=(
            Field(name="contract_no", label="贷款合同号", longest=64),
            Field(name="note_no", label="借据号", longest=64),
            Field(name="amount_fen", label="放款金额（元）", kind=Kind.MONEY),
            Field(name="signed_on", label="合同签订日", kind=Kind.DAY),
            Field(name="disbursed_on", label="放款日", kind=Kind.DAY),
        ),
        done="放款已登记，等待复核。",
        call=lambda ctx, target, v: disbursements.request(ctx, application_id=target, **v),
    ),
    Act(
        name="lapse",
        title="额度失效",
        operation="applications.lapse",
        hint="批准后到期未用的额度退回担保基金。",
        done="未用额度已失效。",
        call=lambda ctx, target, _: applications.lapse(ctx, application_id=target),
    ),
    Act(
        name="withdraw",
        title="撤回申请",
        operation="applications.withdraw",
        hint="撤回后不能恢复，占用的担保额度随即退回。",
        fields=(REASON,),
        done="申请已撤回。",
        call=lambda ctx, target, v: applications.withdraw(
            ctx, application_id=target, reason=v["reason"]
        ),
    ),
)

CONFIRM = table(
    Act(
        name="confirm",
        title="复核放款",
        operation="disbursements.confirm",
        done="放款已复核，借据已生成。",
        call=lambda ctx, target, _: disbursements.confirm(ctx, disbursement_id=target),
        to=lambda _, note: f"/notes/{note.public_id}",
    ),
)


def offers(
    visit: Visit, application: Application, *, hires: list[Hire], drawings: list[Disbursement]
) -> list[Offer]:
    """The acts this person may do to the application now, with what their forms start with."""
    path = f"/applications/{application.public_id}"
    found = []
    for act in ACTS.values():
        if visit.may(act.operation) and _is_open(visit, application, act.name, drawings):
            filled = Filled(_starts(visit, application, act.name, drawings))
            choices = {"result": _subjects(visit, application, hires)}
            found.append(Offer(act, f"{path}/{act.name}", filled, choices))
    return found


def _is_open(
    visit: Visit, application: Application, name: str, drawings: list[Disbursement]
) -> bool:
    state, kind = application.state, application.kind
    roles = visit.actor.roles
    desk = Role.GUARANTEE_REVIEWER if kind is BorrowerKind.INDIVIDUAL else Role.FINANCE_AUDITOR
    match name:
        case "submit":
            return state is State.DRAFT
        case "resubmit":
            return state is State.RETURNED
        case "withdraw":
            return state in WITHDRAWABLE
        case "lapse":
            return state is State.APPROVED
        case "draw":
            return state is State.APPROVED and _left(application, drawings) > 0
        case "accept" | "return":
            return state is State.SUBMITTED and desk in roles
        case "verify":
            return state in VERIFIABLE
        case "decide-verification":
            return state is State.HIRE_VERIFICATION
        case "appraise":
            return state in APPRAISABLE and kind is BorrowerKind.INDIVIDUAL
        case _:
            return _is_my_decision(visit, application, name)


def _is_my_decision(visit: Visit, application: Application, name: str) -> bool:
    """Whether this person makes ("propose") or checks ("decide") the opinion of this stage."""
    try:
        step = next_step(application.kind, application.state, Action.PASS)
    except Conflict:
        return False
    if name == "propose":
        return step.proposed_by in visit.actor.roles
    opinion = latest_proposal(visit.ctx, application)
    return (
        step.by in visit.actor.roles
        and opinion is not None
        and opinion.by_person_id != visit.actor.person_id
    )


def _left(application: Application, drawings: list[Disbursement]) -> int:
    return (application.approved_fen or 0) - sum(drawing.amount_fen for drawing in drawings)


def _starts(
    visit: Visit, application: Application, name: str, drawings: list[Disbursement]
) -> dict[str, Any]:
    today = visit.ctx.on.isoformat()
    if name == "propose":
        asked = application.approved_fen or application.amount_fen
        return {"action": Action.PASS.value, "approved_fen": fen_to_yuan(asked)}
    if name == "return":
        return {"missing": "\n".join(_missing(application))}
    if name == "draw":
        first = drawings[0] if drawings else None
        return {
            "amount_fen": fen_to_yuan(_left(application, drawings)),
            "contract_no": first.contract_no if first else "",
            "signed_on": first.signed_on.isoformat() if first else today,
            "disbursed_on": today,
        }
    return {}


def _missing(application: Application) -> list[str]:
    found = (application.assessment or {}).get("findings", [])
    return list(dict.fromkeys(need for finding in found for need in finding["needs"]))


def _subjects(visit: Visit, application: Application, hires: list[Hire]) -> Choices:
    """What 人社 gives its word on: the claimed groups, or every hire."""
    groups = {rule.code: rule.title for rule in visit.ctx.book.family("group", visit.ctx.on)}
    if application.kind is BorrowerKind.INDIVIDUAL:
        return tuple((code, groups.get(code, code)) for code in application.facts["categories"])
    return tuple(
        (
            str(hire.public_id),
            f"{hire.name_masked} {hire.id_masked} {groups.get(hire.category, hire.category)}",
        )
        for hire in hires
    )


def is_editable(visit: Visit, application: Application) -> bool:
    """Whether this person may change the application's content now."""
    return visit.may("applications.edit") and application.state in EDITABLE
