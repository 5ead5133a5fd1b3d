"""How a month's accrual line is shown."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from pydantic import Field

from app.api.wire import Out, PercentOut, YuanOut, fen, ppm
from loans.context import Context
from loans.models import Movement, Note
from loans.queries import by_key
from subsidy.models import AccrualLine, LineKind, MonthLock


class AccrualOut(Out):
    """一张借据一个月的利息、贴息与借款人自付；或对已关账月份的调整。"""

    note_id: UUID
    note_no: str
    month: str = Field(examples=["2019-06"], description="记入的月份。")
    kind: LineKind
    since: date
    until: date = Field(description="不含该日。")
    balance_days: YuanOut = Field(description="积数（元·日）。")
    interest: YuanOut = fen("interest")
    subsidy: YuanOut = fen("subsidy")
    borrower: YuanOut = fen("borrower")
    rate: PercentOut = ppm("rate")
    share_pct: int
    subsidy_class: str
    policy_version: str
    movement_id: UUID | None = Field(description="引起调整的记录。")


def accrual_lines(
    ctx: Context, rows: Iterable[tuple[AccrualLine, Note]], months: dict[int, MonthLock]
) -> list[AccrualOut]:
    """Accrual lines beside their notes and months."""
    pairs = list(rows)
    facts = by_key(ctx, Movement, (line.movement_id for line, _ in pairs))
    return [
        AccrualOut.of(
            line,
            note_id=note.public_id,
            note_no=note.note_no,
            month=f"{months[line.month_id].since:%Y-%m}",
            movement_id=facts[line.movement_id].public_id if line.movement_id else None,
        )
        for line, note in pairs
    ]


def accruals(ctx: Context, note: Note, rows: list[AccrualLine]) -> list[AccrualOut]:
    """One note's lines."""
    months = by_key(ctx, MonthLock, (row.month_id for row in rows))
    return accrual_lines(ctx, ((row, note) for row in rows), months)
