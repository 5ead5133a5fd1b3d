"""Commands: accounts of people and keys of machines, from registration to revocation.

No administrator lets anybody in alone: an account has no roles, and a key opens nothing, before a
second one agrees (``role_changes``, ``agree_key``). Taking away takes one. A person sets up the own
second factor and password. What is revoked is refused at the next request.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from loans import totp
from loans.access import ALLOWED, ROLES_OF, OrganisationKind, Role
from loans.context import Context
from loans.errors import Conflict, NotFound, NotPermitted
from loans.identity import canonical_id
from loans.models import ApiKey, BrowserSession, Person, RoleChange
from loans.queries import one, organisation_of
from loans.second_person import second_person

IDENTITY, SECOND_FACTOR, KEY_SECRET = "person.identity", "person.totp", "key.secret"


def register_person(
    ctx: Context,
    *,
    organisation_id: UUID,
    name: str,
    login: str,
    roles: frozenset[Role],
    id_no: str | None = None,
) -> Person:
    """Someone gets a login inside one organisation; ``roles``, of its kind, wait for agreement.

    ``id_no``, kept as a blind index only, tells two accounts of one person from two people.
    """
    organisation = organisation_of(ctx, organisation_id)
    check_roles(organisation.kind, organisation.name, roles)
    if ctx.session.scalars(select(Person).where(Person.login == login)).first():
        raise Conflict("login-taken", f"登录名 {login} 已被使用，请换一个")
    identity = ctx.vault.index(IDENTITY, canonical_id(id_no, on=ctx.on)) if id_no else None
    if identity is not None:
        _not_oneself(ctx, identity)
    row = Person(
        public_id=ctx.new_id(),
        organisation_id=organisation.id,
        name=name,
        login=login,
        identity_index=identity,
        roles=[],
        registered_on=ctx.on,
    )
    ctx.session.add(row)
    ctx.session.flush()
    ask_roles(ctx, row, roles, reason="登记", renews=True)
    return row


def ask_roles(
    ctx: Context, person: Person, roles: Iterable[Role], *, reason: str, renews: bool = False
) -> RoleChange:
    """Put down what one administrator asks for; it waits for another."""
    row = RoleChange(
        public_id=ctx.new_id(),
        person_id=person.id,
        roles=sorted(roles),
        renews=renews,
        reason=reason,
        asked_by_id=ctx.actor.person_id,
        asked_on=ctx.on,
    )
    ctx.session.add(row)
    return row


def disable(ctx: Context, *, login: str) -> Person:
    """Somebody has left: sessions and keys of this account are refused from now on."""
    row = other_person(ctx, login)
    row.active = False
    end_sessions(ctx, row)
    return row


def enable(ctx: Context, *, login: str) -> Person:
    """Somebody is back, with the roles they had."""
    row = other_person(ctx, login)
    row.active = True
    return row


def renew(row: Person, password_hash: str | None) -> None:
    """A new password, no lock, the second factor to be set up anew."""
    row.password_hash = password_hash
    row.failed_logins, row.locked_until = 0, None
    row.totp_sealed, row.totp_since, row.totp_step = None, None, 0


def change_password(ctx: Context, *, password_hash: str) -> Person:
    """A new password of the actor's own; the edge has checked the old one.

    Whoever signed in with the old one is out.
    """
    row = ctx.session.get_one(Person, ctx.actor.person_id)
    row.password_hash = password_hash
    end_sessions(ctx, row)
    return row


def begin_second_factor(ctx: Context, *, secret: bytes) -> Person:
    """Keep a new secret for the actor's app; it counts from the first right code on."""
    row = ctx.session.get_one(Person, ctx.actor.person_id)
    if row.totp_since is not None:
        raise Conflict("second-factor-on", "动态码已启用；更换手机请联系安全管理员重置")
    row.totp_sealed = ctx.vault.seal_bytes(SECOND_FACTOR, secret)
    return row


def confirm_second_factor(ctx: Context, *, code: str) -> Person:
    """The app shows the right code: from now on it is asked for at every sign-in."""
    row = ctx.session.get_one(Person, ctx.actor.person_id, with_for_update=True)
    if row.totp_since is not None or row.totp_sealed is None:
        raise Conflict("second-factor-on", "动态码已启用，或尚未开始设置，请刷新页面")
    step = accepted_code(ctx, row, code)
    if step is None:
        raise Conflict("code-wrong", "动态码不正确；请核对手机时间，用应用中当前的六位数字再试")
    row.totp_step, row.totp_since = step, ctx.at
    end_sessions(ctx, row)  # those were opened with the password alone
    return row


def accepted_code(ctx: Context, person: Person, code: str) -> int | None:
    """The step of a code that this person may use now, once; None otherwise."""
    assert person.totp_sealed is not None
    return totp.accepted_step(
        ctx.vault.open_bytes(SECOND_FACTOR, person.totp_sealed),
        code,
        seconds=int(ctx.at.timestamp()),
        last_step=person.totp_step,
    )


def issue_key(
    ctx: Context,
    *,
    login: str,
    label: str,
    key_hash: bytes,
    expires_at: datetime,
    operations: frozenset[str] | None = None,
    secret: str | None = None,
) -> ApiKey:
    """A bank system's key to act as one registered person, once another administrator agrees.

    Of the key only its hash stays. ``operations`` are lines of the access table (None: all that
    the person may do). With ``secret`` the machine signs requests with it and never sends a key.
    """
    person = _person(ctx, login)
    if not person.active:
        raise Conflict("person-disabled", f"{login} 已停用，不能签发密钥")
    if expires_at <= ctx.at:
        raise Conflict("key-expired", "密钥的有效期须晚于现在")
    _check_operations(person, operations)
    row = ApiKey(
        public_id=ctx.new_id(),
        person_id=person.id,
        key_hash=key_hash,
        secret_sealed=ctx.vault.seal(KEY_SECRET, secret) if secret else None,
        label=label,
        operations=sorted(operations) if operations is not None else None,
        issued_by_id=ctx.actor.person_id,
        issued_at=ctx.at,
        expires_at=expires_at,
    )
    ctx.session.add(row)
    return row


def agree_key(ctx: Context, *, key_id: UUID) -> ApiKey:
    """Another administrator agrees: the key may be used."""
    row = one(ctx, ApiKey, key_id, lock=True)
    if row.agreed_at is not None or row.revoked_at is not None:
        raise Conflict("key-done", f"密钥“{row.label}”已经复核或撤销，无须再办")
    second_person(ctx, row.issued_by_id)
    row.agreed_by_id, row.agreed_at = ctx.actor.person_id, ctx.at
    return row


def revoke_key(ctx: Context, *, key_id: UUID) -> ApiKey:
    """A key is refused from now on."""
    row = one(ctx, ApiKey, key_id, lock=True)
    if row.revoked_at is not None:
        raise Conflict("key-revoked", f"密钥“{row.label}”已经撤销")
    row.revoked_at = ctx.at
    return row


def check_roles(kind: OrganisationKind, name: str, roles: frozenset[Role]) -> None:
    """Refuse roles that this kind of organisation has not, and two administrators in one."""
    foreign = roles - ROLES_OF[kind]
    if foreign or not roles:
        raise Conflict(
            "roles-not-of-organisation",
            f"岗位 {'、'.join(sorted(foreign)) or '（空）'} 不属于“{name}”这类机构，"
            f"可选：{'、'.join(sorted(ROLES_OF[kind]))}",
        )
    if kind is OrganisationKind.OPERATOR and len(roles) > 1:
        raise Conflict("administrators-apart", "系统、安全、审计三种管理员须由三人分别担任")


def _check_operations(person: Person, operations: Iterable[str] | None) -> None:
    roles = {Role(role) for role in person.roles}
    for operation in sorted(operations or ()):
        if roles.isdisjoint(ALLOWED.get(operation, ())):
            raise Conflict("operation-not-theirs", f"{person.login} 的岗位不能办理“{operation}”")


def _not_oneself(ctx: Context, identity: bytes) -> None:
    own = ctx.session.get_one(Person, ctx.actor.person_id).identity_index
    if own == identity:
        raise NotPermitted("own-account", "不能为本人登记另一个账号，请由另一名安全管理员办理")


def _person(ctx: Context, login: str) -> Person:
    row = ctx.session.scalars(
        select(Person).where(Person.login == login).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound("not-found", f"没有登录名为 {login} 的人员")
    return row


def other_person(ctx: Context, login: str) -> Person:
    """Nobody changes what they themselves may do, under whatever account (I7)."""
    row = _person(ctx, login)
    if row.id == ctx.actor.person_id:
        raise NotPermitted("own-account", "不能更改本人的账号，请由另一名安全管理员办理")
    if row.identity_index is not None:
        _not_oneself(ctx, row.identity_index)
    return row


def end_sessions(ctx: Context, person: Person) -> None:
    """Whatever browsers this person is signed in with have to sign in again."""
    ctx.session.execute(
        update(BrowserSession)
        .where(BrowserSession.person_id == person.id, BrowserSession.ended_at.is_(None))
        .values(ended_at=ctx.at)
    )
