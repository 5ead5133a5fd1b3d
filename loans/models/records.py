"""What every command leaves behind: idempotency key, audit record, outbox event, job; the date."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from loans.models.model import APPEND_ONLY, BigKey, Keyed, Model, sealed


class IdempotencyKey(Model):
    """A caller's key, the fingerprint of the request it came with, and the stored answer."""

    __tablename__ = "idempotency_key"
    __table_args__ = (
        UniqueConstraint("organisation_id", "operation", "key"),
        Index("ix_idempotency_key_claimed_at", "claimed_at"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    operation: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(128))
    fingerprint: Mapped[bytes]
    status: Mapped[int | None]
    answer: Mapped[bytes | None]
    claimed_at: Mapped[datetime]


class AuditRecord(Model):
    """One accepted (or refused) command: who, what, on which object; chained by a keyed code."""

    __tablename__ = "audit_record"
    __table_args__ = (Index("ix_audit_record_target", "target_id"), APPEND_ONLY)

    seq: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    on: Mapped[date]
    # Nobody: a sign-in under a login that does not exist.
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    operation: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(64))
    target_id: Mapped[UUID | None]
    fingerprint: Mapped[bytes]
    details: Mapped[dict[str, Any]]
    code: Mapped[bytes]


class AuditHead(Model):
    """The chain's last link; its table is what commands queue for on PostgreSQL."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    seq: Mapped[int]
    code: Mapped[bytes]


class OutboxEvent(Keyed, Model):
    """An event for the outside, stored with the change that caused it."""

    __tablename__ = "outbox_event"
    __table_args__ = (
        Index("ix_outbox_event_due", "delivered_at", "id"),
        Index("ix_outbox_event_subject", "organisation_id", "subject", "id"),
    )

    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    topic: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    # What it is about: its events are delivered in order.
    subject: Mapped[str] = mapped_column(String(64), server_default="")
    delivered_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)


class Webhook(Keyed, Model):
    """Where an organisation is told of its events."""

    __tablename__ = "webhook"

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    url: Mapped[str] = mapped_column(String(500))
    secret_sealed: Mapped[bytes] = sealed("webhook.secret")
    registered_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class Job(Keyed, Model):
    """Background work, queued in the business transaction, claimed with a lease."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_due", "finished_at", "leased_until"),)

    kind: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]]
    queued_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[str | None] = mapped_column(String(500))


class BusinessDate(Model):
    """The business date set by an administrator, outside production only."""

    __tablename__ = "business_date"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    on: Mapped[date]
