"""A column of integers as PostgreSQL's binary array, both ways, without a loop over its rows.

An array is its header (dimensions, flags, element type, length, lower bound), then each element
after its size; all numbers are big-endian.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from psycopg.adapt import Dumper
from psycopg.pq import Format

from subsidy.arrays import Integers

_HEADER: Final = np.dtype(">i4")
_ELEMENT: Final = np.dtype([("size", ">i4"), ("value", ">i8")])
_BIGINT, _BIGINT_ARRAY = 20, 1016  # of PostgreSQL's own types


@dataclass(frozen=True)
class BinaryArray:
    """A ``bigint[]`` as the wire carries it."""

    wire: bytes

    @staticmethod
    def of(column: Integers) -> "BinaryArray":
        """A column, shape ``(n,)``."""
        elements = np.empty(len(column), _ELEMENT)
        elements["size"], elements["value"] = 8, column
        header = np.array([1, 0, _BIGINT, len(column), 1], _HEADER)
        return BinaryArray(header.tobytes() + elements.tobytes())

    def column(self, rows: int) -> Integers:
        """The column of so many rows."""
        found = np.frombuffer(self.wire, _ELEMENT, offset=5 * _HEADER.itemsize)
        assert len(found) == rows and bool((found["size"] == 8).all()), "a null or another type"
        return found["value"].astype(np.int64)


class BinaryArrayDumper(Dumper):
    """How psycopg sends one: as it is."""

    format = Format.BINARY
    oid = _BIGINT_ARRAY

    def dump(self, obj: Any) -> bytes:
        """Its bytes."""
        return obj.wire  # type: ignore[no-any-return]
