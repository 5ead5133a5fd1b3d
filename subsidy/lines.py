"""Lines in a file: CSV or Parquet, written whole or not at all.

Columns: ``note_no, period_start, period_end, interest, subsidy, borrower``, yuan as text with two
places, days as ISO text, periods ``[start, end)``; a row where interest or subsidy is not 0.00.
Text is made for millions of rows at once: a row is a strip of bytes padded with NUL, and dropping
the NULs leaves the CSV.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from loans.errors import Conflict
from subsidy.accrual import Lines, to_date
from subsidy.arrays import Integers, Positions

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError:  # the extra "parquet" is not installed: CSV only
    pa = pq = None

COLUMNS: Final = ("note_no", "period_start", "period_end", "interest", "subsidy", "borrower")
# 16 digits, a point and a sign: more than the largest amount.
YUAN_WIDTH: Final = 19

Bytes = npt.NDArray[np.uint8]


# Rows as a file of lines takes them: CSV bytes or an Arrow table.
Page = Any


class LinesFile(Protocol):
    """A file of lines that is being written."""

    def append(self, page: Page) -> None:
        """Add a page that ``encoder`` of the same path made."""

    def close(self) -> None:
        """Finish the file."""


@dataclass(frozen=True)
class Rows:
    """Lines as columns, shape ``(r,)``; ``note`` and ``period`` are indices into what they name."""

    note_no: Sequence[str]
    periods: Sequence[tuple[str, str]]
    note: Positions
    period: Positions
    interest_fen: Integers
    subsidy_fen: Integers


def rows_of(note_no: Sequence[str], lines: Lines) -> Rows:
    """The rows of a grid that have an amount: notes in their order, then periods."""
    interest = np.ascontiguousarray(lines.interest_fen)
    subsidy = np.ascontiguousarray(lines.subsidy_fen)
    note, period = np.nonzero((interest != 0) | (subsidy != 0))
    days = [to_date(on).isoformat() for on in lines.boundaries.tolist()]
    return Rows(
        note_no=note_no,
        periods=list(pairwise(days)),
        note=note,
        period=period,
        interest_fen=interest[note, period],
        subsidy_fen=subsidy[note, period],
    )


@contextmanager
def written_whole(path: Path) -> Iterator[LinesFile]:
    """A lines file that appears at ``path`` when the block ends well, and otherwise never."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    file: LinesFile = _ParquetFile(draft) if path.suffix == ".parquet" else _CsvFile(draft)
    try:
        try:
            yield file
        finally:
            file.close()
        with draft.open("rb+") as written:
            os.fsync(written.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def encoder(path: Path) -> Callable[[Rows], Page]:
    """What turns rows into pages of this file; it may run in another process.

    Conflict for a Parquet file where nothing is installed that can write it.
    """
    if path.suffix == ".parquet" and pa is None:
        raise Conflict("extra-missing", "写 Parquet 需要安装 fumin[parquet]，或改写 .csv")
    return arrow_table if path.suffix == ".parquet" else csv_bytes


class _CsvFile:
    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._file.write((",".join(COLUMNS) + "\n").encode())

    def append(self, page: Page) -> None:
        self._file.write(page)

    def close(self) -> None:
        self._file.close()


class _ParquetFile:
    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, _schema())

    def append(self, page: Page) -> None:
        self._writer.write_table(page)

    def close(self) -> None:
        self._writer.close()


def arrow_table(rows: Rows) -> Page:
    """The rows as an Arrow table: all columns are text, so that no reader has to guess a type."""
    start, end = zip(*rows.periods, strict=True)
    columns = [
        pa.array(rows.note_no, pa.string()).take(pa.array(rows.note)),
        pa.array(start).take(pa.array(rows.period)),
        pa.array(end).take(pa.array(rows.period)),
        *(_text_array(yuan_bytes(fen)) for fen in _amounts(rows)),
    ]
    return pa.table(columns, schema=_schema())


def csv_bytes(rows: Rows) -> bytes:
    """The rows as CSV, without a header."""
    period = np.array([f",{start},{end}".encode() for start, end in rows.periods])
    strips = [_cells(_quoted(rows.note_no))[rows.note], _cells(period)[rows.period]]
    for fen in _amounts(rows):
        strips += [_cells(np.array([b","])).repeat(len(fen), axis=0), yuan_bytes(fen)]
    strips.append(_cells(np.array([b"\n"])).repeat(len(rows.note), axis=0))
    page = np.concatenate(strips, axis=1).ravel()
    return bytes(page[page != 0].tobytes())


def yuan_bytes(fen: Integers) -> Bytes:
    """Each amount as ``money.fen_to_yuan`` writes it, right-aligned in a strip of NULs; shape
    ``(r, YUAN_WIDTH)``."""
    strip = np.zeros((len(fen), YUAN_WIDTH), np.uint8)
    point = YUAN_WIDTH - 3
    strip[:, point] = ord(".")
    rest = np.abs(fen)
    for place in (*range(YUAN_WIDTH - 1, point, -1), *range(point - 1, 0, -1)):
        if place < point - 1 and not rest.any():
            break
        rest, digit = np.divmod(rest, 10)
        shown = (digit + rest > 0) if place < point - 1 else True
        strip[:, place] = (digit + ord("0")) * shown
    negative = np.flatnonzero(fen < 0)
    width = np.count_nonzero(strip[negative], axis=1)
    strip[negative, YUAN_WIDTH - 1 - width] = ord("-")
    return strip


def _schema() -> Any:
    return pa.schema([(name, pa.string()) for name in COLUMNS])


def _amounts(rows: Rows) -> tuple[Integers, Integers, Integers]:
    return rows.interest_fen, rows.subsidy_fen, rows.interest_fen - rows.subsidy_fen


def _quoted(note_no: Sequence[str]) -> npt.NDArray[np.bytes_]:
    """Note numbers as a CSV cell each: in quotes where they hold a comma, quote or line end."""
    special = ('"', ",", "\n", "\r")
    return np.array([
        ('"' + text.replace('"', '""') + '"' if any(c in text for c in special) else text).encode()
        for text in note_no
    ])  # fmt: skip


def _cells(texts: npt.NDArray[np.bytes_]) -> Bytes:
    """Byte strings as strips, shape ``(r, width)``, NUL after each text."""
    return texts.view(np.uint8).reshape(len(texts), texts.itemsize)


def _text_array(strips: Bytes) -> Any:
    """Strips as an Arrow text column, without a Python object a row."""
    ends = np.append(0, np.cumsum(np.count_nonzero(strips, axis=1))).astype(np.int32)
    data = strips.ravel()[strips.ravel() != 0]
    return pa.StringArray.from_buffers(len(strips), pa.py_buffer(ends), pa.py_buffer(data))
