"""Versions of the policy book side by side: which one is in force, which one a file is bound to.

A version is the hash of its content. New applications follow the version adopted last (or the one
the installation was started with); an accepted application, and the contract that comes of it,
keep theirs. Source: （九）9.1, ADR 3.
"""

from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loans.context import Context
from loans.errors import PolicyGap
from loans.models import Application, Contract, Note, PolicyVersion
from loans.policy import PolicyBook, content_of, restored

# Books already read, by version: content never changes, so a process reads each once.
_READ: dict[str, PolicyBook] = {}
# Asked by every command, so built once.
_ADOPTED = (
    select(PolicyVersion.version)
    .where(PolicyVersion.adopted_at.is_not(None))
    .order_by(PolicyVersion.adopted_at.desc(), PolicyVersion.id.desc())
    .limit(1)
)


def adopted(session: Session) -> PolicyBook | None:
    """The version adopted last; None where none was ever loaded."""
    version = session.scalars(_ADOPTED).one_or_none()
    return None if version is None else stored(session, version)


def adopt(ctx: Context, *, book: PolicyBook) -> PolicyVersion:
    """From now on new applications follow this book; what was accepted before keeps its own."""
    remember(ctx, ctx.book)  # so that it can be compared with, and gone back to
    row = remember(ctx, book)
    row.adopted_at = _after_all_others(ctx)
    return row


def remember(ctx: Context, book: PolicyBook) -> PolicyVersion:
    """The stored row of a book, stored now if it is new."""
    row = ctx.session.scalars(
        select(PolicyVersion).where(PolicyVersion.version == book.version)
    ).one_or_none()
    if row is None:
        row = PolicyVersion(
            public_id=ctx.new_id(),
            version=book.version,
            content=content_of(book),
            stored_on=ctx.on,
            by_person_id=ctx.actor.person_id,
        )
        ctx.session.add(row)
        ctx.session.flush()
    return row


def book_for(ctx: Context, application: Application) -> PolicyBook:
    """The book an application is judged by: that of its acceptance, before it the one in force."""
    return book_of(ctx, application.policy_version)


def law_of(ctx: Context, application: Application) -> tuple[PolicyBook, date]:
    """The book an application is judged by and the day its rules are read for (9.1).

    Both are those of its acceptance; before it, those of today.
    """
    return book_for(ctx, application), application.accepted_on or ctx.on


def book_of_note(ctx: Context, note: Note) -> PolicyBook:
    """The version a loan was issued under: it keeps it (9.1)."""
    return book_of(ctx, ctx.session.get_one(Contract, note.contract_id).policy_version)


def book_of(ctx: Context, version: str | None) -> PolicyBook:
    """The book of a version (None: the one in force); ``PolicyGap`` if it was never stored."""
    if version is None or version == ctx.book.version:
        return ctx.book
    return stored(ctx.session, version)


def stored(session: Session, version: str) -> PolicyBook:
    """The book of a stored version; ``PolicyGap`` if there is none."""
    if version not in _READ:
        content = session.scalars(
            select(PolicyVersion.content).where(PolicyVersion.version == version)
        ).one_or_none()
        if content is None:
            raise PolicyGap(
                "policy-version-unknown",
                f"没有保存政策版本 {version[:12]}，不能按它评估；请先用 fumin policy load 载入",
                details={"version": version},
            )
        book = restored(content)
        assert book.version == version, f"the stored policy version {version} was changed"
        _READ[version] = book
    return _READ[version]


def known(session: Session) -> list[PolicyVersion]:
    """All stored versions, oldest first."""
    return list(session.scalars(select(PolicyVersion).order_by(PolicyVersion.id)))


def _after_all_others(ctx: Context) -> datetime:
    """This moment; after a later one, if a clock was put back in between."""
    latest = ctx.session.scalars(select(func.max(PolicyVersion.adopted_at))).one()
    return ctx.at if latest is None else max(ctx.at, latest + timedelta(microseconds=1))
