"""``fumin policy check`` and ``show``: the law as this programme holds it.

``load``, ``versions`` and ``diff`` are in ``app.commandline.policies``.
"""

from collections.abc import Iterable
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from app.deps import PROGRAMME_ZONE, now
from loans.policy import Document, PolicyBook, Rule, check, read_policy_book, warnings

PolicyFolder = Annotated[
    Path | None,
    typer.Option(
        "--dir",
        envvar="FUMIN_POLICY_DIR",
        exists=True,
        file_okay=False,
        help="政策文件夹；不给则用随程序提供的政策文件。",
    ),
]

policy = typer.Typer(
    name="policy", help="政策文件：检查、显示、载入，列出版本，比较两个版本。", no_args_is_help=True
)


@policy.command("check")
def check_files(folder: PolicyFolder = None) -> None:
    """检查政策文件：每个数值都有依据，起止日期没有空档和重叠，引文与原文一致。"""
    book = read_policy_book(folder)
    for document in book.documents:
        typer.echo(_heading(document))
    rules = sum(len(book.rules(key)) for key in book.keys())  # noqa: SIM118 - a book is no dict
    typer.echo(f"共 {len(book.keys())} 项、{rules} 条规定，版本 {book.version[:12]}")
    for warning in warnings(book):
        typer.echo(f"提示：{warning}")
    problems = check(book)
    for problem in problems:
        typer.echo(f"问题：{problem}", err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo("没有问题。")


@policy.command("show")
def show_rules(
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], help="查看哪一天有效的规定；不给则为今天。"),
    ] = None,
    folder: PolicyFolder = None,
) -> None:
    """显示某日有效的规定，每条附其依据的原文。"""
    day = on.date() if on else now().astimezone(PROGRAMME_ZONE).date()
    book = read_policy_book(folder)
    typer.echo(f"{day} 有效的规定（版本 {book.version[:12]}）")
    for document in book.documents:
        if document.effective_from <= day:
            typer.echo(_heading(document))
    in_force = list(_in_force(book, day))
    if not in_force:
        first = min(rule.since for key in book.keys() for rule in book.rules(key))  # noqa: SIM118
        typer.echo(f"{day} 没有任何有效的规定：最早的一条自 {first} 起施行", err=True)
        raise typer.Exit(1)
    for cites, rules in groupby(in_force, key=lambda rule: rule.cites):
        typer.echo("")
        for cite in cites:
            typer.echo(f"“{cite}”" if _quotes(cite, book) else cite)
        for rule in rules:
            typer.echo(f"    {rule.title}：{book.shown(rule, day)}（{rule.key}，{_period(rule)}）")


def _in_force(book: PolicyBook, day: date) -> Iterable[Rule]:
    parameters = (book.parameters[key] for key in book.keys())  # noqa: SIM118
    return (rule for parameter in parameters if (rule := parameter.at(day)) is not None)


def _heading(document: Document) -> str:
    confirmed = "" if document.confirmed else "，施行日期未经确认"
    return f"{document.name}（{document.issued_by}）自 {document.effective_from} 起{confirmed}"


def _quotes(cite: str, book: PolicyBook) -> bool:
    return any(document.text and cite.startswith(document.name) for document in book.documents)


def _period(rule: Rule) -> str:
    until = f"，{rule.until} 止（不含）" if rule.until else ""
    return f"自 {rule.since} 起{until}"
