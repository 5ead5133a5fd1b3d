"""A list of people who ask what they are entitled to: read from a table, assessed row by row.

The table names nobody: each row is a reference and the circumstances that the rules ask for. A
small firm's new hires are rows of their own that name the firm's reference. A row that cannot be
read is a finding with its row and column; the other rows are answered all the same.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from loans.money import fen_to_yuan
from loans.policy import PolicyBook
from loans.sheets import Row, RowFinding, load_columns, read_table
from loans.underwriting import (
    Applicant,
    Appraisal,
    Assessment,
    Category,
    Exposure,
    Finding,
    Hire,
    Outcome,
    Terms,
    Topic,
    assess,
)
from loans.underwriting.findings import merged
from loans.workflow import BorrowerKind

COLUMNS = load_columns(Path(__file__).with_suffix(".toml"))
YES_OR_NO = {"是": True, "有": True, "否": False, "无": False}
PASSED = {"通过": True, "合格": True, "未通过": False, "不合格": False}
OUTCOMES = {Outcome.YES: "符合", Outcome.NO: "不符合", Outcome.UNKNOWN: "待补材料"}
CLASSES = {
    "full": "全额贴息",
    "half": "50%贴息",
    "small_firm": "小微企业贴息",
    "none": "不贴息",
}
HEADERS = (
    "编号", "结论", "最高额度", "补齐材料后最高额度", "贴息类别",
    "不符合之处", "规定值（施行日）", "依据", "尚缺材料",
)  # fmt: skip
PERSON, FIRM, HIRE = "个人", "小微企业", "新招用人员"
KINDS = (PERSON, FIRM, HIRE)
UNREADABLE = "无法读取"
LONGEST_MONTHS = 600
# What already runs, and who works there: less than nothing of it would raise a limit.
COUNTED = ("employees", "other_approved_fen", "other_bases_fen", "other_hires")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row of the list and what the rules say about it."""

    row: int
    reference: str
    assessment: Assessment

    @property
    def cells(self) -> list[str]:
        """The answer as a row under ``HEADERS``."""
        found = self.assessment
        return [
            self.reference,
            OUTCOMES[found.eligible],
            fen_to_yuan(found.cap_fen),
            fen_to_yuan(found.attainable_cap_fen),
            CLASSES[found.subsidy_class.value],
            "；".join(finding.sentence for finding in found.decisive),
            "；".join(f"{finding.value}（{finding.since} 起）" for finding in found.decisive),
            "；".join(merged(*(finding.cites for finding in found.decisive))),
            "、".join(found.needs),
        ]


def open_findings(found: Assessment) -> list[Finding]:
    """What stands between a candidate and a yes: the refusals, and what is not known yet."""
    return [
        finding
        for finding in found.findings
        if finding.topic in (Topic.ELIGIBILITY, Topic.SUBSIDY, Topic.HIRE)
        and finding.outcome is not Outcome.YES
    ]


@dataclass(frozen=True, slots=True)
class Asking:
    """One row as read: who asks (without a name) and for what."""

    row: int
    reference: str
    applicant: Applicant
    exposure: Exposure
    amount_fen: int
    term_months: int

    def assessed(self, on: date, book: PolicyBook) -> Assessment:
        """The answer of the rules of a day."""
        return assess(self.applicant, self.terms(on), self.exposure, on=on, book=book)

    def terms(self, on: date) -> Terms:
        """The loan asked for, if it began on a day."""
        return Terms.lasting(amount_fen=self.amount_fen, disbursed_on=on, months=self.term_months)


def assess_candidates(
    data: bytes, name: str, *, on: date, book: PolicyBook
) -> tuple[list[Candidate], list[RowFinding]]:
    """Answers for all readable rows of a table, and the findings about the others.

    ``BadFile`` when the file is hostile, broken or without the columns.
    """
    asking, findings = read_candidates(data, name, on=on, books=(book,))
    return [Candidate(a.row, a.reference, a.assessed(on, book)) for a in asking], findings


def read_candidates(
    data: bytes, name: str, *, on: date, books: Iterable[PolicyBook]
) -> tuple[list[Asking], list[RowFinding]]:
    """All readable rows, and the findings about the others; groups are those of any book.

    ``PolicyGap`` where a book has no rules for the day at all.
    """
    books = tuple(books)
    for book in books:
        book.at("programme_area", on)
    table = read_table(data, name, COLUMNS)
    findings = list(table.findings)
    bad = {finding.row for finding in findings}
    families = ("hire_group", "group")
    groups = {
        rule.title: rule.code
        for book in books
        for family in families
        for rule in book.family(family, on)
    }
    groups |= {code: code for code in groups.values()}
    rows = [row for row in table.rows() if row.number not in bad]
    firms = {_text(row.values, "reference") for row in rows if _kind(row) == FIRM}
    times = Counter(_text(row.values, "reference") for row in table.rows())
    hires: dict[str, list[Hire]] = {}
    readable = []
    for row in rows:
        problems = [*_repeated(row, times), *_problems(row, groups, firms)]
        findings += problems
        if not problems and _kind(row) == HIRE:
            hires.setdefault(_text(row.values, "firm"), []).append(_hire(row, groups))
        elif not problems:
            readable.append(row)
    asking = [_asking(row, groups, hires) for row in readable]
    return asking, sorted(findings, key=lambda finding: finding.row)


def answers(candidates: list[Candidate], findings: list[RowFinding]) -> list[list[str]]:
    """The whole answer as a table under its header, in the order of the list's rows.

    A row that could not be read stands among the others, with what is wrong with it.
    """
    found = [(candidate.row, [str(candidate.row), *candidate.cells]) for candidate in candidates]
    blanks = [""] * (len(HEADERS) - 3)
    found += [
        (finding.row, [str(finding.row), "", UNREADABLE, *blanks, finding.message])
        for finding in findings
    ]
    return [["行", *HEADERS], *(cells for _, cells in sorted(found, key=lambda pair: pair[0]))]


def _kind(row: Row) -> str:
    return _text(row.values, "kind") or PERSON


def _hire(row: Row, groups: dict[str, str]) -> Hire:
    values = row.values
    (title,) = _listed(values, "categories")
    return Hire(
        reference=_text(values, "reference"),
        category=groups[title],
        local_hukou=YES_OR_NO.get(_text(values, "local_hukou")),
        graduated_on=_of(values, "graduated_on", date),
        contract_from=_of(values, "contract_from", date),
        contract_until=_of(values, "contract_until", date),
        open_ended=YES_OR_NO.get(_text(values, "open_ended")),
        verified=YES_OR_NO.get(_text(values, "verified")),
        evidence=tuple(_listed(values, "evidence")),
    )


def _asking(row: Row, groups: dict[str, str], hires: dict[str, list[Hire]]) -> Asking:
    values, reference = row.values, _text(row.values, "reference")
    verified = YES_OR_NO.get(_text(values, "verified"))
    is_firm = _kind(row) == FIRM
    applicant = Applicant(
        kind=BorrowerKind.SMALL_FIRM if is_firm else BorrowerKind.INDIVIDUAL,
        business_division=_text(values, "business_division") or None,
        local_hukou=YES_OR_NO.get(_text(values, "local_hukou")),
        categories=tuple(
            Category(code=groups[title], verified=verified)
            for title in _listed(values, "categories")
        ),
        graduated_on=_of(values, "graduated_on", date),
        employees=_of(values, "employees", int),
        appraisal=_appraisal(values, "appraisal"),
        half_appraisal=_appraisal(values, "half_appraisal"),
        is_small_firm=YES_OR_NO.get(_text(values, "is_small_firm")),
        hires=tuple(hires.get(reference, ())) if is_firm else (),
        evidence=tuple(_listed(values, "evidence")),
    )
    amount, months = _of(values, "amount_fen", int), _of(values, "term_months", int)
    assert amount is not None and months is not None
    others = _of(values, "other_hires", int)
    exposure = Exposure(
        other_approved_fen=_of(values, "other_approved_fen", int),
        other_bases_fen=_of(values, "other_bases_fen", int),
        other_hires=None if others is None else tuple(f"在贷{n}" for n in range(1, others + 1)),
    )
    return Asking(row.number, reference, applicant, exposure, amount, months)


def _appraisal(values: Any, column: str) -> Appraisal | None:
    passed = PASSED.get(_text(values, column))
    return None if passed is None else Appraisal(passed=passed)


def _repeated(row: Row, times: Mapping[str, int]) -> Iterator[RowFinding]:
    """A reference names one row: hires find their firm by it, and each hire counts once (9.8)."""
    reference = _text(row.values, "reference")
    if times[reference] > 1:
        said = f"“{reference}”在名单中出现了 {times[reference]} 次，每行请用各自的编号"
        yield _finding(row, "reference", said)


def _problems(row: Row, groups: dict[str, str], firms: set[str]) -> Iterator[RowFinding]:
    values, kind = row.values, _kind(row)
    if kind not in KINDS:
        yield _finding(row, "kind", f"“{kind}”应为 {'、'.join(KINDS)}，个人可留空")
    for title in _listed(values, "categories"):
        if title not in groups:
            known = "、".join(title for title, code in groups.items() if title != code)
            yield _finding(row, "categories", f"没有“{title}”这一人群类别，可填：{known}")
    for column in ("local_hukou", "verified", "is_small_firm", "open_ended"):
        text = _text(values, column)
        if text and text not in YES_OR_NO:
            yield _finding(row, column, f"“{text}”应为 是 或 否，不清楚请留空")
    for column in COUNTED:
        if (_of(values, column, int) or 0) < 0:
            yield _finding(row, column, "不能为负数，没有的请填 0")
    for column in ("appraisal", "half_appraisal"):
        text = _text(values, column)
        if text and text not in PASSED:
            yield _finding(row, column, f"“{text}”应为 通过 或 未通过，尚未评估请留空")
    yield from _hire_problems(row, firms) if kind == HIRE else _loan_problems(row)


def _hire_problems(row: Row, firms: set[str]) -> Iterator[RowFinding]:
    firm = _text(row.values, "firm")
    if firm not in firms:
        yield _finding(row, "firm", f"名单中没有编号“{firm}”的小微企业")
    if len(_listed(row.values, "categories")) != 1:
        yield _finding(row, "categories", "新招用人员填写一个人群类别")
    if _text(row.values, "open_ended") == "是" and _of(row.values, "contract_until", date):
        yield _finding(row, "open_ended", "已填终止日的不是无固定期限合同，只填一项")


def _loan_problems(row: Row) -> Iterator[RowFinding]:
    values = row.values
    if (_of(values, "amount_fen", int) or 0) <= 0:
        yield _finding(row, "amount_fen", "申请金额须大于 0.00 元")
    if not 0 < (_of(values, "term_months", int) or 0) <= LONGEST_MONTHS:
        yield _finding(row, "term_months", f"贷款期限应为 1 至 {LONGEST_MONTHS} 个月")


def _finding(row: Row, column: str, message: str) -> RowFinding:
    header = COLUMNS.column(column).header
    return RowFinding(row.number, header, "value", f"第 {row.number} 行“{header}”：{message}")


def _listed(values: Any, column: str) -> list[str]:
    return [part for part in re.split(r"[、，,;；\s]+", _text(values, column)) if part]


def _text(values: Any, column: str) -> str:
    return str(values.get(column) or "")


def _of(values: Any, column: str, kind: type) -> Any:
    value = values.get(column)
    return value if isinstance(value, kind) else None
