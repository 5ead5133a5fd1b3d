"""Lines in a file: exact text, and whole or not at all."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loans.money import fen_to_yuan
from subsidy.accrual import Lines
from subsidy.lines import COLUMNS, csv_bytes, encoder, rows_of, written_whole, yuan_bytes

AMOUNTS = st.lists(st.integers(-(10**15), 10**15), min_size=1)


@given(AMOUNTS)
def test_amounts_are_written_as_money_writes_them(fen):
    strips = yuan_bytes(np.array(fen, np.int64))

    texts = [strip.tobytes().strip(b"\0").decode() for strip in strips]
    assert texts == [fen_to_yuan(amount) for amount in fen]


@pytest.fixture
def rows():
    interest = np.array([[100, 0], [0, 0], [5, 3_335_00]])
    subsidy = np.array([[100, 1], [0, 0], [6, 0]])
    return rows_of(['A,"1"', "B", "借-3"], Lines(np.array([0, 31, 59]), interest, subsidy))


def test_rows_without_an_amount_are_left_out(rows, tmp_path):
    path = tmp_path / "lines.csv"
    with written_whole(path) as file:
        file.append(encoder(path)(rows))

    with path.open(encoding="utf-8", newline="") as file:
        found = list(csv.reader(file))

    assert found == [
        list(COLUMNS),
        ['A,"1"', "1970-01-01", "1970-02-01", "1.00", "1.00", "0.00"],
        ['A,"1"', "1970-02-01", "1970-03-01", "0.00", "0.01", "-0.01"],
        ["借-3", "1970-01-01", "1970-02-01", "0.05", "0.06", "-0.01"],
        ["借-3", "1970-02-01", "1970-03-01", "3335.00", "0.00", "3335.00"],
    ]


def test_parquet_holds_the_same_text(rows, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "lines.parquet"
    with written_whole(path) as file:
        file.append(encoder(path)(rows))

    found = [list(row.values()) for row in pq.read_table(path).to_pylist()]

    assert found == list(csv.reader(csv_bytes(rows).decode().splitlines()))


def test_nothing_is_left_when_the_writing_fails(rows, tmp_path):
    path = tmp_path / "lines.csv"
    with pytest.raises(RuntimeError), written_whole(path) as file:
        file.append(encoder(path)(rows))
        raise RuntimeError

    assert list(tmp_path.iterdir()) == []
