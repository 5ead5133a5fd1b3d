"""Whole columns into a table: arrays on PostgreSQL, one prepared statement on SQLite.

In the open transaction either way. On PostgreSQL a column travels as one array in the wire's
binary form, as ``subsidy.frames`` reads it: nothing here costs Python per row. COPY would do too,
but PostgreSQL takes none into a table behind row security. Only integers travel: dates and
repeated texts are put back by the statement. No statement grows with the book: each is over long
before the server's limit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from psycopg import sql
from sqlalchemy import Date
from sqlalchemy.orm import Session

from loans.models import Model
from subsidy.arrays import Integers, Positions
from subsidy.daycount import to_date
from subsidy.wire import BinaryArray, BinaryArrayDumper

SENT: Final = 1 << 15  # rows a statement


@dataclass(frozen=True)
class Coded:
    """A text column in which few texts stand again and again: ``names[codes]``."""

    codes: Integers
    names: Sequence[str]

    @staticmethod
    def of(texts: Sequence[str]) -> "Coded":
        """Texts with each different one counted once."""
        numbers = {name: number for number, name in enumerate(sorted(set(texts)))}
        codes = np.fromiter(map(numbers.__getitem__, texts), np.int64, len(texts))
        return Coded(codes, list(numbers))

    def take(self, rows: Positions) -> "Coded":
        """These rows, in this order."""
        return Coded(self.codes[rows], self.names)


Value = int | str | Integers | Coded


def insert_columns(
    session: Session, table: type[Model], columns: Mapping[str, Value], rows: int
) -> None:
    """Insert ``rows`` rows; a column is an array of integers, a ``Coded``, or one value for all.

    A date is given as days since 1970-01-01. Columns that are not named take their defaults.
    """
    if not rows:
        return
    session.flush()
    driver = session.connection().connection.driver_connection
    assert driver is not None
    if session.get_bind().dialect.name == "postgresql":
        _send(driver, table, columns, rows)
        return
    named, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" for _ in columns)
    driver.executemany(
        f"INSERT INTO {table.__tablename__} ({named}) VALUES ({marks})",
        zip(*(_plain(table, name, value, rows) for name, value in columns.items()), strict=True),
    )


def _send(driver: Any, table: type[Model], columns: Mapping[str, Value], rows: int) -> None:
    sent = {
        name: value.codes if isinstance(value, Coded) else value
        for name, value in columns.items()
        if isinstance(value, Coded | np.ndarray)
    }
    asked = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM (SELECT {}) AS arriving").format(
        sql.Identifier(table.__tablename__),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(_restored(table, *column) for column in columns.items()),
        sql.SQL(", ").join(sql.SQL("unnest(%s) AS {}").format(sql.Identifier(n)) for n in sent),
    )
    with driver.cursor() as cursor:
        cursor.adapters.register_dumper(BinaryArray, BinaryArrayDumper)
        for start in range(0, rows, SENT):
            some = slice(start, start + SENT)
            cursor.execute(asked, [BinaryArray.of(column[some]) for column in sent.values()])


def _restored(table: type[Model], name: str, value: Value) -> sql.Composable:
    """A column of the table from what arrived."""
    if isinstance(value, Coded):
        names = sql.Literal(list(value.names))
        return sql.SQL("({}::text[])[{} + 1]").format(names, sql.Identifier(name))
    if not isinstance(value, np.ndarray):
        return sql.Literal(value)
    if _is_date(table, name):
        return sql.SQL("DATE '1970-01-01' + {}::int").format(sql.Identifier(name))
    return sql.Identifier(name)


def _plain(table: type[Model], name: str, value: Value, rows: int) -> Iterator[Any]:
    """A column's values as SQLite stores them."""
    if isinstance(value, Coded):
        return map(value.names.__getitem__, value.codes.tolist())
    if not isinstance(value, np.ndarray):
        return iter([value] * rows)
    if _is_date(table, name):
        days = {on: to_date(on).isoformat() for on in np.unique(value).tolist()}
        return map(days.__getitem__, value.tolist())
    return iter(value.tolist())


def _is_date(table: type[Model], name: str) -> bool:
    return isinstance(table.__table__.c[name].type, Date)
