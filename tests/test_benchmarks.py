"""The benchmarks run; a contender counts only if it finds the core's fen. Tiny books here."""

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import monthend
from benchmarks.books import BOOKS
from benchmarks.frames import FRAMES
from benchmarks.measuring import in_turn

NOTES = 60


@pytest.fixture(autouse=True)
def once(monkeypatch):
    """One round of each contender: nothing is measured here."""
    for module in (benchmarks, monthend):
        monkeypatch.setattr(module, "in_turn", lambda contenders: in_turn(contenders, rounds=2))


def test_every_contender_finds_the_fen_of_the_core(capsys):
    notes, events = BOOKS["mixed"](NOTES)

    benchmarks.against_c("mixed", notes, events)
    benchmarks.against_frames("mixed", notes, events)
    benchmarks.against_loop("mixed", notes, events)

    said = capsys.readouterr().out
    assert "copying the same bytes" in said and "Python loop / numpy" in said
    for frame in FRAMES:  # polars and DuckDB where they are installed
        assert f"{frame} / numpy core" in said


def test_a_month_memory_and_growth_are_told(capsys):
    benchmarks.month(NOTES)
    benchmarks.memory(*BOOKS["mixed"](NOTES))
    benchmarks.growth(NOTES)

    said = capsys.readouterr().out
    assert "month / copying" in said and "bytes a cell" in said and "1: linear" in said


def test_a_month_closes_through_both_databases_beside_psql(capsys):
    monthend.measure(NOTES)

    said = capsys.readouterr().out
    assert "PostgreSQL / psql" in said and "SQLite / psql" in said and "peak memory" in said
