"""Migrations: up and down with data in them, no drift from the models, no fen lost on the way."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import BigInteger, Connection, Engine, MetaData, Table, func, inspect, select, text

from app.db import METADATA, alembic_config, make_engine, migrate, migrating
from app.rights import is_append_only
from loans import audit
from loans.models import Instalment
from tests.databases import APPLICATION, Database, Databases
from tests.programme import ENGINES, Programme, Seeded
from tests.subsidy.bank_files import approve, careful_lines, confirm, file_claim, order, review

Checksum = dict[str, dict[str, tuple[int, int]]]


@pytest.fixture(params=ENGINES)
def lived(
    request: pytest.FixtureRequest, databases: Databases, quarters: Seeded
) -> Iterator[tuple[Database, Programme]]:
    """A database with rows in nearly every table: months closed, a claim filed, paid."""
    original, programme = quarters[request.param]
    with databases.copy(original) as database:
        with programme.moved(database) as p:
            p.close(date(2019, 4, 1))
            claim = file_claim(p, careful_lines(p))
            review(p, claim)
            approve(p, claim)
            confirm(p, order(p, claim))
        yield database, p


def revisions() -> list[str]:
    """All revisions, oldest first."""
    script = ScriptDirectory.from_config(alembic_config())
    return [revision.revision for revision in reversed(list(script.walk_revisions()))]


def checksum(connection: Connection) -> Checksum:
    """Rows and sum of every money column of the tables that are there."""
    there = MetaData()
    there.reflect(connection)
    return {
        table.name: {
            column.name: _counted(connection, table, column.name)
            for column in table.columns
            if column.name.endswith("_fen")
        }
        for table in there.sorted_tables
    }


def _counted(connection: Connection, table: Table, column: str) -> tuple[int, int]:
    query = select(func.count(), func.coalesce(func.sum(table.c[column]), 0)).select_from(table)
    rows, total = connection.execute(query).one()
    return int(rows), int(total)


def look(database: Database) -> Checksum:
    """The checksum, read as the owner."""
    with owner(database) as engine, engine.connect() as connection:
        return checksum(connection)


def open_days(database: Database) -> list[tuple[int, int, date]]:
    """The instalments that are not wholly paid."""
    rows = select(Instalment.note_id, Instalment.no, Instalment.open_due_on)
    rows = rows.where(Instalment.open_due_on.is_not(None)).order_by(*rows.selected_columns)
    with owner(database) as engine, engine.connect() as connection:
        return [(note, no, on) for note, no, on in connection.execute(rows)]


class owner:
    """An engine of the tables' owner, disposed of afterwards."""

    def __init__(self, database: Database) -> None:
        self.engine: Engine = make_engine(database.owner_url)

    def __enter__(self) -> Engine:
        return self.engine

    def __exit__(self, *_: Any) -> None:
        self.engine.dispose()


def down(database: Database, revision: str) -> None:
    """Take the database back, in one transaction."""
    with migrating(database.owner_url) as connection:
        command.downgrade(alembic_config(connection), revision)


def up(database: Database) -> None:
    """Bring it to the newest revision again, with the application's rights."""
    role = APPLICATION if database.kind == "postgresql" else None
    migrate(database.owner_url, application_role=role)


def contacts(database: Database) -> list[tuple[Any, ...]]:
    """What each bank was told of its borrowers, as it is sealed."""
    told = METADATA.tables["borrower_contact"]
    columns = [column for column in told.columns if column.name != "id"]
    with owner(database) as engine, engine.connect() as connection:
        rows = connection.execute(select(*columns).order_by(told.c.borrower_id, told.c.bank_id))
        return [tuple(row) for row in rows]


def test_what_the_migrations_make_is_what_the_models_say(database: Database) -> None:
    with owner(database) as engine, engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_every_money_column_is_a_whole_number_of_64_bits() -> None:
    for table in METADATA.sorted_tables:
        for column in table.columns:
            if column.name.endswith(("_fen", "_ppm", "_pct")):
                assert isinstance(column.type, BigInteger), f"{table.name}.{column.name}"


def test_a_step_down_and_up_again_keeps_the_money_of_the_tables_that_stay(
    lived: tuple[Database, Programme],
) -> None:
    database, p = lived
    before = look(database)
    assert before["movement"]["amount_fen"][0] == 5
    assert before["subsidy_entry"]["amount_fen"][0] == 8, "four lines payable, four paid"
    down(database, "-1")
    kept = look(database)
    up(database)
    again = look(database)
    assert again.keys() == before.keys()
    _same_where_both_are(before, kept)
    _same_where_both_are(kept, again)
    if "audit_record" in kept:
        with p.moved(database) as moved, moved.reading() as session:
            assert audit.first_broken(session, moved.installation.vault) is None


@pytest.mark.parametrize(
    ("filled", "before"),
    [
        (open_days, "unknown_sign_ins"),  # which instalments are open
        (contacts, "one_index_by_note"),  # how a borrower is reached, of the bank that was told
    ],
)
def test_what_a_migration_fills_in_is_what_was_there(
    lived: tuple[Database, Programme], filled: Callable[[Database], list[Any]], before: str
) -> None:
    database, _ = lived
    was = filled(database)
    assert was
    down(database, before)
    up(database)
    assert filled(database) == was


def test_no_migration_rests_on_the_programme_of_another_day() -> None:
    script = ScriptDirectory.from_config(alembic_config())
    for revision in script.walk_revisions():
        code = Path(revision.path).read_text()
        assert not re.search(r"^\s*(from|import) (app|loans|subsidy)\b", code, re.M), revision.path


def test_every_step_down_keeps_the_money_of_the_tables_that_stay(
    lived: tuple[Database, Programme],
) -> None:
    database, _ = lived
    before = look(database)
    for revision in reversed(revisions()[:-1]):
        down(database, revision)
        _same_where_both_are(before, look(database))


def _same_where_both_are(before: Checksum, after: Checksum) -> None:
    for table in before.keys() & after.keys():
        for column in before[table].keys() & after[table].keys():
            assert before[table][column] == after[table][column], f"{table}.{column}"


def test_all_the_way_down_leaves_nothing_and_up_again_works(
    lived: tuple[Database, Programme],
) -> None:
    database, _ = lived
    down(database, "base")
    with owner(database) as engine:
        assert inspect(engine).get_table_names() == ["alembic_version"]
    up(database)
    with Programme.begin(database) as programme:
        programme.loan()
        assert len(programme.rows(select(METADATA.tables["note"].c.id))) == 1
    with owner(database) as engine, engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, METADATA) == []
        if database.kind == "sqlite":
            guarded = connection.execute(
                text("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'")
            ).scalar_one()
            append_only = [t for t in METADATA.sorted_tables if is_append_only(t)]
            assert guarded == 2 * len(append_only)


def test_migrating_a_filled_database_again_changes_nothing(
    lived: tuple[Database, Programme],
) -> None:
    database, p = lived
    before = look(database)
    up(database)
    assert look(database) == before
    with p.moved(database) as moved, moved.reading() as session:
        assert audit.first_broken(session, moved.installation.vault) is None
