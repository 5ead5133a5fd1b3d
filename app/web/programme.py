"""Pages of the programme as a whole: the guarantee fund, and the rules in force on a day."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Response

from app.web.edge import Visit, visit_to
from app.web.lists import listed
from loans import queries
from loans.context import Context
from loans.models import Agreement, FundEntry, GuaranteeFund, Organisation, Person
from loans.policy import PolicyBook, Rule

router = APIRouter(include_in_schema=False)


def leverage(ctx: Context, fund: GuaranteeFund) -> dict[str, Any]:
    """Outstanding guarantee against what the fund may carry [fen], and in permille of it."""
    limit = ctx.book.at("fund_leverage", ctx.on)
    capacity = fund.balance_fen * limit.number
    used = fund.outstanding_fen
    times = 100 * used // fund.balance_fen if fund.balance_fen else 0
    return {
        "limit": limit,
        "capacity_fen": capacity,
        "free_fen": max(0, capacity - used - fund.reserved_fen),
        "permille": 1000 * used // capacity if capacity else 0,
        "times": f"{times // 100}.{times % 100:02d} 倍",
    }


@router.get("/fund")
def fund(visit: Annotated[Visit, visit_to("fund.read")]) -> Response:
    """The fund's totals, its agreements with the banks and its entries."""
    ctx = visit.ctx
    row = queries.the_fund(ctx)
    page = listed(visit, queries.fund_entries(ctx), FundEntry)
    agreements = list(ctx.session.scalars(queries.agreements(ctx).order_by(Agreement.since)))
    banks = [entry.bank_id for entry in (*page.rows, *agreements)]
    return visit.show(
        "fund.html",
        fund=row,
        leverage=leverage(ctx, row),
        page=page,
        agreements=agreements,
        banks=queries.by_key(ctx, Organisation, banks),
        people=queries.by_key(ctx, Person, (entry.by_person_id for entry in page.rows)),
    )


@router.get("/policy")
def policy(visit: Annotated[Visit, visit_to("programme.read")]) -> Response:
    """The rules in force on a day, each beside its sentence; unconfirmed documents are named."""
    try:
        on = date.fromisoformat(visit.request.query_params.get("on", ""))
    except ValueError:
        on = visit.ctx.on
    book = visit.ctx.book
    rules = [rule for item in book.parameters.values() if (rule := item.at(on))]
    return visit.show(
        "policy.html",
        on=on,
        rules=rules,
        documents=[document for document in book.documents if document.effective_from <= on],
        later=_later(book, on),
        version=book.version,
    )


def _later(book: PolicyBook, on: date) -> dict[str, Rule]:
    """The next version of a rule after a day, by its key, where one is known."""
    found = {}
    for key in book.parameters:
        coming = [rule for rule in book.rules(key) if rule.since > on]
        if coming:
            found[key] = coming[0]
    return found
