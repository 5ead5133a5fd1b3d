"""Where the opinion is silent, a concern is shown, not a refusal (默认).

The reviewer reads it and accepts it with a comment. YES: no concern; NO: the concern is there.
"""

from collections.abc import Iterator
from datetime import date

from loans.policy import PolicyBook
from loans.underwriting.facts import Exposure
from loans.underwriting.findings import Finding, Outcome, Topic, judged, yes_if

REGISTER = "富民创业担保贷款登记查询结果"
MARRIAGE = "婚姻状况及配偶贷款查询结果"


def person_warnings(exposure: Exposure, on: date, book: PolicyBook) -> Iterator[Finding]:
    """At most three subsidised loans; spouse; own firm; an earlier overdue loan."""
    yield _counted(exposure.subsidised_loans, on, book)
    yield from _flag("spouse_loan", exposure.spouse_has_loan, MARRIAGE, on, book)
    yield from firm_warnings(exposure, on, book)


def firm_warnings(exposure: Exposure, on: date, book: PolicyBook) -> Iterator[Finding]:
    """Owner and firm both subsidised; an earlier overdue loan."""
    yield from _flag("own_firm", exposure.own_firm_subsidised, REGISTER, on, book)
    yield from _flag("earlier_overdue", exposure.earlier_overdue, REGISTER, on, book)


def _counted(before: int | None, on: date, book: PolicyBook) -> Finding:
    most = book.at("warning.subsidised_loans", on)
    if before is None:
        outcome, seen = Outcome.UNKNOWN, "未知"
    else:
        outcome, seen = yes_if(before < most.number), f"含本次 {before + 1}次"
    sentence = f"享受贴息的贷款{seen}，一般不超过{most.shown}"
    return judged(Topic.WARNING, most, outcome, sentence, observed=seen, needs=(REGISTER,))


def _flag(
    name: str, found: bool | None, document: str, on: date, book: PolicyBook
) -> Iterator[Finding]:
    rule = book.at(f"warning.{name}", on)
    if not rule.is_on:
        return
    if found is None:
        outcome, seen = Outcome.UNKNOWN, "未知"
    else:
        outcome, seen = yes_if(not found), "有" if found else "无"
    sentence = f"{rule.title}：{seen}"
    yield judged(Topic.WARNING, rule, outcome, sentence, observed=seen, needs=(document,))
