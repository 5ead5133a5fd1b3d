"""Read a workbook's sheets as rows of plain cells. Runs only inside the child process.

openpyxl's streaming parser is used below its read-only worksheet: it gives the rows that are
really there (one cell at XFD1048576 does not become a million empty rows), keeps formulas as
formulas, and tells hidden rows and merged cells.
"""

import datetime as dt
import io
from collections.abc import Iterator
from typing import Any

from openpyxl import load_workbook
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet._reader import WorkSheetParser

from loans.untrusted.child import serve
from loans.untrusted.limits import Limits, Refused
from loans.untrusted.zipguard import check_workbook

# A cell as it travels to the parent: text, number, truth value, nothing, or [kind, text].
Cell = str | int | float | bool | list[str] | None


def frames(data: bytes, limits: Limits) -> Iterator[dict[str, Any]]:
    """Frames of all visible sheets: one ``sheet`` frame, then batches of ``rows``.

    A row is ``[row number, hidden, [cells]]``; cells beyond the last filled one are left out.
    """
    check_workbook(data, limits)
    book = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
    epoch = 1904 if book.epoch == CALENDAR_MAC_1904 else 1900
    if len(book.worksheets) > limits.sheets:
        raise Refused("workbook-too-large", f"工作表超过 {limits.sheets} 张，请只保留明细表")
    percents = _percent_styles(book)
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible":
            yield {"sheet": sheet.title, "epoch": epoch}
            yield from _batches(book, sheet, percents, limits)


def _batches(
    book: Any, sheet: Any, percents: frozenset[int], limits: Limits
) -> Iterator[dict[str, Any]]:
    batch: list[list[Any]] = []
    with sheet._get_source() as source:
        parser = WorkSheetParser(
            source,
            sheet._shared_strings,
            data_only=False,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        for count, (number, cells) in enumerate(parser.parse(), start=1):
            if count > limits.rows or number > 2 * limits.rows:
                raise Refused("too-many-rows", f"工作表“{sheet.title}”超过 {limits.rows} 行")
            row = _row(sheet.title, cells, percents, limits)
            batch.append([number, _is_hidden(parser, number), row])
            if len(batch) == 1000:
                yield {"rows": batch}
                batch = []
    merged = parser.merged_cells.mergeCell if parser.merged_cells else ()
    yield {"rows": batch, "merged": [area.ref for area in merged]}


def _row(
    title: str, cells: list[dict[str, Any]], percents: frozenset[int], limits: Limits
) -> list[Cell]:
    row: list[Cell] = []
    for cell in cells:
        value, column = cell["value"], cell["column"]
        if value is None:
            continue
        if column > limits.columns:
            raise Refused("too-many-columns", f"工作表“{title}”超过 {limits.columns} 列")
        if column <= len(row):
            raise Refused("workbook-broken", f"工作表“{title}”的单元格次序错乱，文件不可信")
        row.extend([None] * (column - 1 - len(row)))
        row.append(_plain(value, cell["data_type"], cell["style_id"] in percents))
    return row


def _plain(value: Any, data_type: str, is_percent: bool) -> Cell:
    if data_type == "f":
        return ["formula", str(getattr(value, "text", value))[:200]]
    if data_type == "e":
        return ["error", str(value)]
    if isinstance(value, dt.datetime):
        return ["day", value.isoformat(sep=" ")]
    if isinstance(value, (dt.date, dt.time, dt.timedelta)):
        return ["day", str(value)]
    if is_percent and data_type == "n":
        return ["percent", format(value, ".15g") if isinstance(value, float) else str(value)]
    if isinstance(value, str):
        return value.replace("_x000D_", "\r")  # how a workbook writes a carriage return
    if isinstance(value, (int, float, bool)):
        return value
    return str(value)


def _is_hidden(parser: WorkSheetParser, number: int) -> bool:
    attributes = parser.row_dimensions.pop(str(number), None)
    return attributes is not None and attributes.get("hidden") in ("1", "true")


def _percent_styles(book: Any) -> frozenset[int]:
    """Indices of the cell styles that show a number times 100 with a percent sign."""

    def shown(format_id: int) -> str:
        if format_id < 164:
            return str(BUILTIN_FORMATS.get(format_id, ""))
        custom = format_id - 164
        known = custom < len(book._number_formats)
        return str(book._number_formats[custom]) if known else ""

    styles = enumerate(book._cell_styles)
    return frozenset(index for index, style in styles if "%" in shown(style.numFmtId))


if __name__ == "__main__":
    serve(frames)
