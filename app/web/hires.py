"""离职的新招用人员（9.8）: who has left, until when they count, and the base after the re-count."""

from typing import Annotated

from fastapi import APIRouter, Response

from app.web.edge import Visit, visit_to
from loans import headcount

router = APIRouter(include_in_schema=False)


@router.get("/hires")
def departures(visit: Annotated[Visit, visit_to("applications.read")]) -> Response:
    """The departures reported so far, the latest first."""
    ctx = visit.ctx
    groups = {rule.code: rule.title for rule in ctx.book.family("hire_group", ctx.on)}
    return visit.show("hires.html", rows=headcount.departures(ctx), groups=groups)
