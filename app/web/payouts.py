"""Pages of payouts: the list; one with its evidence, its two people, its shares, what came back."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from app.web.acts import Failed, run, with_failure
from app.web.edge import Posted, Visit, go, visit_to, visiting
from app.web.lists import Filter, listed
from app.web.payout_acts import ACTS, offers
from app.web.words import word
from loans import payouts, queries, recoveries
from loans.models import Borrower, Note, Organisation, Payout, PayoutState, Person

router = APIRouter(include_in_schema=False)
Reading = Annotated[Visit, visit_to("payouts.read")]

STEPS = (("申请", "requested"), ("审核", "examined"), ("批准", "decided"), ("付款", "paid"))


@router.get("/payouts")
def all_of(visit: Reading) -> Response:
    """Requests for compensation and what became of them."""
    state = Filter.of(visit, "state", "状态", [(s.value, word(s)) for s in PayoutState])
    bank = Filter.banks(visit)
    asked = PayoutState(state.value) if state.value else None
    page = listed(visit, queries.payouts(visit.ctx, state=asked, bank_id=bank.key), Payout)
    notes = queries.by_key(visit.ctx, Note, (row.note_id for row in page.rows))
    return visit.show(
        "payouts.html",
        page=page,
        notes=notes,
        accounts=recoveries.accounts_of(visit.ctx, page.rows),
        borrowers=queries.by_key(visit.ctx, Borrower, (n.borrower_id for n in notes.values())),
        banks=queries.by_key(visit.ctx, Organisation, (row.bank_id for row in page.rows)),
        filters=[each for each in (state, bank) if each.choices],
    )


@router.get("/payouts/{id}")
def one(visit: Reading, id: UUID) -> Response:
    """One payout."""
    return _page(visit, id)


@router.post("/payouts/{id}/{act}")
def do(post: Posted, id: UUID, act: str) -> Response:
    """Run one act; refused, it is shown at its form."""
    result = run(post, ACTS, act, id, f"/payouts/{id}")
    if isinstance(result, str):
        return go(result)
    with visiting(post.request, post.who, "payouts.read") as visit:
        return _page(visit, id, result)


def _page(visit: Visit, id: UUID, failed: Failed | None = None) -> Response:
    ctx = visit.ctx
    row = queries.one(ctx, Payout, id)
    note = ctx.session.get_one(Note, row.note_id)
    entries = recoveries.entries_of(ctx, row)
    by = [getattr(row, f"{step}_by_id") for _, step in STEPS]
    return visit.show(
        "payout.html",
        status=failed.status if failed else 200,
        row=row,
        note=note,
        borrower=ctx.session.get_one(Borrower, note.borrower_id),
        bank=ctx.session.get_one(Organisation, row.bank_id),
        steps=[
            (name, getattr(row, f"{step}_on"), getattr(row, f"{step}_by_id"))
            for name, step in STEPS
        ],
        share_basis=payouts.share_basis_of(ctx, note),
        account=recoveries.account_of(ctx, row),
        entries=entries,
        undone={entry.reverses_id for entry in entries},
        people=queries.by_key(ctx, Person, [*by, *(entry.by_person_id for entry in entries)]),
        offers=with_failure(offers(visit, row, entries), failed),
        failed=failed,
    )
