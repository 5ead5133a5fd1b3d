"""Locked months and their accrual lines."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from loans.models import APPEND_ONLY, BigKey, Keyed, Model, stored


class LineKind(StrEnum):
    """A month's own line, or the correction of earlier locked months."""

    REGULAR = "regular"
    ADJUSTMENT = "adjustment"


class MonthLock(Keyed, Model):
    """A closed calendar month: [since, until), its totals and the digest of its lines."""

    __tablename__ = "month_lock"
    __table_args__ = (APPEND_ONLY,)

    since: Mapped[date] = mapped_column(unique=True)
    until: Mapped[date]
    lines: Mapped[int]
    interest_fen: Mapped[int]
    subsidy_fen: Mapped[int]
    borrower_fen: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    # Movements recorded later than this one are late facts for the months up to here.
    last_movement_id: Mapped[int]
    locked_on: Mapped[date]
    locked_at: Mapped[datetime]
    by_person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))


class AccrualLine(Model):
    """One note's interest, subsidy and borrower's share of a locked month; or an adjustment.

    An adjustment corrects the rows before ``since`` and names the movement that made it due.
    """

    __tablename__ = "accrual_line"
    __table_args__ = (
        Index(
            "uq_accrual_line_regular",
            "month_id",
            "note_id",
            unique=True,
            sqlite_where=text("kind = 'regular'"),
            postgresql_where=text("kind = 'regular'"),
        ),
        Index("uq_accrual_line_adjustment", "note_id", "movement_id", unique=True),
        CheckConstraint("borrower_fen + subsidy_fen = interest_fen", name="shares"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    month_id: Mapped[int] = mapped_column(ForeignKey("month_lock.id"))
    note_id: Mapped[int] = mapped_column(ForeignKey("note.id"))
    kind: Mapped[LineKind] = mapped_column(stored(LineKind))
    since: Mapped[date]
    until: Mapped[date]
    balance_days: Mapped[int]
    interest_fen: Mapped[int]
    subsidy_fen: Mapped[int]
    borrower_fen: Mapped[int]
    rate_ppm: Mapped[int]
    share_pct: Mapped[int]
    subsidy_class: Mapped[str] = mapped_column(String(16))
    policy_version: Mapped[str] = mapped_column(String(64))
    movement_id: Mapped[int | None] = mapped_column(ForeignKey("movement.id"))
