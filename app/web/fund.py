"""Pages of the guarantee fund: its position at any date, its entries; and what is reserved."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from app.web.acts import Act, Failed, Offer, run, table, with_failure
from app.web.asof import as_of
from app.web.edge import Posted, Visit, go, visit_to, visiting
from app.web.fields import Field, Filled, Kind
from app.web.figures import fund_of
from app.web.lists import Filter, listed, listed_of
from app.web.words import word
from loans import agreements as agreed
from loans import fund as commands
from loans import queries, reservations
from loans.models import Agreement, FundEntry, FundEntryKind, MovementKind, Organisation, Person

router = APIRouter(include_in_schema=False)
Reading = Annotated[Visit, visit_to("fund.read")]

NOBODY = UUID(int=0)  # there is one fund: its acts name no object
FIELDS = (
    Field(name="amount_fen", label="金额（元）", kind=Kind.MONEY),
    Field(name="reason", label="事由", longest=200),
)
ACTS = table(
    Act(
        name="contribute",
        title="登记注资",
        operation="fund.contribute",
        fields=FIELDS,
        done="注资已登记。",
        call=lambda ctx, _, v: commands.contribute(ctx, **v),
    ),
    Act(
        name="earn",
        title="登记收入",
        operation="fund.earn",
        hint="存款利息、担保费等。",
        fields=FIELDS,
        done="收入已登记。",
        call=lambda ctx, _, v: commands.earn(ctx, **v),
    ),
    Act(
        name="withdraw",
        title="登记提取",
        operation="fund.withdraw",
        hint="提取后的余额仍须足以承担在保与预留的担保责任。",
        fields=FIELDS,
        done="提取已登记。",
        call=lambda ctx, _, v: commands.withdraw(ctx, **v),
    ),
    Act(
        name="agree",
        title="登记风险分担协议",
        operation="agreements.register",
        hint="没有截止日的协议，可由明日或以后开始的新协议接替；已签的合同仍按原协议。",
        fields=(
            Field(name="bank_id", label="银行", kind=Kind.ID),
            Field(name="since", label="开始日", kind=Kind.DAY),
            Field(name="until", label="截止日（不含）", kind=Kind.DAY, needed=False),
            Field(name="bank_share_pct", label="银行分担（%）", kind=Kind.WHOLE, bounds=(0, 100)),
            Field(
                name="limit_fen",
                label="担保额度（元）",
                kind=Kind.MONEY,
                hint="空为不限",
                needed=False,
            ),
            Field(name="compensates_interest", label="代偿合同利息", kind=Kind.TRUTH, start="yes"),
            Field(
                name="waiting_days",
                label="逾期多少天后可申请代偿",
                kind=Kind.WHOLE,
                hint="空为按规定",
                needed=False,
                bounds=(0, 3650),
            ),
        ),
        done="协议已登记。",
        call=lambda ctx, _, v: agreed.register(ctx, **v),
    ),
)


@router.get("/fund")
def fund(visit: Reading) -> Response:
    """The fund's position at a day, its agreements with the banks and its entries."""
    return _page(visit)


@router.post("/fund/{act}")
def do(post: Posted, act: str) -> Response:
    """Enter money; refused, it is shown at its form."""
    result = run(post, ACTS, act, NOBODY, "/fund")
    if isinstance(result, str):
        return go(result)
    with visiting(post.request, post.who, "fund.read") as visit:
        return _page(visit, result)


@router.get("/reservations")
def held(visit: Annotated[Visit, visit_to("applications.read")]) -> Response:
    """Capacity held for loans that are not drawn, what ends first at the top."""
    rows = reservations.held(visit.ctx)
    page = listed_of(visit, rows)
    banks = [row.application.bank_id for row in page.rows]
    return visit.show(
        "reservations.html",
        page=page,
        ended=[row for row in rows if row.days_left <= 0],
        rule=visit.ctx.book.at(reservations.KEY, visit.ctx.on),
        banks=queries.by_key(visit.ctx, Organisation, banks),
    )


def _page(visit: Visit, failed: Failed | None = None) -> Response:
    asked = as_of(visit)
    visit, ctx = asked.visit, asked.visit.ctx
    bank = Filter.banks(visit)
    offers = [
        Offer(act, f"/fund/{act.name}", Filled({}), {"bank_id": tuple(bank.choices)})
        for act in ACTS.values()
        if asked.day is None and visit.may(act.operation)
    ]
    kind = Filter.of(visit, "kind", "事项", [(k.value, word(k)) for k in FundEntryKind])
    wanted = FundEntryKind(kind.value) if kind.value else None
    entries = queries.fund_entries(ctx, kind=wanted, bank_id=bank.key)
    page = listed(visit, entries.where(FundEntry.on <= ctx.on), FundEntry)
    known = queries.agreements(ctx).order_by(Agreement.since)
    if asked.day:  # today's page tells of those to come, too
        known = known.where(Agreement.since <= asked.day)
    agreements = list(ctx.session.scalars(known))
    return visit.show(
        "fund.html",
        status=failed.status if failed else 200,
        asked=asked,
        position=fund_of(asked),
        page=page,
        filters=[kind, bank],
        agreements=agreements,
        banks=queries.by_key(ctx, Organisation, (row.bank_id for row in (*page.rows, *agreements))),
        people=queries.by_key(ctx, Person, (entry.by_person_id for entry in page.rows)),
        movements={kind.value: word(kind) for kind in MovementKind},
        offers=with_failure(offers, failed),
        failed=failed,
    )
