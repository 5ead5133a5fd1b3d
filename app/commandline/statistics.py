"""``fumin statistics``: the joint meeting's figures on any day (9.13)."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.commandline.opening import ActingAs, acting_person, opened
from loans import access
from loans.money import fen_to_yuan
from loans.sheets import write_workbook
from subsidy.statistics import Dimension, Figures, figures, note_facts

HEADERS = (
    "分组", "笔数", "存续", "逾期笔数", "发放额", "余额", "逾期余额", "应付贴息", "已付贴息",
    "代偿", "追偿",
)  # fmt: skip
NOTE_HEADERS = (
    "借据号", "经办银行", "人群类别", "性别", "贴息类别", "发放额", "余额", "逾期余额", "应付贴息",
    "已付贴息", "代偿", "追偿",
)  # fmt: skip


def statistics(
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="哪一天；默认业务日期。")
    ] = None,
    by: Annotated[Dimension, typer.Option(help="按什么分组。")] = Dimension.BANK,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="另存为工作簿，附每笔借据。")
    ] = None,
    acting: ActingAs = None,
) -> None:
    """统计：发放、余额、逾期、应付与已付贴息、代偿、追偿；各数字可追溯到借据。"""
    with opened() as installation:
        actor = acting_person(installation, acting)
        access.require(actor, "statistics.read")
        with installation.reads() as session:
            ctx = installation.context(session, actor)
            day = on.date() if on else ctx.on
            notes = note_facts(ctx, day)
    rows = [_row(each) for each in (*figures(notes, by), *figures(notes, Dimension.ALL))]
    Console().print(_table(rows, day))
    if out is not None:
        behind = [
            [n.note_no, n.bank, n.category, n.gender, n.subsidy_class, *map(fen_to_yuan, (
                n.disbursed_fen, n.balance_fen, n.overdue_fen, n.payable_fen, n.paid_fen,
                n.compensated_fen, n.recovered_fen,
            ))]
            for n in notes
        ]  # fmt: skip
        out.write_bytes(write_workbook({"统计": [HEADERS, *rows], "借据": [NOTE_HEADERS, *behind]}))


def _row(each: Figures) -> list[str]:
    counts = map(str, (each.notes, each.live, each.overdue))
    amounts = (
        each.disbursed_fen, each.balance_fen, each.overdue_fen, each.payable_fen, each.paid_fen,
        each.compensated_fen, each.recovered_fen,
    )  # fmt: skip
    return [each.key or "合计", *counts, *map(fen_to_yuan, amounts)]


def _table(rows: list[list[str]], day: date) -> Table:
    table = Table(title=f"{day} 统计（元）", title_justify="left")
    table.add_column(HEADERS[0])
    for header in HEADERS[1:]:
        table.add_column(header, justify="right")
    for row in rows:
        table.add_row(*row)
    return table


COMMANDS = (statistics,)
