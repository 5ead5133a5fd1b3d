"""Who may write where: the database itself keeps append-only tables append-only.

On PostgreSQL the application's role owns nothing and may not UPDATE or DELETE there; SQLite has
no roles, so triggers refuse the same. A table says so itself: ``info["append_only"]``.
"""

from collections.abc import Iterator

from sqlalchemy import MetaData, Table

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


def triggers(metadata: MetaData) -> Iterator[str]:
    """SQLite statements that refuse UPDATE and DELETE on the append-only tables."""
    for table in metadata.sorted_tables:
        if not is_append_only(table):
            continue
        for act in ("UPDATE", "DELETE"):
            yield (
                f'CREATE TRIGGER IF NOT EXISTS "{table.name}_no_{act.lower()}"'
                f' BEFORE {act} ON "{table.name}"'
                f" BEGIN SELECT RAISE(ABORT, '{table.name} is append-only'); END"
            )
