"""Forms for signature: 审批表 of an application, 贴息资金审核表 of a claim.

What is personal stays masked: the paper is checked against the applicant's own documents.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from loans.capitals import in_capitals
from loans.context import Context
from loans.models import Application, Borrower, Branch, Organisation, Person
from loans.money import fen_to_yuan, ppm_to_percent
from loans.queries import by_key, steps_of
from loans.workflow import ACTION_NAMES, STATE_NAMES, BorrowerKind
from subsidy.detail_sheet import CLASS_TITLES
from subsidy.printing import printed
from subsidy.reports import ClaimReport

_TITLES: Final = {
    BorrowerKind.INDIVIDUAL: "富民创业担保贷款审批表（个人）",
    BorrowerKind.SMALL_FIRM: "小微企业贷款贴息审批表",
}
_OUTCOMES: Final = {"yes": "符合", "no": "不符合", "unknown": "待补充"}
_YES_NO: Final = {True: "是", False: "否", None: "未填"}


def approval_form(ctx: Context, application: Application) -> bytes:
    """The application with its findings and every opinion, for signature, as a PDF."""
    assessment = application.assessment or {}
    steps = steps_of(ctx, application)
    people = by_key(ctx, Person, (step.by_person_id for step in steps))
    data = {
        "title": _TITLES[application.kind],
        "on": ctx.on.isoformat(),
        "number": str(application.public_id),
        "facts": _pairs(_facts(ctx, application)),
        "findings": [
            [_OUTCOMES[found["outcome"]], found["sentence"], "；".join(found["cites"])]
            for found in assessment.get("findings", [])
        ],
        "steps": [
            [STATE_NAMES[step.from_state], ACTION_NAMES[step.action], step.on.isoformat(),
             step.reason or "—", people[step.by_person_id].name]
            for step in steps
        ],
        "policy": application.policy_version or assessment.get("policy_version") or "—",
        "content_hash": application.content_hash,
    }  # fmt: skip
    return printed("approval.typ", data)


def subsidy_sheet(ctx: Context, report: ClaimReport) -> bytes:
    """A claim's totals by class with its amounts in capitals, for signature, as a PDF."""
    claim = report.claim
    people = by_key(ctx, Person, (claim.reviewed_by_id, claim.approved_by_id))
    amounts = {
        "申请贴息额": claim.claimed_fen,
        "重算额": claim.expected_fen,
        "核定额": claim.payable_fen,
        "实际拨付额": report.remitted_fen,
    }
    data = {
        "bank": report.bank,
        "since": claim.since.isoformat(),
        "last": (claim.until - timedelta(days=1)).isoformat(),
        "summary": report.summary,
        "amounts": [[name, fen_to_yuan(fen), in_capitals(fen)] for name, fen in amounts.items()],
        "reviewer": _name(people, claim.reviewed_by_id),
        "approver": _name(people, claim.approved_by_id),
        "content_hash": claim.content_hash,
    }
    return printed("sheet.typ", data)


def _facts(ctx: Context, application: Application) -> Iterable[tuple[str, str]]:
    row, facts = application, application.facts
    borrower = ctx.session.get_one(Borrower, row.borrower_id)
    bank = ctx.session.get_one(Organisation, row.bank_id)
    branch = ctx.session.get_one(Branch, row.branch_id)
    yield "申请人", borrower.name_masked
    yield "证件号", borrower.id_masked
    yield "申请金额（元）", fen_to_yuan(row.amount_fen)
    yield "大写", in_capitals(row.amount_fen)
    if row.approved_fen is not None:
        yield "批准金额（元）", fen_to_yuan(row.approved_fen)
        yield "大写", in_capitals(row.approved_fen)
    yield "期限", f"{row.term_months} 个月"
    yield "年利率", f"{ppm_to_percent(row.rate_ppm)}%"
    yield "用途", row.purpose
    yield "经办银行", f"{bank.name} {branch.name}"
    yield "经营地", facts.get("business_division") or "未填"
    yield "本市户籍", _YES_NO[facts.get("local_hukou")]
    yield "人群类别", _groups(ctx, facts["categories"])
    yield "贴息", _subsidy(row)
    yield "状态", STATE_NAMES[row.state]
    yield "受理日", row.accepted_on.isoformat() if row.accepted_on else "未受理"


def _groups(ctx: Context, codes: list[str]) -> str:
    names = {rule.code: rule.title for rule in ctx.book.family("group", ctx.on)}
    return "、".join(names.get(code, code) for code in codes) or "无"


def _subsidy(application: Application) -> str:
    stored: dict[str, Any] = application.assessment or {}
    kind = application.subsidy_class or stored.get("subsidy_class")
    share = application.share_pct if application.share_pct is not None else stored.get("share_pct")
    return f"{CLASS_TITLES.get(kind.upper(), '不贴息')} {share}%" if kind else "未定"


def _pairs(facts: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Two pairs of name and value a row of the table."""
    cells = [text for pair in facts for text in pair]
    cells += [""] * (-len(cells) % 4)
    return [cells[at : at + 4] for at in range(0, len(cells), 4)]


def _name(people: dict[int, Person], key: int | None) -> str:
    return people[key].name if key is not None else ""
