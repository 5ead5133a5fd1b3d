"""``fumin worker`` and ``fumin webhook``: events on their way out, and what is swept up."""

import secrets
import time
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import select

from app.commandline.opening import ActingAs, acting_person, opened
from app.commands import perform, retried
from app.deps import Installation
from app.sending import Sender, new_secret
from app.signing import forget_old
from loans import access, keys, wall, webhooks
from loans.models import Organisation, Webhook

webhook = typer.Typer(name="webhook", help="事件通知的接收地址。", no_args_is_help=True)

PAUSE_S = 1
SWEEP = timedelta(hours=1)


def worker(
    once: Annotated[bool, typer.Option("--once", help="送完现有的即结束。")] = False,
) -> None:
    """把已提交的事件送到各机构登记的地址；可同时运行多个，随时可停。"""
    with opened() as installation:
        sender = Sender(installation, https_only=installation.production)
        swept_at = None
        while True:
            if swept_at is None or installation.clock() - swept_at > SWEEP:
                sweep(installation)
                swept_at = installation.clock()
            sent = sender.work()
            if sent == 0 and once:
                return
            if sent == 0:
                time.sleep(PAUSE_S)


def sweep(installation: Installation) -> None:
    """Forget what has had its time: nonces of signed requests, keys of old requests."""

    def once() -> None:
        with installation.writes() as session, session.begin():
            wall.admit(session, wall.EVERY_BANK)
            forget_old(session, installation.clock())
            keys.forget_old(session, installation.clock())

    retried(once)


@webhook.command("add")
def add(
    code: Annotated[str, typer.Argument(help="机构代码。")],
    url: Annotated[str, typer.Argument(help="接收地址，https://…")],
    acting: ActingAs = None,
) -> None:
    """为一家机构登记接收地址，并显示签名密钥（只这一次）。"""
    secret = new_secret(secrets.token_bytes(32))
    with opened() as installation:
        row = perform(
            installation,
            acting_person(installation, acting),
            "webhooks.register",
            lambda ctx: webhooks.register(ctx, code=code, url=url, secret=secret),
        )
    typer.echo(f"编号：{row.public_id}")
    typer.echo(f"签名密钥：{secret}（只显示这一次）")


@webhook.command("list")
def show(acting: ActingAs = None) -> None:
    """列出接收地址。"""
    with opened() as installation:
        actor = acting_person(installation, acting)
        access.require(actor, "webhooks.read")
        with installation.reads() as session:
            installation.context(session, actor)
            rows = session.execute(
                select(Webhook, Organisation.code)
                .join(Organisation, Organisation.id == Webhook.organisation_id)
                .order_by(Webhook.id)
            ).all()
    for row, code in rows:
        state = "已停用" if row.removed_at else "在用"
        typer.echo(f"{row.public_id}  {code}  {row.url}  {state}")


@webhook.command("remove")
def remove(
    webhook_id: Annotated[UUID, typer.Argument(help="接收地址编号。")], acting: ActingAs = None
) -> None:
    """停用一个接收地址。"""
    with opened() as installation:
        perform(
            installation,
            acting_person(installation, acting),
            "webhooks.remove",
            lambda ctx: webhooks.remove(ctx, webhook_id=webhook_id),
        )
    typer.echo("已停用。")
