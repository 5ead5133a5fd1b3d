"""Organisations, branches, the people who work there, their keys and logins."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from loans.access import OrganisationKind
from loans.models.model import BigKey, Keyed, Model, sealed, stored
from loans.workflow import BorrowerKind


class Organisation(Keyed, Model):
    """A bank, the guarantee company, a bureau (9.14)."""

    __tablename__ = "organisation"

    kind: Mapped[OrganisationKind] = mapped_column(stored(OrganisationKind))
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    # Where a bank's subsidy is remitted to; sealed, because accounts are personal-data grade.
    account_sealed: Mapped[bytes | None] = sealed("organisation.account")
    registered_on: Mapped[date]


class Branch(Keyed, Model):
    """A bank's branch (经办网点, 9.9a)."""

    __tablename__ = "branch"
    __table_args__ = (UniqueConstraint("bank_id", "code"),)

    bank_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    code: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(100))


class Person(Keyed, Model):
    """Someone who works with the programme, inside one organisation, with roles."""

    __tablename__ = "person"

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(50))
    login: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(256))
    # Two accounts with one identity are one person: never maker and checker of the same thing.
    identity_index: Mapped[bytes | None] = mapped_column(index=True)
    roles: Mapped[list[Any]]
    active: Mapped[bool] = mapped_column(default=True)
    failed_logins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    # The second factor: asked for once it was confirmed; a step's code is good once.
    totp_sealed: Mapped[bytes | None] = sealed("person.totp")
    totp_since: Mapped[datetime | None]
    totp_step: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    registered_on: Mapped[date]


class RoleChange(Keyed, Model):
    """What a person may do, or signs in with: asked for by one administrator, agreed by another."""

    __tablename__ = "role_change"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    roles: Mapped[list[Any]]
    # With a new password, and the second factor to be set up anew.
    renews: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(String(200))
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_on: Mapped[date]
    agreed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    agreed_on: Mapped[date | None]
    # Taken back by who asked, or refused by another administrator.
    dropped_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    dropped_on: Mapped[date | None]


class ApiKey(Keyed, Model):
    """A bank system's key: only its hash is stored; it acts as one registered person."""

    __tablename__ = "api_key"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    # With it the machine signs its requests; such a key is refused as a bearer token.
    secret_sealed: Mapped[bytes | None] = sealed("key.secret")
    label: Mapped[str] = mapped_column(String(64))
    # Lines of the access table; none named: all that the person may do.
    operations: Mapped[list[Any] | None]
    issued_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    issued_at: Mapped[datetime]
    # By another administrator; before that the key opens nothing.
    agreed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    agreed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SignedRequest(Model):
    """A signed request that was accepted: its nonce is not accepted again."""

    __tablename__ = "signed_request"

    api_key_id: Mapped[int] = mapped_column(ForeignKey("api_key.id"), primary_key=True)
    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)


class BrowserSession(Model):
    """A person's login from a browser: the cookie's hash, its idle and absolute ends."""

    __tablename__ = "browser_session"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Borrower(Keyed, Model):
    """A person or a small firm; the ID number is sealed and found by its blind index."""

    __tablename__ = "borrower"

    kind: Mapped[BorrowerKind] = mapped_column(stored(BorrowerKind))
    name_sealed: Mapped[bytes] = sealed("name")
    id_sealed: Mapped[bytes] = sealed("id_no")
    id_index: Mapped[bytes] = mapped_column(unique=True)
    # What lists and claims show and search; never enough to tell who it is.
    name_masked: Mapped[str] = mapped_column(String(100))
    id_masked: Mapped[str] = mapped_column(String(18))
    gender: Mapped[str | None] = mapped_column(String(1))
    # Kept beyond its time because a law suit or an audit needs it; erased when its time was over.
    held_on: Mapped[date | None]
    erased_on: Mapped[date | None]


class BorrowerContact(Model):
    """How a bank reaches a borrower: what it was told itself, and no other bank sees."""

    __tablename__ = "borrower_contact"
    __table_args__ = (UniqueConstraint("borrower_id", "bank_id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    borrower_id: Mapped[int] = mapped_column(ForeignKey("borrower.id"))
    bank_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    phone_sealed: Mapped[bytes | None] = sealed("phone")
    phone_index: Mapped[bytes | None] = mapped_column(index=True)
    address_sealed: Mapped[bytes | None] = sealed("address")
    address_index: Mapped[bytes | None] = mapped_column(index=True)
    # From which the borrower repays.
    account_sealed: Mapped[bytes | None] = sealed("account")
    account_index: Mapped[bytes | None] = mapped_column(index=True)
