"""``fumin register load`` and ``fumin claim …``: lists of other bureaus, and what a bank needs."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from app.commandline.opening import (
    DEMO_AUDITOR,
    ActingAs,
    DemoFolder,
    acting_person,
    opened,
)
from app.commands import perform
from loans import access
from loans.errors import NotPermitted
from subsidy import claims, prechecks, registers
from subsidy.detail_sheet import write_template
from subsidy.models import RegisterKind

register = typer.Typer(name="register", help="登记册：载入其他部门的名单。", no_args_is_help=True)
claim = typer.Typer(name="claim", help="贴息申报：模板、报送前预检。", no_args_is_help=True)

ToFile = Annotated[Path, typer.Option("--out", dir_okay=False, help="写入的文件。")]
FromFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="xlsx 或 CSV 文件。")]


@register.command("load")
def load(
    kind: Annotated[RegisterKind, typer.Argument(help="名单种类。")],
    file: FromFile,
    source: Annotated[str, typer.Option(help="提供名单的部门；同一部门的旧名单被替换。")] = "",
    acting: ActingAs = None,
    demo: DemoFolder = None,
) -> None:
    """载入一份名单；有一行不合要求则整份不载入，并逐行说明。"""
    with opened(demo) as installation:
        actor = acting_person(installation, acting or (DEMO_AUDITOR if demo else None))
        access.require(actor, "registers.load")
        with installation.reads() as session:
            on = installation.today(session)
        listed = registers.read_list(
            file.read_bytes(), file.name, kind=kind, vault=installation.vault, on=on
        )
        perform(
            installation,
            actor,
            "registers.load",
            lambda ctx: registers.load(ctx, listed=listed, source=source),
        )
    title = registers.COLUMNS[kind].title
    typer.echo(f"已载入{title} {len(listed.rows)} 条（SHA-256 {listed.sha256[:12]}）")


@register.command("template")
def list_template(
    kind: Annotated[RegisterKind, typer.Argument(help="名单种类。")], out: ToFile
) -> None:
    """写出一份空白名单。"""
    out.write_bytes(registers.write_list_template(kind))
    typer.echo(f"已写出 {out}")


@claim.command("template")
def template(out: ToFile = Path("贴息申报明细表.xlsx")) -> None:
    """写出申报明细表的模板。"""
    out.write_bytes(write_template())
    typer.echo(f"已写出 {out}")


@claim.command("check")
def check(
    file: FromFile,
    since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="申报期首日。")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="申报期末日的次日。")],
    out: ToFile = Path("更正后的明细表.xlsx"),
    acting: ActingAs = None,
) -> None:
    """报送前预检：与正式报送同一程序，写出更正后的明细表和差异清单；不保存。"""
    with opened() as installation:
        actor = acting_person(installation, acting)
        access.require(actor, "claims.precheck")
        if actor.bank_id is None:
            raise NotPermitted("banks-only", "预检由经办银行使用")
        with installation.reads() as session:
            ctx = installation.context(session, actor)
            filing = claims.read_filing(file.read_bytes(), file.name, vault=ctx.vault, on=ctx.on)
            found = claims.compare(
                ctx,
                sheet=filing.sheet,
                bank_id=actor.bank_id,
                since=since.date(),
                until=until.date(),
            )
    out.write_bytes(prechecks.corrected_workbook(filing.sheet, found))
    is_passing = prechecks.passes(filing.sheet, found)
    typer.echo("预检通过。" if is_passing else f"有差异，更正后的明细表和差异清单已写入 {out}")
    if not is_passing:
        raise typer.Exit(1)


GROUPS = (register, claim)
