"""``fumin audit``: the bureau keeps an anchor a day and finds out what happened to the record."""

from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from app.cli import COMMANDS, build
from app.db import make_engine, writing
from app.keyring import new_keyring, read_keyring
from app.settings import read_settings
from loans import audit
from loans.errors import BadFile, NotPermitted
from tests.programme import ENGINES, Programme, keyring_in


@pytest.fixture(params=ENGINES)
def lived(request, databases, seeded, tmp_path, monkeypatch):
    original, programme = seeded[request.param]
    with databases.copy(original) as database, programme.moved(database) as p:
        monkeypatch.setenv("FUMIN_DATABASE_URL", database.url)
        monkeypatch.setenv("FUMIN_KEYRING", str(keyring_in(tmp_path)))
        monkeypatch.setenv("FUMIN_AS", "audit")
        read_settings.cache_clear()
        yield p, database
    read_settings.cache_clear()


def run(*words: str) -> Any:
    return CliRunner().invoke(build(COMMANDS), ["audit", *words])


def test_a_cut_off_end_is_found_by_the_bureaus_anchor(lived, tmp_path) -> None:
    p, database = lived
    kept = tmp_path / "锚点.jsonl"
    for _ in range(2):
        assert "已追加" in run("anchor", "--out", str(kept)).output
        p.submit(p.create())
    last = _last(p)
    run("anchor", "--out", str(kept))
    assert (
        f"审计链完整：{last} 条记录，核对锚点 3 个" in run("verify", "--anchor", str(kept)).output
    )
    _cut(database, last)
    assert "没有提供锚点文件" in run("verify").output
    found = run("verify", "--anchor", str(kept))
    assert found.exit_code == 1
    assert f"第 {last} 条断裂（这一条已不存在）；第 {last - 2} 条" in found.stderr


def test_only_the_audit_administrator_reads_the_record(lived, tmp_path) -> None:
    refused = run("anchor", "--as", "system")
    assert isinstance(refused.exception, NotPermitted)
    altered = tmp_path / "锚点.jsonl"
    altered.write_text(run("anchor").output.replace('"seq": ', '"seq": 1'))
    assert isinstance(run("verify", "--anchor", str(altered)).exception, BadFile)


def test_with_another_databases_key_ring_nothing_opens(lived, tmp_path, monkeypatch) -> None:
    """It would seal what nobody opens; one altered link is for ``verify`` to tell, not this."""
    p, database = lived
    p.submit(p.create())
    ring = tmp_path / "other.keys"
    new_keyring(ring)
    monkeypatch.setenv("FUMIN_KEYRING", str(ring))
    read_settings.cache_clear()
    refused = run("verify")
    assert refused.exit_code == 1 and "密钥文件不是这个数据库的" in refused.stderr
    with p.reading() as session:
        assert audit.is_keyed_by(session, p.installation.vault)
        assert not audit.is_keyed_by(session, read_keyring(ring))
    engine = make_engine(database.owner_url)
    with writing(engine).begin() as owner:
        if database.kind == "sqlite":
            owner.execute(text("DROP TRIGGER audit_record_no_update"))
        alter = "UPDATE audit_record SET operation = 'altered' WHERE seq = :seq"
        owner.execute(text(alter), {"seq": _last(p)})
    engine.dispose()
    with p.reading() as session:
        assert audit.is_keyed_by(session, p.installation.vault)


def _last(p: Programme) -> int:
    (last,) = p.rows(text("SELECT seq FROM audit_head"))
    return int(last)


def _cut(database: Any, last: int) -> None:
    """The owner takes the last record away and lets the head follow."""
    engine = make_engine(database.owner_url)
    with writing(engine).begin() as owner:
        if database.kind == "sqlite":
            owner.execute(text("DROP TRIGGER audit_record_no_delete"))
        before = "(SELECT code FROM audit_record WHERE seq = :seq - 1)"
        owner.execute(text(f"UPDATE audit_head SET seq = :seq - 1, code = {before}"), {"seq": last})
        owner.execute(text("DELETE FROM audit_record WHERE seq = :seq"), {"seq": last})
    engine.dispose()
