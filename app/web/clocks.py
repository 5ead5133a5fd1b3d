"""办理时限（9.9）: what is due today, tomorrow and late; how often each institution is in time."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Response

from app.web.edge import Visit, visit_to
from loans import clocks
from loans.daycount import add_months

router = APIRouter(include_in_schema=False)

MONTHS = 12


@router.get("/clocks")
def overview(visit: Annotated[Visit, visit_to("applications.read")]) -> Response:
    """The running clocks by urgency, and the hit rates of the last months, this one included."""
    ctx = visit.ctx
    this = ctx.on.replace(day=1)
    since = _month(visit.request.query_params.get("since", "")) or add_months(this, 1 - MONTHS)
    until = add_months(this, 1)
    return visit.show(
        "clocks.html",
        lists=clocks.due_lists(ctx),
        rates=clocks.hit_rates(ctx, since=since, until=until),
        definition=clocks.DEFINITION,
        since=since,
    )


def _month(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
