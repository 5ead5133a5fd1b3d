"""What is to come: the subsidy budget by month, class and funding level, and one loan's periods."""

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BeforeValidator, Field

from app.api.assessments import CostOut
from app.api.edge import Read
from app.api.journey import Journey
from app.api.months import MONTH_SCHEMA, first_day
from app.api.wire import AS_DIGITS, Id, Out, Yuan, YuanOut, fen
from loans import queries
from loans.classes import SubsidyClass
from loans.models import Application, Note
from subsidy import forecast
from subsidy.quotes import quote_application

journey = Journey("预算与测算")

Share = Annotated[
    Annotated[int, Field(ge=0, le=100), AS_DIGITS] | None,
    Query(description="假设的贴息比例（%）。"),
]
Months = Annotated[int, Query(ge=1, le=forecast.LONGEST_MONTHS, description="月数。"), AS_DIGITS]
Since = Annotated[
    date | None,
    BeforeValidator(first_day),
    MONTH_SCHEMA,
    Query(description="首月 YYYY-MM；默认业务日期所在的月份。", examples=["2019-06"]),
]
Cap = Annotated[Yuan | None, Query(description="假设的个人贴息本金上限（元）。")]


class BudgetOut(Out):
    """一个月一类贷款的预计利息、贴息及其各级负担；supposed 为假设之下的贴息。"""

    month: date
    subsidy_class: str
    notes: int
    interest: YuanOut = fen("interest")
    subsidy: YuanOut = fen("subsidy")
    central: YuanOut = fen("central")
    provincial: YuanOut = fen("provincial")
    city: YuanOut = fen("city")
    rule: str = Field(examples=["funding_split"], description="分担比例的规定。")
    supposed: YuanOut = Field(description="按假设的比例和上限的贴息；未作假设时与 subsidy 相同。")


@journey.read("/forecast", "forecast.read", "贴息预算：按现有贷款与还款计划，可作假设")
def budget(
    ctx: Read,
    since: Since = None,
    months: Months = 12,
    full: Share = None,
    half: Share = None,
    small_firm: Share = None,
    cap: Cap = None,
) -> list[BudgetOut]:
    asked = {SubsidyClass.FULL: full, SubsidyClass.HALF: half, SubsidyClass.SMALL_FIRM: small_firm}
    shares = {name.value: percent for name, percent in asked.items() if percent is not None}
    what_if = forecast.WhatIf(share_pct=shares, cap_fen=cap)
    lines = forecast.budget(ctx, since=since or ctx.on, months=months, what_if=what_if)
    return [BudgetOut.of(line, supposed=other.subsidy_fen) for line, other in lines]


@journey.read(
    "/applications/{application_id}/forecast", "applications.read", "一项申请各结息期的测算"
)
def of_application(application_id: Id, ctx: Read) -> list[CostOut]:
    found = quote_application(ctx, queries.one(ctx, Application, application_id))
    return [CostOut.of(cost) for cost in found.costs]


@journey.read("/notes/{note_id}/forecast", "notes.read", "一张借据各结息期的测算：已发生的与计划的")
def of_note(note_id: Id, ctx: Read) -> list[CostOut]:
    costs = forecast.costs_of_note(ctx, queries.one(ctx, Note, note_id))
    return [CostOut.of(cost) for cost in costs]
