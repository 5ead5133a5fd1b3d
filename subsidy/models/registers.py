"""登记册: lists of other bureaus, loaded as files: who may not be subsidised, and when."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from loans.models import BigKey, Keyed, Model, stored


class RegisterKind(StrEnum):
    """The lists of rules.md §7; their columns are data (``subsidy/register_columns``)."""

    EXCLUSION = "exclusion"
    DEREGISTERED = "deregistered"
    OWNERS = "owners"
    SPOUSES = "spouses"
    OTHER_SUBSIDIES = "other_subsidies"
    HIRES_LEFT = "hires_left"
    EARLIER_LOANS = "earlier_loans"


class RegisterFile(Keyed, Model):
    """One list as loaded. A newer one of the same kind and source replaces it, rows and all."""

    __tablename__ = "register_file"
    __table_args__ = (Index("ix_register_file_kind", "kind", "replaced_by_id"),)

    kind: Mapped[RegisterKind] = mapped_column(stored(RegisterKind))
    source: Mapped[str] = mapped_column(String(100))
    file_name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    entries: Mapped[int]
    loaded_on: Mapped[date]
    loaded_at: Mapped[datetime]
    by_person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    replaced_by_id: Mapped[int | None] = mapped_column(ForeignKey("register_file.id"))


class RegisterEntry(Model):
    """One row of a list. Numbers of people and firms are kept as blind indexes only."""

    __tablename__ = "register_entry"
    __table_args__ = (Index("ix_register_entry_file", "file_id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("register_file.id"))
    row: Mapped[int]
    subject_index: Mapped[bytes]
    # The second party: the owner's firm, the spouse, the firm that a hire left.
    other_index: Mapped[bytes | None]
    reference: Mapped[str] = mapped_column(String(64))
    since: Mapped[date]
    until: Mapped[date | None]
    detail: Mapped[str] = mapped_column(String(200))
