"""The year on a terminal, in Chinese: what was decided, how fast, what it cost, what was wrong."""

from collections.abc import Iterator

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.demo.facts import Checked, Facts
from app.demo.outcomes import endings
from app.demo.people import ADMINISTRATORS, BANKS, HOUSES, PASSWORD
from loans.money import fen_to_yuan
from loans.policy import PolicyBook
from loans.riskshare import leverage_pct
from loans.workflow import State

_STAGES = {State.GUARANTEE_REVIEW: "担保审核", State.LOAN_APPROVAL: "贷款审批"}
_DOCUMENT = "澄政发〔2019〕18号"


def print_facts(console: Console, facts: Facts, book: PolicyBook) -> None:
    """Every table, in the order in which the money flows."""
    console.print()
    console.print(_outcomes(facts, book))
    console.print(_paces(facts))
    console.print(_guarantee(facts))
    console.print(_months(facts))
    console.print(_claims(facts))
    console.print(_errors(facts))
    console.print(_verdict(facts))


def print_logins(console: Console) -> None:
    """Who may sign in; the password is the same for all."""
    table = _table("演示登录", f"密码均为 {PASSWORD}；演示环境不要求第二因素")
    for header in ("登录名", "姓名", "机构"):
        table.add_column(header)
    for house in HOUSES:
        for person in house.people:
            table.add_row(person.login, person.name, house.name)
    for person in ADMINISTRATORS:
        table.add_row(person.login, person.name, "演示平台运营单位")
    console.print(table)


def _table(title: str, caption: str = "") -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        caption=caption or None,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )


def _money_columns(table: Table, *headers: str) -> None:
    for header in headers:
        table.add_column(header, justify="right", no_wrap=True)


def _outcomes(facts: Facts, book: PolicyBook) -> Table:
    table = _table(f"申请 {len(facts.applications)} 件的结果", f"引文均出自{_DOCUMENT}")
    table.add_column("结果", no_wrap=True)
    table.add_column("件数", justify="right")
    table.add_column("起决定作用的一句（例）", overflow="fold")
    for ending in endings(facts.applications, book):
        table.add_row(ending.label, str(ending.count), ending.cite.removeprefix(_DOCUMENT))
    return table


def _paces(facts: Facts) -> Table:
    table = _table("办结用时（工作日；时限5个工作日，补正期间不计）")
    table.add_column("环节")
    for header in ("办结", "按时", "按时率", *(f"{day}日" for day in range(1, 6)), "5日以上"):
        table.add_column(header, justify="right")
    for state, title in _STAGES.items():
        pace = facts.paces.get(state)
        if pace is None:
            continue
        rate = f"{100 * pace.in_time // pace.finished}%"
        within = [pace.used[day] + (pace.used[0] if day == 1 else 0) for day in range(1, 6)]
        late = pace.finished - sum(within)
        cells = (pace.finished, pace.in_time, rate, *within, late)
        table.add_row(title, *map(str, cells))
    return table


def _guarantee(facts: Facts) -> Text:
    fund = facts.guarantee
    used_fen = fund.outstanding_fen + fund.reserved_fen  # what every page tells
    leverage = leverage_pct(fund_fen=fund.balance_fen, outstanding_fen=used_fen) or 0
    return Text(
        f"担保基金  余额 {fen_to_yuan(fund.balance_fen)} 元，"
        f"在保余额 {fen_to_yuan(fund.outstanding_fen)} 元，"
        f"已预留 {fen_to_yuan(fund.reserved_fen)} 元，"
        f"放大 {fen_to_yuan(leverage)} 倍（上限 {fund.limit} 倍）\n"
    )


def _months(facts: Facts) -> Table:
    table = _table(f"关账 {len(facts.months)} 个月（元）", "调整：补记已锁定月份的事实，另起一行")
    table.add_column("月份", no_wrap=True)
    _money_columns(table, "行数", "利息", "贴息", "借款人负担", "其中贴息调整")
    for month in facts.months:
        adjusted = fen_to_yuan(sum(month.adjustments)) if month.adjustments else ""
        amounts = (month.interest_fen, month.subsidy_fen, month.borrower_fen)
        table.add_row(
            f"{month.since:%Y-%m}", str(month.lines), *map(fen_to_yuan, amounts), adjusted
        )
    table.add_section()
    totals = [
        sum(getattr(month, name) for month in facts.months)
        for name in ("interest_fen", "subsidy_fen", "borrower_fen")
    ]
    adjusted = fen_to_yuan(sum(sum(month.adjustments) for month in facts.months))
    lines = sum(month.lines for month in facts.months)
    table.add_row("合计", str(lines), *map(fen_to_yuan, totals), adjusted)
    return table


def _claims(facts: Facts) -> Table:
    table = _table("贴息申报与拨付（元）")
    table.add_column("申报期至", no_wrap=True)
    table.add_column("经办银行", no_wrap=True)
    _money_columns(table, "行数", "申报", "核定应付", "已拨付")
    claims = sorted(facts.claims, key=lambda claim: (claim.claimed.until, claim.claimed.bank))
    for claim in claims:
        table.add_row(
            f"{claim.claimed.until}", BANKS[claim.claimed.bank].name, str(claim.lines),
            *map(fen_to_yuan, (claim.claimed_fen, claim.payable_fen, claim.paid_fen)),
        )  # fmt: skip
    table.add_section()
    totals = [
        sum(getattr(claim, name) for claim in claims)
        for name in ("claimed_fen", "payable_fen", "paid_fen")
    ]
    lines = sum(claim.lines for claim in claims)
    table.add_row("合计", "", str(lines), *map(fen_to_yuan, totals))
    return table


def _errors(facts: Facts) -> Table:
    table = _table("埋下的差错与对账结果（元）")
    table.add_column("申报期至", no_wrap=True)
    table.add_column("借据号", no_wrap=True)
    table.add_column("埋下的差错")
    table.add_column("代码")
    _money_columns(table, "埋下", "找到")
    table.add_column("对账给出的原因", overflow="fold")
    for claim in sorted(facts.claims, key=lambda claim: (claim.claimed.until, claim.claimed.bank)):
        for row in _error_rows(claim):
            table.add_row(*row)
    return table


def _error_rows(claim: Checked) -> Iterator[tuple[str, ...]]:
    until = f"{claim.claimed.until:%Y-%m}"
    for error, hit in claim.matched:
        found, said = (fen_to_yuan(hit.amount_fen), hit.message) if hit else ("—", "未找到")
        planted = fen_to_yuan(error.amount_fen)
        yield until, error.note_no, error.title, error.code, planted, found, said
    for extra in claim.invented:
        amount = fen_to_yuan(extra.amount_fen)
        yield until, extra.note_no, "（未埋）", extra.code, "—", amount, extra.message


def _verdict(facts: Facts) -> Text:
    pairs = [pair for claim in facts.claims for pair in claim.matched]
    found = sum(hit is not None for _, hit in pairs)
    invented = sum(len(claim.invented) for claim in facts.claims)
    kinds = len({error.title for error, _ in pairs})
    style = "bold green" if facts.is_exact else "bold red"
    said = f"埋下 {kinds} 种 {len(pairs)} 处差错，找到 {found} 处，虚报 {invented} 处"
    return Text(f"{said}\n", style=style)
