"""The law as this installation holds it: versions of the policy book, and loaded notices."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from loans.models.model import APPEND_ONLY, Keyed, Model


class PolicyVersion(Keyed, Model):
    """One version of the policy book: its whole content, whose hash it is named by.

    Stored when it is loaded (``adopted_at``: from then on new applications follow it) or, at the
    latest, when the first application is accepted or contract signed under it.
    """

    __tablename__ = "policy_version"

    version: Mapped[str] = mapped_column(String(64), unique=True)
    content: Mapped[str]
    stored_on: Mapped[date]
    adopted_at: Mapped[datetime | None]
    by_person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))


class WorkdayNotice(Keyed, Model):
    """A notice of the State Council on holidays, as loaded: its file, named by its hash."""

    __tablename__ = "workday_notice"
    __table_args__ = APPEND_ONLY

    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    announced_on: Mapped[date]
    content: Mapped[str]
    loaded_on: Mapped[date]
    loaded_at: Mapped[datetime]
    by_person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
