"""Read a workbook's sheets as rows of plain cells. Runs only inside the child process.

openpyxl reads what a workbook says about itself (its sheets, its styles); the cells are read by
``sheetxml``, which keeps formulas as formulas and costs a fifth.
"""

import datetime as dt
import io
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils.datetime import CALENDAR_MAC_1904, from_excel
from openpyxl.xml.constants import SHARED_STRINGS

from loans.untrusted.batches import DAY, ERROR, NUMBER, PERCENT
from loans.untrusted.child import serve
from loans.untrusted.limits import Limits, Refused
from loans.untrusted.sheetxml import SharedStrings, SheetRows
from loans.untrusted.zipguard import check_workbook

_NUMBER: Final = re.compile(r"-?[0-9]{1,400}(?:\.[0-9]{0,400})?(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_SHORT: Final = 15  # characters: no more digits than Excel keeps


def frames(data: bytes, limits: Limits) -> Iterator[dict[str, Any]]:
    """Frames of all visible sheets: one ``sheet`` frame, then batches of rows, then ``merged``."""
    check_workbook(data, limits)
    reader = ExcelReader(io.BytesIO(data), read_only=True, keep_links=False)
    reader.read_manifest()
    reader.read_workbook()
    apply_stylesheet(reader.archive, reader.wb)
    epoch = 1904 if reader.wb.epoch == CALENDAR_MAC_1904 else 1900
    sheets = [
        (sheet.name, rel.target)
        for sheet, rel in reader.parser.find_sheets()
        if sheet.state == "visible" and rel.target in reader.valid_files
        and "chartsheet" not in rel.Type
    ]  # fmt: skip
    if len(sheets) > limits.sheets:
        raise Refused("workbook-too-large", f"工作表超过 {limits.sheets} 张，请只保留明细表")
    strings, numbers = _strings(reader), _numbers_of(reader.wb)
    for title, part in sheets:
        yield {"sheet": title, "epoch": epoch}
        rows = SheetRows(title, strings, numbers, limits)
        with reader.archive.open(part) as source:
            for _ in rows.read(source):
                yield from rows.batches.full()
        yield rows.batches.rest() | {"merged": rows.merged}


def _strings(reader: Any) -> Sequence[str]:
    part = reader.package.find(SHARED_STRINGS)
    if part is None:
        return ()
    with reader.archive.open(part.PartName[1:]) as source:
        return SharedStrings().read(source)


def _numbers_of(book: Any) -> Callable[[str, int], tuple[str, str]]:
    """How a number cell of this workbook is shown: kind and text, by its text and style."""
    percents, days = _percent_styles(book), book._date_formats
    known: dict[tuple[str, int], tuple[str, str]] = {}

    def shown(text: str, style: int) -> tuple[str, str]:
        if style in days:
            if (text, style) not in known:
                known[text, style] = _day(text, book.epoch, style in book._timedelta_formats)
            return known[text, style]
        return PERCENT if style in percents else NUMBER, plain_number(text)

    return shown


def plain_number(text: str) -> str:
    """A number at Excel's own 15 significant digits, without exponent or trailing zeros.

    >>> plain_number("917.12999999999999"), plain_number("3E5"), plain_number("4.350")
    ('917.13', '300000', '4.35')
    """
    if len(text) <= _SHORT and text.isascii() and text.isdecimal():
        return text.lstrip("0") or "0"
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    if re.fullmatch(r"-?[0-9]+", text):
        return str(int(text))
    exact = Decimal(format(float(text), ".15g"))
    return format(exact.normalize(), "f") if abs(exact) < 10**18 else str(exact)


def _day(text: str, epoch: dt.datetime, is_duration: bool) -> tuple[str, str]:
    try:
        value = from_excel(float(plain_number(text)), epoch, timedelta=is_duration)
    except (OverflowError, ValueError):
        return ERROR, "#VALUE!"
    return DAY, value.isoformat(sep=" ") if isinstance(value, dt.datetime) else str(value)


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
