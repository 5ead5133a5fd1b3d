"""``fumin accrue``: interest and subsidy of a whole book in files, without a database."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, NoReturn

import numpy as np
import typer
from rich.console import Console
from rich.progress import track

from loans.errors import Conflict
from loans.money import fen_to_yuan
from subsidy import accrual
from subsidy.book import CLASSES, Book, read_book
from subsidy.lines import rows_of, written_whole
from subsidy.notes import Column, Integers
from subsidy.settlement import settlement_days

SLAB: Final = 65_536  # notes accrued and written at a time, so that memory stays flat
LONG_RUN: Final = 200_000  # notes from which a progress bar is worth its line
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
    Settlement.QUARTERLY_20: accrual.QUARTERLY_20,
    Settlement.MONTHLY_20: accrual.MONTHLY_20,
    Settlement.MONTH_END: accrual.MONTH_END,
}


def accrue(
    book: Annotated[
        Path, typer.Argument(help="放 loans.csv 和 events.csv（或 .parquet）的文件夹。")
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
) -> None:
    """逐笔计算利息、贴息和借款人承担，不需要数据库。有问题的行全部列出，不写结果。"""
    code = CODES[settlement]
    cuts = report_days(accrual.day(since.date()), accrual.day(until.date()), by=by, code=code)
    problems = _refusals(book, out, cuts)
    found: Book | Sequence[object] = problems or read_book(book, settlement=code)
    if not isinstance(found, Book):
        refuse(found)
    try:
        show_totals(write_lines(found, cuts, out))
    except Conflict as beyond_the_exact_range:
        refuse([beyond_the_exact_range.message])


def refuse(problems: Sequence[object]) -> NoReturn:
    """Say everything that is wrong; exit status 2."""
    for problem in problems:
        typer.echo(str(problem), err=True)
    typer.echo(f"共 {len(problems)} 个问题，没有写出任何结果。", err=True)
    raise typer.Exit(2)


def write_lines(book: Book, cuts: list[int], out: Path) -> Integers:
    """Accrue and write slab by slab; the totals by class: notes, interest, subsidy."""
    totals = np.zeros((len(CLASSES), 3), np.int64)
    with written_whole(out) as file:
        for start in _slabs(len(book.notes)):
            some = slice(start, min(start + SLAB, len(book.notes)))
            notes = book.notes.take(some)
            lines = accrual.accrue(notes, book.events.take(some), cuts)
            file.write(rows_of(notes.note_no, lines))
            add_totals(totals, book.subsidy_class[some], lines)
    return totals


def report_days(since: int, until: int, *, by: By, code: int) -> list[int]:
    """Report boundaries: both ends and what lies between; fewer than two if the window is empty."""
    rule = accrual.MONTH_END if by is By.MONTH else code
    between = settlement_days(rule, since + 1, until).tolist()
    return [since, *between, until] if since < until else []


def add_totals(totals: Integers, subsidy_class: Column, lines: accrual.Lines) -> None:
    """Add the notes with lines, their interest and subsidy to the row of their class."""
    interest, subsidy = lines.interest_fen.sum(axis=1), lines.subsidy_fen.sum(axis=1)
    for place in range(len(CLASSES)):
        mine = subsidy_class == place
        totals[place] += np.count_nonzero(mine), interest[mine].sum(), subsidy[mine].sum()


def show_totals(totals: Integers) -> None:
    """The totals by class on standard output, tab-separated."""
    typer.echo("贴息类别\t借据数\t利息\t贴息\t借款人承担")
    titles = [TITLES[name] for name in CLASSES]
    for title, row in zip([*titles, "合计"], [*totals, totals.sum(axis=0)], strict=True):
        count, interest, subsidy = map(int, row)
        amounts = "\t".join(map(fen_to_yuan, (interest, subsidy, interest - subsidy)))
        typer.echo(f"{title}\t{count}\t{amounts}")


def _refusals(book: Path, out: Path, cuts: list[int]) -> list[str]:
    """What is wrong with the call itself."""
    found = []
    if len(cuts) < 2:
        found.append("--from 须早于 --to，请核对两个日期")
    if out.suffix not in (".csv", ".parquet"):
        found.append("--out 须以 .csv 或 .parquet 结尾")
    elif not out.absolute().parent.is_dir():
        found.append(f"--out 的文件夹 {out.absolute().parent} 不存在，请先建立")
    if not book.is_dir():
        found.append(f"{book} 不是文件夹，请给出放 loans 和 events 的文件夹")
    return found


def _slabs(n: int) -> Iterator[int]:
    """Where each slab starts, with a progress bar on standard error when there are many."""
    starts = range(0, n, SLAB)
    if n < LONG_RUN:
        yield from starts
    else:
        yield from track(starts, description="计息", console=Console(stderr=True))


COMMANDS = (accrue,)
