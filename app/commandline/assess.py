"""``fumin assess FILE|-``: what the rules say about one application, or a list of candidates."""

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Column, Table

from app.api.assessments import AssessmentBody, quoted
from app.api.strict import parse
from app.deps import PROGRAMME_ZONE, now
from app.problems import words
from app.settings import read_settings
from loans.candidates import OUTCOMES, answers, assess_candidates
from loans.money import fen_to_yuan
from loans.policy import PolicyBook, load_policy_book
from loans.sheets import write_csv, write_workbook
from loans.underwriting import Outcome, Topic
from subsidy.quotes import Quote

MARKS = {Outcome.YES: "[green]是[/]", Outcome.NO: "[red]否[/]", Outcome.UNKNOWN: "[yellow]？[/]"}


def assess(
    file: Annotated[
        str, typer.Argument(help="一份申请的 JSON（- 为标准输入），或候选名单（xlsx、CSV）。")
    ],
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="按哪一天的规定；默认今天。"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="把名单的结论写成 xlsx 或 CSV。")] = None,
) -> None:
    """按政策逐条评估：能否办理、最高额度、贴息类别、预计费用，每一条附依据；不保存任何内容。"""
    day = on.date() if on else now().astimezone(PROGRAMME_ZONE).date()
    book = load_policy_book(read_settings().policy_dir)
    if Path(file).suffix.lower() in (".xlsx", ".csv"):
        _candidates(Path(file), day, book, out)
    else:
        _one(file, day, book)


def _one(file: str, on: date, book: PolicyBook) -> None:
    raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        body = AssessmentBody.model_validate(parse(raw))
    except ValidationError as error:
        for fault in error.errors():
            where = ".".join(str(part) for part in fault["loc"]) or "申请"
            typer.echo(f"{where}：{words(fault)}", err=True)
        raise typer.Exit(2) from error
    _show(Console(), quoted(body, body.on or on, book))


def _show(console: Console, quote: Quote) -> None:
    found = quote.assessment
    console.print(
        f"结论：{OUTCOMES[found.eligible]}　最高 {fen_to_yuan(found.cap_fen)} 元　"
        f"贴息类别 {found.subsidy_class.value}（{found.share_pct}%）",
        highlight=False,
    )
    table = Table(title="逐条结论", title_justify="left", show_lines=True)
    for header in ("符合", "规定与所见", "现行值（施行日）", "依据"):
        table.add_column(header, overflow="fold")
    for finding in found.findings:
        needs = f"\n缺：{'、'.join(finding.needs)}" if finding.needs else ""
        mark = "[yellow]提示[/]" if finding.topic is Topic.WARNING else MARKS[finding.outcome]
        value = f"{finding.value}（{finding.since}）"
        table.add_row(mark, finding.sentence + needs, value, "\n".join(finding.cites))
    console.print(table)
    costs = Table(title="预计利息与贴息（元）", title_justify="left")
    costs.add_column("计息期（不含止日）")
    for header in ("利息", "贴息", "自付"):
        costs.add_column(header, justify="right")
    for cost in quote.costs:
        money = (cost.interest_fen, cost.subsidy_fen, cost.borrower_fen)
        costs.add_row(f"{cost.start} 至 {cost.stop}", *map(fen_to_yuan, money))
    console.print(costs)


def _candidates(file: Path, on: date, book: PolicyBook, out: Path | None) -> None:
    candidates, findings = assess_candidates(file.read_bytes(), file.name, on=on, book=book)
    for finding in findings:
        typer.echo(finding.message, err=True)
    rows = answers(candidates, findings)
    if out is not None:
        sheet = {"预评估结论": rows}
        out.write_bytes(write_workbook(sheet) if out.suffix == ".xlsx" else write_csv(rows))
        typer.echo(f"{len(candidates)} 行结论已写入 {out}")
    else:
        table = Table(*(Column(header, overflow="fold") for header in rows[0]))
        for row in rows[1:]:
            table.add_row(*row)
        Console().print(table)
    if findings:
        raise typer.Exit(1)


COMMANDS = (assess,)
