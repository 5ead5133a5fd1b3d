"""Whole tables as columns: numpy arrays straight from the database, no Python per row.

Every number is read as a 64-bit integer (a day as days since 1970-01-01). On PostgreSQL a block of
rows comes as one array a column in the wire's binary form, which numpy reads in place: less work in
all than COPY, whose rows reach Python one by one. On SQLite rows are fetched by the ten thousand
and turned into columns.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any, Final

import numpy as np
from sqlalchemy import BigInteger, Integer, Select, cast, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.functions import FunctionElement

from subsidy.arrays import Integers
from subsidy.wire import BinaryArray

Frame = dict[str, Any]  # by name: Integers for a number, list[str] for a text

BLOCK: Final = 1 << 17  # keys a query: its arrays are small, and there is always a next one
FETCHED: Final = 1 << 14  # rows a step on SQLite
_BETWEEN_TEXTS: Final = "\x1f"


class day_number(FunctionElement[int]):
    """A date as days since 1970-01-01; named like the SQL function it stands for."""

    type = Integer()
    inherit_cache = True


@compiles(day_number)
def _day_number(element: Any, compiler: Any, **kw: Any) -> str:
    return f"({compiler.process(element.clauses, **kw)} - DATE '1970-01-01')"


@compiles(day_number, "sqlite")
def _day_number_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"(CAST(strftime('%s', {compiler.process(element.clauses, **kw)}) AS INTEGER) / 86400)"


def read_frame(
    session: Session,
    key: InstrumentedAttribute[int],
    numbers: Mapping[str, Any],
    texts: Mapping[str, Any],
    source: Select[Any],
) -> Frame:
    """The rows of ``source`` (its joins and conditions) in order of ``key``, one array a column.

    ``numbers``: integer expressions, never null; ``texts``: text without control characters,
    never null. The number named ``id`` must be the key.
    """
    first, last = session.execute(select(func.min(key), func.max(key))).one()
    starts = range(first or 0, (last or 0) + 1, BLOCK)
    if session.get_bind().dialect.name == "postgresql":
        blocks = _arrays(session, key, starts, numbers, texts, source)
    else:
        blocks = list(_fetched(session, numbers, texts, source))
    if len(blocks) == 1:
        (frame,) = blocks
    else:
        frame = {name: _joined([b[name] for b in blocks]) for name in numbers}
        frame |= {name: list(chain.from_iterable(b[name] for b in blocks)) for name in texts}
    if not bool((np.diff(frame["id"]) > 0).all()):
        order = np.argsort(frame["id"], kind="stable")
        for name in numbers:
            frame[name] = frame[name][order]
        for name in texts:
            frame[name] = [frame[name][i] for i in order.tolist()]
    return frame


def statement_text(session: Session, statement: Any) -> str:
    """A statement as the database's own SQL, its values written out."""
    dialect = session.get_bind().dialect
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _arrays(
    session: Session,
    key: InstrumentedAttribute[int],
    starts: Iterable[int],
    numbers: Mapping[str, Any],
    texts: Mapping[str, Any],
    source: Select[Any],
) -> list[Frame]:
    """PostgreSQL: one array a column, read here while the server collects the next block."""
    aggregates = [func.array_agg(cast(number, BigInteger)) for number in numbers.values()]
    joined = [func.string_agg(text, _BETWEEN_TEXTS) for text in texts.values()]
    asked = source.with_only_columns(func.count(), *aggregates, *joined)
    driver = session.connection().connection.driver_connection
    assert driver is not None
    with driver.cursor(binary=True) as cursor, ThreadPoolExecutor(1) as reading:
        frames = []
        for start in starts:
            some: Any = asked.where(key >= start, key < start + BLOCK)
            cursor.execute(statement_text(session, some))
            frames.append(reading.submit(_read, cursor.pgresult, list(numbers), list(texts)))
        return [frame.result() for frame in frames]


def _read(found: Any, numbers: Sequence[str], texts: Sequence[str]) -> Frame:
    """A block's columns."""
    rows = int.from_bytes(found.get_value(0, 0), "big")
    if not rows:
        return {name: np.empty(0, np.int64) for name in numbers} | {name: [] for name in texts}
    values = (found.get_value(0, column) for column in range(1, found.nfields))
    frame: Frame = {name: BinaryArray(next(values)).column(rows) for name in numbers}
    for name in texts:
        frame[name] = next(values).decode().split(_BETWEEN_TEXTS)
        assert len(frame[name]) == rows
    return frame


def _fetched(
    session: Session, numbers: Mapping[str, Any], texts: Mapping[str, Any], source: Select[Any]
) -> Iterator[Frame]:
    asked = source.with_only_columns(*numbers.values(), *texts.values())
    result = session.connection().execute(asked)
    while rows := result.fetchmany(FETCHED):
        columns = zip(*rows, strict=True)
        frame: Frame = {name: np.array(next(columns), np.int64) for name in numbers}
        yield frame | {name: list(next(columns)) for name in texts}


def _joined(parts: list[Integers]) -> Integers:
    return np.concatenate(parts) if parts else np.empty(0, np.int64)
