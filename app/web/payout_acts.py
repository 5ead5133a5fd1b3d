"""What may be done to a payout, as acts: examine, decide, pay, write off, and what comes back."""

from app.web.acts import Act, Offer, table
from app.web.edge import Visit
from app.web.fields import Choices, Field, Filled, Kind
from app.web.render import yuan
from app.web.words import word
from loans import payouts, recoveries
from loans.models import Payout, PayoutState, Recovery, RecoveryKind
from loans.payouts import Ground

REASON = Field(name="reason", label="理由", kind=Kind.LONG, longest=200)
ON = Field(name="on", label="发生日", kind=Kind.DAY)

ACTS = table(
    Act(
        name="examine",
        title="审核代偿申请",
        operation="payouts.examine",
        hint="意见与借据此刻的记录和材料绑定，此后有新的记录须重新审核；由另一人批准。",
        fields=(
            Field(
                name="passes",
                label="意见",
                kind=Kind.CHOICE,
                choices=(("yes", "同意代偿"), ("no", "不予代偿")),
            ),
            Field(
                name="grounds",
                label="核减或不予代偿的事由",
                kind=Kind.AMOUNTS,
                needed=False,
                hint="核减的填写金额；不予代偿的只填说明，至少一项。每项事由均附依据。",
            ),
            Field(name="opinion", label="审核意见", kind=Kind.LONG, longest=200),
        ),
        done="审核意见已记录，等待批准。",
        call=lambda ctx, target, v: payouts.examine(
            ctx,
            payout_id=target,
            passes=v["passes"] == "yes",
            opinion=v["opinion"],
            grounds=[
                Ground(code=code, amount_fen=fen, reason=said) for code, fen, said in v["grounds"]
            ],
        ),
    ),
    Act(
        name="decide",
        title="批准代偿审核",
        operation="payouts.decide",
        fields=(
            Field(
                name="agree",
                label="决定",
                kind=Kind.CHOICE,
                choices=(("yes", "同意审核意见"), ("no", "不同意，退回重新审核")),
            ),
            Field(name="reason", label="说明", kind=Kind.LONG, longest=200, needed=False),
        ),
        done="决定已记录。",
        call=lambda ctx, target, v: payouts.decide(
            ctx, payout_id=target, agree=v["agree"] == "yes", reason=v["reason"]
        ),
    ),
    Act(
        name="pay",
        title="登记代偿付款",
        operation="payouts.pay",
        hint="金额按付款日重算；付款后借据转为已代偿，贴息停止，担保责任解除。",
        fields=(
            Field(name="paid_on", label="付款日", kind=Kind.DAY),
            Field(name="reference", label="付款凭证号", longest=100),
        ),
        done="付款已登记：借据已代偿，贴息已停止。",
        call=lambda ctx, target, v: payouts.pay(ctx, payout_id=target, **v),
    ),
    Act(
        name="receipt",
        title="登记追偿收回",
        operation="recoveries.receive",
        hint="先偿付追偿费用，余下按付款比例在银行与基金之间分配，不超过各自付出的金额。",
        fields=(
            ON,
            Field(name="amount_fen", label="收回金额（元）", kind=Kind.MONEY),
            Field(name="reason", label="说明", longest=200, needed=False),
        ),
        done="收回已登记并分配。",
        call=lambda ctx, target, v: recoveries.receive(ctx, payout_id=target, **v),
    ),
    Act(
        name="cost",
        title="登记追偿费用",
        operation="recoveries.enter_cost",
        fields=(
            ON,
            Field(name="amount_fen", label="费用金额（元）", kind=Kind.MONEY),
            Field(name="reason", label="事项", longest=200),
        ),
        done="费用已登记，由以后收回的款项先行偿付。",
        call=lambda ctx, target, v: recoveries.enter_cost(ctx, payout_id=target, **v),
    ),
    Act(
        name="reverse",
        title="冲正一笔追偿登记",
        operation="recoveries.reverse",
        hint="登记有误时由另一人冲正；原登记和冲正都保留。",
        fields=(Field(name="recovery_id", label="要冲正的登记", kind=Kind.ID), REASON),
        done="已冲正。",
        call=lambda ctx, target, v: recoveries.reverse(ctx, payout_id=target, **v),
    ),
    Act(
        name="write-off",
        title="核销",
        operation="payouts.write_off",
        hint="对借款人的债权保留，以后收回的仍按比例分配；担保责任不因核销而解除。",
        fields=(REASON,),
        done="已核销，债权保留。",
        call=lambda ctx, target, v: payouts.write_off(ctx, payout_id=target, **v),
    ),
)

# In which states an act is done, and by whom not: the person of the step before.
OPEN: dict[str, tuple[PayoutState, ...]] = {
    "examine": (PayoutState.REQUESTED, PayoutState.EXAMINED, PayoutState.APPROVED),
    "decide": (PayoutState.EXAMINED,),
    "pay": (PayoutState.APPROVED,),
    "receipt": (PayoutState.PAID, PayoutState.WRITTEN_OFF),
    "cost": recoveries.RECOVERABLE,
    "reverse": recoveries.RECOVERABLE,
    "write-off": (PayoutState.PAID,),
}
NOT_BY = {"decide": "examined_by_id", "pay": "decided_by_id", "write-off": "paid_by_id"}


def offers(visit: Visit, payout: Payout, entries: list[Recovery]) -> list[Offer]:
    """The acts this person may do to the payout now, with what their forms start with."""
    today = visit.ctx.on.isoformat()
    choices = {"grounds": _grounds(visit), "recovery_id": _reversible(visit, entries)}
    before = {name: getattr(payout, column) for name, column in NOT_BY.items()}
    return [
        Offer(
            act,
            f"/payouts/{payout.public_id}/{act.name}",
            Filled({"on": today, "paid_on": today}),
            choices,
        )
        for act in ACTS.values()
        if visit.may(act.operation)
        and payout.state in OPEN[act.name]
        and before.get(act.name) != visit.actor.person_id
        and (act.name != "reverse" or choices["recovery_id"])
    ]


def _grounds(visit: Visit) -> Choices:
    family = visit.ctx.book.family("payout_ground", visit.ctx.on)
    return tuple((rule.code, f"{rule.title}（{rule.shown}）") for rule in family)


def _reversible(visit: Visit, entries: list[Recovery]) -> Choices:
    """Entries that stand and that another person made, the newest first."""
    undone = {entry.reverses_id for entry in entries}
    return tuple(
        (str(entry.public_id), f"{entry.on} {word(entry.kind)} {yuan(_amount(entry))} 元")
        for entry in reversed(entries)
        if entry.kind is not RecoveryKind.REVERSAL
        and entry.id not in undone
        and entry.by_person_id != visit.actor.person_id
    )


def _amount(entry: Recovery) -> int:
    return entry.received_fen or entry.costs_fen
