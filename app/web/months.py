"""Pages of closed months: the list with the next to close, one month's lines and adjustments."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Response

from app.web.charts import in_yuan
from app.web.edge import DONE, Posted, Refused, Visit, go, visit_to, visiting
from app.web.fields import Field, Kind, read
from app.web.lists import ROWS, Filter, Part
from app.web.words import word
from loans.daycount import add_months
from loans.errors import Conflict, FuminError, NotFound
from subsidy import lists, monthend, overview
from subsidy.models import LineKind

router = APIRouter(include_in_schema=False)
Reading = Annotated[Visit, visit_to("months.read")]

FIELDS = (Field(name="month", label="月份", kind=Kind.DAY),)
DONE["months.close"] = "已关账，该月各行不再变动。"


@router.get("/months")
def all_of(visit: Reading) -> Response:
    """Closed months; whoever may close sees what closing the next would lock."""
    return _list(visit)


@router.post("/months/close")
def close(post: Posted) -> Response:
    """Lock the month that was previewed."""
    reading = read(FIELDS, post.form)
    if reading.faults:
        raise Conflict("month-missing", "没有指明要关账的月份，请回到月结页面重新操作")
    month = reading.values["month"]
    result = post.run(
        "months.close",
        lambda ctx: monthend.close(ctx, month=month),
        lambda _, lock: f"/months/{lock.since:%Y-%m}?done=months.close",
    )
    if isinstance(result, str):
        return go(result)
    with visiting(post.request, post.who, "months.read") as visit:
        return _list(visit, result)


@router.get("/months/{month}")
def one(visit: Reading, month: str) -> Response:
    """One month's lines as far as this person may see them, adjustments by filter."""
    lock = lists.month(visit.ctx, _first_day(month))
    kind = Filter.of(visit, "kind", "类别", [(k.value, word(k)) for k in LineKind])
    part = Part.asked(visit)
    rows = lists.month_lines(
        visit.ctx,
        lock,
        skip=part.skip,
        limit=ROWS + 1,
        kind=LineKind(kind.value) if kind.value else None,
    )
    return visit.show(
        "month.html",
        lock=lock,
        totals=lists.totals_of(visit.ctx, [lock]).get(lock.id),
        page=part.of(visit, rows),
        filters=[kind],
    )


def _first_day(month: str) -> date:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        raise NotFound("not-found", f"没有 {month[:10]} 这个月份") from None


def _list(visit: Visit, failed: Refused | None = None) -> Response:
    rows = overview.months(visit.ctx)
    preview, obstacle = _preview(visit)
    totals = lists.totals_of(visit.ctx, rows)
    return visit.show(
        "months.html",
        status=failed.status if failed else 200,
        rows=rows,
        totals=totals,
        preview=preview,
        obstacle=obstacle,
        problem=failed.body if failed else None,
        bars=[
            in_yuan(row.since, int(totals[row.id].subsidy_fen) if row.id in totals else 0)
            for row in reversed(rows[:12])
        ],
    )


def _preview(visit: Visit) -> tuple[Any, str]:
    """The next month as closing would lock it, or why it cannot be closed yet."""
    if not visit.may("months.close"):
        return None, ""
    month = overview.next_month(visit.ctx)
    if month is None:
        return None, "还没有借据，没有可以关账的月份。"
    until = add_months(month, 1)
    if visit.ctx.on < until:
        return None, f"下一个待关账的月份是 {month:%Y-%m}，{until} 起才能关账。"
    try:
        return monthend.preview(visit.ctx, month=month), ""
    except FuminError as error:
        return None, error.message
