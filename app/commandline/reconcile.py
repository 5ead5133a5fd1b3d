"""``fumin reconcile FILE``: what the finance bureau sees of a claim, on a terminal."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import select

from app.commandline.opening import (
    DEMO_AUDITOR,
    ActingAs,
    DemoFolder,
    acting_person,
    opened,
)
from app.deps import Installation
from loans import access
from loans.access import OrganisationKind
from loans.errors import NotFound
from loans.models import Organisation
from loans.money import fen_to_yuan
from subsidy import claims, prechecks
from subsidy.reconciliation import LineClass, Reconciliation

CLASS_NAMES: dict[LineClass, str] = {
    LineClass.MATCHED: "一致",
    LineClass.ROUNDING: "尾差",
    LineClass.UNDER: "少报",
    LineClass.DIFFERS: "多报",
    LineClass.UNKNOWN: "无此借据",
    LineClass.DUPLICATE: "重复",
    LineClass.BAD: "无法读取",
}


def reconcile(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="银行的贴息申报明细表（xlsx 或 CSV）。"),
    ],
    bank: Annotated[str, typer.Option(help="经办银行的机构代码。")],
    since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="申报期首日。")],
    until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="申报期末日的次日（结息日次日）。")
    ],
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="另存为工作簿：更正后的明细表与差异清单。")
    ] = None,
    acting: ActingAs = None,
    demo: DemoFolder = None,
) -> None:
    """逐笔复算一份贴息申报并解释每一分差异；不保存任何内容。"""
    with opened(demo) as installation:
        actor = acting_person(installation, acting or (DEMO_AUDITOR if demo else None))
        access.require(actor, "claims.read")
        with installation.reads() as session:
            ctx = installation.context(session, actor)
            filing = claims.read_filing(
                file.read_bytes(), file.name, vault=installation.vault, on=ctx.on
            )
            bank_id = _bank(installation, bank, actor.bank_id)
            filed = claims.filed_as(ctx, filing=filing, bank_id=bank_id)
            found = claims.compare(
                ctx,
                sheet=filing.sheet,
                bank_id=bank_id,
                since=since.date(),
                until=until.date(),
                filed=filed,
            )
    console = Console()
    if filed is not None:
        console.print(f"这份文件已于 {filed.received_on} 报送；以下不把它自己算作重复申报。")
    for finding in filing.sheet.findings:
        _say(console, f"第 {finding.row} 行 {finding.column}：{finding.message}", style="red")
    show(console, found, since.date(), until.date())
    if out is not None:
        out.write_bytes(prechecks.corrected_workbook(filing.sheet, found))
        console.print(f"已写出 {out}")
    if filing.sheet.findings:
        raise typer.Exit(1)


def show(console: Console, found: Reconciliation, since: date, until: date) -> None:
    """Print a comparison: totals, every line that differs with its causes, the whole file."""
    console.print(_totals(found, since, until))
    differing = [at for at in range(len(found)) if found.causes[at]]
    if differing:
        console.print(_differences(found, differing))
    for line in found.findings:
        row = found.row[line.line]
        _say(console, f"{line.code} 第 {row} 行 借据 {found.note_no[line.line]}：{line.message}")
    for missing in found.unclaimed:
        worth = fen_to_yuan(missing.amount_fen)
        _say(console, f"R08 借据 {missing.note_no} 未申报 {worth} 元：{missing.message}")
    for whole in found.file_findings:
        _say(console, f"{whole.code} {whole.message}")
    if found.convention is not None:
        _say(console, f"R11 {found.convention.message}")


def _say(console: Console, text: str, style: str = "") -> None:
    """A sentence as it is, however wide the terminal: a file's own words are no markup."""
    console.print(text, soft_wrap=True, markup=False, style=style)


def _totals(found: Reconciliation, since: date, until: date) -> Table:
    table = Table(title=f"贴息申报复算 {since} 至 {until}（不含）", title_justify="left")
    table.add_column("分类")
    for header in ("笔数", "申报额", "复算额", "应付额"):
        table.add_column(header, justify="right")
    columns = (found.claimed_fen, found.expected_fen, found.payable_fen)
    for kind, name in CLASS_NAMES.items():
        rows = [at for at, cls in enumerate(found.line_class) if cls is kind]
        if rows:
            sums = [fen_to_yuan(int(column[rows].sum())) for column in columns]
            table.add_row(name, str(len(rows)), *sums)
    table.add_section()
    table.add_row("合计", str(len(found)), *(fen_to_yuan(int(column.sum())) for column in columns))
    return table


def _differences(found: Reconciliation, rows: list[int]) -> Table:
    table = Table(title="差异及原因（申报 − 复算）", title_justify="left", show_lines=True)
    table.add_column("行", justify="right", no_wrap=True)
    table.add_column("借据号", overflow="fold")
    for header in ("申报额", "复算额", "差异"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("原因", overflow="fold")
    for at in rows:
        line = found.line(at)
        causes = "\n".join(
            f"{cause.code} {fen_to_yuan(cause.amount_fen)}\n{cause.message}"
            for cause in line.causes
        )
        money = (line.claimed_fen, line.expected_fen, line.difference_fen)
        table.add_row(str(line.row), Text(line.note_no), *map(fen_to_yuan, money), Text(causes))
    return table


def _bank(installation: Installation, code: str, own_bank_id: int | None) -> int:
    with installation.reads() as session:
        bank = session.scalars(
            select(Organisation).where(
                Organisation.code == code, Organisation.kind == OrganisationKind.BANK
            )
        ).one_or_none()
    if bank is None or own_bank_id not in (None, bank.id):
        raise NotFound("not-found", f"没有找到代码为 {code} 的经办银行")
    return bank.id


COMMANDS = (reconcile,)
