"""Who may write where: the database itself keeps append-only tables append-only.

On PostgreSQL the application's role owns nothing and may not UPDATE or DELETE there; SQLite has
no roles, so triggers refuse the same. A table says so itself: ``info["append_only"]``.

Every table with rows of a bank stands behind row security on PostgreSQL: by its ``bank_id``, by the
organisation that a row belongs to, or by the row that it hangs on.
"""

from collections.abc import Iterator

from sqlalchemy import ForeignKey, MetaData, Table

from loans.models import ERASED
from loans.wall import EVERY_BANK, SETTING

ORDINARY = "SELECT, INSERT, UPDATE, DELETE"
APPEND_ONLY = "SELECT, INSERT"


def is_append_only(table: Table) -> bool:
    """True for a table whose rows are never changed once written."""
    return bool(table.info.get("append_only"))


def grants(metadata: MetaData, role: str) -> Iterator[str]:
    """PostgreSQL statements that give the application's role exactly its rights, run by the owner.

    ``role`` must be quoted for SQL already.
    """
    yield f"GRANT USAGE ON SCHEMA public TO {role}"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"
    yield f"GRANT SELECT ON alembic_version TO {role}"
    for table in metadata.sorted_tables:
        rights = APPEND_ONLY if is_append_only(table) else ORDINARY
        yield f'GRANT {rights} ON "{table.name}" TO {role}'
        for name in erasable(table):
            yield f'GRANT UPDATE ("{name}") ON "{table.name}" TO {role}'


def erasable(table: Table) -> list[str]:
    """The columns of an append-only table that may be erased, and change in no other way."""
    return [column.name for column in table.columns if column.info.get("erasable")]


def _not_erasing(table: Table) -> str:
    """SQLite's condition that an update does anything else than erase."""
    erased = erasable(table)
    changes = [f"NEW.\"{name}\" <> '{ERASED}'" for name in erased]
    fixed = [column.name for column in table.columns if column.name not in erased]
    return " OR ".join([*changes, *(f'NEW."{name}" IS NOT OLD."{name}"' for name in fixed)])


def triggers(metadata: MetaData) -> Iterator[str]:
    """SQLite statements that refuse UPDATE and DELETE on the append-only tables."""
    for table in metadata.sorted_tables:
        if not is_append_only(table):
            continue
        for act in ("UPDATE", "DELETE"):
            may_erase = act == "UPDATE" and erasable(table)
            condition = f" WHEN {_not_erasing(table)}" if may_erase else ""
            yield (
                f'CREATE TRIGGER IF NOT EXISTS "{table.name}_no_{act.lower()}"'
                f' BEFORE {act} ON "{table.name}"{condition}'
                f" BEGIN SELECT RAISE(ABORT, '{table.name} is append-only'); END"
            )


# Its columns are named to it as text: a trigger may not hold on to what a migration drops.
_ONLY_ERASED = f"""
CREATE OR REPLACE FUNCTION only_erased() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF to_jsonb(NEW) - TG_ARGV[0] <> to_jsonb(OLD) - TG_ARGV[0]
    OR to_jsonb(NEW) ->> TG_ARGV[0] <> '{ERASED}'
  THEN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only'; END IF;
  RETURN NEW;
END $$
"""


def erasures(metadata: MetaData) -> Iterator[str]:
    """PostgreSQL statements for what the application may erase but not change, by the owner."""
    yield _ONLY_ERASED
    for table in metadata.sorted_tables:
        for name in erasable(table):
            yield (
                f'CREATE OR REPLACE TRIGGER "{table.name}_no_update" BEFORE UPDATE'
                f" ON \"{table.name}\" FOR EACH ROW EXECUTE FUNCTION only_erased('{name}')"
            )


# What belongs to one organisation rather than to a bank's loan.
OF_AN_ORGANISATION = frozenset(
    {"audit_record", "exemption_case", "idempotency_key", "outbox_event", "webhook"}
)
KNOWN_TO_ALL = frozenset({"branch"})
# A person may borrow at several banks: each sees those whom an application of its own names.
NAMED_BY = {"borrower": ("application", "borrower_id")}
# Lists of the bureaus: for a bank only rules look into them (``wall.every_bank``).
OF_NO_BANK = frozenset({"register_entry", "register_file"})

_BANK = f"(SELECT nullif(current_setting('{SETTING}', true), '')::bigint)"


def walled(metadata: MetaData) -> dict[str, str]:
    """By table with rows of a bank: the SQL condition on a row under which it is seen or written.

    Nobody named: NULL, no row. A row that hangs on another is seen by who sees that other.
    """
    found: dict[str, str] = {}
    for table in metadata.sorted_tables:
        if table.name in OF_NO_BANK:
            found[table.name] = f"{_BANK} = {EVERY_BANK}"
            continue
        owner = "organisation_id" if table.name in OF_AN_ORGANISATION else "bank_id"
        if owner in table.c and table.name not in KNOWN_TO_ALL:
            found[table.name] = f"{_BANK} IN ({EVERY_BANK}, {owner})"
        elif (key := _hangs_on(table, found)) is not None:
            parent, column = key.column.table.name, key.parent.name
            found[table.name] = (
                f"{_BANK} = {EVERY_BANK} OR EXISTS (SELECT FROM {parent}"
                f" WHERE {parent}.{key.column.name} = {table.name}.{column})"
            )
    for name, (by, column) in NAMED_BY.items():  # last: nothing hangs on what several banks see
        found[name] = (
            f"{_BANK} = {EVERY_BANK} OR EXISTS (SELECT FROM {by} WHERE {by}.{column} = {name}.id)"
        )
    return found


def _hangs_on(table: Table, walled: dict[str, str]) -> ForeignKey | None:
    """The first reference that every row has to a row behind the wall."""
    for column in table.columns:
        for key in column.foreign_keys:
            if not column.nullable and key.column.table.name in walled:
                return key
    return None


def walls(metadata: MetaData) -> Iterator[str]:
    """PostgreSQL statements that put the tables behind row security, run by the owner."""
    for table, condition in walled(metadata).items():
        yield f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'
        yield f'CREATE POLICY own_rows ON "{table}" USING ({condition})'


# Before a migration, for a policy would hold on to the tables and columns that it names.
# (To the driver, %% is %.)
NO_WALLS = """
DO $$ DECLARE wall record; BEGIN
  FOR wall IN SELECT tablename FROM pg_policies
    WHERE schemaname = 'public' AND policyname = 'own_rows'
  LOOP EXECUTE format('DROP POLICY own_rows ON %%I', wall.tablename); END LOOP;
END $$
"""
