"""Search from every page: by number or name, exact, masked; asked in a form's body, not in an
address, for what is typed may be an ID number."""

from typing import Annotated

from fastapi import APIRouter, Response

from app.web.edge import Posted, Visit, visit_to, visiting
from loans import queries
from loans.finding import LONGEST, Found, find
from loans.models import Organisation

router = APIRouter(include_in_schema=False)


@router.get("/search")
def ask(visit: Annotated[Visit, visit_to("applications.read")]) -> Response:
    """The question."""
    return _page(visit, None)


@router.post("/search")
def answer(post: Posted) -> Response:
    """What was found of the visible rows; nothing of the question is kept."""
    asked = str(post.form.get("q", ""))[:LONGEST]
    with visiting(post.request, post.who, "applications.read") as visit:
        return _page(visit, find(visit.ctx, asked))


def _page(visit: Visit, found: Found | None) -> Response:
    ids = [row.bank_id for row in found.applications] if found else []
    ids += [row.bank_id for row in found.notes] if found else []
    banks = queries.by_key(visit.ctx, Organisation, ids)
    return visit.show("search.html", found=found, banks=banks)
