"""Authentication at the edge: people by password, second factor and cookie, machines by API key.

Tokens are random and opaque; only their SHA-256 is stored. Passwords are argon2id. Signing in is
the one write without an actor, so it has its own small transaction here. Everything is looked up
at every request, so that what is revoked or changed counts from the next one.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from threading import BoundedSemaphore
from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from app.db import take_turn
from app.deps import Installation
from app.limits import TooMany
from loans import audit, wall
from loans.access import Actor, Role
from loans.logins import accepted_code
from loans.models import (
    ApiKey,
    AuditHead,
    AuditRecord,
    BrowserSession,
    Organisation,
    Person,
)

FAILURES_ALLOWED = 5
LOCKED_FOR = timedelta(minutes=15)
IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=10)
ATTEMPT_COST = 40  # of 1200 a minute: 30 attempts
STRANGERS, STRANGER_COST = "sign-ins of nobody", 20  # of 1200 a minute: 60 links
SIGN_IN, UNKNOWN = "session.sign_in", "unknown"  # operation and outcome in the audit chain
KEY_PREFIX = "fumin_"

_HASHER = PasswordHash((Argon2Hasher(),))
_HASHES_AT_ONCE = BoundedSemaphore(2)  # each takes 64 MB


class SignInRefused(Exception):
    """Wrong login, password or code, or locked: the caller is not told which."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser session's cookie value, its anti-forgery token and who it is."""

    token: str
    csrf: str
    actor: Actor
    must_enrol: bool = False  # nothing else is open before the second factor is set up


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


def sign_in(
    installation: Installation,
    login: str,
    password: str,
    code: str | None = None,
    address: str = "",
) -> SignedIn:
    """Check login, password and one-time code and open a browser session; or ``SignInRefused``.

    Guessing is slow from one address: an attempt costs as much as many requests (``TooMany``).
    """
    if installation.buckets:
        installation.buckets.take(address, ATTEMPT_COST)
    at = installation.clock()
    query = select(Person).where(Person.login == login)
    with installation.reads() as session:
        known = session.scalars(query).one_or_none()
        tried = known.password_hash if known is not None else None
    matches = _matches(tried, password)  # takes its time, so before the turn
    with installation.writes() as session, session.begin():
        take_turn(session)
        person = session.scalars(query.with_for_update()).one_or_none()
        if person is not None and person.password_hash == tried:
            holds = matches and _is_open(person, at)
            if holds and _code_holds(installation, session, person, code):
                person.failed_logins, person.locked_until = 0, None
                _note(installation, session, person, audit.ACCEPTED, address)
                return _begin(installation, session, person, at)
            _fail(installation, session, person, at, address)
        elif person is None:
            _note_stranger(installation, session, login, address)
    raise SignInRefused


def sign_out(installation: Installation, token: str) -> None:
    """End a browser session."""
    with installation.writes() as session, session.begin():
        row = session.get(BrowserSession, hash_token(token))
        if row is not None:
            row.ended_at = installation.clock()


def password_is(installation: Installation, actor: Actor, password: str, address: str = "") -> bool:
    """Whether this is the actor's own password, asked again before it is changed.

    A wrong one counts as it does at the door: who found a session open guesses no longer there.
    """
    if installation.buckets:
        installation.buckets.take(address, ATTEMPT_COST)
    at = installation.clock()
    with installation.reads() as session:
        tried = session.get_one(Person, actor.person_id).password_hash
    matches = _matches(tried, password)
    with installation.writes() as session, session.begin():
        take_turn(session)
        person = session.get_one(Person, actor.person_id, with_for_update=True)
        holds = matches and person.password_hash == tried and _is_open(person, at)
        if not holds:
            _fail(installation, session, person, at, address)
        return holds


def actor_of_key(session: Session, key: str, at: datetime) -> Actor | None:
    """The person an API key acts as; None if unknown, expired, revoked, or meant for signing."""
    row = session.scalars(select(ApiKey).where(ApiKey.key_hash == hash_token(key))).one_or_none()
    if row is None or row.secret_sealed is not None:
        return None
    return actor_behind(session, row, at)


def actor_behind(session: Session, key: ApiKey, at: datetime) -> Actor | None:
    """The person a key's row acts as, within the key's operations; None if it is not valid."""
    if key.agreed_at is None or key.revoked_at is not None or key.expires_at <= at:
        return None
    actor = _active_actor(session, key.person_id)
    if actor is None or key.operations is None:
        return actor
    return replace(actor, only=frozenset(key.operations))


def actor_of_cookie(installation: Installation, session: Session, token: str) -> SignedIn | None:
    """Who a browser session belongs to; None if unknown, ended, idle too long or too old."""
    at = installation.clock()
    row = session.get(BrowserSession, hash_token(token))
    if row is None or row.ended_at is not None:
        return None
    if at - row.seen_at > IDLE or at - row.started_at > ABSOLUTE:
        return None
    person = session.get_one(Person, row.person_id)
    return _signed_in(installation, session, person, token, row.csrf) if _works(person) else None


def session_stands(actor: Actor, token: str) -> Callable[[Session], bool]:
    """Whether a browser session is still this actor's, asked again when a command has its turn."""
    return _stands(
        actor,
        BrowserSession,
        BrowserSession.token_hash == hash_token(token),
        BrowserSession.ended_at.is_(None),
    )


def key_stands(actor: Actor, which: ColumnElement[bool]) -> Callable[[Session], bool]:
    """The same of an API key."""
    return _stands(actor, ApiKey, which, ApiKey.revoked_at.is_(None))


def _stands(actor: Actor, model: Any, *holds: ColumnElement[bool]) -> Callable[[Session], bool]:
    query = (
        select(Person.roles).join(model, model.person_id == Person.id).where(Person.active, *holds)
    )

    def asked(session: Session) -> bool:
        roles = session.scalars(query).one_or_none()
        return roles is not None and frozenset(roles) == actor.roles

    return asked


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
    return _actor(session, person) if person and _works(person) else None


def _works(person: Person) -> bool:
    """Whether this account is for anything: not before two administrators gave it roles."""
    return person.active and bool(person.roles)


def _signed_in(
    installation: Installation, session: Session, person: Person, token: str, csrf: str
) -> SignedIn:
    must_enrol = installation.needs_second_factor and person.totp_since is None
    return SignedIn(token, csrf, _actor(session, person), must_enrol)


def _active_actor(session: Session, person_id: int) -> Actor | None:
    person = session.get(Person, person_id)
    return _actor(session, person) if person and _works(person) else None


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


def _begin(installation: Installation, session: Session, person: Person, at: datetime) -> SignedIn:
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    session.add(
        BrowserSession(
            token_hash=hash_token(token),
            person_id=person.id,
            csrf=csrf,
            started_at=at,
            seen_at=at,
        )
    )
    return _signed_in(installation, session, person, token, csrf)


def _note(
    installation: Installation, session: Session, person: Person, outcome: str, address: str
) -> None:
    """Every attempt on an account stands in the audit chain: accepted, refused or locked."""
    audit.record(
        installation.context(session, _actor(session, person)),
        operation=SIGN_IN,
        outcome=outcome,
        target_id=person.public_id,
        details={"address": address},
    )


def _note_stranger(installation: Installation, session: Session, login: str, address: str) -> None:
    """So does one on no account: what was typed as a keyed code, for it may be a password.

    Anybody can cause these, so only so many a minute are links; the others cost the same time.
    """
    wall.admit(session, wall.EVERY_BANK)
    try:
        if installation.buckets:
            installation.buckets.take(STRANGERS, STRANGER_COST)
    except TooMany:
        session.execute(update(AuditHead).values(seq=AuditHead.seq))
        return
    entry = AuditRecord(
        at=installation.clock(),
        on=installation.today(session),
        operation=SIGN_IN,
        outcome=UNKNOWN,
        fingerprint=installation.vault.index("sign_in.login", login),
        details={"address": address},
    )
    audit.append(session, installation.vault, entry)


def _matches(password_hash: str | None, password: str) -> bool:
    """Whether this is the password; takes as long where there is none."""
    nobodys = _nobodys_hash()  # before it matters whose it is: a process makes it only once
    with _HASHES_AT_ONCE:
        return _HASHER.verify(password, password_hash or nobodys) and password_hash is not None


@cache
def _nobodys_hash() -> str:
    """What a password is compared with where the login is unknown, made at the first sign-in."""
    return _HASHER.hash(secrets.token_urlsafe(16))


def _is_open(person: Person, at: datetime) -> bool:
    """Whether anybody may sign in to this account now."""
    return _works(person) and (person.locked_until is None or person.locked_until <= at)


def _code_holds(
    installation: Installation, session: Session, person: Person, code: str | None
) -> bool:
    """Whether the one-time code is right, if this person has one; it is used up by that."""
    if person.totp_since is None:
        return True
    ctx = installation.context(session, _actor(session, person))
    step = accepted_code(ctx, person, code or "")
    if step is not None:
        person.totp_step = step
    return step is not None


def _fail(
    installation: Installation, session: Session, person: Person, at: datetime, address: str
) -> None:
    _count_failure(person, at)
    outcome = "refused" if _is_open(person, at) else "locked"
    _note(installation, session, person, outcome, address)


def _count_failure(person: Person, at: datetime) -> None:
    person.failed_logins += 1
    if person.failed_logins >= FAILURES_ALLOWED:
        person.failed_logins, person.locked_until = 0, at + LOCKED_FOR


def same_token(given: str, expected: str) -> bool:
    """Whether two tokens are equal, in constant time."""
    return secrets.compare_digest(given.encode(), expected.encode())
