"""Cells to a typed table: find the header row, parse every cell, keep every finding.

Nothing stops at the first bad row: a finding says row, column, code and, in Chinese, what is
wrong. ``BadFile`` only when there is no table at all.
"""

import re
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loans.errors import BadFile
from loans.sheets.cells import CellText, Value, parse_cell, plain_column, plain_text, plain_value
from loans.sheets.columns import Kind, Place, TableColumns, find_places, noted_unit
from loans.sheets.reading import Cell, GridColumn, Sheet, read_grid
from loans.untrusted.batches import BLANK, NUMBER, TEXT

_HEADER_WITHIN_ROWS = 30
_TOTALS = ("合计", "总计")
_SUBTOTALS = ("小计", "本页合计")
_SAID_ALIKE = (Kind.MONEY, Kind.RATE, Kind.DAY, Kind.WHOLE)


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

    columns: Mapping[str, Sequence[Any]]
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
    lines, total, findings = _sort_rows(sheet, range(at + 1, len(sheet.numbers)), places, columns)
    numbers = [sheet.numbers[line] for line in lines]
    values: dict[str, Sequence[Value]] = {}
    for column in columns.columns:
        place = places.get(column.name)
        # Rows end with their last filled cell: a column that no row reaches is empty.
        if place is None:
            values[column.name] = [None] * len(lines)
        else:
            cells = _taken(sheet.columns[place.index], lines)
            values[column.name] = _parse_column(cells, numbers, place, sheet.epoch, findings)
    findings.extend(_layout_findings(sheet, numbers))
    total_row = None
    if total is not None:
        total_row = _parse_total(sheet, total, places, findings)
    findings.sort(key=lambda finding: finding.row)
    return Table(values, numbers, tuple(findings), total_row)


def _taken(column: GridColumn, lines: list[int]) -> GridColumn:
    """The cells of these rows."""
    texts, kinds = column.texts, column.kinds
    if lines and lines[-1] - lines[0] + 1 == len(lines):  # one run, as nearly always
        whole = slice(lines[0], lines[-1] + 1)
        return GridColumn(texts[whole], kinds[whole])
    return GridColumn(
        [texts[line] for line in lines], "".join(kinds[line] for line in lines) if kinds else ""
    )


def _find_header(
    sheets: list[Sheet], name: str, columns: TableColumns
) -> tuple[Sheet, int, dict[str, Place]]:
    found: list[tuple[Sheet, int, dict[str, Place]]] = []
    nearest: list[str] = [column.header for column in columns.columns if column.needed]
    for sheet in sheets:
        for at, number in enumerate(sheet.numbers[:_HEADER_WITHIN_ROWS]):
            cells = [plain_text(cell) for cell in sheet.row(at)]
            places, missing, problem = find_places(columns, cells)
            if not missing and not problem:
                above = ([plain_text(cell) for cell in sheet.row(before)] for before in range(at))
                problem = noted_unit(above, cells, places)
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
    sheet: Sheet, rows: range, places: Mapping[str, Place], columns: TableColumns
) -> tuple[list[int], int | None, list[RowFinding]]:
    """Data rows and the 合计 row (positions in the sheet); findings about rows that are neither."""
    keys, first = sheet.columns[places[columns.key].index].texts, sheet.columns[0].texts
    total: int | None = None
    no_lines: set[int] = set()
    findings: list[RowFinding] = []
    for at in [at for at in rows if not _is_plainly_a_line(keys[at], first[at])]:
        word = _label(sheet, at, bool(keys[at].strip()))
        number = sheet.numbers[at]
        if word in _SUBTOTALS:
            findings.append(RowFinding(number, "", "subtotal-row", "请删去小计行"))
        elif word in _TOTALS and total is not None:
            findings.append(RowFinding(number, "", "total-twice", "合计行只能有一行"))
        elif word in _TOTALS:
            total = at
        elif word is not None and (total is None or keys[at].strip()):
            continue
        no_lines.add(at)
    lines = [at for at in rows if at not in no_lines]
    for at in lines[bisect(lines, total) :] if total is not None else ():
        message = "合计行之后还有数据行"
        findings.append(RowFinding(sheet.numbers[at], "", "row-after-total", message))
    return lines, total, findings


def _is_plainly_a_line(key: str, first: str) -> bool:
    return bool(key) and not key.isspace() and first.isalnum() and first.isascii()


def _label(sheet: Sheet, at: int, has_key: bool) -> str | None:
    """合计 or 小计 if the row is one, "" for another filled row, None for an empty one.

    The word stands in the first filled cell, or anywhere in a row without a key."""
    is_filled = False
    for column in sheet.columns:
        text = plain_text(column.cell(at))
        if not text:
            continue
        word = "".join(text.split()).rstrip(":：") if len(text) < 12 else ""
        if word in _TOTALS or word in _SUBTOTALS:
            return word
        if has_key:
            return ""
        is_filled = True
    return "" if is_filled else None


def _layout_findings(sheet: Sheet, numbers: list[int]) -> Iterator[RowFinding]:
    """Hidden rows and merged cells among the data: what a reader sees is not what is stored."""
    if not sheet.hidden and not sheet.merged:
        return
    data_rows = set(numbers)
    for number in sorted(sheet.hidden & data_rows):
        yield RowFinding(number, "", "hidden-row", "此行被隐藏，请取消隐藏后重新上传")
    for area in sheet.merged:
        corners = re.findall(r"[A-Z]+([0-9]+)", area)
        message = f"单元格 {area} 被合并，请取消合并并逐格填写"
        for number in range(int(corners[0]), int(corners[-1]) + 1):
            if number in data_rows:
                yield RowFinding(number, "", "merged-cells", message)


def _parse_column(
    cells: GridColumn,
    numbers: list[int],
    place: Place,
    epoch: int,
    findings: list[RowFinding],
) -> Sequence[Value]:
    """Values of one column. Equal cells are parsed once: days, rates and classes repeat."""
    texts: Sequence[Any] = cells.texts
    # For these a number and its text are the same.
    is_alike = place.column.kind in _SAID_ALIKE and not cells.kinds.strip(TEXT + BLANK + NUMBER)
    kinds = "" if is_alike else cells.kinds
    distinct = set(zip(texts, kinds, strict=True)) if kinds else set(texts)
    if not kinds and len(distinct) > len(texts) // 4:
        plain = plain_column(texts, place)
        if plain is not None:
            return plain
    known = {
        cell: _outcome(Cell(*cell) if isinstance(cell, tuple) else Cell(cell), place, epoch)
        for cell in distinct
    }
    found: list[Any] = list(
        map(known.__getitem__, zip(texts, kinds, strict=True) if kinds else texts)
    )
    if all(map(_is_value, known.values())):
        return found
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
    if cell.kind == TEXT and (value := plain_value(cell.text, place)) is not None:
        return value
    try:
        return parse_cell(cell, place, epoch)
    except CellText as refused:
        return refused


def _parse_total(
    sheet: Sheet, total: int, places: Mapping[str, Place], findings: list[RowFinding]
) -> TotalRow:
    number = sheet.numbers[total]
    fen: dict[str, int] = {}
    for name, place in places.items():
        if place.column.kind is not Kind.MONEY:
            continue
        try:
            value = parse_cell(sheet.columns[place.index].cell(total), place, sheet.epoch)
        except CellText as refused:
            message = f"合计行：{refused.message}"
            findings.append(RowFinding(number, place.column.header, refused.code, message))
            continue
        if isinstance(value, int):
            fen[name] = value
    return TotalRow(number, fen)
