"""Write tables: XlsxWriter with formulas and links off, and a canonical CSV.

A workbook's bytes differ at every save; the canonical form of a table is its CSV, UTF-8, CRLF,
and its SHA-256.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence

import xlsxwriter

from loans.untrusted.formulas import disarmed

BOM = "\ufeff"
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def write_workbook(
    sheets: Mapping[str, Iterable[Sequence[str]]],
    *,
    notes: Mapping[str, Iterable[Sequence[str]]] | None = None,
    widths: Sequence[int] = (),
) -> bytes:
    """A workbook of text cells, first row of each sheet in bold and frozen.

    ``sheets`` maps a sheet's title to its rows; every cell is text, so that an identity number
    keeps its digits and an amount its two places. ``notes`` are sheets after them, without a
    header row.
    """
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, _OPTIONS) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "border": 1, "num_format": "@"})
        plain = book.add_format({"num_format": "@"})
        for title, rows in (sheets | (notes or {})).items():  # type: ignore[operator]
            page = book.add_worksheet(title[:31])
            has_header = title in sheets
            for at, row in enumerate(rows):
                style = bold if has_header and at == 0 else plain
                for column, text in enumerate(row):
                    page.write_string(at, column, text, style)
            if has_header:
                page.freeze_panes(1, 0)
            for column, width in enumerate(widths):
                page.set_column(column, column, width)
    return target.getvalue()


def write_csv(rows: Iterable[Sequence[str]], *, with_bom: bool = True) -> bytes:
    """CSV that no spreadsheet program runs and that ``read_table`` reads back as it was."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerows([disarmed(cell) for cell in row] for row in rows)
    return ((BOM if with_bom else "") + target.getvalue()).encode("utf-8")


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal: the name of a content."""
    return hashlib.sha256(data).hexdigest()
