"""What is written opens without a live formula and reads back as it was."""

import csv
import io
import random

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loans.sheets import Column, Kind, TableColumns, digest, read_table, write_csv, write_workbook
from loans.untrusted.formulas import disarmed, rearmed

COLUMNS = TableColumns(
    "测试表",
    (Column("key", "编号", Kind.CODE), Column("text", "备注", Kind.TEXT, may_be_blank=True)),
    key="key",
)
NASTY = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＋1", "－1", "＠x", "'=1", "''=1",
    "  =1", '=HYPERLINK("http://x","y")', "http://x.y", "a\nb", 'say "x"', "1;2", "00123",
    "320281199001011234", "-5.00", "'", "普通", "𬭎䶮㛃",
]  # fmt: skip
LIVE = tuple("=+-@\t\r＝＋－＠")


ROWS = [["编号", "备注"], *(["A", text] for text in NASTY)]


@pytest.mark.parametrize("name", ["a.xlsx", "a.csv"])
def test_nasty_texts_read_back_the_same(name: str) -> None:
    data = write_csv(ROWS) if name.endswith("csv") else write_workbook({"表": ROWS})

    read = read_table(data, name, COLUMNS).columns["text"]

    # Plain spaces around a text are no part of it.
    assert read == [text.strip(" ") for text in NASTY]


def test_nothing_written_is_a_live_formula() -> None:
    book = openpyxl.load_workbook(io.BytesIO(write_workbook({"表": ROWS})))
    cells = list(csv.reader(io.StringIO(write_csv(ROWS).decode("utf-8-sig"), newline="")))

    for row in book["表"].iter_rows(min_row=2, min_col=2):
        assert row[0].data_type == "s"
        assert row[0].hyperlink is None
    live = [text for _, text in cells[1:] if text.startswith(LIVE)]
    assert live == ["-5.00"]  # a plain number


@given(st.text())
def test_disarming_is_undone_exactly(text: str) -> None:
    assert rearmed(disarmed(text)) == text


def test_the_same_rows_have_the_same_canonical_bytes() -> None:
    rows = [["编号", "备注"], *([str(n), random.Random(n).choice(NASTY)] for n in range(50))]

    assert digest(write_csv(rows)) == digest(write_csv([list(row) for row in rows]))
    assert digest(write_csv(rows)) != digest(write_csv(rows[:-1]))
