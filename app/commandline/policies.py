"""``fumin policy load`` and ``fumin policy diff``: versions of the law side by side."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.commandline.opening import ActingAs, acting_person, opened
from app.commandline.policy import policy as policy
from app.commands import perform
from app.deps import PROGRAMME_ZONE, Installation, now
from loans import access, versions
from loans.candidates import CLASSES, OUTCOMES, Asking, read_candidates
from loans.errors import Conflict, NotFound
from loans.money import fen_to_yuan, percent_to_ppm
from loans.policy import PolicyBook, benchmark_ppm, load_policy_book
from subsidy.policydiff import Case, Compared, Decided, budget, compare, stored_cases
from subsidy.quotes import LoanWanted

DATABASE = "db"
SHIPPED = "shipped"
OnDay = Annotated[
    datetime | None,
    typer.Option(
        "--on", formats=["%Y-%m-%d"], help="按哪一天办理；名单默认今天，库中申请默认受理日。"
    ),
]


@policy.command("load")
def load(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="政策文件夹。")],
    acting: ActingAs = None,
) -> None:
    """校验并载入一个政策文件夹：此后的新申请按它办理，已受理的申请和已签订的合同仍按原版本。"""
    book = load_policy_book(folder)
    with opened() as installation:
        if installation.fixed_book:
            raise Conflict(
                "policy-dir-fixed",
                "本机的政策文件夹由 FUMIN_POLICY_DIR 指定；请先取消该设置再载入，或直接更换文件夹",
            )
        actor = acting_person(installation, acting)
        perform(installation, actor, "policies.load", lambda ctx: versions.adopt(ctx, book=book))
        _list(installation)


@policy.command("versions")
def list_versions() -> None:
    """列出保存的政策版本，注明现行版本。"""
    with opened() as installation:
        _list(installation)


@policy.command("diff")
def diff(
    before: Annotated[str, typer.Argument(help="原版本：文件夹、版本号（前几位）或 shipped。")],
    after: Annotated[str, typer.Argument(help="新版本：同上。")],
    book: Annotated[
        str, typer.Option("--book", help="候选名单（xlsx、CSV），或 db：库中的申请。")
    ] = DATABASE,
    on: OnDay = None,
    rate: Annotated[
        str | None, typer.Option(help="名单的合同利率（%）；默认当日同期限基准利率。")
    ] = None,
    acting: ActingAs = None,
) -> None:
    """比较两个政策版本：哪些申请的结论会改变，贴息预算是多少。"""
    old, new = _book(before), _book(after)
    day = on.date() if on else None
    if book == DATABASE:
        cases = _stored(acting, day)
    else:
        cases = _listed(Path(book), day or _today(), (old, new), rate)
    found = compare(cases, old, new)
    _show(found, old, new)


def _book(name: str) -> PolicyBook:
    """The book of a folder, the shipped one, or a stored version."""
    if name == SHIPPED:
        return load_policy_book()
    if Path(name).is_dir():
        return load_policy_book(Path(name))
    with opened() as installation, installation.reads() as session:
        rows = [row for row in versions.known(session) if row.version.startswith(name)]
        if len(rows) != 1:
            known = "、".join(row.version[:12] for row in versions.known(session)) or "无"
            raise NotFound(
                "policy-version-unknown",
                f"“{name}”既不是文件夹，也不对应唯一的已保存版本（现有：{known}）",
            )
        return versions.stored(session, rows[0].version)


def _stored(acting: str | None, on: date | None) -> list[Case]:
    with opened() as installation:
        actor = acting_person(installation, acting)
        access.require(actor, "applications.read")
        with installation.reads() as session:
            return stored_cases(installation.context(session, actor), on=on)


def _listed(
    file: Path, on: date, books: tuple[PolicyBook, PolicyBook], rate: str | None
) -> list[Case]:
    asking, findings = read_candidates(file.read_bytes(), file.name, on=on, books=books)
    for finding in findings:
        typer.echo(finding.message, err=True)
    return [_case(one, on, books[0], rate) for one in asking]


def _case(asking: Asking, on: date, book: PolicyBook, rate: str | None) -> Case:
    terms = asking.terms(on)
    known = None if rate is None else percent_to_ppm(rate)
    return Case(
        reference=asking.reference,
        applicant=asking.applicant,
        exposure=asking.exposure,
        wanted=LoanWanted(
            amount_fen=asking.amount_fen,
            term_months=asking.term_months,
            rate_ppm=known or benchmark_ppm(book, on, terms.matures_on).number,
        ),
        on=on,
    )


def _show(found: list[Compared], old: PolicyBook, new: PolicyBook) -> None:
    changed = [one for one in found if one.differs]
    table = Table(title="结论改变的申请", title_justify="left")
    table.add_column("申请", overflow="fold")
    for version in (old, new):
        table.add_column(version.version[:12], overflow="fold")
    for one in changed:
        table.add_row(one.reference, _words(one.before), _words(one.after))
    console = Console()
    if changed:
        console.print(table)
    console.print(f"共 {len(found)} 项申请，结论改变 {len(changed)} 项", highlight=False)
    was, now_fen = budget(found)
    console.print(
        f"贴息预算：{fen_to_yuan(was)} 元 → {fen_to_yuan(now_fen)} 元"
        f"（增减 {fen_to_yuan(now_fen - was)} 元）",
        highlight=False,
    )


def _words(decided: Decided) -> str:
    return (
        f"{OUTCOMES[decided.eligible]}，最高 {fen_to_yuan(decided.cap_fen)} 元，"
        f"{CLASSES[decided.subsidy_class.value]} {decided.share_pct}%，"
        f"贴息 {fen_to_yuan(decided.subsidy_fen)} 元"
    )


def _list(installation: Installation) -> None:
    with installation.reads() as session:
        current = installation.law(session).version
        rows = versions.known(session)
    for line in _lines(((row.version, row.stored_on) for row in rows), current):
        typer.echo(line)


def _lines(stored: Iterable[tuple[str, date]], current: str) -> Iterator[str]:
    seen = False
    for version, on in stored:
        mark = "　现行" if version == current else ""
        seen = seen or version == current
        yield f"{version[:12]}　{on} 保存{mark}"
    if not seen:
        yield f"{current[:12]}　随程序提供或由 FUMIN_POLICY_DIR 指定　现行"


def _today() -> date:
    return now().astimezone(PROGRAMME_ZONE).date()
