"""The two engines: durability settings, write transactions, and append-only tables."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from app.db import (
    METADATA,
    days_were_set,
    make_engine,
    make_sessions,
    migrate,
    migrating,
    unsafe_database,
    writing,
)
from app.rights import is_append_only
from tests.databases import Database

TRIGGERS = text("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table")


def test_sqlite_keeps_what_it_committed(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path}/fumin.db")
    assert unsafe_database(engine) == []
    engine.dispose()


def test_nobody_else_on_the_machine_reads_a_sqlite_database(tmp_path):
    """It is made 0600, whatever the umask, and so are the files that SQLite keeps beside it."""
    with migrating(f"sqlite:///{tmp_path}/fumin.db") as connection:
        connection.exec_driver_sql("CREATE TABLE t (n)")
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert modes == dict.fromkeys(["fumin.db", "fumin.db-wal", "fumin.db-shm"], 0o600)


@pytest.mark.parametrize("pragma", ["synchronous = NORMAL", "foreign_keys = OFF"])
def test_an_unsafe_sqlite_is_refused_by_name(tmp_path, pragma):
    engine = make_engine(f"sqlite:///{tmp_path}/fumin.db", pool_size=1)
    with engine.connect() as connection:
        connection.connection.dbapi_connection.execute(f"PRAGMA {pragma}")
    (refusal,) = unsafe_database(engine)
    assert pragma.split()[0] in refusal
    engine.dispose()


def test_the_test_server_is_fast_and_therefore_refused_in_production(database, engine):
    refusals = unsafe_database(engine)
    if database.kind == "postgresql":
        assert [refusal for refusal in refusals if "fsync" in refusal]
        assert not [refusal for refusal in refusals if "角色" in refusal]
    else:
        assert refusals == []


@pytest.mark.postgresql
def test_an_application_that_owns_its_tables_is_refused(databases):
    with databases.fresh("postgresql") as database:
        engine = make_engine(database.owner_url)
        assert [refusal for refusal in unsafe_database(engine) if "拥有表" in refusal]
        engine.dispose()


def test_writers_take_turns_and_readers_do_not_wait(engine: Engine):
    with writing(engine).connect() as writer:
        level = writer.get_isolation_level()
        writer.execute(text("SELECT 1"))
        with engine.connect() as reader:
            assert reader.execute(text("SELECT 1")).scalar_one() == 1
    assert level == "SERIALIZABLE"


def test_a_second_sqlite_writer_waits_at_begin(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path}/fumin.db")
    with writing(engine).connect() as first, writing(engine).connect() as second:
        first.execute(text("CREATE TABLE t (n)"))
        second.connection.dbapi_connection.execute("PRAGMA busy_timeout = 1")
        with pytest.raises(DBAPIError, match="locked"):
            second.execute(text("SELECT 1"))
    engine.dispose()


def test_read_sessions_refuse_to_write(database: Database, engine: Engine):
    if database.kind == "sqlite":
        return  # SQLite has no read-only transaction
    table = METADATA.sorted_tables[0].name
    with make_sessions(engine, write=False)() as session, pytest.raises(DBAPIError):
        session.execute(text(f'DELETE FROM "{table}"'))


@pytest.mark.parametrize("act", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_append_only_tables_refuse_change(database, sessions: sessionmaker[Session], act):
    tables = [table for table in METADATA.sorted_tables if is_append_only(table)]
    assert tables
    for table in tables:
        column = next(iter(table.columns)).name
        with sessions() as session:
            statement = act.replace("id", f'"{column}"').format(f'"{table.name}"')
            if database.kind == "sqlite":
                assert session.execute(TRIGGERS, {"table": table.name}).scalar_one() == 2
            else:
                with pytest.raises(DBAPIError, match="permission denied"):
                    session.execute(text(statement))


def test_migrating_twice_changes_nothing(database: Database):
    migrate(database.owner_url, application_role=None)


def test_a_database_that_lived_on_set_days_is_refused_in_production(programme):
    engine = programme.installation.writes.kw["bind"]
    (refusal,) = days_were_set(engine)
    assert "业务日期 2019-04-01" in refusal


def test_a_fresh_database_never_lived_on_a_set_day(engine):
    assert days_were_set(engine) == []
