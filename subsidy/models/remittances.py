"""拨付: what is payable, what was paid, and the orders that pay it: separate ledgers."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from loans.models import APPEND_ONLY, BigKey, Keyed, Model, stored


class RemittanceState(StrEnum):
    """An order waits for a second person's confirmation that it was paid."""

    ORDERED = "ordered"
    PAID = "paid"


class EntryKind(StrEnum):
    """Which of the two ledgers an entry belongs to."""

    PAYABLE = "payable"
    PAID = "paid"


class Remittance(Keyed, Model):
    """A payment of one approved claim to its bank."""

    __tablename__ = "remittance"

    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"), unique=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    state: Mapped[RemittanceState] = mapped_column(stored(RemittanceState))
    amount_fen: Mapped[int]
    funding: Mapped[dict[str, Any]]
    # 拨付清单: the canonical CSV and its digest.
    file: Mapped[bytes]
    sha256: Mapped[str] = mapped_column(String(64))
    ordered_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    ordered_on: Mapped[date]
    ordered_at: Mapped[datetime]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    paid_on: Mapped[date | None]
    reference: Mapped[str | None] = mapped_column(String(100))


class SubsidyEntry(Model):
    """One entry of the payable or of the paid ledger, per claim line and funding level."""

    __tablename__ = "subsidy_entry"
    __table_args__ = (
        Index("uq_subsidy_entry", "kind", "claim_line_id", unique=True),
        Index("ix_subsidy_entry_remittance", "remittance_id"),
        CheckConstraint("central_fen + provincial_fen + city_fen = amount_fen", name="funding"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    kind: Mapped[EntryKind] = mapped_column(stored(EntryKind))
    claim_line_id: Mapped[int] = mapped_column(ForeignKey("claim_line.id"))
    remittance_id: Mapped[int | None] = mapped_column(ForeignKey("remittance.id"))
    on: Mapped[date]
    at: Mapped[datetime]
    amount_fen: Mapped[int]
    central_fen: Mapped[int]
    provincial_fen: Mapped[int]
    city_fen: Mapped[int]
