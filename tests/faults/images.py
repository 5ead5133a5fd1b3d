"""What a database holds, as one value to compare: the rows of every table, order forgotten."""

import hashlib
from functools import cache
from typing import Any

from sqlalchemy import Column, Table

from app.db import METADATA

# Differ at every run, because they are salted.
SALTED = {"password_hash"}

# Digests of SQLite's rows by that of the file. The same bytes hold the same rows, and most deaths
# leave the bytes that there were: then nobody reads all tables again.
_by_bytes: dict[bytes, str] = {}


def in_sqlite(link: Any) -> str:
    """A digest of every row; nothing stays open."""
    file = hashlib.sha256(link.serialize()).digest()
    if file not in _by_bytes:
        _by_bytes[file] = _digest([sorted(map(repr, link.execute(q))) for q in _queries()])
    return _by_bytes[file]


def in_postgresql(link: Any) -> str:
    """The same without internal keys: an attempt that was rolled back used up numbers of the
    sequences, so that a retry gets others.
    """
    return _digest(sorted(link.execute(_digests()).fetchall()))


def _digest(held: list[Any]) -> str:
    return hashlib.sha256(repr(held).encode()).hexdigest()


@cache
def _queries() -> list[str]:
    return [
        f"SELECT {', '.join(_quoted(c) for c in table.columns if c.name not in SALTED)}"
        f' FROM "{table.name}"'
        for table in METADATA.sorted_tables
    ]


@cache
def _digests() -> str:
    return " UNION ALL ".join(
        f"SELECT '{table.name}', coalesce(md5(string_agg(t::text, ' ' ORDER BY t::text)), '')"
        f' FROM (SELECT {_kept(table)} FROM "{table.name}") t'
        for table in METADATA.sorted_tables
    )


def _kept(table: Table) -> str:
    kept = [_quoted(c) for c in table.columns if c.name not in SALTED and not _is_key(c)]
    return ", ".join(kept) or "1"


def _quoted(column: Column[Any]) -> str:
    return f'"{column.name}"'


def _is_key(column: Column[Any]) -> bool:
    return column.name == "id" or any(key.column.name == "id" for key in column.foreign_keys)
