"""The guarantee fund, the agreements with banks, and the fund's append-only entries."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from loans.models.model import APPEND_ONLY, Keyed, Model, stored


class FundEntryKind(StrEnum):
    """What moves the fund's money or its capacity (§5)."""

    CONTRIBUTION = "contribution"
    RESERVATION = "reservation"
    COMMITMENT = "commitment"
    RELEASE = "release"
    LAPSE = "lapse"
    INCOME = "income"
    COMPENSATION = "compensation"
    RECOVERY = "recovery"
    WITHDRAWAL = "withdrawal"


class GuaranteeFund(Keyed, Model):
    """创业担保基金. This row is locked whenever capacity is taken or given back."""

    __tablename__ = "guarantee_fund"
    __table_args__ = (
        CheckConstraint(
            "balance_fen >= 0 AND reserved_fen >= 0 AND outstanding_fen >= 0", name="positive"
        ),
    )

    guarantor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    balance_fen: Mapped[int] = mapped_column(default=0)
    reserved_fen: Mapped[int] = mapped_column(default=0)
    outstanding_fen: Mapped[int] = mapped_column(default=0)


class FundEntry(Keyed, Model):
    """One entry of the fund: each column is the change of the fund's total of that name."""

    __tablename__ = "fund_entry"
    __table_args__ = (Index("ix_fund_entry_fund_on", "fund_id", "on"), APPEND_ONLY)

    fund_id: Mapped[int] = mapped_column(ForeignKey("guarantee_fund.id"))
    kind: Mapped[FundEntryKind] = mapped_column(stored(FundEntryKind))
    balance_fen: Mapped[int] = mapped_column(default=0)
    reserved_fen: Mapped[int] = mapped_column(default=0)
    outstanding_fen: Mapped[int] = mapped_column(default=0)
    bank_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    application_id: Mapped[int | None] = mapped_column(ForeignKey("application.id"), index=True)
    note_id: Mapped[int | None] = mapped_column(ForeignKey("note.id"), index=True)
    reason: Mapped[str] = mapped_column(String(200), default="")
    on: Mapped[date]
    at: Mapped[datetime]
    by_person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))


class Agreement(Keyed, Model):
    """Guarantee company and bank: the bank's share of a loss in a period (9.11).

    Principal is always compensated, interest where the agreement says so; ``waiting_days`` None
    follows the policy.
    """

    __tablename__ = "agreement"
    __table_args__ = (
        UniqueConstraint("bank_id", "since"),
        CheckConstraint("bank_share_pct BETWEEN 0 AND 100", name="share"),
        CheckConstraint("waiting_days >= 0", name="waiting"),
    )

    guarantor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    bank_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    since: Mapped[date]
    until: Mapped[date | None]
    bank_share_pct: Mapped[int]
    limit_fen: Mapped[int | None]
    compensates_interest: Mapped[bool] = mapped_column(default=True, server_default=true())
    waiting_days: Mapped[int | None]
