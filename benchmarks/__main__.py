"""``./run bench``: every figure of the accrual core, measured now, on this machine, as ratios.

Not a timed test: nothing fails. ``--quick`` uses smaller books (a minute), ``--full`` lets pandas,
polars, DuckDB and the month close through both databases try 10⁶ notes.
"""

import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np

from benchmarks.assessment import measure
from benchmarks.books import BOOKS, MONTHS, boundaries
from benchmarks.copying import copy_bytes
from benchmarks.frames import FRAMES, exploded
from benchmarks.kernel import compiled
from benchmarks.loop import with_python
from benchmarks.measuring import ROUNDS, in_turn, peak_bytes
from benchmarks.monthend import measure as measure_month_close
from subsidy.accrual import Events, Lines, Notes, accrue, day
from subsidy.carried import carried

try:
    from subsidy import compiled as speed
except ImportError:  # the extra "speed" is not installed
    speed = None

SLAB = 65_536


def main(arguments: list[str]) -> None:
    """Measure and print."""
    quick, full = "--quick" in arguments, "--full" in arguments
    whole, city = (100_000, 10_000) if quick else (1_000_000, 10_000)
    framed = 10_000 if quick else whole if full else 100_000
    print(
        f"Python {platform.python_version()}, numpy {np.__version__}, {os.cpu_count()} processors"
    )
    print(
        f"median of {ROUNDS} rounds in turn; ± half the middle spread, of both sides of a ratio\n"
    )
    for name, book in BOOKS.items():
        against_c(name, *book(whole))
        against_frames(name, *book(framed))
        against_c(name, *book(city))
        against_loop(name, *book(city))
    month(whole)
    measure_month_close(whole if full else city)
    measure()
    memory(*BOOKS["mixed"](whole))
    growth(whole)


def against_c(name: str, notes: Notes, events: Events) -> None:
    """(a) copying the same bytes and (b) the scalar C kernel."""
    cuts, kernel = boundaries(), compiled()
    core: Callable[[], Lines] = partial(accrue, notes, events, cuts)
    lines = core()
    contenders: dict[str, Callable[[], object]] = {
        "core": core,
        "copy": partial(copy_bytes, notes, events, lines),
    }
    if kernel is not None:
        agree(lines, kernel(notes, events, cuts), "C")
        contenders["C"] = partial(kernel, notes, events, cuts)
    if speed is not None:
        agree(lines, speed.accrue(notes, events, cuts), "numba")
        contenders["numba"] = partial(speed.accrue, notes, events, cuts, threads=2)
    found = in_turn(contenders)
    title(f"{name}: {len(notes):,} notes × {MONTHS} months, {len(events) / len(notes):.1f} events")
    seconds(found["core"].seconds, len(notes))
    show("numpy core / copying the same bytes", found["core"].over(found["copy"]))
    if kernel is not None:
        show("numpy core / C kernel, -O3, one thread", found["core"].over(found["C"]))
    if kernel is not None and speed is not None:
        show("numba, two threads / C kernel", found["numba"].over(found["C"]))


def against_frames(name: str, notes: Notes, events: Events) -> None:
    """(c) pandas, (d) polars, (e) DuckDB."""
    cuts = boundaries()
    lines = accrue(notes, events, cuts)
    job = exploded(notes, events, cuts)
    contenders: dict[str, Callable[[], object]] = {"core": partial(accrue, notes, events, cuts)}
    for frame, run in FRAMES.items():
        agree(lines, Lines(cuts, *run(job)), frame)
        contenders[frame] = partial(run, job)
    found = in_turn(contenders)
    title(f"{name}: {len(notes):,} notes, frames")
    for frame in FRAMES:
        show(f"{frame} / numpy core", found[frame].over(found["core"]))


def against_loop(name: str, notes: Notes, events: Events) -> None:
    """(f) a Python loop over loans."""
    cuts = boundaries()
    agree(accrue(notes, events, cuts), with_python(notes, events, cuts), "Python")
    found = in_turn({
        "core": partial(accrue, notes, events, cuts),
        "loop": partial(with_python, notes, events, cuts),
    })  # fmt: skip
    show("Python loop / numpy core", found["loop"].over(found["core"]))


def month(whole: int) -> None:
    """One calendar month of live notes carried to the settlement day before it."""
    on, cuts = day(date(2020, 12, 21)), [day(date(2021, 1, 1)), day(date(2021, 2, 1))]
    standing, to_come = carried(*BOOKS["bullet"](2 * whole), on)
    live = slice(0, min(whole, int(np.searchsorted(standing.disbursed_on, cuts[0]))))
    standing, to_come = standing.take(live), before(to_come.take(live), cuts[1])
    lines = accrue(standing, to_come, cuts)
    found = in_turn({
        "month": partial(accrue, standing, to_come, cuts),
        "copy": partial(copy_bytes, standing, to_come, lines),
    })  # fmt: skip
    title(f"one month of {len(standing):,} live notes from carried state")
    seconds(found["month"].seconds, len(standing))
    show("month / copying the same bytes", found["month"].over(found["copy"]))


def before(events: Events, day_number: int) -> Events:
    """The events before a day: what a month close would read."""
    early = events.on < day_number
    kept = np.append(0, np.cumsum(early))
    return Events(
        offsets=kept[events.offsets],
        on=events.on[early],
        kind=events.kind[early],
        value=events.value[early],
    )


def memory(notes: Notes, events: Events) -> None:
    """Memory beyond the input and the output."""
    cuts = boundaries()
    cells = len(notes) * MONTHS
    beyond = peak_bytes(partial(accrue, notes, events, cuts)) - 16 * cells
    title(f"mixed: memory of {len(notes):,} notes")
    print(
        f"  beyond input and output: {beyond / 2**20:.1f} MiB = {beyond / cells:.2f} bytes a cell"
    )


def growth(whole: int) -> None:
    """Ten times as many notes, streamed slab by slab so that the output need not fit."""
    small, large = BOOKS["bullet"](whole), BOOKS["bullet"](10 * whole)
    found = in_turn({
        "small": lambda: sum(streamed(*small)),
        "large": lambda: sum(streamed(*large)),
    })  # fmt: skip
    title(f"growth from {whole:,} to {10 * whole:,} notes, streamed")
    ratio = found["large"].over(found["small"])
    show(
        "time / ten times the time of a tenth (1: linear)",
        replace(ratio, seconds=ratio.seconds / 10),
    )


def streamed(notes: Notes, events: Events) -> Iterator[int]:
    """The interest of each slab, its lines dropped."""
    cuts = boundaries()
    for start in range(0, len(notes), SLAB):
        some = slice(start, min(start + SLAB, len(notes)))
        yield int(accrue(notes.take(some), events.take(some), cuts).interest_fen.sum())


def agree(lines: Lines, others: Lines, name: str) -> None:
    """A comparator counts only if it finds the same fen."""
    same = (lines.interest_fen == others.interest_fen) & (lines.subsidy_fen == others.subsidy_fen)
    assert same.all(), f"{name} differs in {np.count_nonzero(~same)} cells"


def title(text: str) -> None:
    """One part's heading."""
    print(text, flush=True)


def seconds(median: float, notes: int) -> None:
    """The absolute time, for orientation."""
    print(f"  numpy core: {median:.3f} s = {median / notes * 1e9:.0f} ns a note")


def show(what: str, ratio: object) -> None:
    """One ratio."""
    print(f"  {what:58}{ratio}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
