"""代偿 and what surrounds it: dunning, payouts, recoveries, exemptions, a bank's standing."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from loans.access import OrganisationKind
from loans.models.model import APPEND_ONLY, Keyed, Model, stored

NOT_REFUSED = "state <> 'refused'"


class DunningChannel(StrEnum):
    """How a borrower was reached (9.10)."""

    PHONE = "phone"
    MESSAGE = "message"
    VISIT = "visit"
    LETTER = "letter"
    LAWYER = "lawyer"


class DunningResult(StrEnum):
    """What came of it."""

    PROMISED = "promised"
    PAID = "paid"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    OTHER = "other"


class DunningEntry(Keyed, Model):
    """催收 (9.10): who reached for the borrower, when, how, with what result. Never edited."""

    __tablename__ = "dunning_entry"
    __table_args__ = (Index("ix_dunning_entry_note_on", "note_id", "on"), APPEND_ONLY)

    note_id: Mapped[int] = mapped_column(ForeignKey("note.id"))
    bank_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    side: Mapped[OrganisationKind] = mapped_column(stored(OrganisationKind))
    on: Mapped[date]
    channel: Mapped[DunningChannel] = mapped_column(stored(DunningChannel))
    result: Mapped[DunningResult] = mapped_column(stored(DunningResult))
    remark: Mapped[str] = mapped_column(String(200), default="")
    recorded_on: Mapped[date]
    recorded_at: Mapped[datetime]
    by_person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))


class PayoutState(StrEnum):
    """Where a request for compensation stands."""

    REQUESTED = "requested"
    EXAMINED = "examined"
    APPROVED = "approved"
    PAID = "paid"
    REFUSED = "refused"
    CLOSED = "closed"
    WRITTEN_OFF = "written_off"


class Payout(Keyed, Model):
    """代偿 of one note: asked for by the bank, examined, approved by a second person, paid.

    The amounts are those of the payment day once ``paid_on`` is set, of the latest step before.
    ``content_hash`` binds the approval to what was examined.
    """

    __tablename__ = "payout"
    __table_args__ = (
        Index("ix_payout_bank_state", "bank_id", "state"),
        # A note is compensated once; after a refusal it may be asked for again.
        Index(
            "uq_payout_note",
            "note_id",
            unique=True,
            sqlite_where=text(NOT_REFUSED),
            postgresql_where=text(NOT_REFUSED),
        ),
        CheckConstraint("bank_fen + fund_fen = compensated_fen", name="shares"),
        CheckConstraint(
            "bank_fen >= 0 AND fund_fen >= 0 AND reduced_fen >= 0 AND interest_fen >= 0"
            " AND principal_fen + interest_fen = compensated_fen + reduced_fen",
            name="amounts",
        ),
    )

    bank_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    note_id: Mapped[int] = mapped_column(ForeignKey("note.id"), index=True)
    state: Mapped[PayoutState] = mapped_column(stored(PayoutState))
    version: Mapped[int] = mapped_column(default=1)
    due_on: Mapped[date]
    days_past_due: Mapped[int]
    reason: Mapped[str] = mapped_column(String(200))
    # What must be proved, item by item (policy ``payout_evidence``), as it stood at the request.
    evidence: Mapped[list[Any]]
    # [{code, title, amount_fen, reason, cites}, …]: coded grounds, each with its sentence.
    grounds: Mapped[list[Any]]
    principal_fen: Mapped[int]
    interest_fen: Mapped[int]
    reduced_fen: Mapped[int]
    compensated_fen: Mapped[int]
    bank_fen: Mapped[int]
    fund_fen: Mapped[int]
    bank_share_pct: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(64))
    requested_on: Mapped[date]
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    examined_on: Mapped[date | None]
    examined_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    passes: Mapped[bool | None]
    opinion: Mapped[str] = mapped_column(String(200), default="")
    decided_on: Mapped[date | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    paid_on: Mapped[date | None]
    paid_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reference: Mapped[str | None] = mapped_column(String(100))


class RecoveryKind(StrEnum):
    """What is entered in a recovery account (追偿)."""

    COST = "cost"
    RECEIPT = "receipt"
    REVERSAL = "reversal"


class Recovery(Keyed, Model):
    """One entry of a payout's recovery account; each column is a change, their sums the account.

    ``costs_fen`` rises with a cost and falls with what repays it, so its sum is what is unpaid:
    ``received = −costs + bank + fund + surplus`` in every receipt.
    """

    __tablename__ = "recovery"
    __table_args__ = (Index("ix_recovery_payout", "payout_id"), APPEND_ONLY)

    payout_id: Mapped[int] = mapped_column(ForeignKey("payout.id"))
    bank_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[RecoveryKind] = mapped_column(stored(RecoveryKind))
    on: Mapped[date]
    received_fen: Mapped[int] = mapped_column(default=0)
    costs_fen: Mapped[int] = mapped_column(default=0)
    bank_fen: Mapped[int] = mapped_column(default=0)
    fund_fen: Mapped[int] = mapped_column(default=0)
    surplus_fen: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(200), default="")
    recorded_on: Mapped[date]
    recorded_at: Mapped[datetime]
    by_person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("recovery.id"), unique=True)


class ExemptionCase(Keyed, Model):
    """尽职免责 (9.12): two recorded findings, a discretionary decision, two signatories.

    It covers 合规责任 only and never changes a share of the loss.
    """

    __tablename__ = "exemption_case"
    __table_args__ = (
        CheckConstraint(
            "granted IS NULL OR granted = false OR (norms_kept AND diligent)", name="findings"
        ),
        CheckConstraint("second_signed_by_id <> first_signed_by_id", name="signatories"),
    )

    note_id: Mapped[int] = mapped_column(ForeignKey("note.id"), index=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    subject: Mapped[str] = mapped_column(String(200))
    # The due-diligence checklists answered with the credit decisions, as they were.
    checklists: Mapped[list[Any]]
    norms_kept: Mapped[bool]
    norms_evidence: Mapped[str] = mapped_column(String(500))
    diligent: Mapped[bool]
    diligence_evidence: Mapped[str] = mapped_column(String(500))
    opened_on: Mapped[date]
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    granted: Mapped[bool | None]
    reason: Mapped[str] = mapped_column(String(500), default="")
    first_signed_on: Mapped[date | None]
    first_signed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    second_signed_on: Mapped[date | None]
    second_signed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class StandingKind(StrEnum):
    """What was done about a bank's compensation rate (§5)."""

    WARNED = "warned"
    SUSPENDED = "suspended"
    RELEASED = "released"


class BankStanding(Keyed, Model):
    """One step in a bank's standing, with the rate of the period behind it; the last one holds."""

    __tablename__ = "bank_standing"
    __table_args__ = (Index("ix_bank_standing_bank", "bank_id"), APPEND_ONLY)

    bank_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[StandingKind] = mapped_column(stored(StandingKind))
    since: Mapped[date]
    until: Mapped[date]
    compensated_fen: Mapped[int]
    released_fen: Mapped[int]
    rate_ppm: Mapped[int | None]
    reason: Mapped[str] = mapped_column(String(200))
    on: Mapped[date]
    at: Mapped[datetime]
    by_person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))


class Reveal(Keyed, Model):
    """Somebody asked to see a borrower's contact in the clear, and for what purpose."""

    __tablename__ = "reveal"
    __table_args__ = (Index("ix_reveal_person_on", "person_id", "on"), APPEND_ONLY)

    note_id: Mapped[int] = mapped_column(ForeignKey("note.id"))
    bank_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    borrower_id: Mapped[int] = mapped_column(ForeignKey("borrower.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    purpose: Mapped[str] = mapped_column(String(200))
    on: Mapped[date]
    at: Mapped[datetime]
