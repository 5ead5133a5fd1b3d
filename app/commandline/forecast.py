"""``fumin forecast``: the subsidy budget of the coming months, and what a change would cost."""

from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from app.commandline import tables
from app.commandline.opening import (
    DEMO_AUDITOR,
    ActingAs,
    DemoFolder,
    acting_person,
    opened,
)
from app.web.words import SUBSIDY_CLASSES
from loans import access
from loans.money import yuan_to_fen
from subsidy.budget_table import HEADERS, budget_rows
from subsidy.forecast import SHARED, Pair, WhatIf, budget


def forecast(
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m"], help="首月；默认业务日期所在的月份。"),
    ] = None,
    months: Annotated[int, typer.Option(min=1, max=120, help="月数。")] = 12,
    share: Annotated[
        list[str] | None, typer.Option(help="假设：某贴息类别的比例，例如 half=60，可重复。")
    ] = None,
    cap: Annotated[
        str | None, typer.Option(help="假设：个人贴息本金的上限（元），例如 400000。")
    ] = None,
    acting: ActingAs = None,
    demo: DemoFolder = None,
) -> None:
    """按现有贷款和还款计划预测各月利息与贴息（分类别、分资金来源）；可试算比例、额度变化的影响。"""
    what_if = WhatIf(
        share_pct=_shares(share or []),
        cap_fen=None if cap is None else yuan_to_fen(cap),
    )
    with opened(demo) as installation:
        actor = acting_person(installation, acting or (DEMO_AUDITOR if demo else None))
        access.require(actor, "forecast.read")
        with installation.reads() as session:
            ctx = installation.context(session, actor)
            day = since.date() if since else ctx.on
            lines = budget(ctx, since=day, months=months, what_if=what_if)
    tables.show(_table(lines))


def _shares(texts: list[str]) -> dict[str, int]:
    found = dict(map(_share, texts))
    if len(found) < len(texts):
        raise typer.BadParameter(f"“{'、'.join(texts)}”中同一类别只能给一个比例")
    return found


def _share(text: str) -> tuple[str, int]:
    name, _, percent = text.partition("=")
    if name not in SHARED or not percent.isascii() or not percent.isdigit():
        raise typer.BadParameter(f"“{text}”应形如 half=60，类别为 full、half 或 small_firm")
    if int(percent) > 100:
        raise typer.BadParameter(f"“{text}”的比例应为 0 至 100")
    return name, int(percent)


def _table(lines: list[Pair]) -> Table:
    table = Table(title="贴息预算（元）", title_justify="left")
    for at, header in enumerate(HEADERS):
        table.add_column(header, justify="left" if at < 2 else "right")
    *rows, whole = budget_rows(lines, SUBSIDY_CLASSES)
    for row in rows:
        table.add_row(*row)
    table.add_section()
    table.add_row(*whole)
    return table
