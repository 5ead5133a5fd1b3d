"""贴息申报明细表: the sheet a bank files, read to columns and written as template or workbook.

Columns, aliases and class names are data (``detail_sheet.toml``); a line's findings say row,
column, code and, in Chinese, what to correct. Source: rules.md §7.
"""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from loans.money import fen_to_yuan, ppm_to_percent
from loans.sheets import (
    Column,
    Kind,
    RowFinding,
    Table,
    TotalRow,
    digest,
    load_columns,
    read_table,
    write_csv,
    write_workbook,
)
from subsidy.accrual import day
from subsidy.reconciliation.claimed import UNSTATED, Claimed
from subsidy.reconciliation.result import FileFinding

_FILE: Final = Path(__file__).with_suffix(".toml")
COLUMNS: Final = load_columns(_FILE)
SHARE_BY_CLASS: Final = {"FULL": 100, "HALF": 50, "SMALL_FIRM": 50}
CLASS_TITLES: Final = {"FULL": "全额贴息", "HALF": "50%贴息", "SMALL_FIRM": "小微企业贴息"}
# Far above any loan of the programme: a slip of the pen must not enter exact arithmetic.
LARGEST_FEN: Final = 100_000_000_00
LARGEST_PPM: Final = 360_000
_RANGES: Final[Mapping[Kind, tuple[Any, Any]]] = {
    Kind.MONEY: (0, LARGEST_FEN),
    Kind.RATE: (0, LARGEST_PPM),
    Kind.WHOLE: (0, 36_600),
    Kind.DAY: (date(2000, 1, 1), date(2099, 12, 31)),
}
_SUMMED: Final = (
    "principal_fen", "opening_fen", "disbursed_fen", "repaid_fen", "closing_fen",
    "interest_paid_fen", "claimed_fen",
)  # fmt: skip
_NUMBERS: Final = (
    "rate_ppm", "subsidy_rate_ppm", "opening_fen", "disbursed_fen", "repaid_fen", "closing_fen",
    "days", "interest_paid_fen", "claimed_fen",
)  # fmt: skip


def _class_names() -> dict[str, str]:
    with _FILE.open("rb") as file:
        names: dict[str, list[str]] = tomllib.load(file)["classes"]
    return {_normal(name): code for code, aliases in names.items() for name in aliases}


def _normal(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()


_CLASS_BY_NAME: Final = _class_names()


@dataclass(frozen=True)
class DetailSheet:
    """One file as read. ``table`` keeps every cell's value; ``findings`` every row's problem.

    ``is_clean`` says that the file may be accepted: no row has a finding.
    """

    claimed: Claimed
    table: Table
    subsidy_class: Sequence[str | None]  # FULL, HALF, SMALL_FIRM, or None
    findings: tuple[RowFinding, ...]
    file_findings: tuple[FileFinding, ...]

    @property
    def is_clean(self) -> bool:
        return not self.findings


def read_detail_sheet(
    data: bytes, name: str, *, borrower_key: Callable[[str], str] = str
) -> DetailSheet:
    """A detail sheet (.xlsx or CSV) as columns; ``BadFile`` when it is not one.

    ``borrower_key`` turns an identity number into the register's key for a borrower (for
    instance a blind index), so that the comparison needs no plain number; it raises ValueError
    with a Chinese text for a number that cannot exist.
    """
    table = read_table(data, name, COLUMNS)
    findings = list(table.findings)
    texts = table.columns["subsidy_class"]
    known = {text: _class_of(text) for text in set(texts)}
    classes = [known[text] for text in texts]
    keys = _borrower_keys(table, borrower_key, findings)
    findings += _line_findings(table, classes)
    findings.sort(key=lambda finding: finding.row)
    bad_rows = {finding.row for finding in findings}
    claimed = _claimed(table, classes, keys, bad_rows)
    return DetailSheet(claimed, table, classes, tuple(findings), tuple(_total_findings(table)))


def _class_of(text: str | None) -> str | None:
    return _CLASS_BY_NAME.get(_normal(text)) if text else None


def _borrower_keys(
    table: Table, borrower_key: Callable[[str], str], findings: list[RowFinding]
) -> list[str]:
    keys: list[str] = []
    header = COLUMNS.column("identity").header
    for number, text in zip(table.row_numbers, table.columns["identity"], strict=True):
        key = ""
        try:
            key = borrower_key(text) if text else ""
        except ValueError as refused:
            findings.append(RowFinding(number, header, "identity", str(refused)))
        keys.append(key)
    return keys


def _line_findings(table: Table, classes: Sequence[str | None]) -> Iterable[RowFinding]:
    """Problems of one line that only several cells together, or a bound, can show."""

    def finding(at: int, column: str, code: str, message: str) -> RowFinding:
        return RowFinding(table.row_numbers[at], COLUMNS.column(column).header, code, message)

    values = table.columns
    days = set(zip(values["since"], values["last_day"], strict=True))
    backwards = {pair for pair in days if None not in pair and pair[1] < pair[0]}
    pairs = zip(values["since"], values["last_day"], strict=True) if backwards else ()
    for at, (since, last) in enumerate(pairs):
        if (since, last) in backwards:
            yield finding(at, "last_day", "days-backwards", f"贴息止日 {last} 早于贴息起日 {since}")
    for at in [at for at, code in enumerate(classes) if code is None]:
        if text := values["subsidy_class"][at]:
            known = "、".join(CLASS_TITLES.values())
            yield finding(at, "subsidy_class", "class", f"“{text[:20]}”不是贴息类别，请填 {known}")
    for column in COLUMNS.columns:
        if column.kind not in _RANGES:
            continue
        lowest, highest = _RANGES[column.kind]
        stated = values[column.name]
        if None in stated:
            stated = [value for value in stated if value is not None]
        if not stated or (lowest <= min(stated) and max(stated) <= highest):
            continue
        is_day = column.kind is Kind.DAY
        message = "年份应在 2000 至 2099 之间" if is_day else "数值为负或超出本项目可能的范围"
        for at, value in enumerate(values[column.name]):
            if value is not None and not lowest <= value <= highest:
                yield finding(at, column.name, "out-of-range", message)


def _claimed(
    table: Table, classes: Sequence[str | None], keys: list[str], bad_rows: set[int]
) -> Claimed:
    values = table.columns

    def numbers(name: str, default: int = 0) -> np.ndarray[Any, np.dtype[np.int64]]:
        column = values[name]
        if None in column:
            column = [default if v is None else v for v in column]
        return np.array(column, np.int64)

    def days(name: str) -> np.ndarray[Any, np.dtype[np.int64]]:
        known: dict[date | None, int] = {None: 0}
        for value in set(values[name]) - {None}:
            known[value] = day(value)
        return np.array([known[value] for value in values[name]], np.int64)

    number_columns = {name: numbers(name) for name in _NUMBERS}
    return Claimed(
        row=np.array(table.row_numbers, np.int64),
        note_no=[text or "" for text in values["note_no"]],
        contract_no=[text or "" for text in values["contract_no"]],
        borrower=keys,
        share_pct=np.array([SHARE_BY_CLASS.get(c or "", UNSTATED) for c in classes], np.int64),
        since=days("since"),
        until=days("last_day") + 1,
        is_bad=np.isin(np.array(table.row_numbers, np.int64), list(bad_rows)),
        **number_columns,
    )


def _total_findings(table: Table) -> Iterable[FileFinding]:
    """R19: the 合计 row against the sums of the lines, and whether there is one."""
    if table.total is None:
        yield FileFinding("R19", "", 0, "没有合计行，请在最后一行填写合计")
        return
    total: TotalRow = table.total
    for name in _SUMMED:
        header = COLUMNS.column(name).header
        if name not in total.fen:
            continue
        lines_fen = sum(filter(None, table.columns[name]))
        difference = total.fen[name] - lines_fen
        if difference:
            yield FileFinding(
                "R19",
                header,
                difference,
                f"第 {total.number} 行合计：{header} {fen_to_yuan(total.fen[name])}，"
                f"各行之和 {fen_to_yuan(lines_fen)}，相差 {fen_to_yuan(difference)}",
            )


@dataclass(frozen=True, kw_only=True)
class DetailLine:
    """One line to be written, in the template's order; ``until`` is the day after 贴息止日."""

    bank: str
    branch: str
    contract_no: str
    note_no: str
    borrower: str
    identity: str
    category: str
    subsidy_class: str  # FULL, HALF or SMALL_FIRM
    principal_fen: int
    signed_on: date
    disbursed_on: date
    matures_on: date
    rate_ppm: int
    subsidy_rate_ppm: int
    opening_fen: int
    disbursed_fen: int
    repaid_fen: int
    closing_fen: int
    since: date
    until: date
    days: int
    interest_paid_fen: int
    claimed_fen: int
    remark: str = ""


def write_detail_sheet(lines: Sequence[DetailLine]) -> bytes:
    """A filled workbook with its 合计 row."""
    return write_workbook({COLUMNS.title: _rows(lines)}, widths=_WIDTHS)


def write_detail_csv(lines: Sequence[DetailLine]) -> tuple[bytes, str]:
    """The canonical CSV of a sheet and its SHA-256."""
    data = write_csv(_rows(lines))
    return data, digest(data)


def write_template() -> bytes:
    """An empty workbook with the header row, and a second sheet that explains every column."""
    kinds = {
        Kind.MONEY: "金额（元，两位小数，不用公式）",
        Kind.RATE: "年利率（百分数，如 4.35）",
        Kind.DAY: "日期（如 2019-06-21）",
        Kind.WHOLE: "整数",
        Kind.IDENTITY: "文本（请勿存为数字）",
    }
    explained = [
        (column.header, kinds.get(column.kind, "文本"), "必有" if column.needed else "可无")
        for column in COLUMNS.columns
    ]
    classes = ("贴息类别可填", "、".join(CLASS_TITLES.values()), "")
    notes = [*explained, classes, ("最后一行", "合计：各金额列之和", "必有")]
    return write_workbook({COLUMNS.title: [_headers()]}, notes={"填表说明": notes}, widths=_WIDTHS)


_WIDTHS: Final = (6, 14, 14, 18, 18, 12, 22, 16, 12) + (13,) * 16


def _headers() -> list[str]:
    return [column.header for column in COLUMNS.columns]


def _rows(lines: Sequence[DetailLine]) -> Iterable[list[str]]:
    yield _headers()
    for number, line in enumerate(lines, start=1):
        values = {field.name: getattr(line, field.name) for field in fields(line)}
        values |= {
            "seq": str(number),
            "last_day": line.until - timedelta(days=1),
            "subsidy_class": CLASS_TITLES.get(line.subsidy_class, line.subsidy_class),
        }
        yield [_text(column, values[column.name]) for column in COLUMNS.columns]
    yield _total_row(lines)


def _total_row(lines: Sequence[DetailLine]) -> list[str]:
    totals: Mapping[str, str] = {
        name: fen_to_yuan(sum(getattr(line, name) for line in lines)) for name in _SUMMED
    }
    cells = [totals.get(column.name, "") for column in COLUMNS.columns]
    cells[0] = "合计"
    return cells


def _text(column: Column, value: Any) -> str:
    match column.kind:
        case Kind.MONEY:
            return fen_to_yuan(value)
        case Kind.RATE:
            return ppm_to_percent(value)
        case _:
            return str(value)
