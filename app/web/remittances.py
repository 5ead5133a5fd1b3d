"""Pages of payment: remittances, one of them with its file, both ledgers, budgets, accounts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from app.web.acts import Failed, run, with_failure
from app.web.edge import Posted, Visit, go, visit_to, visiting
from app.web.lists import ROWS, Filter, Part, listed
from app.web.remittance_acts import (
    ACCOUNT,
    AGREEMENT,
    BUDGET,
    PAYMENT,
    account_offers,
    budget_offers,
    payment_offers,
)
from app.web.render import attachment
from app.web.words import word
from loans import queries
from loans.models import Organisation, Person
from subsidy import ledgers, lists
from subsidy.accounts import account_masked
from subsidy.models import AccountChange, EntryKind, Remittance, RemittanceState

router = APIRouter(include_in_schema=False)
Reading = Annotated[Visit, visit_to("claims.read")]
BudgetReading = Annotated[Visit, visit_to("budgets.read")]
AccountReading = Annotated[Visit, visit_to("accounts.read")]


@router.get("/remittances")
def all_of(visit: Reading) -> Response:
    """Remittances by state, what each bank is owed and was paid, the year's budget."""
    state = Filter.of(visit, "state", "状态", [(s.value, word(s)) for s in RemittanceState])
    bank = Filter.banks(visit)
    wanted = RemittanceState(state.value) if state.value else None
    rows = lists.remittances(visit.ctx, state=wanted, bank_id=bank.key)
    page = listed(visit, rows, Remittance)
    accounts = ledgers.by_bank(visit.ctx)
    bank_ids = {*(row.bank_id for row in page.rows), *(row.bank_id for row in accounts)}
    years = ledgers.budgets(visit.ctx) if visit.may("budgets.read") else []
    return visit.show(
        "remittances.html",
        page=page,
        filters=[each for each in (state, bank) if each.choices],
        accounts=accounts,
        banks=queries.by_key(visit.ctx, Organisation, bank_ids),
        claims=lists.claims_by_key(visit.ctx, (row.claim_id for row in page.rows)),
        year=next((each for each in years if each.year == visit.ctx.on.year), None),
    )


@router.get("/ledger")
def ledger(visit: Reading) -> Response:
    """The entries of the payable and the paid ledger, the newest first."""
    kind = Filter.of(visit, "kind", "台账", [(k.value, word(k)) for k in EntryKind])
    bank, part = Filter.banks(visit), Part.asked(visit)
    rows = ledgers.entries(
        visit.ctx,
        skip=part.skip,
        limit=ROWS + 1,
        kind=EntryKind(kind.value) if kind.value else None,
        bank=bank.key,
    )
    filters = [each for each in (kind, bank) if each.choices]
    return visit.show("ledger.html", page=part.of(visit, rows), filters=filters)


@router.get("/remittances/{id}")
def one(visit: Reading, id: UUID) -> Response:
    """One remittance: amount, what is netted, funding, where it goes, what it pays."""
    return _page(visit, id)


@router.get("/remittances/{id}/payment.csv")
def file(visit: Reading, id: UUID) -> Response:
    """拨付清单, the bytes whose digest the page shows."""
    row = queries.one(visit.ctx, Remittance, id)
    return attachment(row.file, f"remittance-{row.public_id}.csv")


@router.post("/remittances/{id}/{act}")
def do(post: Posted, id: UUID, act: str) -> Response:
    """Confirm a payment or take note of its return."""
    result = run(post, PAYMENT, act, id, f"/remittances/{id}")
    if isinstance(result, str):
        return go(result)
    with visiting(post.request, post.who, "claims.read") as visit:
        return _page(visit, id, result)


@router.get("/budgets")
def budgets(visit: BudgetReading) -> Response:
    """The years' budgets and what they bore."""
    return _budgets(visit)


@router.post("/budgets/{act}")
def set_budget(post: Posted, act: str) -> Response:
    """Set a year's budget."""
    result = run(post, BUDGET, act, None, "/budgets")
    if isinstance(result, str):
        return go(result)
    with visiting(post.request, post.who, "budgets.read") as visit:
        return _budgets(visit, result)


@router.get("/accounts")
def accounts(visit: AccountReading) -> Response:
    """Changes of the banks' accounts."""
    return _accounts(visit)


@router.post("/accounts/ask")
def ask(post: Posted) -> Response:
    """Ask for another account."""
    return _account_act(post, "ask", None)


@router.post("/accounts/{id}/{act}")
def agree(post: Posted, id: UUID, act: str) -> Response:
    """Agree to a change that another person asked for."""
    return _account_act(post, act, id)


def _account_act(post: Posted, act: str, id: UUID | None) -> Response:
    result = run(post, ACCOUNT if id is None else AGREEMENT, act, id, "/accounts")
    if isinstance(result, str):
        return go(result)
    with visiting(post.request, post.who, "accounts.read") as visit:
        return _accounts(visit, result)


def _page(visit: Visit, id: UUID, failed: Failed | None = None) -> Response:
    ctx = visit.ctx
    order = queries.one(ctx, Remittance, id)
    part = Part.asked(visit)
    rows = ledgers.items(ctx, order, skip=part.skip, limit=ROWS + 1)
    acted = (order.ordered_by_id, order.confirmed_by_id, order.returned_by_id)
    return visit.show(
        "remittance.html",
        status=failed.status if failed else 200,
        order=order,
        claim=lists.claims_by_key(ctx, (order.claim_id,))[order.claim_id],
        bank=ctx.session.get_one(Organisation, order.bank_id),
        people=queries.by_key(ctx, Person, acted),
        page=part.of(visit, rows),
        offers=with_failure(payment_offers(visit, order), failed),
        failed=failed,
    )


def _budgets(visit: Visit, failed: Failed | None = None) -> Response:
    return visit.show(
        "budgets.html",
        status=failed.status if failed else 200,
        years=ledgers.budgets(visit.ctx),
        offers=with_failure(budget_offers(visit), failed),
        failed=failed,
    )


def _accounts(visit: Visit, failed: Failed | None = None) -> Response:
    ctx = visit.ctx
    page = listed(visit, lists.account_changes(ctx), AccountChange)
    acted = (
        key for row in page.rows for key in (row.asked_by_id, row.agreed_by_id, row.dropped_by_id)
    )
    bank_id = visit.actor.bank_id
    return visit.show(
        "accounts.html",
        status=failed.status if failed else 200,
        page=page,
        people=queries.by_key(ctx, Person, acted),
        banks=queries.by_key(ctx, Organisation, (row.bank_id for row in page.rows)),
        mine=account_masked(ctx, bank_id) if bank_id is not None else None,
        offers=with_failure(account_offers(visit, page.rows), failed),
        failed=failed,
    )
