"""贴息申报: a bank's claim file as received, its lines, and the causes of every difference."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from loans.models import BigKey, Keyed, Model, sealed, stored
from subsidy.reconciliation import LineClass


class ClaimState(StrEnum):
    """States of a claim. A file with bad rows is kept as received, but not accepted."""

    NOT_ACCEPTED = "not_accepted"
    RECEIVED = "received"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    SUPERSEDED = "superseded"


class Claim(Keyed, Model):
    """One bank's detail sheet for the quarter [since, until)."""

    __tablename__ = "claim"
    __table_args__ = (Index("ix_claim_bank_since", "bank_id", "since"),)

    bank_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    since: Mapped[date]
    until: Mapped[date]
    state: Mapped[ClaimState] = mapped_column(stored(ClaimState))
    file_name: Mapped[str] = mapped_column(String(200))
    file: Mapped[bytes] = sealed("claim.file", deferred=True)
    sha256: Mapped[str] = mapped_column(String(64))
    # Digest of the lines and what is to be paid on each: what an approval is bound to.
    content_hash: Mapped[str] = mapped_column(String(64))
    received_on: Mapped[date]
    received_at: Mapped[datetime]
    received_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    line_count: Mapped[int]
    claimed_fen: Mapped[int]
    expected_fen: Mapped[int]
    payable_fen: Mapped[int]
    # Findings about the file as a whole (columns, totals, conventions, missing notes).
    findings: Mapped[list[Any]]
    reviewed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reviewed_on: Mapped[date | None]
    review_comment: Mapped[str | None] = mapped_column(String(500))
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    approved_on: Mapped[date | None]
    # The file that this one corrects.
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("claim.id"))


class ClaimLine(Keyed, Model):
    """One row of the detail sheet, what we computed for it, and what is payable on it."""

    __tablename__ = "claim_line"
    __table_args__ = (
        UniqueConstraint("claim_id", "row"),
        Index("ix_claim_line_note", "note_id", "since"),
    )

    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"))
    row: Mapped[int]
    note_id: Mapped[int | None] = mapped_column(ForeignKey("note.id"))
    note_no: Mapped[str] = mapped_column(String(64))
    since: Mapped[date | None]
    until: Mapped[date | None]
    subsidy_class: Mapped[str | None] = mapped_column(String(16))
    claimed_fen: Mapped[int]
    expected_fen: Mapped[int]
    payable_fen: Mapped[int]
    # What earlier claims were paid for the same days: this line may only claim the rest.
    deducted_fen: Mapped[int] = mapped_column(server_default="0")
    line_class: Mapped[LineClass] = mapped_column(stored(LineClass))
    # The row's other cells as read, without name and ID number.
    cells: Mapped[dict[str, Any]]
    findings: Mapped[list[Any]]


class ClaimCause(Model):
    """One named cause of a line's difference; the amounts of a line sum to its difference."""

    __tablename__ = "claim_cause"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("claim_line.id"), index=True)
    no: Mapped[int]
    code: Mapped[str] = mapped_column(String(3))
    amount_fen: Mapped[int]
    message: Mapped[str] = mapped_column(String(500))
    cites: Mapped[str] = mapped_column(String(500))
