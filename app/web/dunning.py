"""Pages of arrears (9.10): due lists, a note's log and evidence, contacts, the readiness check."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from app.web.acts import Failed, run, with_failure
from app.web.dunning_acts import ACTS, offers
from app.web.edge import Posted, Visit, go, visit_to, visiting
from app.web.lists import ROWS, Filter, Shown, address, listed
from app.web.words import word
from loans import dunning, evidence, parties, queries
from loans import readiness as live_book
from loans.dues import account_of
from loans.dunning import DueKind, DueRow
from loans.models import Borrower, Contract, Note, Organisation, Payout, Person, Reveal

router = APIRouter(include_in_schema=False)
Reading = Annotated[Visit, visit_to("dunning.read")]


@router.get("/dunning")
def due(visit: Reading) -> Response:
    """What is overdue, due today, near and early; contacts masked."""
    kind = Filter.of(visit, "kind", "清单", [(k.value, word(k)) for k in DueKind])
    after = _after(visit)
    rows = dunning.due_list(
        visit.ctx, kind=DueKind(kind.value) if kind.value else None, after=after, limit=ROWS + 1
    )
    return visit.show(
        "dunning.html",
        filters=[kind],
        page=_page_of(visit, rows),
        days={
            DueKind.NEAR: visit.ctx.book.at("due_list_days.near", visit.ctx.on).number,
            DueKind.EARLY: visit.ctx.book.at("due_list_days.early", visit.ctx.on).number,
        },
        counted=dunning.counted(visit.ctx) if not kind.value else {},
        phones=parties.masked_phones(visit.ctx, (row.note for row in rows)),
        banks=queries.by_key(visit.ctx, Organisation, (row.note.bank_id for row in rows)),
    )


def _after(visit: Visit) -> tuple[UUID, int] | None:
    """The note and instalment after which the address goes on; None where it names none."""
    asked = visit.request.query_params
    try:
        return UUID(asked["after"]), int(asked["no"])
    except (KeyError, ValueError):
        return None


def _page_of(visit: Visit, rows: list[DueRow]) -> Shown:
    last = rows[ROWS - 1] if len(rows) > ROWS else None
    note, no = (str(last.note.public_id), str(last.arrear.no)) if last else ("", "")
    more = address(visit, after=note, no=no) if last else None
    return Shown(rows[:ROWS], more, address(visit, after=None, no=None) if _after(visit) else None)


@router.get("/dunning/{id}")
def one(visit: Reading, id: UUID) -> Response:
    """One note: what is unpaid, its class, who reached out, what a request would lack today."""
    return _page(visit, id)


@router.post("/dunning/{id}/{act}")
def do(post: Posted, id: UUID, act: str) -> Response:
    """Run one act; refused, it is shown at its form."""
    result = run(post, ACTS, act, id, f"/dunning/{id}")
    if isinstance(result, str):
        return go(result)
    with visiting(post.request, post.who, "dunning.read") as visit:
        return _page(visit, id, result)


@router.get("/reveals/{id}")
def contact(visit: Annotated[Visit, visit_to("borrowers.reveal")], id: UUID) -> Response:
    """The contact that was asked for: for the person who asked, on that day."""
    found = parties.contact_of(visit.ctx, id)
    row = queries.one(visit.ctx, Reveal, id)
    note = visit.ctx.session.get_one(Note, row.note_id)
    return visit.show("reveal.html", contact=found, row=row, note=note)


@router.get("/readiness")
def readiness(visit: Annotated[Visit, visit_to("payouts.read")]) -> Response:
    """From the first day: which evidence of a later request each live note lacks today."""
    book = live_book.LiveBook(visit.ctx)
    page = listed(visit, book.lacking(), Note)
    return visit.show(
        "readiness.html",
        book=book.shortfall(),
        page=page,
        rows=live_book.readiness(visit.ctx, page.rows),
        banks=queries.by_key(visit.ctx, Organisation, (note.bank_id for note in page.rows)),
    )


def _page(visit: Visit, id: UUID, failed: Failed | None = None) -> Response:
    ctx = visit.ctx
    note = queries.one(ctx, Note, id)
    contract = ctx.session.get_one(Contract, note.contract_id)
    borrower = ctx.session.get_one(Borrower, note.borrower_id)
    now = dunning.arrears_of(ctx, note)
    late = [row.due_on for row in now.arrears if row.days_past_due > 0]
    entries = dunning.entries_of(ctx, note)
    return visit.show(
        "dunning_note.html",
        status=failed.status if failed else 200,
        note=note,
        contract=contract,
        borrower=borrower,
        bank=ctx.session.get_one(Organisation, note.bank_id),
        phone=parties.masked_phones(ctx, [note])[note.id],
        now=now,
        checklist=evidence.checklist(ctx, account_of(ctx, note), due_on=min(late, default=None)),
        entries=entries,
        people=queries.by_key(ctx, Person, (entry.by_person_id for entry in entries)),
        payouts=list(
            ctx.session.scalars(queries.payouts(ctx, note_id=note.id).order_by(Payout.id))
        ),
        offers=with_failure(offers(visit, note, contract, now.arrears), failed),
        failed=failed,
    )
