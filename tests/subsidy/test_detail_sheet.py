"""贴息申报明细表: written, read back, re-saved, re-ordered; every bad cell reported."""

import io
import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import openpyxl

from loans.money import fen_to_yuan
from loans.sheets import write_csv, write_workbook
from subsidy.accrual import day
from subsidy.detail_sheet import (
    COLUMNS,
    DetailLine,
    DetailSheet,
    read_detail_sheet,
    write_detail_csv,
    write_detail_sheet,
    write_template,
)
from subsidy.reconciliation import UNSTATED

HEADERS = [column.header for column in COLUMNS.columns]


def _line(at: int = 0, **facts: Any) -> DetailLine:
    plain = DetailLine(
        bank="江阴农商银行",
        branch="城中支行",
        contract_no=f"HT2019{at:05d}",
        note_no=f"JJ2019{at:05d}",
        borrower="张𬭎",
        identity="320281199001010014",
        category="大学生",
        subsidy_class="FULL",
        principal_fen=300_000_00,
        signed_on=date(2019, 4, 1),
        disbursed_on=date(2019, 4, 10),
        matures_on=date(2020, 4, 10),
        rate_ppm=43_500,
        subsidy_rate_ppm=43_500,
        opening_fen=300_000_00,
        disbursed_fen=0,
        repaid_fen=0,
        closing_fen=300_000_00,
        since=date(2019, 6, 21),
        until=date(2019, 9, 21),
        days=92,
        interest_paid_fen=3_335_00,
        claimed_fen=3_335_00 + at,
    )
    return replace(plain, **facts)


def _cells(*lines: DetailLine) -> list[list[str]]:
    """The rows of a written sheet as text, 合计 row included."""
    page = openpyxl.load_workbook(io.BytesIO(write_detail_sheet(lines))).active
    assert page is not None
    return [["" if c is None else str(c) for c in row] for row in page.iter_rows(values_only=True)]


def _read(rows: list[list[str]]) -> DetailSheet:
    return read_detail_sheet(write_csv(rows), "明细.csv")


def _columns(sheet: DetailSheet) -> dict[str, Any]:
    claimed = vars(sheet.claimed)
    return {k: list(v) for k, v in claimed.items() if k != "row"}


def test_a_written_sheet_reads_back_the_same_from_workbook_and_csv() -> None:
    lines = [_line(at, subsidy_class=("FULL", "HALF", "SMALL_FIRM")[at % 3]) for at in range(30)]

    sheet = read_detail_sheet(write_detail_sheet(lines), "明细.xlsx")

    assert sheet.is_clean
    assert sheet.file_findings == ()
    assert sheet.subsidy_class == [line.subsidy_class for line in lines]
    assert sheet.claimed.note_no == [line.note_no for line in lines]
    assert sheet.claimed.share_pct.tolist() == [100, 50, 50] * 10
    assert sheet.claimed.since.tolist() == [day(date(2019, 6, 21))] * 30
    assert sheet.claimed.until.tolist() == [day(date(2019, 9, 21))] * 30
    assert sheet.claimed.claimed_fen.tolist() == [line.claimed_fen for line in lines]
    again = read_detail_sheet(write_detail_csv(lines)[0], "明细.csv")
    assert _columns(again) == _columns(sheet)


def test_the_canonical_csv_of_the_same_lines_has_the_same_digest() -> None:
    assert write_detail_csv([_line()]) == write_detail_csv([_line()])
    assert write_detail_csv([_line()])[1] != write_detail_csv([_line(1)])[1]


def test_columns_may_be_shuffled_and_the_workbook_re_saved_with_real_numbers() -> None:
    rows = _cells(*(_line(at) for at in range(5)))
    order = list(range(len(HEADERS)))
    random.Random(7).shuffle(order)
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    money = {at for at, column in enumerate(COLUMNS.columns) if column.kind == "money"}
    for row in rows:
        page.append(
            [float(row[at]) if at in money and row is not rows[0] else row[at] for at in order]
        )
    target = io.BytesIO()
    book.save(target)

    sheet = read_detail_sheet(target.getvalue(), "重存.xlsx")

    plain = _read(rows)
    assert _columns(sheet) == _columns(plain)


def test_the_total_row_is_checked_against_the_lines() -> None:
    rows = _cells(_line(0), _line(1))
    at = HEADERS.index("申请贴息额")
    rows[-1][at] = "6671.00"

    sheet = _read(rows)

    (finding,) = sheet.file_findings
    assert (finding.code, finding.column) == ("R19", "申请贴息额")
    assert fen_to_yuan(finding.amount_fen) == "0.99"
    assert "6670.01" in finding.message


def test_a_missing_total_row_is_a_finding_of_the_file() -> None:
    (finding,) = _read(_cells(_line())[:-1]).file_findings

    assert finding.code == "R19"
    assert "合计" in finding.message


def test_the_template_has_every_header_and_no_line() -> None:
    sheet = read_detail_sheet(write_template(), "模板.xlsx")

    assert len(sheet.claimed) == 0
    assert sheet.is_clean


def test_an_identity_number_becomes_the_register_s_key_or_a_finding() -> None:
    def key(number: str) -> str:
        if number.endswith("5"):
            raise ValueError("证件号校验位不符")
        return f"index-of-{number[-4:]}"

    data = write_detail_csv([_line(0), _line(1, identity="320281199001010015")])[0]
    sheet = read_detail_sheet(data, "明细.csv", borrower_key=key)

    assert sheet.claimed.borrower == ["index-of-0014", ""]
    assert [(f.row, f.column, f.message) for f in sheet.findings] == [
        (3, "证件号/统一社会信用代码", "证件号校验位不符")
    ]
    assert sheet.claimed.is_bad.tolist() == [False, True]


# What may be wrong with a cell: header → (what is written, code of the finding).
BAD_CELLS = {
    "贷款合同号": [("", "blank")],
    "借据号": [("", "blank")],
    "贴息类别": [("七折贴息", "class")],
    "贷款金额": [("三十万", "not-money"), ("1.234", "not-money"), ("-5.00", "out-of-range")],
    "发放日": [("2019-02-30", "not-a-day"), ("六月", "not-a-day")],
    "到期日": [("12", "not-a-day")],
    "合同利率": [("0.0435", "rate-as-fraction"), ("四厘", "not-a-rate")],
    "贴息利率": [("", "blank")],
    "期初余额": [("1e5", "not-money"), ("999999999999.00", "out-of-range")],
    "贴息止日": [("2019-06-01", "days-backwards")],
    "贴息天数": [("九十二", "not-whole"), ("92.5", "not-whole"), ("-1", "out-of-range")],
    "实付利息": [("", "blank")],
    "申请贴息额": [("12,34.00", "not-money")],
}


def test_500_seeded_errors_of_20_kinds_in_10_000_rows_are_exactly_those_reported() -> None:
    rng = random.Random(2019)
    rows = _cells(_line())
    header, plain, total = rows[0], rows[1], rows[2]
    lines = [[*plain] for _ in range(10_000)]
    kinds = [(column, text, code) for column, bad in BAD_CELLS.items() for text, code in bad]
    assert len(kinds) == 20
    expected = set()
    for at, (column, text, code) in zip(rng.sample(range(10_000), 500), kinds * 25, strict=True):
        lines[at][header.index(column)] = text
        expected.add((at + 2, column, code))

    sheet = _read([header, *lines, total])

    assert {(f.row, f.column, f.code) for f in sheet.findings} == expected
    assert len(sheet.findings) == 500
    assert int(sheet.claimed.is_bad.sum()) == 500
    assert all(f.message for f in sheet.findings)


def test_a_day_of_another_century_is_a_slip() -> None:
    header, plain, total = _cells(_line())
    lines = [[*plain], [*plain]]
    lines[0][header.index("贴息起日")] = "1919-06-21"
    lines[1][header.index("到期日")] = "2109-04-10"
    found = _read([header, *lines, total]).findings
    assert {(f.row, f.column, f.code) for f in found} == {
        (2, "贴息起日", "out-of-range"), (3, "到期日", "out-of-range"),
    }  # fmt: skip


def test_ten_thousand_yuan_columns_and_other_spellings_are_understood() -> None:
    rows = _cells(_line())
    renamed = {"贷款金额": "贷款金额（万元）", "贴息止日": "贴息止日（含）", "借款人": "借款人姓名"}
    rows[0] = [renamed.get(header, header) for header in rows[0]]
    rows[1][HEADERS.index("贷款金额")] = "30"
    rows[1][HEADERS.index("贴息类别")] = "５０％贴息"
    rows[1][HEADERS.index("贴息起日")] = "2019年6月21日"
    rows[2][HEADERS.index("贷款金额")] = "30.00"

    sheet = read_detail_sheet(write_workbook({"明细": rows}), "明细.xlsx")

    assert sheet.is_clean
    assert sheet.table.columns["principal_fen"] == [300_000_00]
    assert sheet.subsidy_class == ["HALF"]
    assert sheet.file_findings == ()


def test_an_unread_class_leaves_the_share_unstated() -> None:
    rows = _cells(_line())
    rows[1][HEADERS.index("贴息类别")] = "七折"

    assert _read(rows).claimed.share_pct.tolist() == [UNSTATED]


def test_the_last_day_is_inclusive() -> None:
    line = _line(until=date(2019, 7, 1))

    row = _cells(line)[1]

    assert row[HEADERS.index("贴息止日")] == "2019-06-30"
    assert _read(_cells(line)).claimed.until.tolist() == [day(line.since + timedelta(days=10))]
