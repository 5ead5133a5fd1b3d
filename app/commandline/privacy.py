"""``fumin keys rotate``, ``fumin hold`` and ``fumin erase``: personal data and the keys over it."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from app.commandline.opening import ActingAs, acting_person, opened, refused
from app.commands import perform
from app.keyring import add_key, new_keyring
from app.settings import read_settings
from app.start import Refused, keyring_path
from loans import access, erasure, rotation
from loans.context import Context
from loans.daycount import add_months
from subsidy import claims

keys = typer.Typer(name="keys", help="加密密钥。", no_args_is_help=True)

Years = Annotated[int, typer.Option(help="保存年限，不少于 30。", min=erasure.LEAST_YEARS)]


@keys.command("new")
def new(
    file: Annotated[Path, typer.Argument(help="要建立的密钥文件，由 FUMIN_KEYRING 指明。")],
) -> None:
    """建立一个密钥文件（权限 0600）；已有的不会被覆盖。"""
    try:
        new_keyring(file)
    except FileExistsError:
        typer.echo(f"{file} 已经存在，未作更改。", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"已建立 {file}。请立即备份到另一处：没有它，个人信息无法解密，审计链无法核对。")


@keys.command("rotate")
def rotate(
    resume: Annotated[bool, typer.Option("--resume", help="不加新密钥，只继续未完成的。")] = False,
    acting: ActingAs = None,
) -> None:
    """加一把新密钥，并分批用它重新加密全部个人信息；服务不必停。"""
    with opened() as installation:
        access.require(acting_person(installation, acting), "vault.reseal")
    if not resume:
        try:
            version = add_key(keyring_path(read_settings()))
        except Refused as error:
            raise refused(error) from error
        typer.echo(f"已加入第 {version} 把密钥。请立即备份密钥文件；旧密钥仍须保留，备份用得到。")
    done = 0
    with opened() as installation:
        actor = acting_person(installation, acting)
        while batch := perform(installation, actor, "vault.reseal", rotation.reseal):
            done += batch
            typer.echo(f"已重新加密 {done} 项", err=True)
    typer.echo(f"全部个人信息已用最新密钥加密（本次 {done} 项）。")


def hold(
    borrower: Annotated[UUID, typer.Argument(help="借款人编号。")],
    release: Annotated[bool, typer.Option("--release", help="解除保留。")] = False,
    acting: ActingAs = None,
) -> None:
    """依法保留一名借款人的个人信息（诉讼、审计），到期也不删除。"""
    with opened() as installation:
        perform(
            installation,
            acting_person(installation, acting),
            "borrowers.hold",
            lambda ctx: erasure.hold(ctx, borrower_id=borrower, held=not release),
        )
    typer.echo("已解除保留。" if release else "已设为依法保留。")


def erase(
    years: Years = erasure.LEAST_YEARS,
    preview: Annotated[bool, typer.Option("--preview", help="只列出人数，不删除。")] = False,
    acting: ActingAs = None,
) -> None:
    """删除保存期已满的借款人及其新招用人员的个人信息；金额、日期与审计链不变。"""
    with opened() as installation:
        actor = acting_person(installation, acting)
        access.require(actor, "borrowers.erase")
        with installation.reads() as session:
            due = erasure.expired(installation.context(session, actor), years=years)
        if preview:
            typer.echo(f"保存期已满 {len(due)} 人。")
            return
        ids = [row.id for row in due]
        count = perform(
            installation,
            actor,
            "borrowers.erase",
            lambda ctx: _erase(ctx, ids, years),
        )
    typer.echo(f"已删除 {count} 人的个人信息。备份中的副本按备份的保存期销毁。")


def _erase(ctx: Context, ids: list[int], years: int) -> int:
    claims.forget_files(ctx, before=add_months(ctx.on, -12 * years))
    return erasure.erase(ctx, borrower_ids=ids, years=years)


COMMANDS = (hold, erase)
