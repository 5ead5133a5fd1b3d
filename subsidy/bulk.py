"""Many rows at once: COPY on PostgreSQL, one prepared statement on SQLite; same transaction."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from psycopg import sql
from sqlalchemy import insert
from sqlalchemy.orm import Session

from loans.models import Model


def insert_rows(session: Session, table: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows (all with the same keys: column names) into a table, in the open transaction."""
    if not rows:
        return
    if session.get_bind().dialect.name != "postgresql":
        session.execute(insert(table), list(rows))
        return
    names = list(rows[0])
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.__tablename__), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    session.flush()
    driver = session.connection().connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(into) as copy:
        for row in rows:
            copy.write_row([_plain(row[name]) for name in names])


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
