"""Credit contracts, disbursements, notes (借据), their plans and every movement on them."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from loans.models.model import APPEND_ONLY, Keyed, Model, stored
from loans.workflow import BorrowerKind, NoteState

OWED = "balance_fen > 0"
OPEN = "open_due_on IS NOT NULL"


class MovementKind(StrEnum):
    """What can happen to a note on a day."""

    DISBURSED = "disbursed"
    PRINCIPAL_REPAID = "principal_repaid"
    INTEREST_RECEIVED = "interest_received"
    RATE_CHANGED = "rate_changed"
    OVERDUE_FROM = "overdue_from"
    OVERDUE_CURED = "overdue_cured"
    EXTENDED = "extended"
    SUBSIDY_STOPPED = "subsidy_stopped"
    FLAGGED = "flagged"
    HIRES_RECOUNTED = "hires_recounted"
    PAYOUT_REQUESTED = "payout_requested"
    PAYOUT_REFUSED = "payout_refused"
    COMPENSATED = "compensated"
    RECOVERED = "recovered"
    WRITTEN_OFF = "written_off"
    REVERSED = "reversed"


class Contract(Keyed, Model):
    """The credit contract of one approved application, signed at its first disbursement."""

    __tablename__ = "contract"
    __table_args__ = (UniqueConstraint("bank_id", "contract_no"),)

    bank_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), unique=True)
    borrower_id: Mapped[int] = mapped_column(ForeignKey("borrower.id"), index=True)
    kind: Mapped[BorrowerKind] = mapped_column(stored(BorrowerKind))
    contract_no: Mapped[str] = mapped_column(String(64))
    signed_on: Mapped[date]
    principal_fen: Mapped[int]
    matures_on: Mapped[date]
    method: Mapped[str] = mapped_column(String(32))
    every_months: Mapped[int]
    rate_ppm: Mapped[int]
    penalty_rate_ppm: Mapped[int]
    day_count: Mapped[str] = mapped_column(String(16))
    guaranteed: Mapped[bool]
    bank_share_pct: Mapped[int]
    # The law this contract lives under (9.1) and what it gives (9.6–9.8).
    policy_version: Mapped[str] = mapped_column(String(64))
    first_disbursed_on: Mapped[date]
    category: Mapped[str] = mapped_column(String(32))
    subsidy_class: Mapped[str] = mapped_column(String(16))
    share_pct: Mapped[int]
    base_limit_fen: Mapped[int]
    benchmark_ppm: Mapped[int | None]
    ceiling_ppm: Mapped[int | None]
    floor_ppm: Mapped[int]
    subsidy_ends_on: Mapped[date]


class Disbursement(Keyed, Model):
    """A drawing asked for by the maker and confirmed by the checker: then it is a note.

    Until then its bank may withdraw it, and ask again under the same note number.
    """

    __tablename__ = "disbursement"
    __table_args__ = (
        Index(
            "uq_disbursement_bank_note_no",
            "bank_id",
            "note_no",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    contract_no: Mapped[str] = mapped_column(String(64))
    note_no: Mapped[str] = mapped_column(String(64))
    amount_fen: Mapped[int]
    signed_on: Mapped[date]
    disbursed_on: Mapped[date]
    matures_on: Mapped[date]
    made_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    confirmed_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    withdrawn_at: Mapped[datetime | None]
    note_id: Mapped[int | None] = mapped_column(ForeignKey("note.id"))


class Note(Keyed, Model):
    """One disbursement's note: the unit of interest, subsidy and claim."""

    __tablename__ = "note"
    __table_args__ = (
        UniqueConstraint("bank_id", "note_no"),
        Index("ix_note_bank_state", "bank_id", "state"),
        Index("ix_note_disbursed_on", "disbursed_on", "principal_fen"),
        # The live book, by which first screens count: narrow, and without what is settled.
        Index(
            "ix_note_owed",
            "bank_id",
            "state",
            "category",
            "matures_on",
            "extended_to",
            "balance_fen",
            sqlite_where=text(OWED),
            postgresql_where=text(OWED),
        ),
        Index(
            "ix_note_matures_on",
            "matures_on",
            "id",
            sqlite_where=text(OWED),
            postgresql_where=text(OWED),
        ),
        CheckConstraint("balance_fen >= 0 AND balance_fen <= principal_fen", name="balance"),
    )

    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"), index=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"))
    borrower_id: Mapped[int] = mapped_column(ForeignKey("borrower.id"), index=True)
    note_no: Mapped[str] = mapped_column(String(64))
    # The contract's, by which the live book is counted without reading the contracts.
    category: Mapped[str] = mapped_column(String(32))
    state: Mapped[NoteState] = mapped_column(stored(NoteState))
    version: Mapped[int] = mapped_column(default=1)
    principal_fen: Mapped[int]
    balance_fen: Mapped[int]
    disbursed_on: Mapped[date]
    matures_on: Mapped[date]
    # quarterly-20, monthly-20, month-end, due-D or at-maturity (rules.md §3).
    settlement: Mapped[str] = mapped_column(String(16))
    extended_to: Mapped[date | None]
    settled_on: Mapped[date | None]


class Instalment(Model):
    """One row of a note's repayment plan as agreed at disbursement.

    ``open_due_on``: the day on which it is to be paid, the extended maturity for the last one after
    an extension, while it is not wholly paid and its note runs; None else. It follows from the
    note's movements (``dues.Account.open_days``) and narrows what the due lists look at.
    """

    __tablename__ = "instalment"
    __table_args__ = (
        Index(
            "ix_instalment_open",
            "open_due_on",
            "note_id",
            "no",
            sqlite_where=text(OPEN),
            postgresql_where=text(OPEN),
        ),
    )

    note_id: Mapped[int] = mapped_column(ForeignKey("note.id"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True)
    due_on: Mapped[date] = mapped_column(index=True)
    principal_fen: Mapped[int]
    interest_fen: Mapped[int]
    balance_after_fen: Mapped[int]
    open_due_on: Mapped[date | None]


class Movement(Keyed, Model):
    """What happened to a note: value date, day recorded, amount or rate. Never edited.

    ``on`` is the value date that interest follows; ``recorded_on`` the business date on which the
    bank reported it. A reversal names the movement it undoes; a movement is undone at most once.
    """

    __tablename__ = "movement"
    __table_args__ = (
        Index("ix_movement_note_on", "note_id", "on"),
        Index("ix_movement_recorded_on", "recorded_on"),
        Index("ix_movement_kind_on", "kind", "on", "note_id", "amount_fen"),
        APPEND_ONLY,
    )

    note_id: Mapped[int] = mapped_column(ForeignKey("note.id"))
    kind: Mapped[MovementKind] = mapped_column(stored(MovementKind))
    on: Mapped[date]
    amount_fen: Mapped[int] = mapped_column(default=0)
    rate_ppm: Mapped[int | None]
    until: Mapped[date | None]
    reason: Mapped[str] = mapped_column(String(200), default="")
    recorded_on: Mapped[date]
    recorded_at: Mapped[datetime]
    by_person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("movement.id"), unique=True)

    @property
    def rule(self) -> str | None:
        """The policy key of the switch that stopped the subsidy, or did not (§2.5)."""
        judged = self.kind in (MovementKind.SUBSIDY_STOPPED, MovementKind.FLAGGED)
        return f"stop_event.{self.reason}" if judged else None


class ExtensionRequest(Keyed, Model):
    """An extension asked for by the bank, which the guarantee company must agree to (§4)."""

    __tablename__ = "extension_request"

    note_id: Mapped[int] = mapped_column(ForeignKey("note.id"), index=True)
    until: Mapped[date]
    reason: Mapped[str] = mapped_column(String(200))
    made_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    made_on: Mapped[date]
    agreed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    agreed_on: Mapped[date | None]
