"""Headers, encodings, cells: what is understood, and what becomes a finding."""

import datetime as dt
import io
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from loans.errors import BadFile
from loans.sheets import Column, Kind, Table, TableColumns, read_table

COLUMNS = TableColumns(
    "测试表",
    (
        Column("code", "借据号", Kind.CODE, aliases=("借据编号",)),
        Column("name", "姓名", Kind.TEXT, needed=False, may_be_blank=True),
        Column("identity", "证件号", Kind.IDENTITY, needed=False, may_be_blank=True),
        Column("fen", "贷款金额", Kind.MONEY),
        Column("ppm", "利率", Kind.RATE, needed=False, may_be_blank=True),
        Column("on", "发放日", Kind.DAY, needed=False, may_be_blank=True),
        Column("days", "天数", Kind.WHOLE, needed=False, may_be_blank=True),
    ),
    key="code",
)
RARE = "𬭎䶮㛃"


def _book(*rows: list[Any], title: str = "明细", epoch: Any = None, formats: Any = None) -> bytes:
    book = openpyxl.Workbook()
    if epoch is not None:
        book.epoch = epoch
    page = book.active
    assert page is not None
    page.title = title
    for row in rows:
        page.append(row)
    for cell, number_format in (formats or {}).items():
        page[cell].number_format = number_format
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _read(*rows: list[Any], **more: Any) -> Table:
    return read_table(_book(*rows, **more), "a.xlsx", COLUMNS)


def _codes(table: Table) -> list[tuple[int, str, str]]:
    return [(finding.row, finding.column, finding.code) for finding in table.findings]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_every_encoding_gives_the_same_rows(encoding: str) -> None:
    name = "张三" if encoding == "gbk" else RARE
    text = "借据号,姓名,贷款金额\n" + f"A1,{name},300000.00\n" * 200
    data = text.encode(encoding)
    if encoding == "utf-16-le":
        data = b"\xff\xfe" + data
    if encoding == "utf-16-be":
        data = b"\xfe\xff" + data

    table = read_table(data, "a.csv", COLUMNS)

    assert table.columns["name"] == [name] * 200
    assert table.columns["fen"] == [30000000] * 200
    assert table.findings == ()


def test_columns_are_found_in_any_order_below_a_title_with_units_and_aliases() -> None:
    table = _read(
        ["江阴市富民创业担保贷款"],
        [None],
        ["备用", "贷款金额（万元）", "利 率(%)", "借据编号"],
        ["x", "30.5", "4.35", "JJ 001"],
        ["x", 12.3456789, 4.785, "JJ002"],
    )

    assert table.row_numbers == [4, 5]
    assert table.columns["fen"] == [30500000, None]
    assert table.columns["ppm"] == [43500, 47850]
    assert table.columns["code"] == ["JJ001", "JJ002"]
    assert _codes(table) == [(5, "贷款金额", "not-money")]


def test_a_unit_noted_above_the_header_is_understood_or_refused_but_never_overlooked() -> None:
    header, line = ["借据号", "贷款金额", "利率"], ["A1", "30.50", "4.35"]
    for noted in ("单位：元", "（金额单位：人民币元）", "填报单位：万元行", "单位: 元、%"):
        assert _read([noted], header, line).columns["fen"] == [3050]
    for noted in ("单位：万元", "金额单位:人民币万元）", "单 位：千元"):
        with pytest.raises(BadFile, match="无法确定各列的单位") as refused:
            _read([noted], header, line)
        assert refused.value.code == "header-unclear"
    named = ["借据号", "贷款金额（万元）", "利率"]
    assert _read(["单位：万元"], named, line).columns["fen"] == [30500000]


def test_tabs_and_semicolons_separate_as_well() -> None:
    for mark in "\t;":
        data = f"借据号{mark}贷款金额\nA1{mark}1,000.50\n".encode("gb18030")
        assert read_table(data, "a.csv", COLUMNS).columns["fen"] == [100050]


MONEY: list[tuple[Any, int]] = [
    ("300000", 30000000), ("300,000.00", 30000000), ("¥1,234.50", 123450),
    ("１２３．５０元", 12350), ("30万元", 30000000), ("0.00", 0), (917.13, 91713),
    (917.1299999999999, 91713), (5, 500), ("-12.30", -1230), ("-0.00", 0),
]  # fmt: skip
NO_MONEY: list[tuple[Any, str]] = [
    ("1.234", "not-money"), ("1,23.00", "not-money"), ("三十万", "not-money"),
    ("1e5", "not-money"), ("=1+1", "formula"), (True, "not-a-value"), ("#N/A", "cell-error"),
    (1.005, "not-money"), (None, "blank"), ("  ", "blank"), ("-", "not-money"),
    ("99999999999999", "not-money"), ("NaN", "not-money"), (1e300, "not-money"),
]  # fmt: skip
DAYS: list[Any] = [
    "2019-06-21", "2019/6/21", "2019.06.21", "2019年6月21日", "20190621", 43637, "43637",
    dt.date(2019, 6, 21), "2019-06-21 00:00:00", " 2019 年 6 月 21 日 ",
]  # fmt: skip
NO_DAYS: list[Any] = ["2019-02-30", "19-6-21", "六月", "2019-06-21 08:30:00", 12, 99999]


def test_money_is_understood_exactly() -> None:
    table = _read(["借据号", "贷款金额"], *(["A", cell] for cell, _ in MONEY))

    assert table.columns["fen"] == [fen for _, fen in MONEY]
    assert table.findings == ()


def test_anything_else_in_a_money_column_is_a_finding() -> None:
    table = _read(["借据号", "贷款金额"], *(["A", cell] for cell, _ in NO_MONEY))

    expected = [(row, "贷款金额", code) for row, (_, code) in enumerate(NO_MONEY, start=2)]
    assert _codes(table) == expected
    assert table.columns["fen"] == [None] * len(NO_MONEY)
    assert all(finding.message for finding in table.findings)


def test_a_day_is_a_date_a_serial_or_one_of_four_spellings() -> None:
    table = _read(["借据号", "贷款金额", "发放日"], *(["A", 1, cell] for cell in DAYS))

    assert table.columns["on"] == [dt.date(2019, 6, 21)] * len(DAYS)


def test_other_days_are_findings() -> None:
    table = _read(["借据号", "贷款金额", "发放日"], *(["A", 1, cell] for cell in NO_DAYS))

    assert _codes(table) == [(row, "发放日", "not-a-day") for row in range(2, 2 + len(NO_DAYS))]


def test_serial_days_follow_the_workbook_s_epoch() -> None:
    rows = (
        ["借据号", "贷款金额", "发放日"],
        ["A", 1, 43637 - 1462],
        ["B", 1, dt.date(2019, 6, 21)],
    )

    table = _read(*rows, epoch=CALENDAR_MAC_1904)

    assert table.columns["on"] == [dt.date(2019, 6, 21)] * 2


def test_rates_are_percents_and_a_fraction_is_noticed() -> None:
    table = _read(
        ["借据号", "贷款金额", "利率"],
        ["A", 1, "4.35"], ["B", 1, "4.35%"], ["C", 1, 0.0435], ["D", 1, 0.0435], ["E", 1, 4.785],
        formats={"C4": "0.00%"},
    )  # fmt: skip

    assert table.columns["ppm"] == [43500, 43500, 43500, None, 47850]
    assert _codes(table) == [(5, "利率", "rate-as-fraction")]


def test_an_identity_number_stored_as_a_number_is_a_finding() -> None:
    table = _read(
        ["借据号", "贷款金额", "证件号"],
        ["A", 1, 320281199001011234], ["B", 1, "'32028119900101123x"], [2019000100010001, 1, "C"],
    )  # fmt: skip

    assert table.columns["identity"] == [None, "32028119900101123x", "C"]
    assert _codes(table) == [(2, "证件号", "number-as-code"), (4, "借据号", "number-as-code")]


def test_total_subtotal_and_remark_rows() -> None:
    table = _read(
        ["借据号", "姓名", "贷款金额"],
        ["A", "甲", 1], ["小计", None, 1], ["B", "乙", 2], [None, None, None],
        ["合 计：", None, "4.00"], ["制表人：王"], ["C", "丙", 5], ["总计", None, 9],
    )  # fmt: skip

    # A remark is no data row as long as its key cell is empty; here the key is the first column.
    assert table.total is not None
    assert table.total.fen == {"fen": 400}
    assert table.columns["code"][:2] == ["A", "B"]
    codes = [code for _, _, code in _codes(table)]
    assert codes.count("subtotal-row") == codes.count("total-twice") == 1
    assert codes.count("row-after-total") == 2


def test_hidden_rows_and_merged_cells_are_findings() -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in (["借据号", "贷款金额"], ["A", 1], ["B", 2], ["C", 3]):
        page.append(row)
    page.row_dimensions[2].hidden = True
    page.merge_cells("B3:B4")
    target = io.BytesIO()
    book.save(target)

    table = read_table(target.getvalue(), "a.xlsx", COLUMNS)

    assert set(_codes(table)) == {
        (2, "", "hidden-row"), (3, "", "merged-cells"), (4, "", "merged-cells"),
        (4, "贷款金额", "blank"),
    }  # fmt: skip


def test_hidden_sheets_are_left_alone_and_two_candidates_are_refused() -> None:
    book = openpyxl.Workbook()
    for at in range(3):
        page = book.create_sheet(f"表{at}")
        page.append(["借据号", "贷款金额"])
        page.append([f"A{at}", at])
    book["表0"].sheet_state = book["表1"].sheet_state = "hidden"
    target = io.BytesIO()
    book.save(target)
    assert read_table(target.getvalue(), "a.xlsx", COLUMNS).columns["code"] == ["A2"]
    book["表1"].sheet_state = "visible"
    target = io.BytesIO()
    book.save(target)

    with pytest.raises(BadFile, match="都有测试表的表头"):
        read_table(target.getvalue(), "a.xlsx", COLUMNS)


def test_a_missing_doubled_or_unclear_header_is_named() -> None:
    for header, message in (
        (["借据号", "姓名"], "贷款金额"),
        (["借据号", "贷款金额", "借据编号"], "出现了两次"),
        (["借据号", "贷款金额（千元）"], "单位无法识别"),
        (["借据号", "贷款金额", "利率（‰）"], "单位无法识别"),
    ):
        with pytest.raises(BadFile, match=message):
            _read(header, ["A", 1, 1])


def test_all_bad_rows_are_reported_at_once() -> None:
    rows = [[f"A{n}", "x" if n % 20 == 0 else "1.00"] for n in range(10_000)]

    table = _read(["借据号", "贷款金额"], *rows)

    assert len(table) == 10_000
    assert [row for row, _, _ in _codes(table)] == list(range(2, 10_002, 20))
