"""到期日历: one month of maturities (9.10), day by day in weeks, each day leading to its notes."""

from calendar import Calendar
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Response

from app.web.asof import as_of
from app.web.edge import Visit, visit_to
from app.web.figures import period_of
from loans.daycount import add_months
from loans.portfolio import NONE, Tally, maturing_by_day

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of the calendar."""

    day: date
    tally: Tally
    is_workday: bool | None  # None: that year's days off are not announced
    is_in_month: bool


@router.get("/maturities")
def calendar(visit: Annotated[Visit, visit_to("notes.read")]) -> Response:
    """The balances that mature on each day of a month; by default the month of the day."""
    asked = as_of(visit)
    ctx = asked.visit.ctx
    this = ctx.on.replace(day=1)
    period = period_of(visit.request.query_params.get("month", "")) or (this, add_months(this, 1))
    found = maturing_by_day(ctx, period, asked.day)

    def cell(day: date) -> Cell:
        return Cell(day, found.get(day, NONE), _is_workday(asked.visit, day), _in(day, period))

    weeks = Calendar().monthdatescalendar(period[0].year, period[0].month)
    return asked.visit.show(
        "maturities.html",
        asked=asked,
        first=period[0],
        earlier=add_months(period[0], -1),
        later=period[1],
        weeks=[[cell(day) for day in week] for week in weeks],
        total=sum(found.values(), NONE),
        largest=max((tally.amount_fen for tally in found.values()), default=0),
    )


def _in(day: date, period: tuple[date, date]) -> bool:
    return period[0] <= day < period[1]


def _is_workday(visit: Visit, day: date) -> bool | None:
    calendar = visit.ctx.calendar
    return calendar.is_workday(day) if calendar.is_announced(day) else None
