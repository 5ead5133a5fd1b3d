"""Comparators (c), (d), (e): pandas, polars and DuckDB doing the same job on exploded loan-months.

Each gets the level changes of the core for nothing, as a table (note, on, interest, subsidy), and
the days of interest. It explodes them into one row per note and interval, multiplies balances by
days, sums by note and interval, and hands the sums to ``rounded``. What they are spared only makes
them look faster. Their fen are checked against the core's.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

try:
    import duckdb
except ImportError:
    duckdb = None
try:
    import polars as pl
except ImportError:
    pl = None

from loans.money import half_up
from subsidy.accrual import Events, Notes
from subsidy.levels import DENOMINATOR, levels
from subsidy.settlement import last_settlement_day, settlement_days

Integers = npt.NDArray[np.int64]
PER_YEAR = 360 * 1_000_000


@dataclass(frozen=True)
class Exploded:
    """The job as tables: changes of level per note and day, the days of interest, denominators."""

    changes: pd.DataFrame
    points: npt.NDArray[np.int32]
    settles: npt.NDArray[np.bool_]
    asked: npt.NDArray[np.bool_]
    notes: int
    parts: Integers


def exploded(notes: Notes, events: Events, boundaries: npt.NDArray[np.int32]) -> Exploded:
    """The tables of a book whose notes settle quarterly at act/360."""
    found = levels(notes, events, int(boundaries[-1]))
    share_is_one = np.isin(notes.share_pct, (50, 100))
    assert share_is_one.all(), "this comparator knows full and half subsidies"
    plain = np.ones(len(notes), np.bool_)
    plain[found.own] = False
    frames = [
        pd.DataFrame({
            "note": found.interest.row,
            "on": found.interest.on,
            "interest": found.interest.by,
            "subsidy": np.where(plain[found.interest.row], found.interest.by, 0),
        })
    ]  # fmt: skip
    if found.subsidy is not None:
        note = found.own[found.subsidy.row]
        by = {"interest": 0, "subsidy": found.subsidy.by}
        frames.append(pd.DataFrame({"note": note, "on": found.subsidy.on, **by}))
    settlement, since = int(notes.settlement[0]), int(boundaries[0])
    begin = last_settlement_day(settlement, since)
    assert begin is not None
    settles = settlement_days(settlement, begin, int(boundaries[-1]) + 1)
    points = np.union1d(settles, boundaries).astype(np.int32)
    changes = pd.concat(frames, ignore_index=True)
    changes["on"] = changes["on"].clip(lower=begin)
    changes = changes[changes["on"] < points[-1]].astype(np.int64).reset_index(drop=True)
    return Exploded(
        changes=changes,
        points=points,
        settles=np.isin(points, settles),
        asked=np.isin(points, boundaries),
        notes=len(notes),
        parts=DENOMINATOR[notes.share_pct],
    )


def rounded(job: Exploded, interest: Integers, subsidy: Integers) -> tuple[Integers, Integers]:
    """Rows per note and period from the sums of each interval, shape ``(n, intervals)``."""
    columns: list[list[Integers]] = [[], []]
    for out, numerator, parts in ((columns[0], interest, None), (columns[1], subsidy, job.parts)):
        running = np.zeros(job.notes, np.int64)
        finished, before = np.zeros((2, job.notes), np.int64)
        for j in range(1, len(job.points)):
            running = running + numerator[:, j - 1]
            amount = half_up(running, PER_YEAR if parts is None else PER_YEAR * parts)
            if job.asked[j]:
                out.append(finished + amount - before)
                before = finished + amount
            elif job.asked[: j + 1].sum() == 0:
                before = finished + amount
            if job.settles[j]:
                finished, running = finished + amount, np.zeros(job.notes, np.int64)
    rows = np.stack(columns[0][-36:], axis=1), np.stack(columns[1][-36:], axis=1)
    return rows


def with_pandas(job: Exploded) -> tuple[Integers, Integers]:
    """One sorted frame of changes and interval starts, cumulated and grouped."""
    starts = pd.DataFrame({
        "note": np.repeat(np.arange(job.notes), len(job.points) - 1),
        "on": np.tile(job.points[:-1].astype(np.int64), job.notes),
        "interest": 0,
        "subsidy": 0,
        "interval": np.tile(np.arange(len(job.points) - 1), job.notes),
    })  # fmt: skip
    frame = pd.concat([starts, job.changes.assign(interval=-1)], ignore_index=True)
    frame = frame.sort_values(["note", "on", "interval"], kind="stable", ignore_index=True)
    by_note = frame.groupby("note", sort=False)
    level = by_note[["interest", "subsidy"]].cumsum()
    stop = by_note["on"].shift(-1).fillna(int(job.points[-1])).astype(np.int64)
    stop = np.maximum(stop, frame["on"])
    interval = np.searchsorted(job.points, frame["on"].to_numpy(), side="right") - 1
    sums = level.mul(stop - frame["on"], axis=0).groupby([frame["note"], interval]).sum()
    grid = sums.to_numpy().reshape(job.notes, len(job.points) - 1, 2)
    return rounded(job, grid[:, :, 0], grid[:, :, 1])


def with_polars(job: Exploded) -> tuple[Integers, Integers]:
    """The same with polars, lazily; each note has every interval's start, so rows count them."""
    intervals = len(job.points) - 1
    zero = pl.lit(0, pl.Int64)
    notes = pl.LazyFrame({"note": np.arange(job.notes)})
    days = pl.LazyFrame({"on": job.points[:-1].astype(np.int64)})
    starts = notes.join(days, how="cross").with_columns(interest=zero, subsidy=zero, start=True)
    changes = pl.from_pandas(job.changes).lazy().with_columns(start=pl.lit(False))
    same_note = pl.col("note").shift(-1) == pl.col("note")
    stop = pl.when(same_note).then(pl.col("on").shift(-1)).otherwise(int(job.points[-1]))
    sums = (
        pl.concat([starts, changes])
        .sort("note", "on", "start", descending=[False, False, True])
        .with_columns(
            pl.col("interest", "subsidy").cum_sum().over("note"),
            days=stop.fill_null(int(job.points[-1])) - pl.col("on"),
            interval=pl.col("start").cast(pl.Int64).cum_sum() - 1,
        )
        .group_by("interval", maintain_order=True)
        .agg((pl.col("interest", "subsidy") * pl.col("days")).sum())
        .collect()
    )
    shape = job.notes, intervals
    return rounded(
        job, sums["interest"].to_numpy().reshape(shape), sums["subsidy"].to_numpy().reshape(shape)
    )


DUCKDB_SQL = """
with steps as (
    select note, "on", interest, subsidy, 0 as start from changes
    union all
    select note, "on", 0, 0, 1 from notes cross join starts
), cumulated as (
    select note,
        sum(interest) over through * (coalesce(lead("on") over through, $last) - "on") as interest,
        sum(subsidy) over through * (coalesce(lead("on") over through, $last) - "on") as subsidy,
        sum(start) over through as interval_no
    from steps
    window through as (partition by note order by "on", start desc rows unbounded preceding)
)
select note, interval_no, sum(interest)::bigint as interest, sum(subsidy)::bigint as subsidy
from cumulated group by note, interval_no order by note, interval_no
"""


def with_duckdb(job: Exploded) -> tuple[Integers, Integers]:
    """The same in SQL; the tables are scanned in place."""
    with duckdb.connect() as connection:
        starts = job.points[:-1].astype(np.int64)
        connection.register("changes", job.changes)
        connection.register("notes", pd.DataFrame({"note": np.arange(job.notes)}))
        connection.register("starts", pd.DataFrame({"on": starts}))
        sums = connection.execute(DUCKDB_SQL, {"last": int(job.points[-1])}).fetchnumpy()
    shape = job.notes, len(job.points) - 1
    return rounded(job, sums["interest"].reshape(shape), sums["subsidy"].reshape(shape))


FRAMES: dict[str, Callable[[Exploded], tuple[Integers, Integers]]] = {
    "pandas": with_pandas,
    **({"polars": with_polars} if pl else {}),
    **({"duckdb": with_duckdb} if duckdb else {}),
}
