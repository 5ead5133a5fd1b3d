"""A book in files: what is read, and what is refused with file, row, column and a remedy."""

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from subsidy.accrual import PRINCIPAL_REPAID, QUARTERLY_20, THIRTY_360, WHOLE_BALANCE, day
from subsidy.book import Book, read_book

LOANS = "note_no,principal,disbursed_on,matures_on,rate_pct,subsidy_class,benchmark_pct\n"
EVENTS = "note_no,on,kind,amount,rate_pct\n"
GOOD = "A1,300000.00,2019-04-10,2020-04-10,4.35,full,\n"


@pytest.fixture
def read(tmp_path):
    def read(loans=GOOD, events="", *, loans_header=LOANS, events_header=EVENTS):
        (tmp_path / "loans.csv").write_text(loans_header + loans, encoding="utf-8")
        (tmp_path / "events.csv").write_text(events_header + events, encoding="utf-8")
        return read_book(tmp_path, settlement=QUARTERLY_20)

    return read


def _only(problems):
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


class TestReading:
    def test_blank_optional_cells_take_their_defaults(self, read):
        book = read()

        assert isinstance(book, Book)
        assert book.notes.subsidised_fen.tolist() == [WHOLE_BALANCE]
        assert book.notes.subsidy_ends_on.tolist() == [day(date(2020, 4, 10))]
        assert book.notes.share_pct.tolist() == [100]

    def test_events_come_in_any_order_and_may_follow_the_full_repayment(self, read):
        book = read(
            events="A1,2020-04-10,principal_repaid,300000.00,\n"
            "A1,2020-05-01,rate_changed,,7\n"
            "A1,2019-04-10,rate_changed,,4.5\n"
        )

        assert np.diff(book.events.on).min() >= 0
        assert book.events.kind.tolist().count(PRINCIPAL_REPAID) == 1

    def test_a_subsidy_end_after_maturity_and_a_base_above_the_balance_are_fine(self, read):
        header = LOANS.strip() + ",subsidised_principal,subsidy_ends_on,day_count\n"
        row = "A1,100.00,2019-04-10,2020-04-10,4.35,half,,999.00,2022-01-01,30/360\n"

        book = read(row, loans_header=header)

        assert book.notes.day_count.tolist() == [THIRTY_360]
        assert book.notes.subsidised_fen.tolist() == [999_00]

    def test_overdue_and_cured_on_one_day_may_stand_in_any_order(self, read):
        book = read(
            events="A1,2019-05-10,overdue_from,,\nA1,2019-06-10,overdue_from,,\n"
            "A1,2019-06-10,overdue_cured,,\nA1,2019-07-10,overdue_cured,,\n"
        )

        assert isinstance(book, Book)

    def test_parquet_holds_the_same_book(self, read, tmp_path):
        pytest.importorskip("pyarrow")
        expected = read(events="A1,2020-04-10,principal_repaid,300000.00,\n")
        for name in ("loans", "events"):
            frame = pd.read_csv(tmp_path / f"{name}.csv", dtype=str)
            for column in ("disbursed_on", "on"):
                if column in frame:
                    frame[column] = pd.to_datetime(frame[column])
            frame.to_parquet(tmp_path / f"{name}.parquet")
            (tmp_path / f"{name}.csv").unlink()

        found = read_book(tmp_path, settlement=QUARTERLY_20)

        assert found.notes.principal_fen.tolist() == expected.notes.principal_fen.tolist()
        assert found.notes.disbursed_on.tolist() == expected.notes.disbursed_on.tolist()
        assert found.events.value.tolist() == expected.events.value.tolist()


ROWS = {
    "a third decimal": ("A1,1.001,2019-04-10,2020-04-10,4.35,full,", "principal", "两位小数"),
    "no principal": ("A1,0.00,2019-04-10,2020-04-10,4.35,full,", "principal", "大于 0"),
    "a fifth decimal": ("A1,1.00,2019-04-10,2020-04-10,4.35001,full,", "rate_pct", "四位"),
    "a bad day": ("A1,1.00,2019-02-29,2020-04-10,4.35,full,", "disbursed_on", "日期"),
    "maturity on disbursement": (
        "A1,1.00,2019-04-10,2019-04-10,4.35,full,", "matures_on", "晚于发放日",
    ),
    "an unknown class": ("A1,1.00,2019-04-10,2020-04-10,4.35,whole,", "subsidy_class", "可选值"),
    "a firm without benchmark": (
        "A1,1.00,2019-04-10,2020-04-10,4.35,small_firm,", "benchmark_pct", "基准利率",
    ),
    "no note number": (",1.00,2019-04-10,2020-04-10,4.35,full,", "note_no", "为空"),
    "no rate": ("A1,1.00,2019-04-10,2020-04-10,,full,", "rate_pct", "为空"),
}  # fmt: skip


@pytest.mark.parametrize(("row", "column", "words"), ROWS.values(), ids=ROWS)
def test_a_bad_loan_row_is_named(read, row, column, words):
    problem = _only(read(row + "\n"))

    assert (problem.file, problem.row, problem.column) == ("loans.csv", 2, column)
    assert words in problem.message


BAD_EVENTS = {
    "unknown note": (["A9,2019-05-01,principal_repaid,1.00,"], 2, "note_no", "不在 loans"),
    "before disbursement": (["A1,2019-04-09,principal_repaid,1.00,"], 2, "on", "早于发放日"),
    "unknown kind": (["A1,2019-05-01,prepaid,1.00,"], 2, "kind", "可选值"),
    "no amount": (["A1,2019-05-01,principal_repaid,,"], 2, "amount", "须有金额"),
    "a negative amount": (["A1,2019-05-01,principal_repaid,-1.00,"], 2, "amount", "不能为负"),
    "no rate": (["A1,2019-05-01,rate_changed,,"], 2, "rate_pct", "须有新利率"),
    "two rates on one day": (
        ["A1,2019-05-01,rate_changed,,4", "A1,2019-05-01,rate_changed,,5"], 3, "on", "利率变动",
    ),
    "two bases on one day": (
        ["A1,2019-05-01,subsidised_principal_changed,1.00,"] * 2, 3, "on", "贴息本金变动",
    ),
    "over-repaid": (
        ["A1,2019-06-01,principal_repaid,200000.00,", "A1,2019-05-01,principal_repaid,100000.01,"],
        2, "amount", "超过本金",
    ),
    "overdue while overdue": (
        ["A1,2019-05-01,overdue_from,,", "A1,2019-05-02,overdue_from,,"], 3, "kind", "逾期期间",
    ),
    "cured while not overdue": (["A1,2019-05-01,overdue_cured,,"], 2, "kind", "未逾期"),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "row", "column", "words"), BAD_EVENTS.values(), ids=BAD_EVENTS)
def test_a_bad_event_row_is_named(read, rows, row, column, words):
    problem = _only(read(events="\n".join(rows) + "\n"))

    assert (problem.file, problem.row, problem.column) == ("events.csv", row, column)
    assert words in problem.message


def test_a_subsidy_end_before_disbursement_is_named(read):
    header = LOANS.strip() + ",subsidy_ends_on\n"
    row = "A1,1.00,2019-04-10,2020-04-10,4.35,full,,2019-04-09\n"

    problem = _only(read(row, loans_header=header))

    assert (problem.row, problem.column) == (2, "subsidy_ends_on")


def test_every_bad_row_is_reported_in_the_order_of_the_files(read):
    problems = read(
        GOOD + GOOD + "A2,x,2019-04-10,2019-04-01,4.35,full,\n", "A9,2019-05-01,overdue_from,,\n"
    )

    assert [(p.file, p.row, p.column) for p in problems] == [
        ("loans.csv", 3, "note_no"),
        ("loans.csv", 4, "principal"),
        ("loans.csv", 4, "matures_on"),
        ("events.csv", 2, "note_no"),
    ]
    assert str(problems[0]) == "loans.csv 第 3 行 note_no：借据号重复，只能有一行，请删除或改号"


def test_events_of_a_book_without_loans_are_all_of_unknown_notes(read):
    problems = read("", "A1,2019-05-01,principal_repaid,1.00,\nA1,2019-05-02,overdue_from,,\n")

    assert [(p.file, p.row, p.column) for p in problems] == [
        ("events.csv", 2, "note_no"), ("events.csv", 3, "note_no"),
    ]  # fmt: skip


def test_an_event_of_a_loan_with_an_unreadable_cell_is_not_blamed(read):
    problems = read("A1,x,y,2020-04-10,4.35,full,\n", "A1,2019-05-01,principal_repaid,1.00,\n")

    assert {problem.file for problem in problems} == {"loans.csv"}


class TestSlips:
    def test_a_blank_beside_a_note_number_is_no_other_note(self, read):
        problem = _only(read(GOOD + GOOD.replace("A1", "A1 ")))

        assert (problem.row, problem.column) == (3, "note_no")

    def test_every_note_beyond_exact_arithmetic_is_named(self, read):
        row = "{},9999999999999.99,2019-04-10,2020-04-10,99,full,\n"

        problems = read(row.format("A1") + GOOD.replace("A1", "A2") + row.format("A3"))

        assert [(problem.row, problem.column) for problem in problems] == [
            (2, "principal"), (4, "principal"),
        ]  # fmt: skip

    def test_a_very_long_cell_is_a_row_s_problem_too(self, read):
        problem = _only(read(GOOD.replace("4.35", "x") + GOOD.replace("A1", "A" * 140_000)))

        assert (problem.row, problem.column) == (2, "rate_pct")


class TestFiles:
    def test_a_missing_file_is_named(self, tmp_path):
        (tmp_path / "loans.csv").write_text(LOANS + GOOD, encoding="utf-8")

        assert "events.csv" in str(_only(read_book(tmp_path, settlement=QUARTERLY_20)))

    def test_a_missing_column_is_named(self, read):
        problem = _only(read("A1\n", loans_header="note_no\n")[:1])

        assert (problem.row, problem.column) == (1, "principal")

    @pytest.mark.parametrize(
        ("column", "meant"), [("benchmark", "benchmark_pct"), ("Benchmark_Pct ", "benchmark_pct")]
    )
    def test_a_misspelt_optional_column_is_named(self, read, column, meant):
        problem = _only(read(GOOD, loans_header=LOANS.replace(meant, column)))

        assert (problem.row, problem.column) == (1, column) and meant in problem.message

    def test_a_bank_s_own_columns_are_welcome(self, read):
        own = LOANS.strip() + ",borrower,account,discount\n"

        assert isinstance(read(GOOD.strip() + ",张三,62,0\n", loans_header=own), Book)

    def test_rows_with_too_many_cells_are_named(self, read):
        problem = _only(read(GOOD + GOOD.strip() + ",more\n"))

        assert (problem.file, problem.row) == ("loans.csv", 3)

    def test_rows_that_are_all_too_long_are_named(self, read):
        problem = _only(read(GOOD.strip() + ",9\n"))

        assert problem.row == 2 and "有 8 格，表头只有 7 格" in problem.message

    def test_a_column_that_stands_twice_is_named(self, read):
        problem = _only(read(loans_header=LOANS.strip() + ",rate_pct\n"))

        assert (problem.row, problem.column) == (1, "rate_pct")

    def test_a_row_is_told_by_its_line_whatever_stands_above_it(self, read):
        rows = GOOD + "\n" + GOOD.replace("A1", '"B\n1"') + GOOD.replace("4.35", "x")

        assert [(p.row, p.column) for p in read(rows)] == [
            (4, "note_no"), (6, "rate_pct"), (6, "note_no"),
        ]  # fmt: skip

    def test_a_file_that_is_not_utf_8_is_named(self, tmp_path):
        (tmp_path / "loans.csv").write_bytes((LOANS + GOOD).encode() + "张三".encode("gb18030"))
        (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")

        assert "UTF-8" in str(_only(read_book(tmp_path, settlement=QUARTERLY_20)))

    def test_of_parquet_only_the_book_s_columns_are_read(self, read, tmp_path):
        read()
        loans = pd.read_csv(tmp_path / "loans.csv", dtype=str, keep_default_na=False)
        loans["principal"], loans["rate_pct"] = [Decimal("300000.0000")], [Decimal("4.350000")]
        loans["score"], loans["owners"], loans["picture"] = [0.5], [["甲"]], [b"\xff"]
        loans.to_parquet(tmp_path / "loans.parquet")
        (tmp_path / "loans.csv").unlink()

        book = read_book(tmp_path, settlement=QUARTERLY_20)

        assert isinstance(book, Book), book
        assert (book.notes.principal_fen[0], book.notes.rate_ppm[0]) == (300_000_00, 43_500)

    def test_binary_floats_in_parquet_are_refused(self, tmp_path):
        pytest.importorskip("pyarrow")
        pd.DataFrame({"note_no": ["A1"], "principal": [1.1]}).to_parquet(tmp_path / "loans.parquet")
        (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")

        assert "十进制" in str(_only(read_book(tmp_path, settlement=QUARTERLY_20)))
