"""The page of the rules in force on a day."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Response

from app.web.edge import Visit, visit_to
from loans.policy import PolicyBook, Rule

router = APIRouter(include_in_schema=False)


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
        shown=book.shown,
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
