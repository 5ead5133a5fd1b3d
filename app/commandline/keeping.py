"""``fumin backup`` and ``restore``: a backup is worth what its restoring has shown."""

import subprocess
import time
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import make_url

from app import backup as backups
from app.commandline.opening import refused
from app.db import migrate
from app.pgtools import NoTools
from app.settings import read_settings, unsafe
from app.start import Refused, vault_of
from loans import anchors


def backup(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="备份文件；旁边另写一份清单。")],
) -> None:
    """在运行中备份整个数据库（不含密钥文件，请另行保管）。"""
    settings = read_settings()
    reasons = unsafe(settings)
    if reasons:
        raise refused(Refused(reasons))
    try:
        made = backups.backup(settings.owner_url, file)
    except (NoTools, subprocess.CalledProcessError) as error:
        raise _failed(error) from error
    typer.echo(
        f"已备份到 {file}（{_rows(made)} 行，审计链至第 {made.audit_seq} 条，"
        f"SHA-256 {made.sha256[:12]}）；清单 {backups.beside(file)}"
    )


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="备份文件。")],
    to: Annotated[
        str | None,
        typer.Option(
            help="恢复到这个空数据库（所有者的地址）；演练时必填，省略则为设置中的数据库。"
        ),
    ] = None,
    anchor: Annotated[
        Path | None,
        typer.Option("--anchor", exists=True, dir_okay=False, help="财政部门保存的锚点文件。"),
    ] = None,
) -> None:
    """把备份恢复到一个空数据库，并逐项核对：行数、金额、审计链、各项合计。"""
    settings = read_settings()
    target = to or settings.owner_url
    begun = time.monotonic()
    try:
        vault = vault_of(settings, create=False)
        kept = anchors.from_lines(vault, anchor.read_text(encoding="utf-8")) if anchor else []
        made = backups.restore(file, target)
        found = backups.differences(target, vault, made, kept)
    except Refused as error:
        raise refused(error) from error
    except (NoTools, subprocess.CalledProcessError) as error:
        raise _failed(error) from error
    if found:
        typer.echo("恢复后与备份时不符，请勿启用：\n" + "\n".join(found), err=True)
        raise typer.Exit(1)
    migrate(target, application_role=make_url(settings.database_url).username)
    seconds = time.monotonic() - begun
    typer.echo(
        f"已恢复并核对：{_rows(made)} 行，{len(made.figures)} 项行数与金额相符，"
        f"审计链完整至第 {made.audit_seq} 条，锚点 {len(kept)} 个，用时 {seconds:.1f} 秒"
    )


def _rows(made: backups.Manifest) -> int:
    return sum(number for name, number in made.figures.items() if name.endswith(".rows"))


def _failed(error: Exception) -> typer.Exit:
    said = error.stderr.strip() if isinstance(error, subprocess.CalledProcessError) else str(error)
    typer.echo(f"数据库工具未能完成：{said}", err=True)
    return typer.Exit(1)


COMMANDS = (backup, restore)
