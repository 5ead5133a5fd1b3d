"""Whole columns into a table: COPY on PostgreSQL, one prepared statement on SQLite.

In the open transaction either way. On PostgreSQL the rows are a numpy structured array in COPY's
binary form: nothing here costs Python per row. PostgreSQL takes no COPY into a table behind row
security, so they go through a temporary one, which holds integers only: dates and repeated texts
are put back on the way out of it. No statement grows with the book: each is over long before the
server's limit, and the temporary table stays in memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from psycopg import sql
from sqlalchemy import Date
from sqlalchemy.orm import Session

from loans.models import Model
from subsidy.daycount import to_date

Integers = npt.NDArray[np.int64]

SENT: Final = 1 << 15  # rows a step
_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_ARRIVING: Final = sql.Identifier("arriving")


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

    def take(self, rows: npt.NDArray[np.intp]) -> "Coded":
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
        _copy(driver, table, columns, rows)
        return
    named, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" for _ in columns)
    driver.executemany(
        f"INSERT INTO {table.__tablename__} ({named}) VALUES ({marks})",
        zip(*(_plain(table, name, value, rows) for name, value in columns.items()), strict=True),
    )


def _copy(driver: Any, table: type[Model], columns: Mapping[str, Value], rows: int) -> None:
    sent = {
        name: value.codes if isinstance(value, Coded) else value
        for name, value in columns.items()
        if isinstance(value, Coded | np.ndarray)
    }
    own = sql.SQL(", ").join(map(sql.Identifier, sent))
    with driver.cursor() as cursor:
        cursor.execute(
            sql.SQL("CREATE TEMPORARY TABLE {} ({})").format(
                _ARRIVING,
                sql.SQL(", ").join(sql.SQL("{} bigint").format(sql.Identifier(n)) for n in sent),
            )
        )
        into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(_ARRIVING, own)
        onwards = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(
            sql.Identifier(table.__tablename__),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(_restored(table, *column) for column in columns.items()),
            _ARRIVING,
        )
        for start in range(0, rows, SENT):
            with cursor.copy(into) as copy:
                copy.write(_SIGNATURE)
                copy.write(_piece(sent, slice(start, min(start + SENT, rows))))
                copy.write(_END)
            cursor.execute(onwards)
            cursor.execute(sql.SQL("TRUNCATE {}").format(_ARRIVING))
        cursor.execute(sql.SQL("DROP TABLE {}").format(_ARRIVING))


def _piece(columns: Mapping[str, Integers], rows: slice) -> bytes:
    """Rows as COPY takes them: the number of fields, then each field after its size."""
    parts = [("fields", ">i2")]
    for name in columns:
        parts += [(f"{name} size", ">i4"), (name, ">i8")]
    piece = np.empty(rows.stop - rows.start, np.dtype(parts))
    piece["fields"] = len(columns)
    for name, column in columns.items():
        piece[f"{name} size"], piece[name] = 8, column[rows]
    return piece.tobytes()


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
