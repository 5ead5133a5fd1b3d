"""What the commands share: the installation the settings name, and who is acting."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from app.deps import Installation
from app.security import actor_of_login
from app.settings import read_settings
from app.start import Refused, open_installation
from loans.access import Actor

ActingAs = Annotated[
    str | None,
    typer.Option("--as", envvar="FUMIN_AS", help="以哪位登记人员的身份办理（登录名）。"),
]


def refused(error: Refused) -> typer.Exit:
    """Print why the programme does not start; raise what is returned."""
    for reason in error.reasons:
        typer.echo(reason, err=True)
    return typer.Exit(1)


@contextmanager
def opened() -> Iterator[Installation]:
    """The installation of the settings, closed afterwards; a refusal ends the command."""
    try:
        found = open_installation(read_settings())
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
