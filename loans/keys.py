"""Idempotency keys: a write is done once, and its answer is kept with it.

A key belongs to one organisation and one operation, and is bound to the fingerprint of the
request it came with. The key, the effect and the stored answer commit together or not at all.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from loans.access import Actor
from loans.errors import Conflict
from loans.models import IdempotencyKey

KEPT: Final = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The answer that was given when the key was first used."""

    status: int
    body: bytes


def stored_answer(
    session: Session, *, actor: Actor, operation: str, key: str, fingerprint: bytes
) -> StoredAnswer | None:
    """The answer under this key, if it was used before with the same request; else None.

    Raises ``Conflict`` ``key-reused`` when the key came with another request.
    """
    row = session.scalars(
        select(IdempotencyKey).where(
            IdempotencyKey.organisation_id == actor.organisation_id,
            IdempotencyKey.operation == operation,
            IdempotencyKey.key == key,
        )
    ).one_or_none()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise Conflict(
            "key-reused",
            "这个 Idempotency-Key 已用于另一份内容不同的请求；新的请求请换用新的键",
            details={"operation": operation},
        )
    assert row.status is not None and row.answer is not None, "key and answer commit together"
    return StoredAnswer(row.status, row.answer)


def claim(
    session: Session,
    *,
    actor: Actor,
    operation: str,
    key: str,
    fingerprint: bytes,
    at: datetime,
) -> IdempotencyKey:
    """Take the key for this transaction; the answer is filled in before it commits."""
    row = IdempotencyKey(
        organisation_id=actor.organisation_id,
        operation=operation,
        key=key,
        fingerprint=fingerprint,
        claimed_at=at,
    )
    session.add(row)
    session.flush()
    return row


def forget_old(session: Session, at: datetime) -> None:
    """Drop keys with their answers after the year's final accounts: nobody sends them again."""
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.claimed_at < at - KEPT))
