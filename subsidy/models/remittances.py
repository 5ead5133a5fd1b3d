"""拨付: what is payable, what was paid, and the orders that pay it: separate ledgers."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from loans.models import APPEND_ONLY, BigKey, Keyed, Model, sealed, stored


class RemittanceState(StrEnum):
    """An order waits for a second person's word that it was paid; a payment may come back."""

    ORDERED = "ordered"
    PAID = "paid"
    RETURNED = "returned"


class EntryKind(StrEnum):
    """Which of the two ledgers an entry belongs to."""

    PAYABLE = "payable"
    PAID = "paid"


class EntryReason(StrEnum):
    """Why an entry was made: the claim, a later decision, a later fact, money that came back."""

    CLAIMED = "claimed"
    DECIDED = "decided"
    ADJUSTED = "adjusted"
    RETURNED = "returned"


class Remittance(Keyed, Model):
    """A payment of one approved claim to its bank, with what is netted against it."""

    __tablename__ = "remittance"
    __table_args__ = (
        Index(
            "uq_remittance_claim",
            "claim_id",
            unique=True,
            sqlite_where=text("state <> 'returned'"),
            postgresql_where=text("state <> 'returned'"),
        ),
    )

    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"))
    bank_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    state: Mapped[RemittanceState] = mapped_column(stored(RemittanceState))
    amount_fen: Mapped[int]
    # Of the amount: what later facts took from lines paid before, or gave back to them.
    netted_fen: Mapped[int] = mapped_column(server_default="0")
    funding: Mapped[dict[str, Any]]
    # Where it is paid to, as it may be shown.
    account_masked: Mapped[str | None] = mapped_column(String(40))
    # 拨付清单: the canonical CSV and its digest.
    file: Mapped[bytes] = mapped_column(deferred=True)
    sha256: Mapped[str] = mapped_column(String(64))
    ordered_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    ordered_on: Mapped[date]
    ordered_at: Mapped[datetime]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    paid_on: Mapped[date | None]
    reference: Mapped[str | None] = mapped_column(String(100))
    returned_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    returned_on: Mapped[date | None]
    return_reason: Mapped[str | None] = mapped_column(String(200))


class SubsidyEntry(Model):
    """One entry of the payable or of the paid ledger, per claim line and funding level."""

    __tablename__ = "subsidy_entry"
    __table_args__ = (
        Index(
            "uq_subsidy_entry_claimed",
            "claim_line_id",
            unique=True,
            sqlite_where=text("kind = 'payable' AND reason = 'claimed'"),
            postgresql_where=text("kind = 'payable' AND reason = 'claimed'"),
        ),
        Index("uq_subsidy_entry_settles", "settles_id", "remittance_id", "reason", unique=True),
        Index("ix_subsidy_entry_line", "claim_line_id"),
        Index("ix_subsidy_entry_remittance", "remittance_id"),
        CheckConstraint("central_fen + provincial_fen + city_fen = amount_fen", name="funding"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    kind: Mapped[EntryKind] = mapped_column(stored(EntryKind))
    reason: Mapped[EntryReason] = mapped_column(stored(EntryReason), server_default="claimed")
    claim_line_id: Mapped[int] = mapped_column(ForeignKey("claim_line.id"))
    remittance_id: Mapped[int | None] = mapped_column(ForeignKey("remittance.id"))
    # Of a paid entry: the payable one that it pays, or takes back.
    settles_id: Mapped[int | None] = mapped_column(ForeignKey("subsidy_entry.id"))
    on: Mapped[date]
    at: Mapped[datetime]
    amount_fen: Mapped[int]
    central_fen: Mapped[int]
    provincial_fen: Mapped[int]
    city_fen: Mapped[int]
    text: Mapped[str] = mapped_column(String(200), server_default="")


class RemittanceItem(Model):
    """Which payable entries a remittance pays; those of a returned one are open again."""

    __tablename__ = "remittance_item"
    __table_args__ = (APPEND_ONLY,)

    remittance_id: Mapped[int] = mapped_column(ForeignKey("remittance.id"), primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("subsidy_entry.id"), primary_key=True)


class SubsidyBudget(Keyed, Model):
    """The most that may be remitted in a calendar year; the last one set for a year holds."""

    __tablename__ = "subsidy_budget"
    __table_args__ = (Index("ix_subsidy_budget_year", "year"), APPEND_ONLY)

    year: Mapped[int]
    amount_fen: Mapped[int]
    document: Mapped[str] = mapped_column(String(100))
    set_on: Mapped[date]
    set_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))


class AccountChange(Keyed, Model):
    """A bank's new account for the subsidy: asked for by one person, agreed to by another."""

    __tablename__ = "account_change"

    bank_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    account_sealed: Mapped[bytes] = sealed("organisation.account")
    account_masked: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(200))
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_on: Mapped[date]
    agreed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    agreed_on: Mapped[date | None]
    # Taken back by who asked, or refused by the other.
    dropped_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    dropped_on: Mapped[date | None]

    @property
    def is_pending(self) -> bool:
        """Whether it waits for the second person."""
        return self.agreed_on is None and self.dropped_on is None
