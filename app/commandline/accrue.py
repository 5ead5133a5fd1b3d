"""``fumin accrue``: interest and subsidy of a whole book in files, without a database."""

import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from app.commandline.engines import Engine, accrue_of, run_parts
from loans.errors import Conflict
from loans.money import fen_to_yuan
from subsidy.accrual import MONTH_END, MONTHLY_20, QUARTERLY_20, day
from subsidy.arrays import Integers
from subsidy.book import CLASSES
from subsidy.book_pages import SLAB, Job, Part, part_folders
from subsidy.lines import encoder, written_whole
from subsidy.settlement import settlement_days

TITLES: Final = {"full": "全额贴息", "half": "50%贴息", "small_firm": "小微企业", "none": "不贴息"}


class Settlement(StrEnum):
    """Settlement rules of a whole book."""

    QUARTERLY_20 = "quarterly-20"
    MONTHLY_20 = "monthly-20"
    MONTH_END = "month-end"


class By(StrEnum):
    """Report periods."""

    SETTLEMENT = "settlement"
    MONTH = "month"


CODES: Final = {
    Settlement.QUARTERLY_20: QUARTERLY_20,
    Settlement.MONTHLY_20: MONTHLY_20,
    Settlement.MONTH_END: MONTH_END,
}


def accrue(
    book: Annotated[
        Path, typer.Argument(help="放 loans.csv 和 events.csv（或 .parquet）的文件夹，或其分册。")
    ],
    since: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="起日，当天计入。")
    ],
    until: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="止日，当天不计。")],
    out: Annotated[Path, typer.Option("--out", help="写到 .csv 或 .parquet 文件。")],
    settlement: Annotated[
        Settlement, typer.Option("--settlement", help="全部借据的结息方式。")
    ] = Settlement.QUARTERLY_20,
    by: Annotated[By, typer.Option("--by", help="按结息期或按月出明细。")] = By.SETTLEMENT,
    engine: Annotated[Engine, typer.Option("--engine", help="计算引擎。")] = Engine.NUMPY,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help="Dask 调度器地址；不填则在本机起一个。")
    ] = None,
) -> None:
    """逐笔计算利息、贴息和借款人承担，不需要数据库。有问题的行全部列出，不写结果。

    loans 的列：note_no、principal、disbursed_on、matures_on、rate_pct、subsidy_class；可不填：
    subsidised_principal、benchmark_pct、rate_ceiling_pct、borrower_floor_pct、subsidy_ends_on、
    day_count。events 的列：note_no、on、kind、amount、rate_pct。各列的意义见 docs/book.md。
    """
    code = CODES[settlement]
    cuts = report_days(day(since.date()), day(until.date()), by=by, code=code)
    refuse(_refusals(book, out, cuts))
    try:
        job = Job(settlement=code, cuts=cuts, accrue=accrue_of(engine), encode=encoder(out))
        folders = part_folders(book)
        parts = run_parts(folders, job, engine=engine, scheduler=scheduler)
        show_totals(write_lines(folders, parts, out))
    except Conflict as refusal:
        refuse([refusal.message])


def report_days(since: int, until: int, *, by: By, code: int) -> list[int]:
    """Report boundaries: both ends and what lies between; none if the window is empty."""
    rule = MONTH_END if by is By.MONTH else code
    between = settlement_days(rule, since + 1, until).tolist()
    return [since, *between, until] if since < until else []


def write_lines(folders: Sequence[Path], parts: Iterable[Part], out: Path) -> Integers:
    """Write every part's pages; the totals by class. With any problem in any part: no file."""
    totals = np.zeros((len(CLASSES), 3), np.int64)
    problems: list[str] = []
    home: dict[str, str] = {}
    with _stoppable(), written_whole(out) as file, _progress() as bar:
        for folder, part in zip(folders, parts, strict=True):
            where = f"{folder.name}/" if len(folders) > 1 else ""
            problems += (f"{where}{problem}" for problem in part.problems)
            if len(folders) > 1:
                problems += _elsewhere(part.note_no, folder.name, home)
            task = bar.add_task(f"计息 {where}", total=-(-len(part.note_no) // SLAB))
            for page, amounts in part.pages:
                file.append(page)
                totals += amounts
                bar.advance(task)
        refuse(problems)
    return totals


def show_totals(totals: Integers) -> None:
    """The totals by class on standard output, tab-separated."""
    typer.echo("贴息类别\t借据数\t利息\t贴息\t借款人承担")
    titles = [TITLES[name] for name in CLASSES]
    for title, row in zip([*titles, "合计"], [*totals, totals.sum(axis=0)], strict=True):
        count, interest, subsidy = map(int, row)
        amounts = "\t".join(map(fen_to_yuan, (interest, subsidy, interest - subsidy)))
        typer.echo(f"{title}\t{count}\t{amounts}")


def refuse(problems: Sequence[str]) -> None:
    """Say everything that is wrong and leave with exit status 2; go on if nothing is."""
    if not problems:
        return
    for problem in problems:
        typer.echo(problem, err=True)
    typer.echo(f"共 {len(problems)} 个问题，没有写出任何结果。", err=True)
    raise typer.Exit(2)


def _refusals(book: Path, out: Path, cuts: list[int]) -> list[str]:
    """What is wrong with the call itself."""
    found = []
    if len(cuts) < 2:
        found.append("--from 须早于 --to，请核对两个日期")
    if out.suffix not in (".csv", ".parquet"):
        found.append("--out 须以 .csv 或 .parquet 结尾")
    elif not out.absolute().parent.is_dir():
        found.append(f"--out 的文件夹 {out.absolute().parent} 不存在，请先建立")
    elif out.is_dir():
        found.append(f"--out 的 {out} 是文件夹，请给出文件名")
    if out.stem in ("loans", "events") and out.resolve().parent in _folders(book):
        found.append(f"--out 的 {out} 是这本账自己的文件名，会盖掉原始数据，请换一个文件名")
    if not book.is_dir():
        found.append(f"{book} 不是文件夹，请给出放 loans 和 events 的文件夹")
    return found


def _folders(book: Path) -> list[Path]:
    """Where the book's own files lie."""
    return [path.resolve() for path in (book, *part_folders(book))] if book.is_dir() else []


def _elsewhere(note_no: Sequence[str], part: str, home: dict[str, str]) -> list[str]:
    """Notes that another part has too; ``home`` remembers where each note was."""
    found = [
        f"{part}/loans：借据号 {note} 在分册 {home[note]} 中已有，请只留一处"
        for note in note_no
        if note in home
    ]
    home.update(dict.fromkeys(note_no, part))
    return found


@contextmanager
def _stoppable() -> Iterator[None]:
    """A scheduler's SIGTERM ends the run as Ctrl-C does: what was begun is cleared away."""
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _progress() -> Progress:
    """A bar on standard error, shown on a terminal only and gone when the work is done."""
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


COMMANDS = (accrue,)
