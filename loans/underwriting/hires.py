"""Which new hires count? （九）9.8, one by one, each with its reason.

> 小微企业当年新招用毕业5年内高校毕业生，以及本市户籍的失业人员、复员转业退役军人和农民，
> 并签订1年以上劳动合同的，根据其实际吸纳人数
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from loans.daycount import add_years
from loans.policy import HireWindow, PolicyBook, Rule
from loans.underwriting.facts import Hire
from loans.underwriting.findings import Finding, Outcome, Topic, judged
from loans.underwriting.groups import membership

CONTRACT = "劳动合同"


@dataclass(frozen=True, slots=True, kw_only=True)
class Headcount:
    """How many hires a firm has, over all its live loans, and the finding on each.

    ``listed``: one finding per hire of this application, in order, ``new_proved`` and
    ``new_attainable`` of which count; ``standing``: one per other hire whom the firm's other live
    loans rest on. ``proved`` and ``attainable`` count all of them, each person once.
    """

    listed: tuple[Finding, ...]
    standing: tuple[Finding, ...]
    new_proved: int
    new_attainable: int
    proved: int
    attainable: int

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, those on this application's own hires first."""
        return (*self.listed, *self.standing)


def count_hires(
    hires: tuple[Hire, ...], *, others: tuple[str, ...] = (), on: date, book: PolicyBook
) -> Headcount:
    """Count the hires behind an application of a day; one person counts once.

    ``others``: those who support the firm's other live loans, who count whether or not this
    application names them again.
    """
    listed: list[Finding] = []
    counted: set[str] = set()
    yes: set[str] = set()
    open_: set[str] = set()
    for hire in hires:
        finding = _judge(hire, hire.reference in counted, on, book)
        if finding.outcome is not Outcome.NO:
            counted.add(hire.reference)
            (yes if finding.outcome is Outcome.YES else open_).add(hire.stands_as)
        listed.append(finding)
    standing = tuple(other for other in dict.fromkeys(others) if other not in yes)
    proved = sum(f.outcome is Outcome.YES for f in listed)
    attainable = sum(f.outcome is not Outcome.NO for f in listed)
    each = book.at("firm_per_hire", on)
    return Headcount(
        listed=tuple(listed),
        standing=tuple(_standing(other, each) for other in standing),
        new_proved=proved,
        new_attainable=attainable,
        proved=proved + len(standing),
        attainable=attainable + sum(other not in open_ for other in standing),
    )


def _standing(reference: str, each: Rule) -> Finding:
    seen = "支持本企业其他存续贷款"
    return judged(
        Topic.HIRE, each, Outcome.YES, f"{reference}：{seen}，计入人数",
        observed=seen, subject=reference,
    )  # fmt: skip


def _judge(hire: Hire, repeated: bool, on: date, book: PolicyBook) -> Finding:
    """The first rule that refuses decides; otherwise the group, with whatever is missing."""
    for rule, refusal in _refusals(hire, repeated, on, book):
        if refusal:
            return judged(
                Topic.HIRE, rule, Outcome.NO, f"{hire.reference}：{refusal}",
                observed=_contract(hire), subject=hire.reference,
            )  # fmt: skip
    rule = book.at(f"hire_group.{hire.category}", on)
    # 招用时 the person must belong: judged on the day the contract starts.
    found = membership(
        rule,
        local_hukou=hire.local_hukou,
        graduated_on=hire.graduated_on,
        verified=hire.verified,
        evidence=hire.evidence,
        judged_on=hire.contract_from or _window_opens(book.at("hire_window", on), on),
        not_after=hire.contract_from or on,
    )
    outcome, reason, needs = found.outcome, found.reason, found.needs
    if not _shows_contract(hire) and outcome is not Outcome.NO:
        needs = (*needs, CONTRACT)
        outcome, reason = Outcome.UNKNOWN, f"尚缺{'、'.join(needs)}"
    return judged(
        Topic.HIRE, rule, outcome, f"{hire.reference}：{rule.title}，{reason}",
        observed=f"{_contract(hire)}，{found.observed}", needs=needs, subject=hire.reference,
    )  # fmt: skip


def _refusals(hire: Hire, repeated: bool, on: date, book: PolicyBook) -> Iterator[tuple[Rule, str]]:
    each = book.at("firm_per_hire", on)
    yield each, "同一人员重复列入" if repeated else ""
    yield each, "已支持其他存续贷款" if hire.counted_elsewhere else ""
    left = hire.left_on is not None and hire.left_on <= on
    yield each, f"已于 {hire.left_on} 离职" if left else ""
    codes = {rule.code for rule in book.family("hire_group", on)}
    yield each, "" if hire.category in codes else f"{hire.category} 不在新招用群体之列"
    window = book.at("hire_window", on)
    yield window, "" if _in_window(hire, window, on) else f"不是当年新招用（{window.shown}）"
    least = book.at("hire_contract_min_years", on)
    yield least, "" if _long_enough(hire, least) else f"劳动合同不满{least.shown}"


def _window_opens(window: Rule, on: date) -> date:
    """The first day on which a contract may start to count in an application of a day."""
    if window.value is HireWindow.CALENDAR_YEAR:
        return on.replace(month=1, day=1)
    return add_years(on, -1) + timedelta(days=1)


def _in_window(hire: Hire, window: Rule, on: date) -> bool:
    """Hired by the day of application, and in its calendar year or its last twelve months."""
    start = hire.contract_from
    if start is None:
        return True
    if window.value is HireWindow.CALENDAR_YEAR:
        return start <= on and start.year == on.year
    # The twelve months before the day: a hire of the same day a year ago has just left them.
    return start <= on and on < add_years(start, 1)


def _long_enough(hire: Hire, least: Rule) -> bool:
    """签订1年以上劳动合同: 2019-07-01 to 2020-06-30, both days included, is one year."""
    if hire.contract_from is None or hire.contract_until is None:
        return True
    full = add_years(hire.contract_from, least.number)
    return full <= hire.contract_until + timedelta(days=1)


def _shows_contract(hire: Hire) -> bool:
    """The first day is known, and the last one, or that there is none."""
    ends = hire.contract_until is not None or hire.open_ended is True
    return hire.contract_from is not None and ends


def _contract(hire: Hire) -> str:
    if hire.contract_from is None:
        return "劳动合同起始日未知"
    end = "无固定期限" if hire.open_ended else "期限未知"
    return f"劳动合同 {hire.contract_from} 至 {hire.contract_until or end}"
