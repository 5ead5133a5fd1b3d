"""The database: engines, sessions, migration, and the settings that keep what was committed.

Two engines are supported, SQLite (embedded default) and PostgreSQL. A transaction that writes is
opened by an engine from ``writing``: SQLite then takes the write lock at BEGIN, so that it can
never deadlock or fail half-way on a stale read, and PostgreSQL runs it SERIALIZABLE. Commands take
turns on both: on PostgreSQL by ``take_turn``.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, select, text
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import PoolResetState

import migrations
import subsidy.models  # noqa: F401 (registers its tables in the same metadata)
from app import link
from app.rights import NO_WALLS, erasures, grants, triggers, walled, walls
from loans.models import Model

METADATA = Model.metadata

BUSY_MS = 5_000  # how long SQLite waits for another writer
STATEMENT_MS = 30_000  # the server's own limit; the request's deadline is kept by the client
LOCK_MS = 5_000
POOL_WAIT_S = 5

# A second process waits for the first; tables in use are waited for only briefly.
ONE_MIGRATION_AT_A_TIME = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL lock_timeout = '60s'",
    "SELECT pg_advisory_xact_lock(201918)",
    "SET LOCAL lock_timeout = '2s'",
)

DURABLE_SQLITE = {
    "journal_mode": "wal",
    "synchronous": "2",  # FULL
    "foreign_keys": "1",
}
DURABLE_POSTGRESQL = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


def make_engine(url: str, *, pool_size: int = 10) -> Engine:
    """An engine for ``sqlite:///`` or ``postgresql+psycopg://``; nothing is opened yet."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(
            parsed, pool_size=pool_size, pool_timeout=POOL_WAIT_S, hide_parameters=True
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        event.listen(engine, "reset", _end_transaction)
        return engine
    limits = {
        "statement_timeout": STATEMENT_MS,
        "lock_timeout": LOCK_MS,
        "idle_in_transaction_session_timeout": STATEMENT_MS,
        "TimeZone": "UTC",
    }
    engine = create_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_S,
        pool_pre_ping=True,
        hide_parameters=True,  # a statement that failed is logged, whose data it held is not
        connect_args={
            "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
        },
    )
    event.listen(engine, "do_connect", link.connect)
    event.listen(engine, "reset", _end_transaction)
    return engine


def make_private(file: Path) -> None:
    """Make a file that only its owner may read, unless it is there already.

    SQLite gives the files beside a database (``-wal``, ``-shm``) the database's own mode.
    """
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))


def writing(engine: Engine) -> Engine:
    """The same engine and pool, for transactions that write."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(fumin_write=True)
    return engine.execution_options(isolation_level="SERIALIZABLE")


def reading(engine: Engine) -> Engine:
    """The same engine and pool, for transactions that only read, each from one snapshot."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def make_sessions(engine: Engine, *, write: bool = True) -> sessionmaker[Session]:
    """A factory of sessions that write, or of sessions that only read."""
    return sessionmaker(writing(engine) if write else reading(engine), expire_on_commit=False)


def take_turn(session: Session) -> None:
    """Wait until no other command is under way; the transaction's first statement.

    Every command ends by writing the head of the audit chain, so of two that overlap one would be
    undone at its end. LOCK TABLE takes no snapshot: what is read afterwards is what the command
    before has left. Readers do not wait. On SQLite, BEGIN IMMEDIATE has done it.
    """
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text("LOCK TABLE audit_head IN EXCLUSIVE MODE"))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Per-connection settings; the driver's own implicit BEGIN is switched off."""
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_MS}",  # first: switching to WAL may itself have to wait
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _end_transaction(connection: Any, _record: object, state: PoolResetState) -> None:
    """Before a connection goes back to the pool: a failed COMMIT leaves its transaction open.

    SQLAlchemy believes that it ended with the attempt; on SQLite it would keep the write lock.
    Without an open transaction this asks the database nothing.
    """
    if not state.terminate_only:
        connection.rollback()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("fumin_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


# --- migration ------------------------------------------------------------------------------


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration without its ini file, so that an installed wheel can migrate too."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    return config


def migrate(url: str, *, application_role: str | None = None, revision: str = "head") -> None:
    """Bring the database at ``url`` to ``revision``, in one transaction with the table rights.

    ``url`` is the owner's address; ``application_role``, when it is another role, is granted
    exactly what it needs (PostgreSQL only).
    """
    with migrating(url) as connection:
        config = alembic_config(connection)
        command.upgrade(config, revision)
        if revision == "head":
            _protect(connection, application_role)


def is_current(engine: Engine) -> bool:
    """Whether the database has exactly the tables of this version of the programme."""
    wanted = set(ScriptDirectory.from_config(alembic_config()).get_heads())
    with reading(engine).connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads()) == wanted


@contextmanager
def migrating(url: str) -> Iterator[Connection]:
    """One connection and one transaction for schema changes; committed on leaving.

    SQLite rebuilds a table to change it, which foreign keys would refuse: they rest during the
    change and are checked, all of them, before the commit. On PostgreSQL the walls fall, for they
    hold on to tables; ``migrate`` puts them up again, and without them production does not start.
    """
    engine = make_engine(url, pool_size=1).execution_options(fumin_write=True)
    if engine.dialect.name == "sqlite" and engine.url.database:
        make_private(Path(engine.url.database))
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                # Outside a transaction, where alone SQLite obeys it; hence past SQLAlchemy.
                raw = connection.connection.dbapi_connection
                assert raw is not None
                raw.cursor().execute("PRAGMA foreign_keys = OFF")
                yield connection
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                assert not broken, f"migration leaves dangling references: {broken[:5]}"
            else:
                for statement in (*ONE_MIGRATION_AT_A_TIME, NO_WALLS):
                    connection.exec_driver_sql(statement)
                yield connection
            connection.commit()
    finally:
        engine.dispose()


def _protect(connection: Connection, application_role: str | None) -> None:
    if connection.dialect.name == "sqlite":
        statements = list(triggers(METADATA))
    else:
        statements = [*walls(METADATA), *erasures(METADATA)]
        if application_role and application_role != connection.engine.url.username:
            quoted = connection.dialect.identifier_preparer.quote_identifier(application_role)
            statements += grants(METADATA, quoted)
    for statement in statements:
        connection.exec_driver_sql(statement)


# --- what is refused ------------------------------------------------------------------------


def unsafe_database(engine: Engine) -> list[str]:
    """Settings of the running database under which committed work or isolation could be lost.

    Checked at every start in production: a wrong one is a refusal that names it.
    """
    with reading(engine).connect() as connection:
        if engine.dialect.name == "sqlite":
            return _unsafe_values(connection, DURABLE_SQLITE, "PRAGMA {}")
        return [
            *_unsafe_values(connection, DURABLE_POSTGRESQL, "SHOW {}"),
            *_unsafe_role(connection),
            *_open_tables(connection),
        ]


def days_were_set(engine: Engine) -> list[str]:
    """Why a database that lived on set days (a demo, a rehearsal) is none for real loans."""
    with reading(engine).connect() as connection:
        day = connection.execute(select(METADATA.tables["business_date"].c.on)).scalar()
    if day is None:
        return []
    return [
        f"此数据库设过业务日期 {day}，曾用于演示或演练，不能用于生产：请另建数据库"
        " (this database lived on a set business date: production needs one of its own)"
    ]


def _unsafe_values(connection: Connection, wanted: dict[str, str], ask: str) -> list[str]:
    refusals = []
    for name, value in wanted.items():
        found = str(connection.exec_driver_sql(ask.format(name)).scalar_one())
        if found != value:
            refusals.append(
                f"数据库设置 {name} 为 {found}，应为 {value}，否则已提交的数据可能丢失"
                f" (database setting {name} is {found}, must be {value})"
            )
    return refusals


def _unsafe_role(connection: Connection) -> list[str]:
    role = connection.execute(
        text(
            "SELECT r.rolsuper OR r.rolbypassrls AS above_the_law,"
            " EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relowner = r.oid AND n.nspname = 'public') AS owns"
            " FROM pg_roles r WHERE r.rolname = current_user"
        )
    ).one()
    refusals = []
    if role.above_the_law:
        refusals.append(
            "应用的数据库角色不得是超级用户或 BYPASSRLS"
            " (the application's role may be neither superuser nor BYPASSRLS)"
        )
    if role.owns:
        refusals.append(
            "应用的数据库角色不得拥有表：请在 FUMIN_MIGRATION_URL 中使用另一个所有者"
            " (the application's role owns tables: use another owner in FUMIN_MIGRATION_URL)"
        )
    return refusals


def _open_tables(connection: Connection) -> list[str]:
    rows = connection.execute(
        text(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relrowsecurity AND EXISTS"
            " (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)"
        )
    )
    missing = sorted(walled(METADATA).keys() - set(rows.scalars()))
    return [
        f"表 {table} 没有行级安全策略：请运行 fumin migrate"
        f" (table {table} has no row security: run fumin migrate)"
        for table in missing
    ]
