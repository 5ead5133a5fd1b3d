"""Whole columns into a table: COPY on PostgreSQL, one prepared statement on SQLite.

In the open transaction either way. On PostgreSQL the rows are a numpy structured array in COPY's
binary form: nothing here costs Python per row. PostgreSQL takes no COPY into a table behind row
security, so they go through a temporary one.
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

_MAKE = sql.SQL("CREATE TEMPORARY TABLE {arriving} AS SELECT {names} FROM {table} WITH NO DATA")
_TAKE = sql.SQL("COPY {arriving} ({names}) FROM STDIN (FORMAT binary)")
_PASS_ON = sql.SQL("INSERT INTO {table} ({names}) SELECT {names} FROM {arriving}")
_DROP = sql.SQL("DROP TABLE {arriving}")

SENT: Final = 1 << 16  # rows a step
_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_EPOCH: Final = 10_957  # PostgreSQL counts days from 2000-01-01


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
        words = {
            "table": sql.Identifier(table.__tablename__),
            "names": sql.SQL(", ").join(map(sql.Identifier, columns)),
            "arriving": sql.Identifier("arriving"),
        }
        with driver.cursor() as cursor:
            cursor.execute(_MAKE.format(**words))
            with cursor.copy(_TAKE.format(**words)) as copy:
                copy.write(_SIGNATURE)
                for piece in _wire(table, columns, rows):
                    copy.write(piece)
                copy.write(_END)
            cursor.execute(_PASS_ON.format(**words))
            cursor.execute(_DROP.format(**words))
        return
    named, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" for _ in columns)
    driver.executemany(
        f"INSERT INTO {table.__tablename__} ({named}) VALUES ({marks})",
        zip(*(_plain(table, name, value, rows) for name, value in columns.items()), strict=True),
    )


def _wire(table: type[Model], columns: Mapping[str, Value], rows: int) -> Iterator[bytes]:
    """The rows in COPY's binary form. Rows with the same texts are equally long: they go together,
    in their order."""
    groups = np.zeros(rows, np.int64)
    for value in columns.values():
        if isinstance(value, Coded):
            groups = groups * len(value.names) + value.codes
    for group in np.unique(groups).tolist():
        some = np.flatnonzero(groups == group)
        for start in range(0, len(some), SENT):
            yield _piece(table, columns, some[start : start + SENT])


def _piece(table: type[Model], columns: Mapping[str, Value], rows: npt.NDArray[np.intp]) -> bytes:
    """Equally long rows: the number of fields, then each field after its size."""
    parts: list[Any] = [("fields", ">i2")]
    values: dict[str, Any] = {"fields": len(columns)}
    for name, value in columns.items():
        if isinstance(value, Coded):
            value = value.names[int(value.codes[rows[0]])]
        field: Any
        if isinstance(value, str):
            field = np.frombuffer(value.encode(), np.uint8)
            shape: Any = ("u1", field.shape)
        else:
            field = value[rows] if isinstance(value, np.ndarray) else value
            shape = ">i4" if _is_date(table, name) else ">i8"
            field = field - _EPOCH if _is_date(table, name) else field
        parts += [
            (f"{name} size", ">i4"),
            (name, *(shape if isinstance(shape, tuple) else (shape,))),
        ]
        values |= {f"{name} size": np.dtype(shape).itemsize, name: field}
    piece = np.empty(len(rows), np.dtype(parts))
    for name, field in values.items():
        piece[name] = field
    return piece.tobytes()


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
