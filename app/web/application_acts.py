"""What may be done to an application, as acts: fields, words and the domain call of each."""

from typing import Any
from uuid import UUID

from app.web.acts import Act, Values, table
from app.web.fields import Choices, Field, Kind
from loans import applications, decisions, disbursements, headcount, reservations
from loans.context import Context
from loans.models import Application
from loans.underwriting import Card, Checked, Scored
from loans.workflow import (
    ACTION_NAMES,
    Action,
)

REASON = Field(name="reason", label="理由", kind=Kind.LONG, longest=200)
REMARK = Field(name="reason", label="说明", kind=Kind.LONG, longest=200, needed=False)
MISSING = Field(
    name="missing",
    label="退回时：全部缺少的材料（每行一项）",
    kind=Kind.LINES,
    longest=1000,
    needed=False,
)
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
        checklist=[
            Checked(item=item, met=met, evidence=evidence)
            for item, met, evidence in values["checklist"]
        ],
        missing=values["missing"],
    )


def _appraisal(card: Card, title: str) -> Act:
    """An appraisal on one card; its items come from the policy book."""

    def appraise(ctx: Context, target: UUID, values: Values) -> Any:
        return decisions.appraise(
            ctx,
            application_id=target,
            card=card,
            items=[
                Scored(item=item, points=points, evidence=evidence)
                for item, points, evidence in values[card.value]
            ],
            approvable_fen=values["approvable_fen"],
            comment=values["comment"],
        )

    return Act(
        name=f"appraise-{card.value}",
        title=title,
        operation="applications.appraise",
        hint="逐项打分并写明依据，总分和结论由评估表得出。",
        fields=(
            Field(name=card.value, label="评估项目", kind=Kind.SCORES),
            Field(name="approvable_fen", label="认可金额（元）", kind=Kind.MONEY, needed=False),
            Field(name="comment", label="评估意见", kind=Kind.LONG, needed=False, longest=500),
        ),
        done="综合评估已登记。",
        call=appraise,
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
        fields=(
            Field(
                name="result",
                label="核验结论",
                kind=Kind.VERDICTS,
                choices=(("yes", "属实"), ("no", "不属实")),
            ),
        ),
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
            MISSING,
            REASON,
        ),
        done="已处理。",
        call=lambda ctx, target, v: decisions.decide_verification(
            ctx,
            application_id=target,
            action=Action(v["action"]),
            reason=v["reason"],
            missing=v["missing"],
        ),
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
                label="尽职调查清单（通过时逐项作答，未做到的写明理由）",
                kind=Kind.VERDICTS,
                choices=(("yes", "已做到"), ("no", "未做到")),
                needed=False,
            ),
            MISSING,
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
    _appraisal(Card.RAISED_CAP, "综合评估（提高额度）"),
    _appraisal(Card.HALF, "综合评估（50%贴息）"),
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
        title="提出额度失效",
        operation="applications.propose",
        hint="预留到期仍未放款的额度退回担保基金；由本行另一人复核后生效。",
        done="额度失效已提出，等待复核。",
        call=lambda ctx, target, _: decisions.propose(
            ctx, application_id=target, action=Action.LAPSE, reason=reservations.REASON
        ),
    ),
    Act(
        name="hire-left",
        title="登记新招用人员离职",
        operation="applications.hire_left",
        hint="离职者计到当期申报期结束，下一申报期起重新核定贴息基数；再次登记以后一次为准。",
        fields=(
            Field(name="hire", label="离职的人员", kind=Kind.CHOICE),
            Field(name="left_on", label="不再在岗的第一天", kind=Kind.DAY),
        ),
        done="离职已登记，基数从下一申报期起重新核定。",
        call=lambda ctx, target, v: headcount.leave(
            ctx, application_id=target, hire_id=UUID(v["hire"]), left_on=v["left_on"]
        ),
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
    Act(
        name="withdraw",
        title="撤回放款登记",
        operation="disbursements.withdraw",
        done="放款登记已撤回，可以重新登记。",
        call=lambda ctx, target, _: disbursements.withdraw(ctx, disbursement_id=target),
        to=lambda ctx, drawing: (
            f"/applications/{ctx.session.get_one(Application, drawing.application_id).public_id}"
        ),
    ),
)
