"""Migrations say what the models say, and go down and up again, on both engines."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from app.db import METADATA, alembic_config, make_engine, migrate, migrating
from tests.databases import Database


def test_the_migrated_schema_is_the_models_schema(database: Database):
    with migrating(database.owner_url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_all_migrations_go_down_and_up_again(database: Database):
    with migrating(database.owner_url) as connection:
        command.downgrade(alembic_config(connection), "base")
    engine = make_engine(database.owner_url)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    migrate(database.owner_url)
    assert {table.name for table in METADATA.sorted_tables} < set(inspect(engine).get_table_names())
    engine.dispose()
