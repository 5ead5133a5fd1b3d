"""``fumin admin``: organisations, people and keys, by the administrators; passwords shown once.

Nobody is let in by one administrator: who asks and who agrees are two.
"""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table
from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from app.bootstrap import ADMINISTRATORS, Newcomer, first_administrators
from app.commandline import tables
from app.commandline.opening import ActingAs, acting_person, opened
from app.commands import perform
from app.deps import Installation
from app.security import hash_password, hash_token, new_key
from loans import access, logins, parties, queries, role_changes, totp
from loans.access import OrganisationKind, Role
from loans.models import ApiKey, Organisation, Person, RoleChange

admin = typer.Typer(name="admin", help="管理员：机构、人员、密钥。", no_args_is_help=True)

Login = Annotated[str, typer.Argument(help="登录名。")]
Roles = Annotated[list[Role], typer.Option("--role", help="岗位，可多次给出。")]
Why = Annotated[str, typer.Option("--reason", prompt="原因", help="原因。")]
RequestId = Annotated[UUID, typer.Argument(help="待复核事项的编号。")]
KeyId = Annotated[UUID, typer.Argument(help="密钥编号。")]
DAYS = 365


@admin.command()
def begin(
    system: Annotated[str, typer.Option(help="系统管理员的登录名。")] = "system",
    security: Annotated[str, typer.Option(help="安全管理员的登录名。")] = "security",
    audit: Annotated[str, typer.Option(help="审计管理员的登录名。")] = "audit",
) -> None:
    """在空的系统中登记三名管理员（各一人），并显示各自的初始密码。"""
    given = dict(zip(ADMINISTRATORS, (system, security, audit), strict=True))
    people = {role: Newcomer(login, login, _password()) for role, login in given.items()}
    with opened() as installation:
        first_administrators(installation, people)
    for new in people.values():
        _show_password(new.login, new.password or "")


@admin.command()
def organisation(
    kind: Annotated[OrganisationKind, typer.Argument(help="机构类别。")],
    code: Annotated[str, typer.Argument(help="机构代码。")],
    name: Annotated[str, typer.Argument(help="机构名称。")],
    acting: ActingAs = None,
) -> None:
    """登记一家机构（系统管理员）。"""
    with opened() as installation:
        perform(
            installation,
            acting_person(installation, acting),
            "organisations.register",
            lambda ctx: parties.register_organisation(ctx, kind=kind, code=code, name=name),
        )
    typer.echo(f"已登记 {name}（{code}）")


@admin.command()
def person(
    code: Annotated[str, typer.Argument(help="机构代码。")],
    login: Login,
    name: Annotated[str, typer.Argument(help="姓名。")],
    role: Roles,
    id_no: Annotated[
        str, typer.Option("--id-no", prompt="证件号（可留空）", help="只存盲索引。")
    ] = "",
    acting: ActingAs = None,
) -> None:
    """登记一名人员（系统或安全管理员），待另一名管理员复核后可以登录。"""
    with opened() as installation:
        perform(
            installation,
            acting_person(installation, acting),
            "people.register",
            lambda ctx: logins.register_person(
                ctx,
                organisation_id=queries.organisation_by_code(ctx, code).public_id,
                name=name,
                login=login,
                roles=frozenset(role),
                id_no=id_no or None,
            ),
        )
        _show_asked(installation, login)


@admin.command()
def people(acting: ActingAs = None) -> None:
    """列出全部人员。"""
    with opened() as installation:
        found = select(Person, Organisation).join(
            Organisation, Organisation.id == Person.organisation_id
        )
        rows = _read(installation, acting, "people.read", found.order_by(Person.login))
    _show(
        ("编号", "登录名", "姓名", "机构", "岗位", "动态码", "在岗"),
        (
            (
                str(p.public_id), p.login, p.name, o.name,
                "、".join(p.roles), _yes(p.totp_since), _yes(p.active),
            )
            for p, o in rows
        ),
    )  # fmt: skip


@admin.command()
def roles(
    login: Login,
    role: Roles,
    reason: Why,
    acting: ActingAs = None,
) -> None:
    """提出更改一名人员的岗位（系统或安全管理员，不能改本人），待另一名管理员复核。"""
    with opened() as installation:
        perform(
            installation,
            acting_person(installation, acting),
            "role_changes.ask",
            lambda ctx: role_changes.ask(ctx, login=login, roles=frozenset(role), reason=reason),
        )
        _show_asked(installation, login)


@admin.command()
def reset(login: Login, reason: Why, acting: ActingAs = None) -> None:
    """提出重置密码与动态码（遗失手机时），待另一名管理员复核。"""
    with opened() as installation:
        perform(
            installation,
            acting_person(installation, acting),
            "people.reset",
            lambda ctx: role_changes.ask_reset(ctx, login=login, reason=reason),
        )
        _show_asked(installation, login)


@admin.command("requests")
def show_requests(acting: ActingAs = None) -> None:
    """列出待复核的登记、岗位变更和重置。"""
    asker = aliased(Person)
    found = role_changes.pending().join(Person, Person.id == RoleChange.person_id)
    with_people = found.join(asker, asker.id == RoleChange.asked_by_id)
    with opened() as installation:
        query = with_people.add_columns(Person, asker).order_by(RoleChange.id)
        rows = _read(installation, acting, "people.read", query)
    _show(
        ("编号", "登录名", "现有岗位", "拟改为", "新密码", "原因", "提出人", "提出日"),
        (
            (
                str(c.public_id), p.login, "、".join(p.roles), "、".join(c.roles),
                _yes(c.renews), c.reason, by.login, f"{c.asked_on}",
            )
            for c, p, by in rows
        ),
    )  # fmt: skip


@admin.command()
def agree(request_id: RequestId, acting: ActingAs = None) -> None:
    """复核一项登记、岗位变更或重置（安全管理员，与提出人不是同一人）：本人须重新登录。"""
    password = _password()
    hashed = hash_password(password)
    with opened() as installation:
        row = perform(
            installation,
            acting_person(installation, acting),
            "role_changes.agree",
            lambda ctx: role_changes.agree(ctx, change_id=request_id, password_hash=hashed),
        )
        with installation.reads() as session:
            login = session.get_one(Person, row.person_id).login
    typer.echo(f"已复核，{login} 的岗位现为 {'、'.join(row.roles)}；本人重新登录后生效。")
    if row.renews:
        _show_password(login, password)


@admin.command()
def drop(request_id: RequestId, acting: ActingAs = None) -> None:
    """作废一项待复核的登记、岗位变更或重置：提出人撤回，或另一名管理员不同意。"""
    with opened() as installation:
        perform(
            installation,
            acting_person(installation, acting),
            "role_changes.drop",
            lambda ctx: role_changes.drop(ctx, change_id=request_id),
        )
    typer.echo("已作废，岗位与密码不变。")


@admin.command()
def disable(login: Login, acting: ActingAs = None) -> None:
    """停用一名人员：其会话和密钥立即失效。"""
    with opened() as installation:
        perform(
            installation,
            acting_person(installation, acting),
            "people.disable",
            lambda ctx: logins.disable(ctx, login=login),
        )
    typer.echo(f"{login} 已停用。")


@admin.command()
def enable(login: Login, acting: ActingAs = None) -> None:
    """恢复一名停用的人员。"""
    with opened() as installation:
        perform(
            installation,
            acting_person(installation, acting),
            "people.enable",
            lambda ctx: logins.enable(ctx, login=login),
        )
    typer.echo(f"{login} 已恢复。")


@admin.command()
def enrol(acting: ActingAs = None) -> None:
    """为本人启用动态码：显示密钥，再核对应用中的第一个动态码。"""
    secret = secrets.token_bytes(totp.SECRET_BYTES)
    with opened() as installation:
        actor = acting_person(installation, acting)
        begun = perform(
            installation,
            actor,
            "second_factor.begin",
            lambda ctx: logins.begin_second_factor(ctx, secret=secret),
        )
        typer.echo(f"密钥：{totp.shown_secret(secret)}")
        typer.echo(totp.enrolment_uri(secret, issuer="富民贷款平台", login=begun.login))
        code = typer.prompt("应用中的六位动态码")
        perform(
            installation,
            actor,
            "second_factor.confirm",
            lambda ctx: logins.confirm_second_factor(ctx, code=code),
        )
    typer.echo("动态码已启用。")


@admin.command()
def key(
    login: Login,
    label: Annotated[str, typer.Argument(help="用途，如“核心系统”。")],
    days: Annotated[int, typer.Option(min=1, max=3 * DAYS, help="有效天数。")] = DAYS,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="只准办理的业务，可多次给出。"),
    ] = None,
    signing: Annotated[bool, typer.Option("--signing", help="请求须签名，不发送密钥。")] = False,
    acting: ActingAs = None,
) -> None:
    """为一名人员名下的系统签发密钥，只显示这一次；待另一名管理员复核后可用。"""
    made = new_key()
    with opened() as installation:
        row = perform(
            installation,
            acting_person(installation, acting),
            "keys.issue",
            lambda ctx: logins.issue_key(
                ctx,
                login=login,
                label=label,
                key_hash=hash_token(made),
                expires_at=ctx.at + timedelta(days=days),
                operations=frozenset(only) if only else None,
                secret=made if signing else None,
            ),
        )
    typer.echo(f"编号：{row.public_id}")
    typer.echo(f"密钥：{made}（只显示这一次，请立即交给对方系统的负责人）")
    typer.echo("待另一人（安全管理员）用 fumin admin agree-key 复核后可用。")


@admin.command()
def agree_key(key_id: KeyId, acting: ActingAs = None) -> None:
    """复核一个新签发的密钥（安全管理员，与签发人不是同一人）：立即可用。"""
    with opened() as installation:
        row = perform(
            installation,
            acting_person(installation, acting),
            "keys.agree",
            lambda ctx: logins.agree_key(ctx, key_id=key_id),
        )
    typer.echo(f"密钥“{row.label}”已复核。")


@admin.command()
def keys(acting: ActingAs = None) -> None:
    """列出全部密钥（不含密钥本身）。"""
    with opened() as installation:
        found = select(ApiKey, Person).join(Person, Person.id == ApiKey.person_id)
        rows = _read(installation, acting, "keys.read", found.order_by(ApiKey.id))
    _show(
        ("编号", "人员", "用途", "签名", "业务", "有效至", "复核", "撤销"),
        (
            (
                str(k.public_id), p.login, k.label, _yes(k.secret_sealed),
                "、".join(k.operations) if k.operations is not None else "同岗位",
                f"{k.expires_at:%Y-%m-%d}", _yes(k.agreed_at), _yes(k.revoked_at),
            )
            for k, p in rows
        ),
    )  # fmt: skip


@admin.command()
def revoke(key_id: KeyId, acting: ActingAs = None) -> None:
    """撤销一个密钥：立即失效。"""
    with opened() as installation:
        row = perform(
            installation,
            acting_person(installation, acting),
            "keys.revoke",
            lambda ctx: logins.revoke_key(ctx, key_id=key_id),
        )
    typer.echo(f"密钥“{row.label}”已撤销。")


def _password() -> str:
    return secrets.token_urlsafe(15)


def _show_password(login: str, password: str) -> None:
    typer.echo(f"{login} 的初始密码：{password}（只显示这一次；请本人登录后更改并启用动态码）")


def _show_asked(installation: Installation, login: str) -> None:
    """What waits for the second administrator."""
    with installation.reads() as session:
        waiting = role_changes.pending().join(Person, Person.id == RoleChange.person_id)
        row = session.scalars(waiting.where(Person.login == login)).one()
    typer.echo(f"编号：{row.public_id}")
    typer.echo("已提出；待另一人（安全管理员）用 fumin admin agree 复核后生效。")


def _read(
    installation: Installation, login: str | None, operation: str, query: Select
) -> list[tuple]:
    actor = acting_person(installation, login)
    access.require(actor, operation)
    with installation.reads() as session:
        return [tuple(row) for row in session.execute(query)]


def _yes(value: object) -> str:
    return "是" if value else "否"


def _show(headers: Iterable[str], rows: Iterable[tuple[str, ...]]) -> None:
    number, *others = headers
    table = Table()
    table.add_column(number, no_wrap=True)  # what other commands ask for is never cut
    for header in others:
        table.add_column(header)
    for row in rows:
        table.add_row(*row)
    tables.show(table)
