"""Authentication at the edge: people by password and cookie, bank machines by API key.

Tokens are random and opaque; only their SHA-256 is stored. Passwords are argon2id. Signing in is
the one write without an actor, so it has its own small transaction here.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.deps import Installation
from loans.access import Actor, Role
from loans.models import ApiKey, BrowserSession, Organisation, Person

FAILURES_ALLOWED = 5
LOCKED_FOR = timedelta(minutes=15)
IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=10)
KEY_PREFIX = "fumin_"

_HASHER = PasswordHash((Argon2Hasher(),))
_HASHES_AT_ONCE = BoundedSemaphore(2)  # each takes 64 MB
# Verified against when the login is unknown, so that both answers cost the same.
_NOBODY = _HASHER.hash(secrets.token_urlsafe(16))


class SignInRefused(Exception):
    """Wrong login or password, or locked: the caller is not told which."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser session's cookie value, its anti-forgery token and who it is."""

    token: str
    csrf: str
    actor: Actor


def hash_password(password: str) -> str:
    """Argon2id hash for storage."""
    with _HASHES_AT_ONCE:
        return _HASHER.hash(password)


def hash_token(token: str) -> bytes:
    """What is stored of a random token."""
    return hashlib.sha256(token.encode()).digest()


def new_key() -> str:
    """A new API key; shown once, stored as its hash."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def sign_in(installation: Installation, login: str, password: str) -> SignedIn:
    """Check login and password and open a browser session; raises ``SignInRefused``."""
    at = installation.clock()
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    with installation.writes() as session, session.begin():
        person = session.scalars(
            select(Person).where(Person.login == login).with_for_update()
        ).one_or_none()
        if _password_holds(person, password, at):
            assert person is not None
            person.failed_logins, person.locked_until = 0, None
            session.add(
                BrowserSession(
                    token_hash=hash_token(token),
                    person_id=person.id,
                    csrf=csrf,
                    started_at=at,
                    seen_at=at,
                )
            )
            return SignedIn(token, csrf, _actor(session, person))
        if person is not None:
            _count_failure(person, at)
    raise SignInRefused


def sign_out(installation: Installation, token: str) -> None:
    """End a browser session."""
    with installation.writes() as session, session.begin():
        row = session.get(BrowserSession, hash_token(token))
        if row is not None:
            row.ended_at = installation.clock()


def actor_of_key(session: Session, key: str, at: datetime) -> Actor | None:
    """The person an API key acts as; None if unknown, expired or revoked."""
    row = session.scalars(select(ApiKey).where(ApiKey.key_hash == hash_token(key))).one_or_none()
    if row is None or row.revoked_at is not None or row.expires_at <= at:
        return None
    return _active_actor(session, row.person_id)


def actor_of_cookie(session: Session, token: str, at: datetime) -> SignedIn | None:
    """Who a browser session belongs to; None if unknown, ended, idle too long or too old."""
    row = session.get(BrowserSession, hash_token(token))
    if row is None or row.ended_at is not None:
        return None
    if at - row.seen_at > IDLE or at - row.started_at > ABSOLUTE:
        return None
    actor = _active_actor(session, row.person_id)
    return SignedIn(token, row.csrf, actor) if actor else None


def touch(installation: Installation, token: str) -> None:
    """Note that a browser session is in use; at most once a minute, to keep reads reads."""
    at = installation.clock()
    with installation.reads() as session:
        row = session.get(BrowserSession, hash_token(token))
        if row is None or at - row.seen_at < timedelta(minutes=1):
            return
    with installation.writes() as session, session.begin():
        row = session.get(BrowserSession, hash_token(token))
        if row is not None:
            row.seen_at = at


def actor_of_login(session: Session, login: str) -> Actor | None:
    """The actor behind a login, for the command line of the machine itself."""
    person = session.scalars(select(Person).where(Person.login == login)).one_or_none()
    return _actor(session, person) if person and person.active else None


def _active_actor(session: Session, person_id: int) -> Actor | None:
    person = session.get(Person, person_id)
    return _actor(session, person) if person and person.active else None


def _actor(session: Session, person: Person) -> Actor:
    organisation = session.get_one(Organisation, person.organisation_id)
    return Actor(
        person_id=person.id,
        public_id=person.public_id,
        name=person.name,
        organisation_id=organisation.id,
        organisation_kind=organisation.kind,
        roles=frozenset(Role(role) for role in person.roles),
    )


def _password_holds(person: Person | None, password: str, at: datetime) -> bool:
    with _HASHES_AT_ONCE:
        known = person is not None and person.password_hash is not None
        matches = _HASHER.verify(password, person.password_hash if known else _NOBODY)  # type: ignore[union-attr,arg-type]
    locked = person is not None and person.locked_until is not None and person.locked_until > at
    return matches and known and person is not None and person.active and not locked


def _count_failure(person: Person, at: datetime) -> None:
    person.failed_logins += 1
    if person.failed_logins >= FAILURES_ALLOWED:
        person.failed_logins, person.locked_until = 0, at + LOCKED_FOR


def same_token(given: str, expected: str) -> bool:
    """Whether two tokens are equal, in constant time."""
    return secrets.compare_digest(given.encode(), expected.encode())
