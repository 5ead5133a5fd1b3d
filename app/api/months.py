"""Month close, and what the closed months hold."""

import re
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import BeforeValidator, Field, WithJsonSchema

from app.api.accrual_views import AccrualOut, accrual_lines
from app.api.edge import After, Limit, Read, Write
from app.api.journey import Journey
from app.api.views import PageOut, paged
from app.api.wire import Out, PublicId, YuanOut, fen
from loans import queries
from loans.context import Context
from loans.models import MovementKind
from subsidy import closing, lists, monthend
from subsidy.models import MonthLock

journey = Journey("月末关账")

_MONTH = re.compile(r"(19[0-9]{2}|2[01][0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)
MONTH_SCHEMA = WithJsonSchema({"type": "string", "pattern": f"^{_MONTH.pattern}$"})


def first_day(text: Any) -> date:
    """The first day of a month given as YYYY-MM."""
    if not isinstance(text, str) or not _MONTH.fullmatch(text):
        raise ValueError("月份须为 YYYY-MM，例如 2019-06")
    return date.fromisoformat(f"{text}-01")


Month = Annotated[
    date,
    BeforeValidator(first_day),
    MONTH_SCHEMA,
    Path(description="月份 YYYY-MM。", examples=["2019-06"]),
]


class MonthOut(Out):
    """一个已关账的月份；银行只见本行的行数与合计。"""

    id: PublicId
    month: str = Field(examples=["2019-06"])
    since: date
    until: date
    lines: int
    interest: YuanOut = fen("interest")
    subsidy: YuanOut = fen("subsidy")
    borrower: YuanOut = fen("borrower")
    locked_on: date
    locked_at: datetime


class ClassSumOut(Out):
    """试算中一个贴息类别的合计。"""

    subsidy_class: str
    lines: int
    interest: YuanOut = fen("interest")
    subsidy: YuanOut = fen("subsidy")
    borrower: YuanOut = fen("borrower")


class LateLineOut(Out):
    """迟到的事实将形成的一行调整，及该事实。"""

    note_no: str
    kind: MovementKind
    on: date
    recorded_on: date
    interest: YuanOut
    subsidy: YuanOut
    borrower: YuanOut


class PreviewOut(Out):
    """关账前的试算，不保存。"""

    since: date
    until: date
    lines: int
    interest: YuanOut
    subsidy: YuanOut
    borrower: YuanOut
    classes: list[ClassSumOut]
    late: list[LateLineOut] = Field(description="调整行，只列前 50 行")
    sha256: str


@journey.write("POST", "/months/{month}/close", "months.close", "关账", out=MonthOut, status=201)
def close(month: Month, write: Write) -> Response:
    return write(
        lambda ctx: monthend.close(ctx, month=month), lambda ctx, row: _months(ctx, [row])[0]
    )


@journey.read("/months/{month}/preview", "months.preview", "关账试算")
def preview(month: Month, ctx: Read) -> PreviewOut:
    run = monthend.preview(ctx, month=month)
    return PreviewOut(
        since=run.since,
        until=run.until,
        lines=len(run),
        interest=run.total("interest_fen"),
        subsidy=run.total("subsidy_fen"),
        borrower=run.total("borrower_fen"),
        classes=[ClassSumOut.model_validate(row) for row in closing.by_class(run)],
        late=[_late(line) for line in closing.late_facts(ctx, run)],
        sha256=run.sha256,
    )


def _late(line: closing.LateLine) -> LateLineOut:
    return LateLineOut(
        note_no=line.note_no,
        kind=line.fact.kind,
        on=line.fact.on,
        recorded_on=line.fact.recorded_on,
        interest=line.interest_fen,
        subsidy=line.subsidy_fen,
        borrower=line.borrower_fen,
    )


@journey.read("/months", "months.read", "已关账的月份")
def list_months(ctx: Read, after: After = None, limit: Limit = 50) -> PageOut[MonthOut]:
    page = queries.page(ctx, lists.months(), MonthLock, after=after, limit=limit)
    return paged(page, lambda rows: _months(ctx, rows))


@journey.read("/months/{month}", "months.read", "一个已关账的月份")
def show(month: Month, ctx: Read) -> MonthOut:
    return _months(ctx, [lists.month(ctx, month)])[0]


@journey.read("/months/{month}/lines", "months.read", "一个月的利息与贴息明细")
def lines(month: Month, ctx: Read, after: After = None, limit: Limit = 50) -> PageOut[AccrualOut]:
    locked = lists.month(ctx, month)
    found = lists.month_lines(ctx, locked, after=after, limit=limit + 1)
    shown = accrual_lines(ctx, found[:limit], {locked.id: locked})
    if len(found) <= limit:
        return PageOut(items=shown, next=None)
    last = shown[-1]
    return PageOut(items=shown, next=lists.line_place(last.note_id, last.movement_id))


def _months(ctx: Context, rows: list[MonthLock]) -> list[MonthOut]:
    totals = lists.totals_of(ctx, rows)
    nothing = {"lines": 0, "interest_fen": 0, "subsidy_fen": 0, "borrower_fen": 0}
    return [
        MonthOut.of(
            row,
            month=f"{row.since:%Y-%m}",
            **(totals[row.id]._asdict() if row.id in totals else nothing),
        )
        for row in rows
    ]
