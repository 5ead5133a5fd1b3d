"""办理时限（9.9）: what is due today, tomorrow and late; how often each institution is in time."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from app.api.edge import Read
from app.api.journey import Journey
from app.api.wire import Day, Out
from loans import clocks
from loans.workflow import State

journey = Journey("办理时限")


class RunningOut(Out):
    """一个正在计算的办理时限。"""

    application_id: UUID
    state: State
    rule: str = Field(examples=["guarantee_review_workdays"], description="时限的规定。")
    limit_days: int = Field(description="时限，工作日。")
    started_on: date
    due_on: date
    provisional: bool = Field(description="涉及尚未公布放假安排的年份，公布后重算。")


class DueListsOut(Out):
    """按紧迫程度排列的办理时限。"""

    on: date
    next_workday: date
    late: list[RunningOut] = Field(description="已超过到期日。")
    today: list[RunningOut] = Field(description="今日到期。")
    tomorrow: list[RunningOut] = Field(description="下一个工作日（含）以前到期。")
    later: list[RunningOut]
    standing: list[RunningOut] = Field(description="补正中，时限暂停。")


class HitRateOut(Out):
    """一家机构一个环节一个月的按时情况。"""

    institution_id: UUID
    institution: str
    state: State
    month: str = Field(examples=["2019-04"])
    decided: int
    in_time: int
    late: int


class HitRatesOut(Out):
    """按机构和月份统计的按时率。"""

    definition: str
    items: list[HitRateOut]


@journey.read("/clocks", "applications.read", "办理时限：今日、明日到期与逾期")
def due(ctx: Read) -> DueListsOut:
    return DueListsOut.of(clocks.due_lists(ctx))


@journey.read("/clocks/hit-rate", "applications.read", "各机构各月的按时率")
def hit_rate(
    ctx: Read,
    since: Annotated[Day, Query(description="决定日的第一天。")],
    until: Annotated[Day, Query(description="决定日最后一天的次日。")],
) -> HitRatesOut:
    rates = clocks.hit_rates(ctx, since=since, until=until)
    return HitRatesOut(
        definition=clocks.DEFINITION,
        items=[HitRateOut.of(rate, month=f"{rate.month:%Y-%m}") for rate in rates],
    )
