"""预检: what a bank gets back before it files, and every comparison as sheets for people.

The corrected workbook is the bank's own sheet with each amount as recomputed; lines that cannot be
paid at all (unknown note, claimed before, unreadable) are left out. It is computed by the same code
that will check the claim, so filing it as it is leaves nothing to refuse. Source: rules.md §7.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from loans.money import fen_to_yuan, ppm_to_percent
from loans.sheets import Column, Kind, write_csv, write_workbook
from subsidy.detail_sheet import COLUMNS, DetailSheet
from subsidy.reconciliation import LineClass, Reconciliation

CLASS_TITLES: Final = {
    LineClass.MATCHED: "一致",
    LineClass.ROUNDING: "尾差",
    LineClass.UNDER: "少报",
    LineClass.DIFFERS: "多报",
    LineClass.UNKNOWN: "无此借据",
    LineClass.DUPLICATE: "重复申报",
    LineClass.BAD: "无法读取",
}
PASSING: Final = (LineClass.MATCHED, LineClass.ROUNDING)
_LEFT_OUT: Final = (LineClass.UNKNOWN, LineClass.DUPLICATE, LineClass.BAD)
EXCEPTIONS: Final = "差异清单"
HEADERS: Final = (
    "行",
    "借据号",
    "结果",
    "申报额",
    "重算额",
    "差异",
    "代码",
    "金额",
    "原因",
    "依据",
)


def passes(sheet: DetailSheet, found: Reconciliation) -> bool:
    """Nothing to correct: every row was read, every amount agrees, nothing is about the file."""
    return (
        sheet.is_clean
        and not found.file_findings
        and all(line_class in PASSING for line_class in found.line_class)
    )


def corrected_workbook(sheet: DetailSheet, found: Reconciliation) -> bytes:
    """The corrected sheet with its 合计 row, and the list of exceptions behind it."""
    return write_workbook(
        {COLUMNS.title: list(_corrected(sheet, found)), EXCEPTIONS: exceptions(sheet, found)}
    )


def corrected_csv(sheet: DetailSheet, found: Reconciliation) -> bytes:
    """The corrected sheet alone, as CSV."""
    return write_csv(_corrected(sheet, found))


def exceptions(sheet: DetailSheet, found: Reconciliation) -> list[list[str]]:
    """One row a cause or finding, the header first; then what concerns the whole file."""
    rows: list[list[str]] = [list(HEADERS)]
    by_line: dict[int, list[Any]] = {}
    for finding in found.findings:
        by_line.setdefault(finding.line, []).append(finding)
    for at, causes in enumerate(found.causes):
        if causes or at in by_line:
            rows += _line_rows(found, at, by_line.get(at, []))
    for bad in sheet.findings:
        text = f"{bad.column}：{bad.message}" if bad.column else bad.message
        rows.append([str(bad.row), "", CLASS_TITLES[LineClass.BAD], *[""] * 3, "", "", text, ""])
    for missing in found.unclaimed:
        worth = fen_to_yuan(missing.amount_fen)
        rows.append(["", missing.note_no, "未申报", "", worth, "", "R08", "", missing.message, ""])
    for whole in found.file_findings:
        amount = fen_to_yuan(whole.amount_fen)
        rows.append(["", "", "整个文件", "", "", "", whole.code, amount, whole.message, ""])
    if found.convention is not None:
        amount = fen_to_yuan(found.convention.amount_fen)
        rows.append(["", "", "计息口径", "", "", "", "R11", amount, found.convention.message, ""])
    return rows


def _line_rows(found: Reconciliation, at: int, findings: list[Any]) -> Iterator[list[str]]:
    claimed, expected = int(found.claimed_fen[at]), int(found.expected_fen[at])
    begins = [
        str(int(found.row[at])),
        found.note_no[at],
        CLASS_TITLES[found.line_class[at]],
        *map(fen_to_yuan, (claimed, expected, claimed - expected)),
    ]
    for cause in found.causes[at]:
        cites = "；".join(cause.cites)
        yield [*begins, cause.code, fen_to_yuan(cause.amount_fen), cause.message, cites]
    for finding in findings:
        yield [*begins, finding.code, "", finding.message, "；".join(finding.cites)]


def _corrected(sheet: DetailSheet, found: Reconciliation) -> Iterator[Sequence[str]]:
    yield [column.header for column in COLUMNS.columns]
    totals: dict[str, int] = {}
    number = 0
    for at, row in enumerate(sheet.table.rows()):
        amount = int(found.expected_fen[at])
        if found.line_class[at] in _LEFT_OUT or amount == 0:
            continue
        number += 1
        values = dict(row.values) | {"claimed_fen": amount, "seq": str(number)}
        for column in COLUMNS.columns:
            money = values[column.name]
            if column.kind is Kind.MONEY and isinstance(money, int):
                totals[column.name] = totals.get(column.name, 0) + money
        yield [shown(column, values[column.name]) for column in COLUMNS.columns]
    yield [
        "合计" if at == 0 else fen_to_yuan(totals[c.name]) if c.name in totals else ""
        for at, c in enumerate(COLUMNS.columns)
    ]


def shown(column: Column, value: Any) -> str:
    """A cell's value as the sheet writes it; empty for none."""
    if value is None:
        return ""
    match column.kind:
        case Kind.MONEY:
            return fen_to_yuan(value)
        case Kind.RATE:
            return ppm_to_percent(value)
        case _:
            return str(value)
