"""统计监测 (9.13): the joint meeting's figures on any day, and the notes behind each."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from app.api.edge import After, Limit, Read
from app.api.journey import Journey
from app.api.views import PageOut, paged
from app.api.wire import Day, Out, YuanOut, fen
from loans import queries
from loans.workflow import State
from subsidy import statistics
from subsidy.statistics import Dimension

journey = Journey("统计监测")

On = Annotated[Day | None, Query(description="哪一天；不给则为业务日期。")]
Amount = Literal[
    "disbursed", "balance", "overdue", "payable", "paid", "compensated", "recovered"
]  # fmt: skip


class FiguresOut(Out):
    """一组的各项数字。"""

    key: str = Field(description="组名；不分组时为空。")
    notes: int
    live: int
    overdue: int
    disbursed: YuanOut = fen("disbursed")
    balance: YuanOut = fen("balance")
    overdue_balance: YuanOut = fen("overdue")
    payable: YuanOut = fen("payable")
    paid: YuanOut = fen("paid")
    compensated: YuanOut = fen("compensated")
    recovered: YuanOut = fen("recovered")


class NoteFiguresOut(Out):
    """一笔借据的各项数字。"""

    note_no: str
    bank: str
    category: str
    gender: str
    subsidy_class: str
    disbursed: YuanOut = fen("disbursed")
    balance: YuanOut = fen("balance")
    overdue_balance: YuanOut = fen("overdue")
    payable: YuanOut = fen("payable")
    paid: YuanOut = fen("paid")
    compensated: YuanOut = fen("compensated")
    recovered: YuanOut = fen("recovered")


class HitRateOut(Out):
    """办结时限达标情况。"""

    bank: str
    stage: State
    ended: int
    on_time: int
    running: int
    late: int


@journey.read("/statistics", "statistics.read", "统计数字（可按机构、群体、性别、类别）")
def show(ctx: Read, on: On = None, by: Dimension = Dimension.ALL) -> list[FiguresOut]:
    rows = statistics.note_facts(ctx, on or ctx.on)
    return [FiguresOut.of(each) for each in statistics.figures(rows, by)]


@journey.read("/statistics/notes", "statistics.read", "某项数字背后的借据")
def notes(
    ctx: Read,
    on: On = None,
    by: Dimension = Dimension.ALL,
    key: Annotated[str, Query(max_length=100, description="组名。")] = "",
    figure: Amount = "disbursed",
    after: After = None,
    limit: Limit = 50,
) -> PageOut[NoteFiguresOut]:
    facts = statistics.note_facts(ctx, on or ctx.on)
    found = statistics.drill_down(facts, by, key, f"{figure}_fen")
    page = queries.page_of(found, after=after, limit=limit)
    return paged(page, lambda rows: [NoteFiguresOut.of(each) for each in rows])


@journey.read("/statistics/hit-rates", "statistics.read", "办结时限达标率")
def hit_rates(
    ctx: Read,
    since: Annotated[Day, Query(description="第一天。")],
    until: Annotated[Day, Query(description="最后一天的次日。")],
) -> list[HitRateOut]:
    return [HitRateOut.of(each) for each in statistics.hit_rates(ctx, since, until)]
