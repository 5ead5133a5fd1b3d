"""``fumin calendar load``, ``fumin policy load``, ``versions`` and ``diff`` on a real database."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from app.cli import COMMANDS, build
from app.settings import read_settings
from loans import policy
from loans.errors import Conflict, NotFound
from loans.models import Application, Clock
from loans.policy import load_policy_book
from tests.databases import Databases
from tests.programme import Programme, keyring_in

CANDIDATES = """编号,申请金额,贷款期限,经营地区划代码,本市户籍,人群类别,人社核验,其他已批准额度
甲,200000.00,12,320281,是,本市户籍失业人员,是,0.00
乙,300000.00,12,320281,是,本市户籍失业人员,是,0.00
"""
NOTICE = """
title = "国务院办公厅关于2019年端午节假期安排的补充通知（试）"
source = "试"
announced_on = 2019-04-02
years = []
off = [2019-04-04]
work = []
"""


@dataclass(frozen=True)
class Terminal:
    """A terminal in front of a seeded database."""

    programme: Programme

    def run(self, *words: str) -> Any:
        return CliRunner().invoke(build(COMMANDS), list(words))

    def says(self, *words: str) -> str:
        result = self.run(*words)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output


@pytest.fixture
def terminal(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Terminal]:
    with databases.fresh("sqlite") as database, Programme.begin(database) as programme:
        monkeypatch.setenv("FUMIN_DATABASE_URL", database.url)
        monkeypatch.setenv("FUMIN_KEYRING", str(keyring_in(tmp_path)))
        monkeypatch.delenv("FUMIN_POLICY_DIR", raising=False)
        monkeypatch.setenv("COLUMNS", "200")
        read_settings.cache_clear()
        yield Terminal(programme)
    read_settings.cache_clear()


@pytest.fixture
def stricter(tmp_path: Path) -> Path:
    """A folder of policy files with a cap of 200000.00."""
    folder = tmp_path / "stricter"
    folder.mkdir()
    for file in Path(policy.__file__).parent.glob("[0-9]*.toml"):
        shutil.copy(file, folder)
    shutil.copy(Path(policy.__file__).parent / "opinion.txt", folder)
    opinion = folder / "1_opinion.toml"
    text = opinion.read_text(encoding="utf-8")
    assert text.count("value = 300_000_00\n") == 1
    opinion.write_text(text.replace("value = 300_000_00\n", "value = 200_000_00\n"), "utf-8")
    return folder


def test_a_notice_is_loaded_and_moves_what_runs(terminal: Terminal, tmp_path: Path) -> None:
    application = terminal.programme.under_review()
    terminal.programme.day(date(2019, 4, 2))
    file = tmp_path / "notice.toml"
    file.write_text(NOTICE, encoding="utf-8")
    said = terminal.says("calendar", "load", str(file), "--as", "system")
    assert "正在计算的办理时限 1 个" in said
    row = terminal.programme.row(Application, application)
    query = select(Clock.due_on).where(Clock.application_id == row.id)
    assert terminal.programme.rows(query) == [date(2019, 4, 10)]
    again = terminal.run("calendar", "load", str(file), "--as", "system")
    assert isinstance(again.exception, Conflict)


def test_only_the_system_administrator_loads(terminal: Terminal, stricter: Path) -> None:
    refused = terminal.run("policy", "load", str(stricter), "--as", "B1-maker")
    assert refused.exit_code != 0 and "无权" in str(refused.exception)


def test_a_loaded_version_is_in_force_and_the_old_one_stays(
    terminal: Terminal, stricter: Path
) -> None:
    new = load_policy_book(stricter).version[:12]
    said = terminal.says("policy", "load", str(stricter), "--as", "system")
    assert f"{new}　2019-04-01 保存　现行" in said
    listed = terminal.says("policy", "versions").splitlines()
    assert len(listed) == 2 and load_policy_book().version[:12] in listed[0]


def test_a_folder_named_by_the_environment_is_not_superseded(
    terminal: Terminal, stricter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUMIN_POLICY_DIR", str(stricter))
    read_settings.cache_clear()
    refused = terminal.run("policy", "load", str(stricter), "--as", "system")
    assert isinstance(refused.exception, Conflict)


class TestDiff:
    def test_of_a_list_says_who_is_decided_otherwise_and_the_budget(
        self, terminal: Terminal, stricter: Path, tmp_path: Path
    ) -> None:
        """200000.00 at 4.35% for 366 days is 8845.00; 300000.00 is 13267.50, or refused."""
        book = tmp_path / "名单.csv"
        book.write_text(CANDIDATES, encoding="utf-8")
        said = terminal.says(
            "policy", "diff", "shipped", str(stricter), "--book", str(book), "--on", "2019-04-10"
        )
        assert "共 2 项申请，结论改变 1 项" in said
        assert "贴息预算：22112.50 元 → 8845.00 元（增减 -13267.50 元）" in said

    def test_of_the_database_reads_the_applications(
        self, terminal: Terminal, stricter: Path
    ) -> None:
        with terminal.programme.at_once():
            terminal.programme.under_review()
        terminal.says("policy", "load", str(stricter), "--as", "system")
        new = load_policy_book(stricter).version
        said = terminal.says("policy", "diff", "shipped", new[:12], "--as", "G-maker")
        assert "共 1 项申请，结论改变 1 项" in said

    def test_of_an_unknown_version_names_those_there_are(self, terminal: Terminal) -> None:
        refused = terminal.run("policy", "diff", "shipped", "abc", "--as", "G-maker")
        assert isinstance(refused.exception, NotFound)
