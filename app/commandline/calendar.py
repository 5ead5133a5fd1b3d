"""``fumin calendar load FILE``: a new notice of the State Council on holidays."""

from pathlib import Path
from typing import Annotated

import typer

from app.commandline.opening import ActingAs, acting_person, opened
from app.commands import perform
from loans import calendar
from loans.context import Context
from loans.errors import BadFile
from loans.models import WorkdayNotice

days = typer.Typer(name="calendar", help="工作日历：加载国务院办公厅的节假日安排通知。")


@days.callback()
def options() -> None:
    """工作日历：加载国务院办公厅的节假日安排通知。"""


@days.command("load")
def load_notice(
    file: Annotated[Path, typer.Argument(help="通知文件（TOML）。")], acting: ActingAs = None
) -> None:
    """加载一份节假日安排通知，并重算正在计算的办理时限；已办结的不变。"""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BadFile("no-file", f"不能读取 {file}：{error.strerror}") from None
    with opened() as installation:
        actor = acting_person(installation, acting)
        notice = perform(
            installation,
            actor,
            "calendar.load",
            lambda ctx: calendar.load(ctx, content=content, name=file.name),
        )
        with installation.reads() as session:
            _tell(installation.context(session, actor), notice)


def _tell(ctx: Context, notice: WorkdayNotice) -> None:
    typer.echo(f"已加载 {notice.announced_on}《{notice.title}》")
    running = calendar.running(ctx)
    provisional = sum(clock.provisional for clock in running)
    typer.echo(f"正在计算的办理时限 {len(running)} 个，已按新通知重算，其中暂定 {provisional} 个")
