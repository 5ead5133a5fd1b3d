"""Reports and statistics that read back to the same values, as workbook, CSV and on paper."""

import csv
import io
from datetime import date
from uuid import UUID

import pytest
from openpyxl import load_workbook

from loans.untrusted.formulas import rearmed
from subsidy import exports, reports
from subsidy.models import Claim
from subsidy.printing import difference_form
from subsidy.reports import CAUSE_HEADERS, DIFFERENCE_HEADERS, SUMMARY_HEADERS, ClaimReport
from subsidy.statistics import Dimension, NoteFacts, drill_down, figures

HOSTILE = '=HYPERLINK("http://x")#include("x") *粗* $x$ <&>'
DAY = date(2019, 9, 20)


def _report() -> ClaimReport:
    claim = Claim(since=date(2019, 6, 21), until=date(2019, 9, 21), content_hash="0" * 64)
    difference = ["2", "JJ-1", "多报", "4000.00", "3335.00", "3335.00", "R01", "665.00", HOSTILE,
                  "（九）9.6", "核减：已核"]  # fmt: skip
    total = ["合计", *(f"{1_234_567 + at}.{at:02}" for at in range(1, len(SUMMARY_HEADERS)))]
    return ClaimReport(
        bank="甲银行",
        claim=claim,
        summary=[list(SUMMARY_HEADERS), total],
        by_code=[list(CAUSE_HEADERS), ["全额贴息", "R01", "1", "665.00"]],
        details=[["借据号", "备注"], ["JJ-1", HOSTILE], ["-1", "@x"], ["＝1", "-665.00"]],
        differences=[list(DIFFERENCE_HEADERS), difference],
        remitted_fen=3_335_00,
    )


def _note(at: int, **facts: object) -> NoteFacts:
    amounts = {
        name: (at + 1) * 1_000_01 + place
        for place, name in enumerate(NoteFacts.__dataclass_fields__)
        if name.endswith("_fen")
    }
    plain = {"bank": "甲银行", "category": "veteran", "gender": "F", "subsidy_class": "full"}
    return NoteFacts(
        note_id=at, public_id=UUID(int=at), note_no=f"-{at}", **amounts | plain | facts
    )  # type: ignore[arg-type]


NOTES = [
    _note(0),
    _note(1, bank=HOSTILE, gender=""),
    _note(2, bank="@乙银行", category="", overdue_fen=0, balance_fen=0),
    _note(3, subsidy_class="half", paid_fen=-1_01),
]
TITLES = {"veteran": "退役军人", "F": "女", "full": "全额贴息", "half": "50%贴息"}


def _sheets(data: bytes) -> dict[str, list[list[str]]]:
    """Every cell of a workbook, none of which is anything but text."""
    book = load_workbook(io.BytesIO(data))
    assert {cell.data_type for sheet in book for row in sheet for cell in row} <= {"s", "n"}
    return {
        sheet.title: [[cell.value or "" for cell in row] for row in sheet.iter_rows()]
        for sheet in book
    }


def _csv(data: bytes) -> list[list[str]]:
    """The rows of a CSV, none of whose cells a spreadsheet program would run."""
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "@", "＝", "＋")]
    return [[rearmed(cell) for cell in row] for row in rows]


def _printed(pdf: bytes) -> str:
    pypdf = pytest.importorskip("pypdf")
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return "".join(page.extract_text() for page in pages).replace("\n", "")


def test_a_claim_s_workbook_and_csv_read_back_what_the_report_says() -> None:
    report = _report()
    assert _sheets(reports.workbook(report)) == {
        "汇总": report.summary,
        "核减原因": report.by_code,
        "明细": report.details,
        "差异": report.differences,
    }
    assert _csv(reports.csv(report)) == report.details


def test_the_statistics_read_back_and_every_figure_is_the_sum_of_its_notes() -> None:
    for by in Dimension:
        rows = exports.figure_rows(NOTES, by, TITLES)
        assert _sheets(exports.workbook(NOTES, by, TITLES)) == {
            "统计": rows,
            "借据": exports.note_rows(NOTES, TITLES),
        }
        assert _csv(exports.csv(NOTES, by, TITLES)) == rows
        for group in figures(NOTES, by):
            for name in ("balance_fen", "overdue_fen", "payable_fen", "paid_fen", "recovered_fen"):
                behind = drill_down(NOTES, by, group.key, name)
                assert sum(getattr(note, name) for note in behind) == getattr(group, name)


def test_printed_reports_show_their_data_as_text_to_the_last_fen() -> None:
    pytest.importorskip("typst")
    report = _report()
    text = _printed(difference_form(report))
    wanted = ["甲银行", "R01", "665.00", "HYPERLINK", "#include", *report.summary[1]]
    assert [word for word in wanted if word not in text] == []
    rows = exports.figure_rows(NOTES, Dimension.BANK, TITLES)
    text = _printed(exports.form(NOTES, Dimension.BANK, TITLES, DAY))
    assert [cell for row in rows for cell in row[1:] if cell not in text] == []
    assert "2019-09-20" in text and "@乙银行" in text
