"""``fumin accrue`` as its user meets it."""

import errno
import io
import os
import shutil
import signal
from functools import partial
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from app.cli import main
from app.commandline.accrue import accrue
from subsidy import accrual
from subsidy.book import (
    CLASSES,
    DAY_COUNTS,
    EVENT_COLUMNS,
    EVENT_VALUES,
    KINDS,
    LOAN_COLUMNS,
    LOAN_TERMS,
)
from subsidy.lines import COLUMNS

LOANS = """\
note_no,principal,disbursed_on,matures_on,rate_pct,subsidy_class,subsidised_principal,benchmark_pct
A1,300000.00,2019-04-10,2020-04-10,4.35,full,,
A2,150000.00,2019-07-15,2020-07-15,4.785,half,,
F1,2000000.00,2019-05-06,2021-05-06,6,small_firm,1300000.00,4.75
"""
EVENTS = """\
note_no,on,kind,amount,rate_pct
A2,2020-07-15,principal_repaid,150000.00,
A1,2020-04-10,principal_repaid,300000.00,
"""


@pytest.fixture
def book(tmp_path):
    folder = tmp_path / "book"
    folder.mkdir()
    (folder / "loans.csv").write_text(LOANS, encoding="utf-8")
    (folder / "events.csv").write_text(EVENTS, encoding="utf-8")
    return folder


@pytest.fixture
def run(book, tmp_path):
    command = typer.Typer()
    command.command()(accrue)

    def run(*options, out="lines.csv"):
        window = ["--from", "2019-06-21", "--to", "2019-12-21"]
        return CliRunner().invoke(
            command, [str(book), *window, "--out", str(tmp_path / out), *options]
        )

    return run


def test_quarters_are_written_in_the_order_of_the_book(run, tmp_path):
    result = run()

    assert result.exit_code == 0, result.output
    assert (tmp_path / "lines.csv").read_text(encoding="utf-8").splitlines() == [
        "note_no,period_start,period_end,interest,subsidy,borrower",
        "A1,2019-06-21,2019-09-21,3335.00,3335.00,0.00",
        "A1,2019-09-21,2019-12-21,3298.75,3298.75,0.00",
        "A2,2019-06-21,2019-09-21,1355.75,677.88,677.87",
        "A2,2019-09-21,2019-12-21,1814.31,907.16,907.15",
        "F1,2019-06-21,2019-09-21,30666.67,7890.28,22776.39",
        "F1,2019-09-21,2019-12-21,30333.33,7804.51,22528.82",
    ]


def test_totals_by_class_are_printed(run):
    lines = run().stdout.splitlines()

    assert "全额贴息\t1\t6633.75\t6633.75\t0.00" in lines
    assert lines[-1] == "合计\t3\t70803.81\t23913.58\t46890.23"


def test_months_of_a_window_inside_a_quarter_add_up_to_its_part(run, tmp_path):
    assert run("--by", "month").exit_code == 0

    rows = (tmp_path / "lines.csv").read_text(encoding="utf-8").splitlines()
    assert rows[1] == "A1,2019-06-21,2019-07-01,362.50,362.50,0.00"
    assert rows[7] == "A1,2019-12-01,2019-12-21,725.00,725.00,0.00"


def test_a_month_s_borrower_share_may_be_a_fen_below_zero(run, book, tmp_path):
    """rules.md §3. 147.01 from 2019-12-21 at 4.35%, subsidised at 4.34%: by 1 February (42 days)
    74.6 and 74.4 fen, booked 0.75 and 0.74; by 1 March (71 days) 126.1 and 125.8, both 1.26."""
    header = LOANS.splitlines()[0]
    loan = "N1,147.01,2019-06-25,2020-06-25,4.35,full,,4.34"
    (book / "loans.csv").write_text(f"{header}\n{loan}\n", encoding="utf-8")
    (book / "events.csv").write_text(EVENTS.splitlines()[0] + "\n", encoding="utf-8")

    assert run("--by", "month", "--to", "2020-03-01").exit_code == 0

    last = (tmp_path / "lines.csv").read_text(encoding="utf-8").splitlines()[-1]
    assert last == "N1,2020-02-01,2020-03-01,0.51,0.52,-0.01"


def test_bad_rows_are_all_told_and_nothing_is_written(run, book, tmp_path):
    (book / "loans.csv").write_text(LOANS.replace("4.35", "4.35001"), encoding="utf-8")
    (book / "events.csv").write_text(EVENTS.replace("A2", "A9"), encoding="utf-8")

    result = run()

    assert result.exit_code == 2
    assert "loans.csv 第 2 行 rate_pct" in result.stderr
    assert "events.csv 第 2 行 note_no" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["book"]


@pytest.mark.parametrize(
    ("options", "out"), [(["--to", "2019-06-21"], "lines.csv"), ([], "lines.xlsx")]
)
def test_an_impossible_call_is_refused(run, options, out):
    assert run(*options, out=out).exit_code == 2


def test_a_folder_is_no_place_for_lines(run, tmp_path):
    (tmp_path / "lines.csv").mkdir()

    assert "是文件夹" in run().stderr


def test_an_amount_beyond_the_exact_range_is_refused_by_name(run, book, tmp_path):
    huge = LOANS.replace("A1,300000.00", "A1,9999999999999.00").replace("4.35", "999")
    (book / "loans.csv").write_text(huge, encoding="utf-8")

    result = run()

    assert result.exit_code == 2 and "A1" in result.stderr
    assert not (tmp_path / "lines.csv").exists()


def _terminated(notes, events, boundaries):
    """The core in a run that a scheduler stops half-way."""
    signal.raise_signal(signal.SIGTERM)
    return accrual.accrue(notes, events, boundaries)


def test_a_run_that_is_terminated_leaves_nothing_behind(run, tmp_path, monkeypatch):
    monkeypatch.setattr("app.commandline.accrue.accrue_of", lambda engine: _terminated)
    before = signal.getsignal(signal.SIGTERM)

    assert run().exit_code == 128 + signal.SIGTERM

    assert [path.name for path in tmp_path.iterdir()] == ["book"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_full_disk_is_told_in_words_and_leaves_nothing(run, book, tmp_path, monkeypatch, capsys):
    def full(file, page):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("subsidy.lines._CsvFile.append", full)
    window = ["--from", "2019-06-21", "--to", "2019-12-21", "--out", str(tmp_path / "lines.csv")]
    monkeypatch.setattr("sys.argv", ["fumin", "accrue", str(book), *window])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2 and "腾出空间" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["book"]


@pytest.fixture
def parts(book):
    """The same book cut into two parts, one note in the second."""
    loans, events = LOANS.splitlines(keepends=True), EVENTS.splitlines(keepends=True)
    for name, rows, happened in (("1", loans[1:3], events[1:]), ("2", loans[3:], [])):
        (book / name).mkdir()
        for file, header, body in (("loans", loans[0], rows), ("events", events[0], happened)):
            text = "".join([header, *body])
            frame = pd.read_csv(io.StringIO(text), dtype=str)
            frame.to_parquet(book / name / f"{file}.parquet")
    (book / "loans.csv").unlink()
    (book / "events.csv").unlink()
    return book


def _dying_once(died, notes, events, boundaries):
    """The core on a worker that is killed over its first part."""
    if not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return accrual.accrue(notes, events, boundaries)


def _lost(notes, events, boundaries):
    """What a client is told of a part that killed every worker."""
    raise import_module("distributed").KilledWorker("1", SimpleNamespace(address="here"), 4)


class TestParts:
    """A book cut into sub-folders, as for more than one machine."""

    def test_parts_give_the_same_bytes_as_the_whole(self, run, tmp_path, request):
        run()
        whole = (tmp_path / "lines.csv").read_bytes()
        request.getfixturevalue("parts")

        result = run(out="parts.csv")

        assert result.exit_code == 0, result.stderr
        assert (tmp_path / "parts.csv").read_bytes() == whole

    def test_a_note_in_two_parts_is_refused(self, run, parts, tmp_path):
        shutil.copytree(parts / "2", parts / "3")

        result = run()

        assert result.exit_code == 2
        assert "借据号 F1 在分册 2 中已有" in result.stderr
        assert not (tmp_path / "lines.csv").exists()

    def test_the_bad_rows_of_all_parts_are_told_at_once(self, run, parts, tmp_path):
        shutil.copytree(parts / "2", parts / "3")
        for part, column in (("1", "disbursed_on"), ("2", "rate_pct")):
            loans = pd.read_parquet(parts / part / "loans.parquet").assign(**{column: "x"})
            loans.to_parquet(parts / part / "loans.parquet")

        result = run()

        assert result.exit_code == 2
        assert [line.split("：")[0] for line in result.stderr.splitlines()[:-1]] == [
            "1/loans.parquet 第 2 行 disbursed_on",
            "1/loans.parquet 第 3 行 disbursed_on",
            "2/loans.parquet 第 2 行 rate_pct",
            "3/loans",  # its note is in part 2 too
        ]
        assert not (tmp_path / "lines.csv").exists()

    @pytest.mark.required_in_ci
    @pytest.mark.filterwarnings("ignore")
    def test_a_real_local_cluster_that_loses_a_worker_gives_the_same_bytes(
        self, run, tmp_path, request, monkeypatch
    ):
        distributed = pytest.importorskip("distributed")
        run()
        whole = (tmp_path / "lines.csv").read_bytes()
        request.getfixturevalue("parts")
        dying = partial(_dying_once, tmp_path / "died")
        monkeypatch.setattr("app.commandline.accrue.accrue_of", lambda engine: dying)
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster:
            options = "--engine", "dask", "--scheduler", cluster.scheduler_address

            result = run(*options, out="cluster.csv")

        assert result.exit_code == 0, result.stderr
        assert (tmp_path / "cluster.csv").read_bytes() == whole
        assert (tmp_path / "died").exists()

    @pytest.mark.required_in_ci
    @pytest.mark.filterwarnings("ignore")
    @pytest.mark.usefixtures("parts")
    def test_a_cluster_that_loses_every_worker_is_told_in_words(self, run, tmp_path, monkeypatch):
        distributed = pytest.importorskip("distributed")
        monkeypatch.setattr("app.commandline.accrue.accrue_of", lambda engine: _lost)
        with distributed.LocalCluster(
            n_workers=1, processes=False, dashboard_address=None
        ) as cluster:
            result = run("--engine", "dask", "--scheduler", cluster.scheduler_address)

        assert result.exit_code == 2 and "没有算完分册 1" in result.stderr
        assert not (tmp_path / "lines.csv").exists()

    @pytest.mark.required_in_ci
    @pytest.mark.filterwarnings("ignore")
    @pytest.mark.usefixtures("parts")
    def test_a_cluster_without_workers_is_not_waited_for_without_end(self, run, monkeypatch):
        distributed = pytest.importorskip("distributed")
        monkeypatch.setattr("app.commandline.engines.PATIENCE_S", 0.1)
        with distributed.LocalCluster(
            n_workers=0, processes=False, dashboard_address=None
        ) as cluster:
            result = run("--engine", "dask", "--scheduler", cluster.scheduler_address)

        assert result.exit_code == 2 and "没有一个工作进程" in result.stderr

    @pytest.mark.required_in_ci
    def test_a_cluster_out_of_reach_is_named(self, run):
        pytest.importorskip("distributed")

        result = run("--engine", "dask", "--scheduler", "nowhere://1")

        assert result.exit_code == 2 and "nowhere://1" in result.stderr


@pytest.mark.required_in_ci
def test_the_compiled_engine_gives_the_same_bytes(run, tmp_path):
    pytest.importorskip("numba")
    run()

    assert run("--engine", "speed", out="speed.csv").exit_code == 0
    assert (tmp_path / "speed.csv").read_bytes() == (tmp_path / "lines.csv").read_bytes()


@pytest.mark.parametrize("name", ["loans.csv", "events.csv", "loans.parquet"])
def test_the_book_itself_is_never_written_over(run, book, name):
    result = run(out=f"book/{name}")

    assert result.exit_code == 2 and "请换一个文件名" in result.output
    assert (book / "loans.csv").read_text(encoding="utf-8") == LOANS
    assert not (book / "loans.parquet").exists()


def test_parquet_without_its_extra_is_refused_in_words(run, monkeypatch, tmp_path):
    monkeypatch.setattr("subsidy.lines.pa", None)

    result = run(out="lines.parquet")

    assert result.exit_code == 2 and "fumin[parquet]" in result.output
    assert not (tmp_path / "lines.parquet").exists()


def test_the_guide_names_every_column_and_word_of_a_book():
    guide = (Path(__file__).parents[2] / "docs" / "book.md").read_text(encoding="utf-8")
    words = {*LOAN_COLUMNS, *LOAN_TERMS, *EVENT_COLUMNS, *EVENT_VALUES, *KINDS, *CLASSES}

    missing = {word for word in words | {*DAY_COUNTS} | {*COLUMNS} if word not in guide}

    assert not missing
