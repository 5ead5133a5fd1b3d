"""What may be done about a note in arrears, as acts: reach out, file proof, ask for a payout."""

from collections.abc import Mapping
from typing import Any

from app.web.acts import Act, Offer, table
from app.web.edge import Visit
from app.web.fields import Choices, Field, Filled, Kind
from app.web.words import word
from loans import dunning, evidence, exemptions, parties, payouts
from loans.arrears import Arrear
from loans.context import Context
from loans.evidence import DUNNING
from loans.models import Contract, DunningChannel, DunningResult, Note
from loans.workflow import NoteState


def _request(ctx: Context, target: Any, v: Mapping[str, Any]) -> Any:
    """The bank's request; a gap in the dunning log is explained in its own field."""
    return payouts.request(
        ctx,
        note_id=target,
        due_on=v["due_on"],
        reason=v["reason"],
        explanations=[(item, v[item]) for item in DUNNING if v[item]],
    )


ACTS = table(
    Act(
        name="log",
        title="登记催收",
        operation="dunning.log",
        hint="催收记录只增不改，是代偿与尽职免责的依据。",
        fields=(
            Field(name="on", label="催收日", kind=Kind.DAY),
            Field(
                name="channel",
                label="方式",
                kind=Kind.CHOICE,
                choices=tuple((c.value, word(c)) for c in DunningChannel),
            ),
            Field(
                name="result",
                label="结果",
                kind=Kind.CHOICE,
                choices=tuple((r.value, word(r)) for r in DunningResult),
            ),
            Field(name="remark", label="备注", longest=200, needed=False),
        ),
        done="催收已登记。",
        call=lambda ctx, target, v: dunning.log(
            ctx,
            note_id=target,
            on=v["on"],
            channel=DunningChannel(v["channel"]),
            result=DunningResult(v["result"]),
            remark=v["remark"],
        ),
    ),
    Act(
        name="reveal",
        title="查看联系方式",
        operation="borrowers.reveal",
        hint="查看人、时间和用途记入审计；只供本人当日查看，每日次数有限。",
        fields=(Field(name="purpose", label="用途", longest=200),),
        done="查看已记录。",
        call=lambda ctx, target, v: parties.reveal(ctx, note_id=target, **v),
        to=lambda _, row: f"/reveals/{row.public_id}",
    ),
    Act(
        name="file",
        title="归档代偿材料",
        operation="evidence.file",
        fields=(
            Field(name="item", label="材料", kind=Kind.CHOICE),
            Field(name="reference", label="凭证名称与编号", longest=200),
        ),
        done="材料已归档。",
        call=lambda ctx, target, v: evidence.file(ctx, note_id=target, **v),
    ),
    Act(
        name="request",
        title="申请代偿",
        operation="payouts.request",
        hint="材料须齐备；催收有缺的逐项说明，由担保公司审核认定。",
        fields=(
            Field(name="due_on", label="据以申请的应还款日", kind=Kind.DUE_DAY),
            Field(name="reason", label="理由", kind=Kind.LONG, longest=200),
            Field(name="dunning_bank", label="经办银行催收有缺的说明", longest=200, needed=False),
            Field(
                name="dunning_guarantor", label="担保公司催收有缺的说明", longest=200, needed=False
            ),
        ),
        done="代偿已申请，等待担保公司审核。",
        call=_request,
        to=lambda _, row: f"/payouts/{row.public_id}",
    ),
    Act(
        name="exempt",
        title="提出尽职免责认定",
        operation="exemptions.open",
        hint="只涉及本单位人员的合规责任，不改变风险分担；由本单位两人签署。",
        fields=(
            Field(name="subject", label="所涉授信决定与人员", longest=200),
            Field(name="norms_kept", label="操作规范", kind=Kind.TRUTH),
            Field(name="norms_evidence", label="操作规范的依据", kind=Kind.LONG, longest=500),
            Field(name="diligent", label="勤勉尽责", kind=Kind.TRUTH),
            Field(name="diligence_evidence", label="勤勉尽责的依据", kind=Kind.LONG, longest=500),
        ),
        done="认定已提出，等待两人签署。",
        call=lambda ctx, target, v: exemptions.open_case(ctx, note_id=target, **v),
        to=lambda _, row: f"/exemptions/{row.public_id}",
    ),
)


def offers(
    visit: Visit, note: Note, contract: Contract, arrears: tuple[Arrear, ...]
) -> list[Offer]:
    """The acts this person may do about the note now, with what their forms start with."""
    late: Choices = tuple(
        (row.due_on.isoformat(), f"{row.due_on}（逾期 {row.days_past_due} 天）")
        for row in arrears
        if row.days_past_due > 0
    )
    choices = {"due_on": late, "item": _documents(visit)}
    starts = {"on": visit.ctx.on.isoformat(), "due_on": late[0][0] if late else ""}
    is_open = {
        "log": note.state is not NoteState.SETTLED,
        "reveal": True,
        "file": contract.guaranteed and note.state is not NoteState.SETTLED,
        "request": contract.guaranteed and note.state is NoteState.OVERDUE and bool(late),
        "exempt": note.state in exemptions.AT_RISK,
    }
    return [
        Offer(act, f"/dunning/{note.public_id}/{act.name}", Filled(starts), choices)
        for act in ACTS.values()
        if visit.may(act.operation) and is_open[act.name]
    ]


def _documents(visit: Visit) -> Choices:
    """What people file; the other items are known from the records themselves."""
    return tuple(
        (item.code, item.title)
        for item in evidence.items(visit.ctx)
        if item.code not in evidence.KNOWN_BY_ITSELF
    )
