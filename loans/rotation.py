"""Command: seal again, under the newest key, what an older key of the ring sealed.

A batch a command: readers and writers go on in between, for the ring opens every version it holds.
Which columns are sealed, and under which field's name, the tables say themselves.
"""

from collections.abc import Iterator

from sqlalchemy import Column, Table, bindparam, func, select, update

from loans.context import Context
from loans.models import Model

BATCH = 500


def sealed_columns() -> Iterator[tuple[Table, Column[bytes], str]]:
    """Every sealed column with its field's name."""
    for table in Model.metadata.sorted_tables:
        for column in table.columns:
            if "sealed" in column.info:
                yield table, column, column.info["sealed"]


def reseal(ctx: Context, *, batch: int = BATCH) -> int:
    """Seal up to ``batch`` values again; how many there were. 0: all is under the newest key."""
    for table, column, field in sealed_columns():
        done = _reseal(ctx, table, column, field, batch)
        if done:
            return done
    return 0


def _reseal(ctx: Context, table: Table, column: Column[bytes], field: str, batch: int) -> int:
    newest = bytes([ctx.vault.newest])
    older = (
        select(table.c.id, column)
        .where(column.is_not(None), func.substr(column, 1, 1) != newest)
        .order_by(table.c.id)
        .limit(batch)
        .with_for_update()
    )
    changes = [
        {"key": key, "value": ctx.vault.seal_bytes(field, ctx.vault.open_bytes(field, value))}
        for key, value in ctx.session.execute(older)
    ]
    if changes:
        by_key = update(table).where(table.c.id == bindparam("key"))
        ctx.session.connection().execute(by_key.values({column: bindparam("value")}), changes)
    return len(changes)
