"""``fumin statistics``: the joint meeting's figures on any day (9.13)."""

from datetime import date, datetime
from pathlib import Path
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
from loans import access
from subsidy.exports import figure_rows, titles_on, workbook
from subsidy.statistics import Dimension, note_facts


def statistics(
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="哪一天；默认业务日期。")
    ] = None,
    by: Annotated[Dimension, typer.Option(help="按什么分组。")] = Dimension.BANK,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="另存为工作簿，附每笔借据。")
    ] = None,
    acting: ActingAs = None,
    demo: DemoFolder = None,
) -> None:
    """统计：发放、余额、逾期、应付与已付贴息、代偿、追偿；各数字可追溯到借据。"""
    with opened(demo) as installation:
        actor = acting_person(installation, acting or (DEMO_AUDITOR if demo else None))
        access.require(actor, "statistics.read")
        with installation.reads() as session:
            ctx = installation.context(session, actor)
            day = on.date() if on else ctx.on
            notes, titles = note_facts(ctx, day), titles_on(ctx.book, day)
    tables.show(_table(figure_rows(notes, by, titles), day))
    if out is not None:
        out.write_bytes(workbook(notes, by, titles))


def _table(rows: list[list[str]], day: date) -> Table:
    table = Table(title=f"{day} 统计（元）", title_justify="left")
    (first, *headers), *figures = rows
    table.add_column(first)
    for header in headers:
        table.add_column(header, justify="right")
    for row in figures:
        table.add_row(*row)
    return table


COMMANDS = (statistics,)
