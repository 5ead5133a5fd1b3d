"""Assessment of a small firm: place, size, hires and the base they give. （九）9.8.

> 根据其实际吸纳人数，对该企业的银行商业贷款按每人不超过10万元、最高不超过300万元、期限不超过2年的
> 标准，按基准利率给予50%的贴息

The loan itself is a bank's commercial loan: its amount is not limited, the subsidised base is.
"""

from collections.abc import Iterator
from datetime import date

from loans.classes import SubsidyClass, share_rule
from loans.daycount import add_years
from loans.money import fen_to_yuan
from loans.policy import PolicyBook
from loans.underwriting.cap import limited, marked
from loans.underwriting.facts import Applicant, Exposure, Terms
from loans.underwriting.findings import (
    Assessment,
    Finding,
    Limit,
    Outcome,
    Topic,
    all_of,
    judged,
    merged,
    yes_if,
)
from loans.underwriting.hires import Headcount, count_hires
from loans.underwriting.place import placed
from loans.underwriting.warnings import firm_warnings

CLASSIFICATION = "小微企业划型证明"
OTHER_FIRM_LOANS = "企业其他存续贷款及其吸纳人员查询结果"


def assess_firm(
    applicant: Applicant, terms: Terms, exposure: Exposure, *, on: date, book: PolicyBook
) -> Assessment:
    """All findings for a firm's application on a day; see ``underwriting.assess``."""
    hires = count_hires(applicant.hires, others=exposure.other_hires or (), on=on, book=book)
    known, used_fen = _others_known(exposure), exposure.other_bases_fen or 0
    proved, attainable = (
        firm_limits(n, used_fen, on=on, book=book)
        for n in (hires.proved, hires.attainable + _at_least(exposure, on, book))
    )
    cap_fen = _lowest(proved) if known else 0
    small = tuple(_small(applicant, on, book))
    base = _based(hires, cap_fen, _lowest(attainable), known, on, book)
    eligibility = (placed(applicant, on, book), *small, base, *_termed(terms, on, book))
    cls = _class(all_of([base.outcome, *(f.outcome for f in small)]) is Outcome.YES)
    could = _class(all_of([base.outcome, *(f.outcome for f in small)]) is not Outcome.NO)
    share = share_rule(cls, max(on, terms.disbursed_on), book)
    shares = () if share is None else (
        judged(Topic.SUBSIDY, share, Outcome.YES, f"{share.title} {share.shown}",
               observed=share.shown),
    )  # fmt: skip
    return Assessment(
        kind=applicant.kind,
        on=on,
        amount_fen=terms.amount_fen,
        disbursed_on=terms.disbursed_on,
        matures_on=terms.matures_on,
        eligible=all_of(f.outcome for f in eligibility),
        findings=(*eligibility, *hires.findings, *shares, *firm_warnings(exposure, on, book)),
        limits=proved,
        cap_fen=cap_fen,
        attainable_cap_fen=_lowest(attainable),
        cap_needs=_needed(hires, known),
        latest_maturity_on=_latest(terms, on, book),
        subsidy_class=cls,
        share_pct=0 if share is None else share.number,
        attainable_class=could,
        base_fen=min(max(0, terms.amount_fen), cap_fen),
        hires_counted=hires.proved,
        policy_version=book.version,
    )


def firm_limits(
    hires: int, other_bases_fen: int = 0, *, on: date, book: PolicyBook
) -> tuple[Limit, ...]:
    """Limits of a firm's base: 10万 a hire and 300万, less what its other live loans use.

    ``hires``: those of all its live loans, the new one's with them: each supports 10万 once.
    """
    each, most = book.at("firm_per_hire", on), book.at("firm_cap", on)
    less = f"，减去其他存续贷款已用 {fen_to_yuan(other_bases_fen)}元" if other_bases_fen else ""
    by_hires = f"{hires}名新招用人员，每人 {each.shown}{less}"
    return marked(
        (
            limited(each, max(0, hires * each.number - other_bases_fen), by_hires),
            limited(most, max(0, most.number - other_bases_fen), f"最高 {most.shown}{less}"),
        )
    )


def firm_base_limit_fen(hires: int, *, on: date, book: PolicyBook) -> int:
    """``min(100000·n, 3000000)``: what all live loans of a firm with n hires may sum to."""
    return _lowest(firm_limits(hires, on=on, book=book))


def _lowest(limits: tuple[Limit, ...]) -> int:
    return min(limit.amount_fen for limit in limits)


def _small(applicant: Applicant, on: date, book: PolicyBook) -> Iterator[Finding]:
    rule = book.at("firm_must_be_small", on)
    if not rule.is_on:
        return
    small = applicant.is_small_firm
    if small is None:
        outcome, seen = Outcome.UNKNOWN, f"尚缺{CLASSIFICATION}"
    else:
        outcome, seen = yes_if(small), "小微企业" if small else "不是小微企业"
    sentence = f"申请日企业划型：{seen}"
    yield judged(Topic.ELIGIBILITY, rule, outcome, sentence, observed=seen, needs=(CLASSIFICATION,))


def _others_known(exposure: Exposure) -> bool:
    """What the firm's other live loans use, and whom they rest on; no base rests on nobody."""
    used = exposure.other_bases_fen
    return used == 0 or (used is not None and exposure.other_hires is not None)


def _at_least(exposure: Exposure, on: date, book: PolicyBook) -> int:
    """Hires nobody has named: the firm's other loans rest on as many as their bases need."""
    if exposure.other_hires is not None:
        return 0
    return -(-(exposure.other_bases_fen or 0) // book.at("firm_per_hire", on).number)


def _needed(hires: Headcount, known: bool) -> tuple[str, ...]:
    return merged(*(f.needs for f in hires.findings), () if known else (OTHER_FIRM_LOANS,))


def _based(
    hires: Headcount, proved: int, attainable: int, known: bool, on: date, book: PolicyBook
) -> Finding:
    """A firm without a counted new hire, or without room, has nothing to apply for."""
    outcome = Outcome.NO
    if attainable and hires.new_attainable:
        outcome = Outcome.YES if proved and hires.new_proved else Outcome.UNKNOWN
    waiting = hires.new_attainable - hires.new_proved
    seen = f"列入{len(hires.listed)}人，认定{hires.new_proved}人，待补材料{waiting}人"
    if hires.standing:
        seen += f"，另有{len(hires.standing)}人支持其他存续贷款"
    return judged(
        Topic.ELIGIBILITY, book.at("firm_per_hire", on), outcome,
        f"当年新招用人员：{seen}，贴息基数上限 {fen_to_yuan(proved)}元",
        observed=seen, needs=_needed(hires, known),
    )  # fmt: skip


def _termed(terms: Terms, on: date, book: PolicyBook) -> Iterator[Finding]:
    """2年 limits the subsidy; the loan's own term only where the switch says so (默认)."""
    rule, years = book.at("firm_term_limits_loan", on), book.at("firm_subsidy_years", on)
    start, end = terms.disbursed_on, terms.matures_on
    within = not rule.is_on or end <= add_years(start, years.number)
    sentence = (
        f"贷款期限 {start} 至 {end}（贴息期限最长{years.shown}；同时限制贷款期限：{rule.shown}）"
    )
    yield judged(
        Topic.ELIGIBILITY,
        rule,
        yes_if(start < end and within),
        sentence,
        observed=f"{start} 至 {end}",
        also=(years,),
    )


def _latest(terms: Terms, on: date, book: PolicyBook) -> date | None:
    if not book.at("firm_term_limits_loan", on).is_on:
        return None
    return add_years(terms.disbursed_on, book.at("firm_subsidy_years", on).number)


def _class(granted: bool) -> SubsidyClass:
    return SubsidyClass.SMALL_FIRM if granted else SubsidyClass.NONE
