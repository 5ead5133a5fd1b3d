"""The two files of a book as text columns, and what is wrong with a row of them."""

import csv
import warnings
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

try:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
except ImportError:  # the extra "parquet" is not installed: CSV only
    pa = pc = pq = None

LARGEST_CELL = 2**31 - 1  # pandas has none: a cell that it could read must be countable too


@dataclass(frozen=True)
class Problem:
    """One thing to correct. ``row`` is the line of the file, the header being line 1; 0 where the
    file as a whole is meant, as ``column`` is then empty."""

    file: str
    row: int
    column: str
    message: str

    def __str__(self) -> str:
        where = f" 第 {self.row} 行" * (self.row > 0) + f" {self.column}" * bool(self.column)
        return f"{self.file}{where}：{self.message}"


@dataclass(frozen=True)
class Table:
    """A file's columns as text; a blank cell is the empty text."""

    path: Path
    frame: pd.DataFrame

    @property
    def file(self) -> str:
        """Its name, for messages."""
        return self.path.name

    def text(self, column: str) -> "pd.Series[str]":
        """A column; all blank where the file has none of that name."""
        if column not in self.frame.columns:
            return pd.Series([""], dtype=str).repeat(len(self.frame)).reset_index(drop=True)
        return self.frame[column]

    def report(self, problems: list[Problem], column: str, wrong: Any, message: str) -> None:
        """Add one problem for each row where ``wrong`` (flags, shape ``(n,)``) holds."""
        problems += (
            self.problem(row, column, message) for row in np.flatnonzero(np.asarray(wrong)).tolist()
        )

    def problem(self, row: int, column: str, message: str) -> Problem:
        """What is wrong with a row, counted from 0."""
        line = row + 2 if self.path.suffix == ".parquet" else self._lines[row + 1]
        return Problem(self.file, line, column, message)

    @cached_property
    def _lines(self) -> list[int]:
        """The line of a CSV file on which each row begins: blank lines and cells of several lines
        put rows and lines out of step."""
        return [line for line, _ in _rows(self.path)]


def read_table(
    folder: Path,
    name: str,
    required: Sequence[str],
    optional: Sequence[str],
    problems: list[Problem],
) -> Table | None:
    """``name.csv`` or ``name.parquet`` of the folder; None, its problems added, if unreadable.

    A bank's further columns are welcome; one whose name nearly is that of an optional column is
    a slip that would leave the terms of every note unread.
    """
    paths = [path for kind in ("csv", "parquet") if (path := folder / f"{name}.{kind}").is_file()]
    if len(paths) != 1:
        message = (
            "两种格式都有，请只留一个" if paths else f"缺少 {name}.csv 或 {name}.parquet，请补上"
        )
        problems.append(Problem(f"{name}.csv", 0, "", message))
        return None
    path = paths[0]
    try:
        frame = (
            _read_csv(path)
            if path.suffix == ".csv"
            else _read_parquet(path, {*required, *optional})
        )
    except _Unreadable as unreadable:
        problems += (Problem(path.name, row, column, text) for row, column, text in unreadable.rows)
        return None
    missing = [column for column in required if column not in frame.columns]
    problems += (Problem(path.name, 1, column, "缺少这一列，请补上") for column in missing)
    slips = _slips([c for c in frame.columns if c not in required], optional)
    problems += (
        Problem(path.name, 1, column, f"没有这个列名，应为 {meant}，请更正")
        for column, meant in slips.items()
    )
    return None if missing or slips else Table(path, frame)


def _slips(found: Sequence[str], optional: Sequence[str]) -> dict[str, str]:
    """Columns that nobody reads, by the absent optional one whose name each nearly has."""
    absent = [column for column in optional if column not in found]
    near = {c: get_close_matches(c.strip().lower(), absent, 1, 0.8) for c in found}
    return {column: meant[0] for column, meant in near.items() if meant and column not in optional}


class _Unreadable(Exception):
    """A file that cannot be taken apart into cells: rows, columns and messages."""

    def __init__(self, *rows: tuple[int, str, str]) -> None:
        super().__init__()
        self.rows = rows


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        _once(next((cells for _, cells in _rows(path)), []))
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # every row is too long
            return pd.read_csv(
                path, dtype=str, na_filter=False, encoding="utf-8-sig", index_col=False
            )
    except UnicodeDecodeError:
        raise _Unreadable((0, "", "不是 UTF-8 编码，请另存为 UTF-8 的 CSV")) from None
    except pd.errors.EmptyDataError:
        raise _Unreadable((1, "", "文件是空的，请写上表头")) from None
    except (pd.errors.ParserError, pd.errors.ParserWarning, csv.Error):
        raise _Unreadable(*_ragged_rows(path)) from None


def _once(header: Sequence[str]) -> None:
    """A column that stands twice would leave one of the two unread."""
    twice = [name for name, times in Counter(header).items() if name and times > 1]
    if twice:
        raise _Unreadable(*((1, name, "这一列有两个，请只留一个") for name in twice))


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file, each with the line on which it begins; blank lines are no rows."""
    csv.field_size_limit(LARGEST_CELL)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader, line = csv.reader(file), 1
        for cells in reader:
            if len(cells) > 1 or "".join(cells).strip():
                yield line, cells
            line = reader.line_num + 1


def _ragged_rows(path: Path) -> list[tuple[int, str, str]]:
    """Rows with more cells than the header has."""
    message = "有 {} 格，表头只有 {} 格，请检查多余的逗号或引号"
    rows, found = _rows(path), []
    try:
        _, header = next(rows)
        found = [(line, "", message.format(len(cells), len(header)))
                 for line, cells in rows if len(cells) > len(header)]  # fmt: skip
    except csv.Error:
        pass
    return found or [(0, "", "不是完整的 CSV，请检查引号是否成对")]


def _read_parquet(path: Path, wanted: Collection[str]) -> pd.DataFrame:
    """The wanted columns as text; of the others the names alone, whatever they hold."""
    if pa is None:
        raise _Unreadable((0, "", "读 Parquet 需要安装 fumin[parquet]，或改用 CSV"))
    try:
        names = pq.read_schema(path).names
        _once(names)
        table = pq.read_table(path, columns=[name for name in names if name in wanted])
    except (pa.ArrowInvalid, OSError):
        raise _Unreadable((0, "", "不是完整的 Parquet 文件，请重新导出")) from None
    binary = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    if binary:
        message = "是二进制浮点数，金额和利率请用十进制文本"
        raise _Unreadable(*((0, column, message) for column in binary))
    columns = {name: np.full(len(table), "", object) for name in names}
    for field, column in zip(table.schema, table.columns, strict=True):
        try:
            columns[field.name] = _text_of(column, field.type).fill_null("").to_numpy()
        except pa.ArrowException:
            raise _Unreadable((0, field.name, "不是文本、日期或十进制数，请重新导出")) from None
    return pd.DataFrame(columns)


def _text_of(column: Any, kind: Any) -> Any:
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.date32(), safe=False)
    text = column.cast(pa.string())
    if pa.types.is_decimal(kind):  # 4.350000 is 4.35
        text = pc.replace_substring_regex(text, r"(\.\d*?)0+$", r"\1")
        text = pc.replace_substring_regex(text, r"\.$", "")
    return text
