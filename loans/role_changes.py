"""Commands: roles and new passwords; each takes two administrators, neither of them the person.

No administrator gives business roles alone: not to an accomplice, not to another own account, not
by signing in as somebody whose password they made. What was agreed to counts from the next sign-in,
for keys from the next request.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from loans.access import Role
from loans.context import Context
from loans.errors import Conflict
from loans.logins import ask_roles, check_roles, end_sessions, other_person, renew
from loans.models import Organisation, Person, RoleChange
from loans.queries import one
from loans.second_person import second_person


def ask(ctx: Context, *, login: str, roles: frozenset[Role], reason: str) -> RoleChange:
    """One administrator asks for other roles for somebody else."""
    person = other_person(ctx, login)
    organisation = ctx.session.get_one(Organisation, person.organisation_id)
    check_roles(organisation.kind, organisation.name, roles)
    _none_pending(ctx, person)
    renews = person.password_hash is None  # a registration that was refused once
    return ask_roles(ctx, person, roles, reason=reason, renews=renews)


def ask_reset(ctx: Context, *, login: str, reason: str) -> RoleChange:
    """Password lost, phone lost: one administrator asks for a new password, same roles."""
    person = other_person(ctx, login)
    _none_pending(ctx, person)
    return ask_roles(ctx, person, map(Role, person.roles), reason=reason, renews=True)


def agree(ctx: Context, *, change_id: UUID, password_hash: str | None = None) -> RoleChange:
    """Another administrator agrees: roles, or a password, are changed; the person signs in anew.

    ``password_hash`` counts where the change is one: the password goes from who agrees to the
    person. Without it nobody signs in to the account; machines act for it with their keys.
    """
    row = _open(ctx, change_id)
    second_person(ctx, row.asked_by_id)
    person = other_person(ctx, _login(ctx, row))
    person.roles = row.roles
    if row.renews:
        renew(person, password_hash)
    end_sessions(ctx, person)
    row.agreed_by_id, row.agreed_on = ctx.actor.person_id, ctx.on
    return row


def drop(ctx: Context, *, change_id: UUID) -> RoleChange:
    """Who asked takes it back, or another administrator refuses: nothing is changed."""
    row = _open(ctx, change_id)
    other_person(ctx, _login(ctx, row))  # nobody stops what two others change about them
    row.dropped_by_id, row.dropped_on = ctx.actor.person_id, ctx.on
    return row


def pending() -> Select[Any]:
    """Changes that wait for the second administrator."""
    return select(RoleChange).where(RoleChange.agreed_on.is_(None), RoleChange.dropped_on.is_(None))


def _none_pending(ctx: Context, person: Person) -> None:
    if ctx.session.scalars(pending().where(RoleChange.person_id == person.id)).first():
        raise Conflict(
            "change-pending", f"{person.login} 已有一项岗位变更或重置待复核，请先办结或作废"
        )


def _open(ctx: Context, change_id: UUID) -> RoleChange:
    row = one(ctx, RoleChange, change_id, lock=True)
    if row.agreed_on is not None or row.dropped_on is not None:
        done = "已经复核" if row.agreed_on else "已经作废"
        raise Conflict(
            "change-done", f"{_login(ctx, row)} 的该项岗位变更{done}，如需变更请重新提出"
        )
    return row


def _login(ctx: Context, change: RoleChange) -> str:
    return ctx.session.get_one(Person, change.person_id).login
