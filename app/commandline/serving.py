"""Running the programme: ``fumin migrate``, ``serve``, ``close``, ``business-date``."""

import atexit
import errno
import os
import shutil
import socket
import tempfile
from datetime import date, datetime
from typing import Annotated

import typer
import uvicorn
from rich.console import Console

from app import metrics
from app.commandline.opening import (
    DEMO_APPROVER,
    ActingAs,
    DemoFolder,
    acting_person,
    opened,
    refused,
    settings_of,
)
from app.commands import perform
from app.settings import LOCAL_HOSTS, Environment, Settings, read_settings
from app.start import Refused, open_installation
from loans import access, parties
from loans.money import fen_to_yuan
from subsidy import monthend

MOST_CONNECTIONS = 80  # of all processes together


def migrate() -> None:
    """建立数据库，或把它升级到当前版本。"""
    try:
        opened_now = open_installation(read_settings(), create=True)
    except Refused as error:
        raise refused(error) from error
    opened_now.engine.dispose()
    typer.echo("数据库已是最新版本。")


def serve(
    demo: DemoFolder = None,
    host: Annotated[str, typer.Option(help="监听地址。")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="监听端口。", min=0, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="服务进程数。", min=1, max=8)] = 1,
) -> None:
    """启动接口与网页。"""
    settings = settings_of(demo)
    if demo is not None:  # the server's processes read the environment again
        os.environ["FUMIN_ENV"] = settings.env.value
        os.environ["FUMIN_DATABASE_URL"] = settings.database_url
        os.environ.pop("FUMIN_MIGRATION_URL", None)
    # Refuse here, once, with a sentence.
    try:
        settings = Settings()
        open_installation(settings).engine.dispose()
        if reasons := _unsafe_serving(settings, host, workers):
            raise Refused(reasons)
    except Refused as error:
        raise refused(error) from error
    _check_port(host, port)
    if workers > 1:
        _meet_for_metrics()
    typer.echo(f"网页 http://{host}:{port}/ ，接口 http://{host}:{port}/api/v1/ ，按 Ctrl+C 停止。")
    uvicorn.run(
        "app.main:from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        timeout_worker_healthcheck=60,  # a busy machine takes a while to start one
    )


def _unsafe_serving(settings: Settings, host: str, workers: int) -> list[str]:
    """Why the server does not listen like this in production."""
    refusals = []
    if settings.env is Environment.PRODUCTION and host not in LOCAL_HOSTS:
        refusals.append(
            f"生产环境只监听本机，由 TLS 反向代理对外：请去掉 --host {host}"
            " (plain http is for the proxy on this machine only: see docs/operations.md)"
        )
    if workers * settings.pool_size > MOST_CONNECTIONS:
        refusals.append(
            f"进程数 × FUMIN_POOL_SIZE 为 {workers * settings.pool_size}，不能超过"
            f" {MOST_CONNECTIONS} (too many database connections: lower --workers)"
        )
    return refusals


def _meet_for_metrics() -> None:
    """A folder in which the figures of the server's processes meet, unless one is named."""
    if metrics.FOLDER not in os.environ:
        folder = tempfile.mkdtemp(prefix="fumin-metrics-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ[metrics.FOLDER] = folder


def _check_port(host: str, port: int) -> None:
    """Refuse an address nobody can listen on now, before the server says so in its own words."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            why = {
                errno.EADDRINUSE: f"端口 {port} 已被其他程序占用",
                errno.EACCES: f"没有权限使用端口 {port}",
            }.get(error.errno or 0, f"不能在 {host}:{port} 上监听（{error.strerror or error}）")
            typer.echo(f"{why}，请停止占用它的程序，或用 --port 换一个端口", err=True)
            raise typer.Exit(1) from error


def close(
    month: Annotated[str, typer.Argument(help="要关账的月份，例如 2019-06。")],
    acting: ActingAs = None,
    demo: DemoFolder = None,
    preview: Annotated[bool, typer.Option("--preview", help="只试算，不锁定。")] = False,
) -> None:
    """关账一个月：逐笔计提利息与贴息并锁定。"""
    since = _month(month)
    with opened(demo) as installation:
        actor = acting_person(installation, acting or (DEMO_APPROVER if demo else None))
        if preview:
            access.require(actor, "months.preview")
            with installation.reads() as session:
                run = monthend.preview(installation.context(session, actor), month=since)
            totals = [run.total(f"{name}_fen") for name in ("interest", "subsidy", "borrower")]
            _print_month("试算", run.since, len(run), totals, run.sha256)
            return
        lock = perform(
            installation, actor, "months.close", lambda ctx: monthend.close(ctx, month=since)
        )
        totals = [lock.interest_fen, lock.subsidy_fen, lock.borrower_fen]
        _print_month("已关账", lock.since, lock.lines, totals, lock.sha256)


def business_date(
    day: Annotated[
        datetime | None, typer.Argument(formats=["%Y-%m-%d"], help="新的业务日期；省略则只显示。")
    ] = None,
    acting: ActingAs = None,
) -> None:
    """显示或设定业务日期（生产环境不能设定）。"""
    with opened() as installation:
        if day is not None:
            if installation.production:
                typer.echo("生产环境的业务日期就是今天，不能设定。", err=True)
                raise typer.Exit(1)
            actor = acting_person(installation, acting)
            on = day.date()
            perform(
                installation,
                actor,
                "business_date.set",
                lambda ctx: parties.set_business_date(ctx, on=on),
            )
        with installation.reads() as session:
            typer.echo(f"业务日期：{installation.today(session)}")


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise typer.BadParameter(f"“{text}”不是 YYYY-MM 形式的月份，例如 2019-06") from error


def _print_month(what: str, since: date, lines: int, totals: list[int], digest: str) -> None:
    interest, subsidy, borrower = (fen_to_yuan(fen) for fen in totals)
    Console().print(
        f"{what} {since:%Y-%m}：{lines} 行，利息 {interest} 元 = 贴息 {subsidy} 元 + "
        f"借款人负担 {borrower} 元\n摘要 {digest}",
        soft_wrap=True,
        highlight=False,
    )


COMMANDS = (migrate, serve, close, business_date)
