"""``fumin demo``: makes a year of the programme on synthetic people, and prints what came of it."""

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from app.demo.folder import DemoFolder, Foreign
from app.demo.making import Watch, make
from app.demo.people import BANKS
from app.demo.quarters import quarters
from app.demo.report import print_facts, print_logins
from app.demo.script import FIRST_DAY, LAST_DAY, Scale
from loans.money import fen_to_yuan
from loans.policy import load_policy_book
from subsidy.models import MonthLock

PLAIN_WIDTH = 132  # of a log file, where no terminal says how wide it is


def demo(
    folder: Annotated[Path, typer.Argument(help="演示文件夹。")] = Path("fumin-demo"),
    fresh: Annotated[bool, typer.Option("--fresh", help="删去原有演示，重新建立。")] = False,
) -> None:
    """建立演示：虚构的借款人与企业过完一年，十二次关账，逐季申报、对账、拨付。"""
    console = _console()
    place = DemoFolder(folder)
    try:
        begun = place.is_begun()
    except Foreign:
        console.print(f"{folder} 中已有不是演示建立的内容，未作任何改动；请另选一个文件夹。")
        raise typer.Exit(1) from None
    if begun and not fresh:
        _already_there(console, place, folder)
        return
    if begun:
        place.clear()
    try:
        with _watching(console) as watch:
            facts = make(place, Scale(), watch)
    except OSError as error:
        console.print(f"无法写入 {folder}：{error.strerror}；请另选一个可写的文件夹。")
        raise typer.Exit(1) from error
    print_facts(console, facts, load_policy_book())
    _how_to_serve(console, folder)
    if not facts.is_exact:
        raise typer.Exit(1)


def _console() -> Console:
    console = Console(highlight=False, soft_wrap=False)
    return console if console.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)


def _already_there(console: Console, place: DemoFolder, folder: Path) -> None:
    """Say so, change nothing."""
    if not place.is_finished():
        console.print(f"{folder} 中的演示没有建完。重新建立请运行：")
        console.print(f"  {_command('demo', folder)} --fresh", style="bold")
        raise typer.Exit(1)
    console.print(f"{folder} 中已有演示，未作任何改动。重新建立请加 --fresh：")
    console.print(f"  {_command('demo', folder)} --fresh\n", style="bold")
    _how_to_serve(console, folder)


def _how_to_serve(console: Console, folder: Path) -> None:
    print_logins(console)
    files = sorted((folder / "claims").glob("*.xlsx"))
    if files:
        console.print(f"银行的申报表在 {folder / 'claims'}，逐笔复算其中一份：")
        console.print(f"  {_reconciling(files[0], folder)}", style="bold", soft_wrap=True)
    console.print("启动接口与网页：")
    console.print(f"  {_command('serve --demo', folder)}", style="bold", soft_wrap=True)


def _reconciling(file: Path, folder: Path) -> str:
    """The whole command for one bank's file; its name says the quarter's end and the bank."""
    year, month, bank, *_ = file.name.split("-")
    until = date(int(year), int(month), 21)
    *_, (since, _) = quarters(until + timedelta(days=1))
    code = next(house.code for house in BANKS if house.name == bank)
    options = f"--bank {code} --since {since} --until {until} --demo {shlex.quote(str(folder))}"
    return f"{_command('reconcile', file)} {options}"


def _command(verb: str, folder: Path) -> str:
    """A command as the caller can type it: FUMIN_RUN is how ./run was called."""
    program = os.environ.get("FUMIN_RUN", "fumin")
    return f"{shlex.quote(program)} {verb} {shlex.quote(str(folder))}"


@contextmanager
def _watching(console: Console) -> Iterator[Watch]:
    """A progress bar on a terminal, a line a month elsewhere."""
    if not console.is_terminal:
        yield Watch(day=lambda on: None, month=lambda lock: console.print(_closed(lock)))
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("业务日期", total=(LAST_DAY - FIRST_DAY).days)

        def day(on: date) -> None:
            progress.update(
                task, completed=(on - FIRST_DAY).days, description=f"业务日期 {on:%Y-%m-%d}"
            )

        yield Watch(day=day, month=lambda lock: progress.console.print(_closed(lock)))


def _closed(lock: MonthLock) -> str:
    return (
        f"{lock.since:%Y-%m} 已关账：{lock.lines} 行，利息 {fen_to_yuan(lock.interest_fen)} 元，"
        f"贴息 {fen_to_yuan(lock.subsidy_fen)} 元"
    )


COMMANDS = (demo,)
