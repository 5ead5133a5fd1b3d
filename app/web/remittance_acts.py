"""What may be done to a remittance, to a bank's account and to a budget, as acts."""

from app.web.acts import Act, Offer, table
from app.web.edge import Visit
from app.web.fields import Field, Filled, Kind
from subsidy import accounts, remittance
from subsidy.models import AccountChange, Remittance, RemittanceState

PAYMENT = table(
    Act(
        name="confirm",
        title="确认付款",
        operation="remittances.confirm",
        hint="由制单人以外的人在付款后确认；确认后记入已付台账。",
        fields=(
            Field(name="paid_on", label="付款日", kind=Kind.DAY),
            Field(name="reference", label="支付凭证号", longest=100),
        ),
        done="付款已确认，已记入已付台账。",
        call=lambda ctx, target, v: remittance.confirm(ctx, remittance_id=target, **v),
    ),
    Act(
        name="return",
        title="登记退款",
        operation="remittances.give_back",
        hint="银行退回的款项：已付台账冲回，更正账户后可为该申报重新制单。",
        fields=(
            Field(name="returned_on", label="退款日", kind=Kind.DAY),
            Field(name="reason", label="退款原因", kind=Kind.LONG, longest=200),
        ),
        done="退款已登记，该申报可以重新制作拨付单。",
        call=lambda ctx, target, v: remittance.give_back(ctx, remittance_id=target, **v),
    ),
)

ACCOUNT = table(
    Act(
        name="ask",
        title="申请变更收款账户",
        operation="accounts.ask",
        hint="由本行另一人复核后生效；账号加密保存，页面只显示末四位。",
        fields=(
            Field(name="account", label="新的收款账号", longest=32, hint="8 至 32 位数字"),
            Field(name="reason", label="变更原因", kind=Kind.LONG, longest=200),
        ),
        done="变更申请已提出，等待另一人复核。",
        call=lambda ctx, _, v: accounts.ask(ctx, **v),
    ),
)

AGREEMENT = table(
    Act(
        name="agree",
        title="复核同意变更",
        operation="accounts.agree",
        done="收款账户已变更，以后的拨付单付往新账户。",
        call=lambda ctx, target, _: accounts.agree(ctx, change_id=target),
    ),
    Act(
        name="drop",
        title="作废变更申请",
        operation="accounts.drop",
        hint="申请人撤回，或复核人不同意；收款账户不变。",
        done="变更申请已作废，收款账户不变。",
        call=lambda ctx, target, _: accounts.drop(ctx, change_id=target),
    ),
)

BUDGET = table(
    Act(
        name="set",
        title="设定年度预算",
        operation="budgets.set",
        hint="同一年度以最后一次设定为准；已制单和已付款的合计不得超过预算。",
        fields=(
            Field(name="year", label="年度", kind=Kind.WHOLE),
            Field(name="amount_fen", label="贴息预算（元）", kind=Kind.MONEY),
            Field(name="document", label="预算文件号", longest=100),
        ),
        done="年度预算已设定。",
        call=lambda ctx, _, v: remittance.set_budget(ctx, **v),
    ),
)


def payment_offers(visit: Visit, order: Remittance) -> list[Offer]:
    """The acts this person may do to a remittance now."""
    today = visit.ctx.on.isoformat()
    starts = {"confirm": {"paid_on": today}, "return": {"returned_on": today}}
    is_open = {
        "confirm": order.state is RemittanceState.ORDERED
        and order.ordered_by_id != visit.actor.person_id,
        "return": order.state is RemittanceState.PAID,
    }
    return [
        Offer(act, f"/remittances/{order.public_id}/{act.name}", Filled(starts[act.name]))
        for act in PAYMENT.values()
        if visit.may(act.operation) and is_open[act.name]
    ]


def account_offers(visit: Visit, changes: list[AccountChange]) -> list[Offer]:
    """Agree to the change that waits, or drop it; else ask for one."""
    waiting = next((change for change in changes if change.is_pending), None)
    if waiting is None:
        ask = ACCOUNT["ask"]
        return [Offer(ask, "/accounts/ask")] if visit.may(ask.operation) else []
    own = waiting.asked_by_id == visit.actor.person_id
    return [
        Offer(act, f"/accounts/{waiting.public_id}/{act.name}")
        for act in AGREEMENT.values()
        if visit.may(act.operation) and not (own and act.name == "agree")
    ]


def budget_offers(visit: Visit) -> list[Offer]:
    """The form that sets a year's budget, for whoever may."""
    act = BUDGET["set"]
    start = Filled({"year": str(visit.ctx.on.year)})
    return [Offer(act, "/budgets/set", start)] if visit.may(act.operation) else []
