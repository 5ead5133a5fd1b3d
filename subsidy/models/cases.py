"""差异处理: one case a claim line that is an exception, from its finding to its decision."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from loans.models import APPEND_ONLY, Keyed, Model, stored


class CaseState(StrEnum):
    """What became of an exception; an open one is carried on until somebody decides."""

    OPEN = "open"
    ALLOWED = "allowed"
    DISALLOWED = "disallowed"
    RETURNED = "returned"
    SUPERSEDED = "superseded"


class ClaimCase(Keyed, Model):
    """One exception. ``opened_on`` is that of the first file in which the note was one."""

    __tablename__ = "claim_case"
    __table_args__ = (Index("ix_claim_case_bank_state", "bank_id", "state"),)

    bank_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"), index=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("claim_line.id"), unique=True)
    note_no: Mapped[str] = mapped_column(String(64))
    state: Mapped[CaseState] = mapped_column(stored(CaseState))
    opened_on: Mapped[date]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    # The case of the file that this one corrects; the later claim that it was carried to.
    continues_id: Mapped[int | None] = mapped_column(ForeignKey("claim_case.id"))
    carried_to_id: Mapped[int | None] = mapped_column(ForeignKey("claim.id"))
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_on: Mapped[date | None]
    allowed_fen: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(String(200))
    cites: Mapped[str | None] = mapped_column(String(500))


class CaseComment(Keyed, Model):
    """A remark or a piece of evidence of either side. Never edited."""

    __tablename__ = "case_comment"
    __table_args__ = (Index("ix_case_comment_case", "case_id"), APPEND_ONLY)

    case_id: Mapped[int] = mapped_column(ForeignKey("claim_case.id"))
    by_person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    on: Mapped[date]
    at: Mapped[datetime]
    text: Mapped[str] = mapped_column(String(500))
    evidence: Mapped[str] = mapped_column(String(200))
