"""What the commands share: the installation the settings name, and who is acting."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from app.deps import Installation
from app.security import actor_of_login
from app.settings import Environment, Settings, read_settings
from app.start import Refused, open_installation
from loans.access import Actor

ActingAs = Annotated[
    str | None,
    typer.Option("--as", envvar="FUMIN_AS", help="以哪位登记人员的身份办理（登录名）。"),
]
# For whom a command acts in a demo unless --as names somebody.
DEMO_AUDITOR, DEMO_APPROVER = "finance-auditor", "finance-approver"
DemoFolder = Annotated[
    Path | None, typer.Option("--demo", help="由 fumin demo 建立的文件夹：办理其中的数据。")
]


def settings_of(demo: Path | None) -> Settings:
    """The settings of a demo's folder, or those of the environment; ends where it is no demo."""
    if demo is None:
        return read_settings()
    database = demo / "fumin.db"
    if not database.is_file():
        typer.echo(f"{demo} 中没有演示数据，请先运行 fumin demo {demo}", err=True)
        raise typer.Exit(1)
    address = f"sqlite:///{database.absolute()}"
    return Settings(env=Environment.DEMO, database_url=address, migration_url=None)


def refused(error: Refused) -> typer.Exit:
    """Print why the programme does not start; raise what is returned."""
    for reason in error.reasons:
        typer.echo(reason, err=True)
    return typer.Exit(1)


@contextmanager
def opened(demo: Path | None = None) -> Iterator[Installation]:
    """The installation of the settings or of a demo, closed afterwards; a refusal ends here."""
    try:
        found = open_installation(settings_of(demo))
    except Refused as error:
        raise refused(error) from error
    try:
        yield found.installation
    finally:
        found.engine.dispose()


def acting_person(installation: Installation, login: str | None) -> Actor:
    """The registered person this command acts for; every act has one."""
    if login is None:
        typer.echo("请用 --as 登录名（或环境变量 FUMIN_AS）指明办理人。", err=True)
        raise typer.Exit(2)
    with installation.reads() as session:
        actor = actor_of_login(session, login)
    if actor is None:
        typer.echo(f"没有登录名为 {login} 的在岗人员。", err=True)
        raise typer.Exit(2)
    return actor
