"""What the streaming reader tells of a workbook is what openpyxl tells of it."""

import datetime as dt
import io
import random
from typing import Any

import openpyxl
import pytest
from openpyxl.cell.cell import TYPE_FORMULA

from loans.errors import BadFile
from loans.sheets import read_grid
from loans.sheets.reading import Sheet
from loans.untrusted.workbook import plain_number
from tests.loans.sheets.workbooks import sheet, strings, workbook

LETTERS = "甲乙=&<>\"' \n12ab,;_xD𬭎"


def _random_book(seed: int) -> openpyxl.Workbook:
    rng = random.Random(seed)
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    makers: list[Any] = [
        lambda: None,
        lambda: rng.randrange(-(10**6), 10**14),
        lambda: rng.randrange(10**8) / 100,
        lambda: rng.random() * 10.0 ** rng.randrange(-6, 20),
        lambda: dt.date(2019, 1, 1) + dt.timedelta(days=rng.randrange(2000)),
        lambda: "".join(rng.choices(LETTERS, k=rng.randrange(1, 9))).lstrip("="),
        lambda: f"={rng.randrange(9)}+1",
        lambda: rng.random() < 0.5,
        lambda: "#N/A",
    ]
    for row in range(1, 12):
        page.append([rng.choice(makers)() for _ in range(rng.randrange(0, 7))])
        page.row_dimensions[row].hidden = rng.random() < 0.2
    return book


def _bytes(book: openpyxl.Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _said(value: Any, data_type: str) -> str:
    """How the reader writes what openpyxl calls a cell's value."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return f"d{value.isoformat(sep=' ')}"
    if data_type == TYPE_FORMULA:
        return f"f{value}"
    if data_type in "be":
        return f"{data_type}{int(value) if data_type == 'b' else value}"
    if data_type == "n":
        return f"n{plain_number(repr(value))}"
    return f"s{value}"


def _cells(read: Sheet) -> dict[tuple[int, int], str]:
    found = {}
    for at, number in enumerate(read.numbers):
        for column, cell in enumerate(read.row(at), start=1):
            if cell.text:
                found[number, column] = cell.kind + cell.text
    return found


@pytest.mark.parametrize("seed", range(3))
def test_every_cell_is_what_openpyxl_says(seed: int) -> None:
    data = _bytes(_random_book(seed))
    page = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]

    (read,) = read_grid(data, "a.xlsx")

    assert _cells(read) == {
        (cell.row, cell.column): _said(cell.value, cell.data_type)
        for row in page.iter_rows()
        for cell in row
        if cell.value is not None
    }
    assert read.hidden == {at for at, row in page.row_dimensions.items() if row.hidden}


def test_odd_but_lawful_xml_is_read() -> None:
    rows = (
        '<row><c t="inlineStr"><is><r><t>甲</t></r><rPh><t>jia</t></rPh><r><t>乙</t></r></is></c>'
        '<c t="s"><v>0</v></c><c t="str"><v>_x005F_x000D_</v></c></row>'
        '<row r="9"><c r="B9"><f>A1</f><v>9999</v></c><c r="D9" t="s"><v>1</v></c></row>'
        '<row r="20" hidden="1"/><row r="1048576"><c r="A1048576" s="0"/></row>'  # only formatted
    )
    texts = "<si><r><t>丙 </t></r><r><t>丁</t></r></si><si><t>a_x000D_b_x0000_</t></si>"
    data = workbook(
        {"xl/worksheets/sheet1.xml": sheet(rows), "xl/sharedStrings.xml": strings(texts)}
    )

    (read,) = read_grid(data, "a.xlsx")

    assert _cells(read) == {
        (1, 1): "s甲乙", (1, 2): "s丙 丁", (1, 3): "s_x000D_",
        (9, 2): "f=A1", (9, 4): "sa\rb_x0000_",
    }  # fmt: skip


@pytest.mark.parametrize(
    "cell",
    ['<c r="A1" t="s"><v>-1</v></c>', '<c r="A1"><v>nan</v></c>', '<c r="A1"><v>1_0</v></c>',
     '<c r="1A"><v>1</v></c>', '<c r="A2"><v>1</v></c>', '<c r="A1" t="z"><v>1</v></c>'],
)  # fmt: skip
def test_a_cell_that_no_program_writes_breaks_the_file(cell: str) -> None:
    with pytest.raises(BadFile) as refused:
        read_grid(
            workbook({"xl/worksheets/sheet1.xml": sheet(f'<row r="1">{cell}</row>')}), "a.xlsx"
        )

    assert refused.value.code in ("file-broken", "workbook-broken")
