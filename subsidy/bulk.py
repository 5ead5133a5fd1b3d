"""Many rows at once: COPY on PostgreSQL, one prepared statement on SQLite; same transaction.

PostgreSQL takes no COPY into a table behind row security, so it goes through a temporary one.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from psycopg import sql
from sqlalchemy import insert
from sqlalchemy.orm import Session

from loans.models import Model

_MAKE = sql.SQL("CREATE TEMPORARY TABLE {arriving} AS SELECT {names} FROM {table} WITH NO DATA")
_TAKE = sql.SQL("COPY {arriving} ({names}) FROM STDIN")
_PASS_ON = sql.SQL("INSERT INTO {table} ({names}) SELECT {names} FROM {arriving}")
_DROP = sql.SQL("DROP TABLE {arriving}")


def insert_rows(session: Session, table: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows (all with the same keys: column names) into a table, in the open transaction."""
    if not rows:
        return
    if session.get_bind().dialect.name != "postgresql":
        session.execute(insert(table), list(rows))
        return
    names = list(rows[0])
    words = {
        "table": sql.Identifier(table.__tablename__),
        "names": sql.SQL(", ").join(map(sql.Identifier, names)),
        "arriving": sql.Identifier("arriving"),
    }
    session.flush()
    driver = session.connection().connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor:
        cursor.execute(_MAKE.format(**words))
        with cursor.copy(_TAKE.format(**words)) as copy:
            for row in rows:
                copy.write_row([_plain(row[name]) for name in names])
        cursor.execute(_PASS_ON.format(**words))
        cursor.execute(_DROP.format(**words))


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
