"""The ``fumin`` command: wiring only. The commands are in ``app.commandline``, a file a topic."""

import errno
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from alembic.util import CommandError
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError, ProgrammingError

from app import __version__
from app.commandline import (
    accrue,
    admin,
    assess,
    auditing,
    calendar,
    demo,
    forecast,
    keeping,
    policies,
    privacy,
    reconcile,
    registers,
    serving,
    statistics,
    usage,
    worker,
)
from app.commands import Busy
from app.problems import words
from app.settings import Settings
from loans.errors import FuminError
from loans.identity import IdentityText
from loans.money import MoneyText

# What the parser raises for a wrong command line; typer names only this one of its kinds.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]
# A full disk, or a full share of it.
FULL = (errno.ENOSPC, errno.EDQUOT)
# One tuple ``COMMANDS`` of functions a module of app.commandline: `month_close` is `month-close`.
COMMANDS: tuple[Callable[..., Any], ...] = (
    *demo.COMMANDS,
    *serving.COMMANDS,
    *keeping.COMMANDS,
    *assess.COMMANDS,
    *reconcile.COMMANDS,
    *statistics.COMMANDS,
    *privacy.COMMANDS,
    worker.worker,
    accrue.accrue,
    forecast.forecast,
)
GROUPS: tuple[typer.Typer, ...] = (
    admin.admin,
    policies.policy,
    calendar.days,
    auditing.record,
    privacy.keys,
    worker.webhook,
    *registers.GROUPS,
)


def build(commands: Sequence[Callable[..., Any]]) -> typer.Typer:
    """The command line with these functions as its commands, named after them."""
    cli = typer.Typer(
        name="fumin",
        help="富民创业担保贷款：从申请到贴息拨付，精确到分。",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    cli.callback()(options)
    for command in commands:
        cli.command()(command)
    for group in GROUPS:
        cli.add_typer(group)
    return cli


def show_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        typer.echo(f"fumin {__version__}")
        raise typer.Exit


def options(
    version: Annotated[
        bool,
        typer.Option("--version", help="显示版本并退出。", callback=show_version, is_eager=True),
    ] = False,
) -> None:
    """富民创业担保贷款：从申请到贴息拨付，精确到分。"""


def main() -> None:
    """Run the command line. A refusal is its message and its sentence of law, never a trace."""
    command = usage.in_chinese(typer.main.get_command(build(COMMANDS)))
    try:
        # Not stand-alone: what is wrong with the command line is said here too.
        ended = command.main(prog_name="fumin", standalone_mode=False)
        sys.exit(ended if isinstance(ended, int) else 0)
    except UsageError as error:
        _say_usage(error)
        sys.exit(2)
    except Exception as error:
        code, sentences = _told(error)
        if not sentences:
            raise
        for sentence in sentences:
            typer.echo(sentence, err=True)
        sys.exit(code)


def _told(error: Exception) -> tuple[int, list[str]]:
    """How the command ends, and what is said of it; nothing of what nobody foresaw."""
    match error:
        case typer.Abort():
            return 1, ["已中止。"]
        case FuminError():
            return 1, [error.message, *(f"依据：{cite}" for cite in error.cites)]
        case OSError() if error.filename is not None or error.errno in FULL:
            return 2, [_refused_by_disk(error)]
        case MoneyText() | IdentityText():
            return 2, [str(error)]
        case ValidationError() if error.title == Settings.__name__:
            faults = error.errors()
            return 1, [f"设置 FUMIN_{str(f['loc'][0]).upper()}：{words(f)}" for f in faults]
        case Busy():
            return 1, ["其他办理尚未结束，此项未办理，请稍后再试"]
        case CommandError():
            return 1, [f"数据库的版本不是本程序所知，请安装与它相符的程序 ({error})"]
        case OperationalError() | ProgrammingError():
            return 1, [_away(error)]
    return 1, []


def _away(error: OperationalError | ProgrammingError) -> str:
    """The database cannot be reached, refuses the role or its rights, or has no room."""
    said = str(error.orig).partition("\n")[0]
    return (
        "数据库未能办理：请核对它是否在运行、磁盘是否已满，以及 FUMIN_DATABASE_URL 与"
        f" FUMIN_MIGRATION_URL 的地址、角色和密码 ({said})"
    )


def _say_usage(error: Any) -> None:
    """A wrong word gets its sentence; a command without a word has printed its help already."""
    if error.message or getattr(error, "param", None) is not None:
        typer.echo(usage.said(error), err=True)


def _refused_by_disk(error: OSError) -> str:
    if error.errno in FULL:  # the system does not say which file
        return "磁盘空间不足，没有写完，请腾出空间后再试"
    return f"文件“{error.filename}”无法读写：{_why(error)}，请核对路径后再试"


def _why(error: OSError) -> str:
    known = {
        FileNotFoundError: "没有这个文件或文件夹",
        IsADirectoryError: "这是文件夹",
        PermissionError: "没有权限",
    }
    return known.get(type(error), error.strerror or "系统拒绝")
