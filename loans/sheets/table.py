"""Cells to a typed table: find the header row, parse every cell, keep every finding.

Nothing stops at the first bad row: a finding says row, column, code and, in Chinese, what is
wrong. ``BadFile`` only when there is no table at all.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from loans.errors import BadFile
from loans.sheets.cells import CellText, Value, parse_cell, plain_text, plain_value
from loans.sheets.columns import Kind, Place, TableColumns, find_places
from loans.sheets.reading import Cell, GridRow, Sheet, read_grid

_HEADER_WITHIN_ROWS = 30
_TOTALS = ("合计", "总计")
_SUBTOTALS = ("小计", "本页合计")


@dataclass(frozen=True)
class RowFinding:
    """One thing wrong in one row; ``column`` is the Chinese header, empty for the whole row."""

    row: int
    column: str
    code: str
    message: str


@dataclass(frozen=True)
class Row:
    """One data row; a value is None where the cell was empty or had a finding."""

    number: int
    values: Mapping[str, Value]


@dataclass(frozen=True)
class TotalRow:
    """The 合计 row: only the money that is stated."""

    number: int
    fen: Mapping[str, int]


@dataclass(frozen=True)
class Table:
    """A whole table, column by column.

    ``columns[name][i]`` belongs to the row ``row_numbers[i]`` of the file (from 1).
    """

    columns: Mapping[str, list[Any]]
    row_numbers: list[int]
    findings: tuple[RowFinding, ...]
    total: TotalRow | None

    def __len__(self) -> int:
        return len(self.row_numbers)

    def rows(self) -> Iterator[Row]:
        """Row by row, for tables that are small."""
        names = list(self.columns)
        lines = zip(*self.columns.values(), strict=True)
        for number, values in zip(self.row_numbers, lines, strict=True):
            yield Row(number, dict(zip(names, values, strict=True)))


def read_table(data: bytes, name: str, columns: TableColumns) -> Table:
    """The one table with these columns in a workbook or CSV file.

    ``name`` is the sender's file name, for messages. ``BadFile`` when the file is hostile,
    broken, or no visible sheet (or more than one) has the header row.
    """
    sheet, at, places = _find_header(read_grid(data, name), name, columns)
    lines, total, findings = _sort_rows(sheet.rows[at + 1 :], places, columns)
    values: dict[str, list[Any]] = {}
    numbers = [number for number, _, _ in lines]
    # Rows end with their last filled cell: a column that no row reaches is empty.
    grid = list(zip_longest(*(cells for _, _, cells in lines)))
    nothing = (None,) * len(lines)
    for column in columns.columns:
        place = places.get(column.name)
        if place is None:
            values[column.name] = [None] * len(lines)
        else:
            cells = grid[place.index] if place.index < len(grid) else nothing
            values[column.name] = _parse_column(cells, numbers, place, sheet.epoch, findings)
    findings.extend(_layout_findings(sheet, {number: hidden for number, hidden, _ in lines}))
    total_row = None
    if total is not None:
        total_row = _parse_total(total, places, sheet.epoch, findings)
    findings.sort(key=lambda finding: finding.row)
    return Table(values, numbers, tuple(findings), total_row)


def _find_header(
    sheets: list[Sheet], name: str, columns: TableColumns
) -> tuple[Sheet, int, dict[str, Place]]:
    found: list[tuple[Sheet, int, dict[str, Place]]] = []
    nearest: list[str] = [column.header for column in columns.columns if column.needed]
    for sheet in sheets:
        for at, (number, _, cells) in enumerate(sheet.rows[:_HEADER_WITHIN_ROWS]):
            places, missing, problem = find_places(columns, [plain_text(cell) for cell in cells])
            if not missing and problem:
                raise BadFile("header-unclear", f"工作表“{sheet.title}”第 {number} 行：{problem}")
            if not missing:
                found.append((sheet, at, places))
                break
            nearest = min(nearest, missing, key=len)
    if len(found) > 1:
        titles = "、".join(f"“{sheet.title}”" for sheet, _, _ in found)
        raise BadFile("header-twice", f"工作表 {titles} 都有{columns.title}的表头，请只保留一张")
    if not found:
        missing_text = "、".join(nearest)
        raise BadFile(
            "header-missing",
            f"未找到{columns.title}的表头行，缺少：{missing_text}；请使用模板，不要改动列名",
            details={"missing": nearest},
        )
    return found[0]


def _sort_rows(
    rows: list[GridRow], places: Mapping[str, Place], columns: TableColumns
) -> tuple[list[GridRow], GridRow | None, list[RowFinding]]:
    """Data rows, the 合计 row, and findings about rows that are neither."""
    key = places[columns.key].index
    lines: list[GridRow] = []
    total: GridRow | None = None
    findings: list[RowFinding] = []
    for row in rows:
        number, _, cells = row
        has_key = len(cells) > key and plain_text(cells[key]) != ""
        word = _label(cells, has_key)
        if word is None:
            continue
        if word in _SUBTOTALS:
            findings.append(RowFinding(number, "", "subtotal-row", "请删去小计行"))
        elif word in _TOTALS and total is not None:
            findings.append(RowFinding(number, "", "total-twice", "合计行只能有一行"))
        elif word in _TOTALS:
            total = row
        elif total is None:
            lines.append(row)
        elif has_key:
            findings.append(RowFinding(number, "", "row-after-total", "合计行之后还有数据行"))
            lines.append(row)
    return lines, total, findings


def _label(cells: list[Cell], has_key: bool) -> str | None:
    """合计 or 小计 if the row is one, "" for another filled row, None for an empty one.

    The word stands in the first filled cell, or anywhere in a row without a key."""
    is_filled = False
    first = cells[0] if cells else None
    if has_key and type(first) is str and first.isascii() and first.isalnum():
        return ""
    for cell in cells:
        text = plain_text(cell)
        if not text:
            continue
        word = "".join(text.split()).rstrip(":：") if len(text) < 12 else ""
        if word in _TOTALS or word in _SUBTOTALS:
            return word
        if has_key:
            return ""
        is_filled = True
    return "" if is_filled else None


def _layout_findings(sheet: Sheet, hidden_by_row: dict[int, bool]) -> Iterator[RowFinding]:
    """Hidden rows and merged cells among the data: what a reader sees is not what is stored."""
    for number, is_hidden in hidden_by_row.items():
        if is_hidden:
            yield RowFinding(number, "", "hidden-row", "此行被隐藏，请取消隐藏后重新上传")
    for area in sheet.merged:
        corners = re.findall(r"[A-Z]+([0-9]+)", area)
        message = f"单元格 {area} 被合并，请取消合并并逐格填写"
        for number in range(int(corners[0]), int(corners[-1]) + 1):
            if number in hidden_by_row:
                yield RowFinding(number, "", "merged-cells", message)


def _parse_column(
    cells: Sequence[Cell],
    numbers: list[int],
    place: Place,
    epoch: int,
    findings: list[RowFinding],
) -> list[Value]:
    """Values of one column. Equal texts are parsed once: days, rates and classes repeat."""
    found: list[Any]
    try:
        distinct = set(cells)  # a CSV file has texts only
        # 1, 1.0 and True are equal, their texts are not.
        is_plain = all(cell is None or type(cell) is str for cell in distinct)
    except TypeError:
        is_plain = False
    if is_plain:
        known = {cell: _outcome(cell, place, epoch) for cell in distinct}
        found = list(map(known.__getitem__, cells))
        if all(_is_value(value) for value in known.values()):
            return found
    else:
        found = [_outcome(cell, place, epoch) for cell in cells]
    return _values(found, numbers, place, findings)


def _values(
    found: list[Any], numbers: list[int], place: Place, findings: list[RowFinding]
) -> list[Value]:
    """The values, None where a cell is empty or refused; every refusal becomes a finding."""
    column = place.column
    values: list[Value] = [None if isinstance(value, CellText) else value for value in found]
    for at in [at for at, value in enumerate(values) if value is None]:
        number, refused = numbers[at], found[at]
        if isinstance(refused, CellText):
            findings.append(RowFinding(number, column.header, refused.code, refused.message))
        elif not column.may_be_blank:
            findings.append(RowFinding(number, column.header, "blank", "不能为空"))
    return values


def _is_value(found: Any) -> bool:
    return found is not None and not isinstance(found, CellText)


def _outcome(cell: Cell, place: Place, epoch: int) -> Value | CellText:
    if cell is None:
        return None
    if type(cell) is str and (value := plain_value(cell, place)) is not None:
        return value
    try:
        return parse_cell(cell, place, epoch)
    except CellText as refused:
        return refused


def _parse_total(
    row: GridRow, places: Mapping[str, Place], epoch: int, findings: list[RowFinding]
) -> TotalRow:
    number, _, cells = row
    fen: dict[str, int] = {}
    for name, place in places.items():
        if place.column.kind is not Kind.MONEY or place.index >= len(cells):
            continue
        try:
            value = parse_cell(cells[place.index], place, epoch)
        except CellText as refused:
            message = f"合计行：{refused.message}"
            findings.append(RowFinding(number, place.column.header, refused.code, message))
            continue
        if isinstance(value, int):
            fen[name] = value
    return TotalRow(number, fen)
