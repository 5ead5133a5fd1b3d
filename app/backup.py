"""Backup and restore, each with the figures that show that nothing was lost in between.

A backup is one file (SQLite: the database; PostgreSQL: ``pg_dump``'s own format) and beside it a
manifest: every table's rows and sums of money, and where the audit chain stood, all of the same
moment. The key ring is not in it: who finds the file finds no names.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, func, make_url, select, text
from sqlalchemy.orm import Session

from app import pgtools
from app.db import METADATA, make_engine, make_private, reading
from loans import audit, soundness, wall
from loans.anchors import Anchor
from loans.errors import BadFile, Conflict
from loans.models import AuditHead
from loans.vault import Vault

TABLES = text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup held when it was made: ``figures`` are rows and sums [fen] by table.column."""

    engine: str
    revision: str
    sha256: str
    audit_seq: int
    audit_code: str
    figures: dict[str, int]

    @classmethod
    def of(cls, file: Path) -> "Manifest":
        """The manifest beside a backup."""
        try:
            return cls(**json.loads(beside(file).read_text()))
        except (ValueError, TypeError) as error:
            raise BadFile("bad-manifest", f"{beside(file)} 不是备份清单") from error


def beside(file: Path) -> Path:
    """Where a backup's manifest is."""
    return file.with_name(file.name + ".json")


def backup(owner_url: str, file: Path) -> Manifest:
    """Write a backup and its manifest while the service runs; neither may exist.

    Only the file's owner may read them. One that fails leaves nothing that looks like a backup.
    """
    for each in (file, beside(file)):
        if each.exists():
            raise Conflict("file-exists", f"{each} 已经存在，请换一个文件名")
    try:
        make_private(file)
        manifest = _dumped(owner_url, file)
        make_private(beside(file))
        beside(file).write_text(json.dumps(asdict(manifest), indent=1))
    except BaseException:
        for each in (file, beside(file)):
            each.unlink(missing_ok=True)
        raise
    return manifest


def _dumped(owner_url: str, file: Path) -> Manifest:
    """The database in ``file``, and its manifest, of the same moment."""
    url = make_url(owner_url)
    engine = url.get_backend_name()
    if engine == "sqlite":
        _copy(Path(url.database or ""), file)
        with _connected(f"sqlite:///{file}") as connection:
            revision, seq, code, figures = _state(connection)
    else:
        with _connected(owner_url) as connection:
            # Held open for as long as the dump takes, so that both see one moment.
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
            revision, seq, code, figures = _state(connection)
            what = ("--format=custom", f"--snapshot={snapshot}", f"--file={file}")
            pgtools.run("pg_dump", url, *what, "--no-owner", "--no-acl", server=_major(connection))
    return Manifest(engine, revision, _digest(file), seq, code, figures)


def restore(file: Path, owner_url: str) -> Manifest:
    """Bring a backup into an empty database; nothing is overwritten. Rights come by migrating."""
    manifest = Manifest.of(file)
    if _digest(file) != manifest.sha256:
        raise BadFile("backup-damaged", f"{file} 与清单中的摘要不符：文件已损坏或被改动，请换一份")
    url = make_url(owner_url)
    if url.get_backend_name() != manifest.engine:
        raise Conflict("other-engine", f"这是 {manifest.engine} 的备份，请恢复到同一种数据库")
    if manifest.engine == "sqlite":
        target = Path(url.database or "")
        if target.exists():
            raise Conflict("not-empty", f"{target} 已经存在；请恢复到一个新的文件")
        make_private(target)
        _copy(file, target)
    else:
        with _connected(owner_url) as connection:
            if connection.execute(TABLES).scalar_one():
                raise Conflict("not-empty", "目标数据库中已有数据表；请恢复到一个新的空数据库")
            server = _major(connection)
        how = ("--no-owner", "--no-acl", "--exit-on-error", "--single-transaction", str(file))
        pgtools.run("pg_restore", url, *how, server=server)
    return manifest


def differences(
    owner_url: str, vault: Vault, manifest: Manifest, anchors: list[Anchor]
) -> list[str]:
    """What a restored database lacks of its manifest, its audit chain and its sums; [] is good."""
    with _connected(owner_url) as connection:
        revision, seq, code, figures = _state(connection)
        found = [
            f"{name}：备份时 {manifest.figures.get(name)}，恢复后 {figures.get(name)}"
            for name in sorted(manifest.figures.keys() | figures.keys())
            if manifest.figures.get(name) != figures.get(name)
        ]
        if revision != manifest.revision:
            found.append(f"数据库版本：备份时 {manifest.revision}，恢复后 {revision}")
        if (seq, code) != (manifest.audit_seq, manifest.audit_code):
            found.append(f"审计链末端：备份时第 {manifest.audit_seq} 条，恢复后第 {seq} 条")
        with Session(connection) as session:
            wall.admit(session, wall.EVERY_BANK)
            broken = audit.first_broken(session, vault, anchors)
            if broken is not None:
                found.append(f"审计链在第 {broken} 条断裂（或密钥文件不是当时的密钥文件）")
            found += soundness.unsound(session)
        return found


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """A connection that sees one moment and changes nothing."""
    engine = make_engine(url, pool_size=1)
    try:
        with reading(engine).connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _state(connection: Connection) -> tuple[str, int, str, dict[str, int]]:
    """Revision, the audit chain's last number and code, and the figures."""
    (revision,) = MigrationContext.configure(connection).get_current_heads()
    seq, code = connection.execute(select(AuditHead.seq, AuditHead.code)).one()
    figures: dict[str, int] = {}
    for table in METADATA.sorted_tables:
        money = [column for column in table.columns if column.name.endswith("_fen")]
        sums = [func.coalesce(func.sum(column), 0) for column in money]
        rows, *totals = connection.execute(select(func.count(), *sums).select_from(table)).one()
        figures[f"{table.name}.rows"] = rows
        names = (f"{table.name}.{column.name}" for column in money)
        figures |= dict(zip(names, map(int, totals), strict=True))
    return revision, seq, code.hex(), figures


def _major(connection: Connection) -> int:
    return int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _copy(source: Path, target: Path) -> None:
    """SQLite's own online copy: whole and of one moment, whoever writes meanwhile."""
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)
        said = written.execute("PRAGMA integrity_check").fetchone()
    assert said == ("ok",), said
