"""``fumin audit``: the audit chain, the anchors that the bureau keeps, refused sign-ins."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Executable, select

from app.commandline.opening import ActingAs, acting_person, opened
from app.security import SIGN_IN, UNKNOWN
from loans import access, anchors, audit
from loans.anchors import Anchor
from loans.context import Context
from loans.models import AuditRecord, Person

record = typer.Typer(name="audit", help="审计链：每日锚点，核对全部记录。", no_args_is_help=True)

OPERATION = "audit.read"
OUTCOMES = {"refused": "未通过", "locked": "已锁定", UNKNOWN: "无此人"}


@record.command("anchor")
def write_anchor(
    out: Annotated[
        Path | None,
        typer.Option("--out", dir_okay=False, help="追加到这个文件；省略则只显示。"),
    ] = None,
    acting: ActingAs = None,
) -> None:
    """出具今日的锚点（一行文字），交财政部门另行保存；每日一次。"""
    with opened() as installation:
        actor = acting_person(installation, acting)
        access.require(actor, OPERATION)
        with installation.reads() as session:
            now = audit.anchor(installation.context(session, actor))
        line = anchors.to_line(installation.vault, now)
    if out is None:
        typer.echo(line)
        return
    with out.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    typer.echo(f"{now.on} 的锚点（第 {now.seq} 条）已追加到 {out}")


@record.command("verify")
def verify(
    anchor: Annotated[
        Path | None,
        typer.Option("--anchor", exists=True, dir_okay=False, help="财政部门保存的锚点文件。"),
    ] = None,
    acting: ActingAs = None,
) -> None:
    """逐条核对审计链；有锚点文件时一并核对，指出第一处断裂。"""
    with opened() as installation:
        actor = acting_person(installation, acting)
        access.require(actor, OPERATION)
        text = anchor.read_text(encoding="utf-8") if anchor else None
        kept = [] if text is None else anchors.from_lines(installation.vault, text)
        with installation.reads() as session:
            ctx = installation.context(session, actor)
            broken = audit.first_broken(session, installation.vault, kept)
            if broken is None:
                last = audit.anchor(ctx).seq
                typer.echo(f"审计链完整：{last} 条记录，核对锚点 {len(kept)} 个")
                typer.echo(_beyond(kept, last))
                return
            typer.echo(_where(ctx, broken, kept), err=True)
    raise typer.Exit(1)


@record.command("sign-ins")
def sign_ins(
    days: Annotated[int, typer.Option(min=1, max=366, help="最近几天。")] = 1,
    acting: ActingAs = None,
) -> None:
    """未成功的登录：时间、来源地址、登录名；没有的登录名只显示其编码（安全、审计管理员）。"""
    with opened() as installation:
        actor = acting_person(installation, acting)
        access.require(actor, "sign_ins.read")
        with installation.reads() as session:
            ctx = installation.context(session, actor)
            rows = session.execute(_refused_since(ctx.at - timedelta(days=days)))
            for entry, login in rows:
                who = login or f"（没有的登录名 {entry.fingerprint.hex()[:12]}）"
                address, outcome = entry.details.get("address", ""), OUTCOMES[entry.outcome]
                typer.echo(f"{entry.at:%Y-%m-%d %H:%M:%S}Z  {address:<15}  {outcome}  {who}")


def _refused_since(at: datetime) -> Executable:
    return (
        select(AuditRecord, Person.login)
        .outerjoin(Person, Person.id == AuditRecord.person_id)
        .where(AuditRecord.operation == SIGN_IN, AuditRecord.outcome.in_(OUTCOMES))
        .where(AuditRecord.at >= at)
        .order_by(AuditRecord.seq)
        .execution_options(yield_per=1_000)
    )


def _beyond(kept: list[Anchor], last: int) -> str:
    """In words: what no anchor vouches for."""
    newest = max(kept, key=lambda anchor: anchor.seq, default=None)
    if newest is None:
        return "没有提供锚点文件：末尾被截去或整链被重写时无从发现，请加 --anchor"
    return f"最后的锚点为 {newest.on} 的第 {newest.seq} 条；其后 {last - newest.seq} 条尚无锚点作证"


def _where(ctx: Context, broken: int, kept: list[Anchor]) -> str:
    """In words: which record, of when, and since when nothing is certain."""
    row = ctx.session.scalars(select(AuditRecord).where(AuditRecord.seq == broken)).one_or_none()
    shown = f"（{row.on}，{row.operation}）" if row else "（这一条已不存在）"
    good = anchors.latest_before(kept, broken)
    since = f"第 {good.seq} 条（{good.on} 的锚点）以前无误" if good else "此前没有可核对的锚点"
    return (
        f"审计链在第 {broken} 条断裂{shown}；{since}。"
        "请立即停止办理，保存现场，并从备份核对这一条及以后的记录"
    )
