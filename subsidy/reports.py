"""Reports of a claim as stored: summary by class, every line, the differences with their causes.

The same content is written as a workbook and as data for a printable form. Columns: rules.md §7.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import func, select

from loans.context import Context
from loans.models import Organisation
from loans.money import fen_to_yuan
from loans.sheets import write_csv, write_workbook
from subsidy.detail_sheet import CLASS_TITLES as SUBSIDY_CLASSES
from subsidy.detail_sheet import COLUMNS
from subsidy.models import (
    CaseState,
    Claim,
    ClaimCase,
    ClaimCause,
    ClaimLine,
    EntryKind,
    Remittance,
    SubsidyEntry,
)
from subsidy.prechecks import CLASS_TITLES, shown

_HIDDEN: Final = ("borrower", "identity")  # never stored with a line
SUMMARY_HEADERS: Final = (
    "贴息类别", "期初余额", "本期发放额", "本期发放笔数", "本期收回额", "本期收回笔数", "期末余额",
    "申请贴息额", "核定额", "核减额", "结转", "实际拨付额",
)  # fmt: skip
CAUSE_HEADERS: Final = ("贴息类别", "代码", "笔数", "金额")
DIFFERENCE_HEADERS: Final = (
    "行", "借据号", "结果", "申请贴息额", "重算额", "核定额", "代码", "金额", "原因", "依据",
    "处理",
)  # fmt: skip
CASES: Final = {
    CaseState.OPEN: "待处理",
    CaseState.ALLOWED: "认可",
    CaseState.DISALLOWED: "核减",
    CaseState.RETURNED: "退回银行",
    CaseState.SUPERSEDED: "已更正",
}


@dataclass
class ClassTotals:
    """One class of a claim's summary, fen and counts."""

    opening_fen: int = 0
    disbursed_fen: int = 0
    disbursed: int = 0
    repaid_fen: int = 0
    repaid: int = 0
    closing_fen: int = 0
    claimed_fen: int = 0
    payable_fen: int = 0
    carried_fen: int = 0
    disallowed_fen: int = 0
    remitted_fen: int = 0

    def row(self, title: str) -> list[str]:
        """The summary's columns."""
        return [
            title,
            fen_to_yuan(self.opening_fen),
            fen_to_yuan(self.disbursed_fen),
            str(self.disbursed),
            fen_to_yuan(self.repaid_fen),
            str(self.repaid),
            fen_to_yuan(self.closing_fen),
            fen_to_yuan(self.claimed_fen),
            fen_to_yuan(self.payable_fen),
            fen_to_yuan(self.disallowed_fen),
            fen_to_yuan(self.carried_fen),
            fen_to_yuan(self.remitted_fen),
        ]


@dataclass(frozen=True)
class ClaimReport:
    """A claim as tables of text, header rows first.

    ``remitted_fen`` is 实际拨付额: less than 核定额 where later facts were netted.
    """

    bank: str
    claim: Claim
    summary: list[list[str]]
    by_code: list[list[str]]
    details: list[list[str]]
    differences: list[list[str]]
    remitted_fen: int
    totals: ClassTotals = field(default_factory=ClassTotals)


def claim_report(ctx: Context, claim: Claim) -> ClaimReport:
    """Everything the bureau and the bank put on paper about one claim."""
    lines = list(
        ctx.session.scalars(
            select(ClaimLine).where(ClaimLine.claim_id == claim.id).order_by(ClaimLine.row)
        )
    )
    causes = _causes(ctx, claim)
    cases = {
        case.line_id: case
        for case in ctx.session.scalars(select(ClaimCase).where(ClaimCase.claim_id == claim.id))
    }
    classes, whole = _totals(lines, cases, _remitted(ctx, claim))
    titles = SUBSIDY_CLASSES | {"": "未注明"}
    return ClaimReport(
        bank=ctx.session.get_one(Organisation, claim.bank_id).name,
        claim=claim,
        summary=[
            list(SUMMARY_HEADERS),
            *(classes[name].row(titles[name]) for name in titles if name in classes),
            whole.row("合计"),
        ],
        by_code=_by_code(lines, causes, titles),
        details=_details(lines),
        differences=_differences(lines, causes, cases),
        remitted_fen=whole.remitted_fen,
        totals=whole,
    )


def workbook(report: ClaimReport) -> bytes:
    """The difference report as a workbook: 汇总, 核减原因, 明细, 差异."""
    return write_workbook(
        {
            "汇总": report.summary,
            "核减原因": report.by_code,
            "明细": report.details,
            "差异": report.differences,
        }
    )


def csv(report: ClaimReport) -> bytes:
    """The detail table as the canonical CSV."""
    return write_csv(report.details)


def _causes(ctx: Context, claim: Claim) -> dict[int, list[ClaimCause]]:
    rows = (
        select(ClaimCause)
        .join(ClaimLine, ClaimLine.id == ClaimCause.line_id)
        .where(ClaimLine.claim_id == claim.id)
        .order_by(ClaimCause.line_id, ClaimCause.no)
    )
    found: dict[int, list[ClaimCause]] = defaultdict(list)
    for cause in ctx.session.scalars(rows):
        found[cause.line_id].append(cause)
    return found


def _totals(
    lines: list[ClaimLine], cases: dict[int, ClaimCase], remitted: dict[str, int]
) -> tuple[dict[str, ClassTotals], ClassTotals]:
    classes: dict[str, ClassTotals] = defaultdict(ClassTotals)
    whole = ClassTotals()
    for line in lines:
        case = cases.get(line.id)
        is_open = case is not None and case.state is CaseState.OPEN
        for totals in (classes[line.subsidy_class or ""], whole):
            _add(totals, line, is_open)
    for subsidy_class, fen in remitted.items():
        classes[subsidy_class].remitted_fen = fen
        whole.remitted_fen += fen
    return classes, whole


def _add(totals: ClassTotals, line: ClaimLine, is_open: bool) -> None:
    def cell(name: str) -> int:
        return int(line.cells.get(name) or 0)

    totals.opening_fen += cell("opening_fen")
    totals.disbursed_fen += cell("disbursed_fen")
    totals.disbursed += cell("disbursed_fen") > 0
    totals.repaid_fen += cell("repaid_fen")
    totals.repaid += cell("repaid_fen") > 0
    totals.closing_fen += cell("closing_fen")
    totals.claimed_fen += line.claimed_fen
    totals.payable_fen += line.payable_fen
    withheld = line.claimed_fen - line.payable_fen
    totals.carried_fen += withheld if is_open else 0
    totals.disallowed_fen += 0 if is_open else withheld


def _by_code(
    lines: list[ClaimLine], causes: dict[int, list[ClaimCause]], titles: dict[str, str]
) -> list[list[str]]:
    """核减额按原因: the causes of each class."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for line in lines:
        for cause in causes.get(line.id, []):
            found[line.subsidy_class or "", cause.code].append(cause.amount_fen)
    order = list(titles)
    keys = sorted(found, key=lambda key: (order.index(key[0]), key[1]))
    rows = [[titles[c], code, str(len(f)), fen_to_yuan(sum(f))]
            for c, code in keys for f in [found[c, code]]]  # fmt: skip
    return [list(CAUSE_HEADERS), *rows]


def _details(lines: list[ClaimLine]) -> list[list[str]]:
    columns = [column for column in COLUMNS.columns if column.name not in _HIDDEN]
    rows = [[*(column.header for column in columns), "核定额", "核减额"]]
    for line in lines:
        rows.append(
            [
                *(shown(column, line.cells.get(column.name)) for column in columns),
                fen_to_yuan(line.payable_fen),
                fen_to_yuan(line.claimed_fen - line.payable_fen),
            ]
        )
    return rows


def _differences(
    lines: list[ClaimLine],
    causes: dict[int, list[ClaimCause]],
    cases: dict[int, ClaimCase],
) -> list[list[str]]:
    rows = [list(DIFFERENCE_HEADERS)]
    for line in lines:
        case = cases.get(line.id)
        outcome = CASES[case.state] + (f"：{case.reason}" if case.reason else "") if case else ""
        begins = [
            str(line.row),
            line.note_no,
            CLASS_TITLES[line.line_class],
            *map(fen_to_yuan, (line.claimed_fen, line.expected_fen, line.payable_fen)),
        ]
        for cause in causes.get(line.id, []):
            amount = fen_to_yuan(cause.amount_fen)
            rows.append([*begins, cause.code, amount, cause.message, cause.cites, outcome])
        for finding in line.findings:
            said: dict[str, Any] = finding
            rows.append([*begins, said["code"], "", said["message"], "", outcome])
    return rows


def _remitted(ctx: Context, claim: Claim) -> dict[str, int]:
    """What the claim's remittances paid and did not get back, by the class of the lines paid."""
    rows = (
        select(ClaimLine.subsidy_class, func.sum(SubsidyEntry.amount_fen))
        .join(SubsidyEntry, SubsidyEntry.claim_line_id == ClaimLine.id)
        .join(Remittance, Remittance.id == SubsidyEntry.remittance_id)
        .where(Remittance.claim_id == claim.id, SubsidyEntry.kind == EntryKind.PAID)
        .group_by(ClaimLine.subsidy_class)
    )
    return {name or "": int(fen) for name, fen in ctx.session.execute(rows)}
