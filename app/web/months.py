"""Pages of closed months: the list, what closing the next would lock, one month's lines."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Response

from app.web.charts import in_yuan
from app.web.edge import DONE, Posted, Refused, Visit, go, visit_to, visiting
from app.web.fields import Field, Kind, read
from app.web.lists import ROWS, Filter, Part
from app.web.words import word
from loans.errors import Conflict, FuminError, NotFound
from subsidy import closing, lists, monthend, overview
from subsidy.models import LineKind

router = APIRouter(include_in_schema=False)
Reading = Annotated[Visit, visit_to("months.read")]

FIELDS = (
    Field(name="month", label="月份", kind=Kind.DAY),
    Field(name="previewed", label="试算的内容摘要", kind=Kind.HIDDEN),
)
DONE["months.close"] = "已关账，该月各行不再变动。"


@router.get("/months")
def all_of(visit: Reading) -> Response:
    """Closed months, and which is the next to close."""
    rows = overview.months(visit.ctx)
    totals = lists.totals_of(visit.ctx, rows)
    return visit.show(
        "months.html",
        rows=rows,
        totals=totals,
        next_month=overview.next_month(visit.ctx),
        bars=[
            in_yuan(row.since, int(totals[row.id].subsidy_fen) if row.id in totals else 0)
            for row in reversed(rows[:12])
        ],
    )


@router.get("/months/preview")
def preview(visit: Annotated[Visit, visit_to("months.preview")]) -> Response:
    """The checks before the lock: what would be booked, what is still missing."""
    return _preview(visit)


@router.post("/months/preview")
def close(post: Posted) -> Response:
    """Lock the month that was previewed."""
    reading = read(FIELDS, post.form)
    if reading.faults:
        raise Conflict("month-missing", "没有指明要关账的月份，请回到月结页面重新操作")
    values = reading.values
    result = post.run(
        "months.close",
        lambda ctx: monthend.close(ctx, **values),
        lambda _, lock: f"/months/{lock.since:%Y-%m}?done=months.close",
    )
    if isinstance(result, str):
        return go(result)
    with visiting(post.request, post.who, "months.preview") as visit:
        return _preview(visit, result)


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


def _preview(visit: Visit, failed: Refused | None = None) -> Response:
    ctx, month = visit.ctx, overview.next_month(visit.ctx)
    run, obstacle = None, "还没有借据，没有可以关账的月份。"
    if month is not None:
        try:
            run, obstacle = monthend.preview(ctx, month=month), ""
        except FuminError as error:
            obstacle = error.message
    return visit.show(
        "month_preview.html",
        status=failed.status if failed else 200,
        month=month,
        run=run,
        obstacle=obstacle,
        is_over=run is not None and ctx.on >= run.until,
        classes_of_run=closing.by_class(run) if run else [],
        late=closing.late_facts(ctx, run) if run else [],
        late_count=len(run.adjustments) if run else 0,
        reported=closing.reported_since(ctx),
        waiting=closing.waiting(ctx, run.until) if run else [],
        problem=failed.body if failed else None,
    )
