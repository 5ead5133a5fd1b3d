"""Signed requests of machines: HMAC over method, path, time, nonce and body hash.

    Authorization: FUMIN-HMAC-SHA256 key=<id>, time=<seconds>, nonce=<text>, signature=<hex>

The signed text is method, path with its query, time, nonce and the body's SHA-256 in hex, one a
line. The secret never travels. A request is taken once, and only near its time.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.deps import Installation
from app.security import actor_behind
from loans.access import Actor
from loans.logins import KEY_SECRET
from loans.models import ApiKey, SignedRequest

SCHEME = "fumin-hmac-sha256"
WINDOW = timedelta(seconds=300)
_GIVEN = re.compile(
    r"key=(?P<key>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}), ?time=(?P<time>[0-9]{1,12}), ?"
    r"nonce=(?P<nonce>[A-Za-z0-9_-]{8,64}), ?signature=(?P<signature>[0-9a-f]{64})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Part:
    """What of a request is signed beside its time and nonce; ``path`` with its query."""

    method: str
    path: bytes
    body: bytes


def signature(secret: str, part: Part, *, time: str, nonce: str) -> str:
    """The hex code that belongs to a request."""
    lines = (
        part.method.encode(),
        part.path,
        time.encode(),
        nonce.encode(),
        hashlib.sha256(part.body).hexdigest().encode(),
    )
    return hmac.new(secret.encode(), b"\n".join(lines), hashlib.sha256).hexdigest()


def is_expected(installation: Installation, given: str) -> bool:
    """Whether a known key says that it signed now: worth reading the body that it covers."""
    found = _in_time(given, installation.clock())
    if found is None:
        return False
    with installation.reads() as session:
        return _key(session, found) is not None


def actor_of(installation: Installation, given: str, part: Part) -> Actor | None:
    """Who signed this request; None if nobody did, too long ago, or if it came before."""
    at = installation.clock()
    found = _in_time(given, at)
    if found is None:
        return None
    with installation.reads() as session:
        key = _key(session, found)
        if key is None or key.secret_sealed is None:
            return None
        secret = installation.vault.open(KEY_SECRET, key.secret_sealed)
        expected = signature(secret, part, time=found["time"], nonce=found["nonce"])
        if not hmac.compare_digest(expected, found["signature"]):
            return None
        actor = actor_behind(session, key, at)
    if actor is None or not _is_first(installation, key.id, found["nonce"], at):
        return None
    return actor


def key_named(given: str) -> ColumnElement[bool]:
    """The key that a well-formed signature names."""
    found = _GIVEN.fullmatch(given)
    assert found is not None, "it has been read before"
    return ApiKey.public_id == UUID(found["key"])


def _in_time(given: str, at: datetime) -> re.Match[str] | None:
    found = _GIVEN.fullmatch(given)
    if found is None or abs(at.timestamp() - int(found["time"])) > WINDOW.total_seconds():
        return None
    return found


def _key(session: Session, found: re.Match[str]) -> ApiKey | None:
    signing = select(ApiKey).where(ApiKey.secret_sealed.is_not(None))
    return session.scalars(signing.where(ApiKey.public_id == UUID(found["key"]))).one_or_none()


def _is_first(installation: Installation, key_id: int, nonce: str, at: datetime) -> bool:
    """Take note of a nonce; False if it was noted before."""
    try:
        with installation.writes() as session, session.begin():
            session.add(SignedRequest(api_key_id=key_id, nonce=nonce, at=at))
    except IntegrityError:
        return False
    return True


def forget_old(session: Session, at: datetime) -> None:
    """Drop the nonces of requests that would be too old by now."""
    session.execute(delete(SignedRequest).where(SignedRequest.at < at - 2 * WINDOW))
