"""Comparator (b): a plain scalar C kernel of the same job, compiled at run time."""

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from subsidy.accrual import Events, Lines, Notes
from subsidy.settlement import last_settlement_day, settlement_days

SOURCE = Path(__file__).with_name("kernel.c")
NOTE_COLUMNS = (
    "principal_fen", "disbursed_on", "matures_on", "rate_ppm", "share_pct", "subsidised_fen",
    "benchmark_ppm", "ceiling_ppm", "floor_ppm", "subsidy_ends_on", "day_count",
)  # fmt: skip
DTYPES = dict(zip(NOTE_COLUMNS, "qiiibqiiiib", strict=True))

Kernel = Callable[[Notes, Events, npt.NDArray[np.int32]], Lines]


def compiled() -> Kernel | None:
    """The kernel as a function of notes, events and boundaries; None without a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    library = Path(tempfile.mkdtemp()) / "kernel.so"
    subprocess.run([compiler, "-O3", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
    accrue = ctypes.CDLL(str(library)).accrue

    def run(notes: Notes, events: Events, boundaries: npt.NDArray[np.int32]) -> Lines:
        settlement = int(notes.settlement[0])
        since, until = int(boundaries[0]), int(boundaries[-1])
        first = min(since, int(notes.disbursed_on.min()))
        first = last_settlement_day(settlement, first) or first
        settles = settlement_days(settlement, first, until + 1)
        points = np.union1d(settles, boundaries).astype(np.int32)
        n, k = len(notes), len(boundaries) - 1
        out = np.empty((n, k), np.int64), np.empty((n, k), np.int64)
        columns = [np.ascontiguousarray(getattr(notes, c), DTYPES[c]) for c in NOTE_COLUMNS]
        columns += [
            np.ascontiguousarray(column, dtype)
            for column, dtype in zip(
                (events.offsets, events.on, events.kind, events.value), "qibq", strict=True
            )
        ]
        flags = [
            np.isin(points, settles).astype(np.int8),
            np.isin(points, boundaries).astype(np.int8),
        ]
        accrue(
            ctypes.c_int64(n), *map(_pointer, columns), ctypes.c_int64(len(points)),
            *map(_pointer, (points, *flags)), ctypes.c_int64(k), *map(_pointer, out),
        )  # fmt: skip
        return Lines(boundaries, *out)

    return run


def _pointer(column: npt.NDArray[np.generic]) -> ctypes.c_void_p:
    return ctypes.c_void_p(column.ctypes.data)
