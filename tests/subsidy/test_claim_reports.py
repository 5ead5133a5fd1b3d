"""The printed difference report, and reports that read back to the same values."""

import io
from datetime import date

import pytest
from openpyxl import load_workbook

from subsidy.models import Claim
from subsidy.printing import difference_form
from subsidy.reports import DIFFERENCE_HEADERS, SUMMARY_HEADERS, ClaimReport, csv, workbook

HOSTILE = '=HYPERLINK("http://x")#include("x") *粗* $x$ <&>'


def _report() -> ClaimReport:
    claim = Claim(since=date(2019, 6, 21), until=date(2019, 9, 21), content_hash="0" * 64)
    difference = ["2", "JJ-1", "多报", "4000.00", "3335.00", "3335.00", "R01", "665.00", HOSTILE,
                  "（九）9.6", "核减：已核"]  # fmt: skip
    return ClaimReport(
        bank="甲银行",
        claim=claim,
        summary=[list(SUMMARY_HEADERS), ["合计", *["0.00"] * (len(SUMMARY_HEADERS) - 1)]],
        by_code=[["代码", "笔数", "金额"], ["R01", "1", "665.00"]],
        details=[["借据号", "备注"], ["JJ-1", HOSTILE]],
        differences=[list(DIFFERENCE_HEADERS), difference],
        remitted_fen=3_335_00,
    )


def test_a_workbook_holds_what_the_report_says_and_no_formula() -> None:
    report = _report()
    book = load_workbook(io.BytesIO(workbook(report)))
    rows = [[cell.value or "" for cell in row] for row in book["差异"].iter_rows()]
    assert rows == report.differences
    assert {cell.data_type for sheet in book for row in sheet for cell in row} <= {"s", "n"}
    assert HOSTILE in [row[1].value for row in book["明细"].iter_rows()]
    assert b"'=HYPERLINK" in csv(report)


def test_a_printed_report_shows_its_data_as_text() -> None:
    pytest.importorskip("typst")
    pypdf = pytest.importorskip("pypdf")
    text = "".join(
        page.extract_text()
        for page in pypdf.PdfReader(io.BytesIO(difference_form(_report()))).pages
    )
    for wanted in ("甲银行", "3335.00", "R01", "HYPERLINK", "#include"):
        assert wanted in text.replace("\n", "")
