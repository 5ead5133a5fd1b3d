"""Events on their way out: who is told, which event is next, what became of an attempt.

An event is delivered at least once, and in order for each object it is about: the next one of an
object waits for the one before. A receiver that stays silent is asked again, later and later.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session, aliased

from loans.context import Context
from loans.errors import Conflict
from loans.models import OutboxEvent, Webhook
from loans.queries import one, organisation_by_code
from loans.vault import Vault

SECRET: Final = "webhook.secret"
LEASE: Final = timedelta(seconds=60)
FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(hours=6)
MOST_ATTEMPTS: Final = 25  # about four days; then a person must look


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one receiver, leased to the sender that holds this."""

    event_key: int
    event_id: UUID
    topic: str
    payload: dict[str, Any]
    at: datetime
    url: str
    secret: str


def register(ctx: Context, *, code: str, url: str, secret: str) -> Webhook:
    """An organisation wants to be told of its events at an address of its own."""
    organisation = organisation_by_code(ctx, code)
    if not _is_address(url):
        raise Conflict("webhook-url", f"接收地址 {url} 须为 https://主机/路径，不带用户名")
    if ctx.session.scalars(_of(organisation.id)).first() is not None:
        raise Conflict("webhook-exists", f"“{organisation.name}”已有接收地址，请先停用原来的")
    row = Webhook(
        public_id=ctx.new_id(),
        organisation_id=organisation.id,
        url=url,
        secret_sealed=ctx.vault.seal(SECRET, secret),
        registered_at=ctx.at,
    )
    ctx.session.add(row)
    return row


def remove(ctx: Context, *, webhook_id: UUID) -> Webhook:
    """Nothing more is sent there."""
    row = one(ctx, Webhook, webhook_id, lock=True)
    if row.removed_at is not None:
        raise Conflict("webhook-removed", "该接收地址已经停用")
    row.removed_at = ctx.at
    return row


def lease(session: Session, vault: Vault, *, at: datetime, most: int) -> list[Delivery]:
    """Take up to ``most`` events that are due, for a minute: another sender leaves them alone."""
    earlier = aliased(OutboxEvent)
    waits = exists().where(
        earlier.organisation_id == OutboxEvent.organisation_id,
        earlier.subject == OutboxEvent.subject,
        earlier.id < OutboxEvent.id,
        earlier.at >= Webhook.registered_at,
        earlier.delivered_at.is_(None),
        earlier.failed_at.is_(None),
    )
    due = (
        select(OutboxEvent, Webhook)
        .join(Webhook, Webhook.organisation_id == OutboxEvent.organisation_id)
        .where(
            Webhook.removed_at.is_(None),
            OutboxEvent.at >= Webhook.registered_at,
            OutboxEvent.delivered_at.is_(None),
            OutboxEvent.failed_at.is_(None),
            or_(OutboxEvent.next_at.is_(None), OutboxEvent.next_at <= at),
            ~waits,
        )
        .order_by(OutboxEvent.id)
        .limit(most)
        .with_for_update(of=OutboxEvent, skip_locked=True)
    )
    found = []
    for event, hook in session.execute(due):
        event.attempts += 1
        event.next_at = at + LEASE
        secret = vault.open(SECRET, hook.secret_sealed)
        found.append(
            Delivery(
                event.id, event.public_id, event.topic, event.payload, event.at, hook.url, secret
            )
        )
    return found


def settle(session: Session, delivery: Delivery, *, at: datetime, delivered: bool) -> None:
    """What became of an attempt: done, to be tried again later, or given up."""
    event = session.get_one(OutboxEvent, delivery.event_key, with_for_update=True)
    if delivered:
        event.delivered_at = at
    elif event.attempts >= MOST_ATTEMPTS:
        event.failed_at = at
    else:
        event.next_at = at + min(FIRST_PAUSE * 2 ** (event.attempts - 1), LONGEST_PAUSE)


def _is_address(url: str) -> bool:
    """Whether events can be sent there: a host by its name, a port that there is, no user."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").encode("idna")
    except ValueError:  # UnicodeError is one
        return False
    is_plain = url.isascii() and url.isprintable() and " " not in url
    return (
        is_plain
        and parts.scheme in ("https", "http")
        and host != b""
        and port != 0
        and parts.username is None
    )


def _of(organisation_id: int) -> Any:
    return select(Webhook).where(
        Webhook.organisation_id == organisation_id, Webhook.removed_at.is_(None)
    )
