"""The restore drill (N2): what comes back is what was there, to the fen and to the last record."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text
from typer.testing import CliRunner

from app import backup as backups
from app.cli import COMMANDS, build
from app.db import make_engine, writing
from app.pgtools import NoTools, _program
from app.settings import read_settings
from loans.errors import BadFile, Conflict
from tests.databases import APPLICATION, Database, Databases
from tests.programme import ENGINES, Programme, Seeded, keyring_in


@pytest.fixture(params=ENGINES)
def lived(
    request: pytest.FixtureRequest, databases: Databases, quarters: Seeded, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[Programme, Database]]:  # fmt: skip
    """Five notes of two banks, and the settings of their installation."""
    original, programme = quarters[request.param]
    with databases.copy(original) as database, programme.moved(database) as p:
        p.submit(p.create())
        monkeypatch.setenv("FUMIN_DATABASE_URL", database.url)
        monkeypatch.setenv("FUMIN_MIGRATION_URL", database.owner_url)
        monkeypatch.setenv("FUMIN_KEYRING", str(keyring_in(tmp_path)))
        monkeypatch.setenv("FUMIN_AS", "audit")
        read_settings.cache_clear()
        yield p, database
    read_settings.cache_clear()


@pytest.fixture
def empty(lived, databases, tmp_path) -> Iterator[str]:
    """The owner's address of a database with nothing in it."""
    if lived[1].kind == "sqlite":
        yield f"sqlite:///{tmp_path}/restored.db"
        return
    with databases.blank() as url:
        yield url


def run(*words: str) -> Any:
    return CliRunner().invoke(build(COMMANDS), list(words))


def test_a_restored_backup_is_what_was_backed_up(lived, empty, tmp_path) -> None:
    p, _ = lived
    file, kept = tmp_path / "fumin.backup", tmp_path / "锚点.jsonl"
    run("audit", "anchor", "--out", str(kept))
    made = run("backup", str(file))
    assert made.exit_code == 0, (made.output, made.exception)
    assert [f.stat().st_mode & 0o077 for f in (file, backups.beside(file))] == [0, 0]
    p.submit(p.create())  # afterwards: not in it
    restored = run("restore", str(file), "--to", empty, "--anchor", str(kept))
    assert restored.exit_code == 0, (restored.output, restored.stderr, restored.exception)
    assert "审计链完整" in restored.output and "锚点 1 个" in restored.output
    again = run("restore", str(file), "--to", empty)
    assert isinstance(again.exception, Conflict), "nothing is overwritten"
    if make_url(empty).get_backend_name() == "postgresql":
        engine = make_engine(empty)
        with engine.connect() as owner:
            may = f"has_table_privilege('{APPLICATION}', 'audit_record', 'UPDATE')"
            assert owner.execute(text(f"SELECT {may}")).scalar_one() is False
        engine.dispose()


def test_what_a_restored_database_lacks_is_named(lived, empty, tmp_path) -> None:
    p, _ = lived
    file = tmp_path / "fumin.backup"
    made = backups.backup(read_settings().owner_url, file)
    backups.restore(file, empty)
    vault = p.installation.vault
    assert backups.differences(empty, vault, made, []) == []
    engine = make_engine(empty)
    with writing(engine).begin() as owner:
        owner.execute(text("UPDATE guarantee_fund SET balance_fen = balance_fen + 1"))
        owner.execute(text("UPDATE note SET balance_fen = balance_fen - 1 WHERE note_no = 'N4'"))
        owner.execute(text("UPDATE note SET category = 'none' WHERE note_no = 'N4'"))
        owner.execute(text("UPDATE audit_head SET seq = seq + 1"))
    engine.dispose()
    found = "\n".join(backups.differences(empty, vault, made, []))
    for named in ("guarantee_fund.balance_fen", "note.balance_fen", "审计链末端", "断裂",
                  "借据 N4 的余额", "借据 N4 的人群", "担保基金"):  # fmt: skip
        assert named in found, found


def test_a_damaged_backup_is_not_restored(lived, empty, tmp_path) -> None:
    file = tmp_path / "fumin.backup"
    run("backup", str(file))
    assert isinstance(run("backup", str(file)).exception, Conflict)
    with file.open("ab") as damaged:
        damaged.write(b"\0")
    refused = run("restore", str(file), "--to", empty).exception
    assert isinstance(refused, BadFile) and "摘要" in refused.message


def test_sqlite_is_backed_up_while_it_is_written(databases, seeded, tmp_path) -> None:
    """A writer in the middle of its transaction is neither waited for nor seen."""
    original, programme = seeded["sqlite"]
    with databases.copy(original) as database, programme.moved(database) as p:
        for n in range(5):
            p.create()
            with p.tampering() as session:
                session.execute(text("UPDATE guarantee_fund SET balance_fen = 0"))
                made = backups.backup(database.owner_url, tmp_path / f"{n}.backup")
                session.rollback()
            assert made.figures["guarantee_fund.balance_fen"] == 10_000_000_00
            with closing(sqlite3.connect(tmp_path / f"{n}.backup")) as copy:
                assert copy.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_backup_that_failed_leaves_no_file(lived, tmp_path, monkeypatch) -> None:
    def full(file: Path) -> str:
        raise OSError(28, "No space left on device", str(file))

    monkeypatch.setattr(backups, "_digest", full)
    with pytest.raises(OSError, match="No space left"):
        backups.backup(read_settings().owner_url, tmp_path / "fumin.backup")
    assert not list(tmp_path.glob("fumin.backup*"))


def test_a_missing_client_program_is_named(monkeypatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NoTools, match="postgresql-client-99"):
        _program("pg_dump", 99)
