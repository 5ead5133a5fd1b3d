"""How much may a person borrow? （九）9.3 and 9.5.

> 在校大学生、各类城乡劳动者在澄创业可申请额度最高不超过30万元的富民创业担保贷款
> 市级以上创业之星、全民创业大赛获奖项目、优秀大学生创业项目，及雇用6人以上的创业项目，经综合评估后
> 给予最高50万元贷款额度
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from loans.money import fen_to_yuan
from loans.policy import CapScope, HonourKind, PolicyBook, Rule
from loans.underwriting.facts import Applicant, Appraisal, Exposure, Honour, Terms
from loans.underwriting.findings import (
    APPRAISAL,
    Finding,
    Limit,
    Outcome,
    Topic,
    all_of,
    any_of,
    judged,
    merged,
    yes_if,
)

EMPLOYEES = "雇用人员劳动合同及社会保险缴纳证明"
OTHER_LOANS = "借款人其他创业担保贷款查询结果"
FUND_CAPACITY = "担保基金可担保额度查询结果"


@dataclass(frozen=True, slots=True)
class Cap:
    """The caps proved and attainable [fen], the limits behind each, and what stands between."""

    findings: tuple[Finding, ...]
    proved: tuple[Limit, ...]
    attainable: tuple[Limit, ...]
    needs: tuple[str, ...]

    @property
    def proved_fen(self) -> int:
        # Unknown other loans may use up everything: nothing is proved until they are known.
        return 0 if OTHER_LOANS in self.needs else _lowest(self.proved)

    @property
    def attainable_fen(self) -> int:
        return _lowest(self.attainable)


def person_cap(
    applicant: Applicant, terms: Terms, exposure: Exposure, *, on: date, book: PolicyBook
) -> Cap:
    """The cap of a person, with every limit that makes it."""
    grounds = tuple(_grounds(applicant, on, book))
    appraisal = tuple(_appraised(applicant, on, book))
    grounded = any_of(f.outcome for f in grounds)
    raised = all_of([grounded, *(f.outcome for f in appraisal)])
    unknown = (*grounds, *appraisal) if grounded is Outcome.UNKNOWN else appraisal
    others = _other_loans(exposure, on, book)
    used_fen = _used_fen(exposure, on, book)
    common = tuple(_common_limits(applicant, exposure, on, book))
    tiers = {
        tier: _with_fund((_tier_limit(book.at(tier, on), used_fen), *common), exposure, on, book)
        for tier in ("individual_cap", "individual_raised_cap")
    }
    return Cap(
        findings=(others, *grounds, *appraisal, _funded(terms, exposure, on, book)),
        proved=tiers["individual_raised_cap" if raised is Outcome.YES else "individual_cap"],
        attainable=tiers["individual_cap" if raised is Outcome.NO else "individual_raised_cap"],
        needs=merged(others.needs, *(f.needs for f in unknown if raised is Outcome.UNKNOWN)),
    )


def _used_fen(exposure: Exposure, on: date, book: PolicyBook) -> int:
    scope = book.at("cap_scope", on).value
    return (exposure.other_approved_fen or 0) if scope is CapScope.BORROWER else 0


def _other_loans(exposure: Exposure, on: date, book: PolicyBook) -> Finding:
    """The cap is the borrower's, not the application's (默认)."""
    scope = book.at("cap_scope", on)
    other = exposure.other_approved_fen
    outcome = Outcome.YES
    if other is not None:
        seen = f"其他已批准未结清 {fen_to_yuan(other)}元"
    else:
        seen = "其他已批准未结清的贷款未知"
        outcome = Outcome.UNKNOWN if scope.value is CapScope.BORROWER else Outcome.YES
    sentence = f"{scope.title}：{scope.shown}，{seen}"
    return judged(Topic.CAP, scope, outcome, sentence, observed=seen, needs=(OTHER_LOANS,))


def _grounds(applicant: Applicant, on: date, book: PolicyBook) -> Iterator[Finding]:
    """Any one of these may raise the cap."""
    least = book.at("raised_cap_min_employees", on)
    if applicant.employees is None:
        outcome, seen = Outcome.UNKNOWN, "雇用人数未知"
    else:
        outcome, seen = yes_if(applicant.employees >= least.number), f"{applicant.employees}人"
    sentence = f"雇用{least.shown}以上可申请提高额度：{seen}"
    yield judged(Topic.CAP, least, outcome, sentence, observed=seen, needs=(EMPLOYEES,))
    for honour in applicant.honours:
        yield _honoured(honour, on, book)


def _honoured(honour: Honour, on: date, book: PolicyBook) -> Finding:
    kinds = {rule.code: rule for rule in book.family("honour", on)}
    rule = kinds.get(honour.kind, book.at("individual_raised_cap", on))
    kind, levels = rule.value, book.at("honour_levels", on)
    assert isinstance(levels.value, tuple)
    order = [level.code for level in levels.value]
    names = {level.code: level.name for level in levels.value}
    seen = f"{names.get(honour.level, '级别未知')}，项目：{honour.project or '未知'}"
    needs: tuple[str, ...] = ()
    if not isinstance(kind, HonourKind):
        outcome, why = Outcome.NO, "不在可提高额度的荣誉之列"
    elif honour.level is not None and honour.level not in order[order.index(kind.min_level) :]:
        outcome, why = Outcome.NO, f"级别低于{names[kind.min_level]}"
    elif honour.year is not None and honour.year > on.year:
        outcome, why = Outcome.NO, f"年度 {honour.year} 晚于 {on}，尚未获得"
    elif None in (honour.level, honour.project, honour.holder, honour.year):
        outcome, why, needs = Outcome.UNKNOWN, "持有人、项目、级别或年度未知", kind.evidence
    else:
        outcome, why = Outcome.YES, "级别符合"
    title = rule.title if isinstance(kind, HonourKind) else honour.kind
    return judged(
        Topic.CAP, rule, outcome, f"{title}：{why}",
        observed=seen, needs=needs, subject=honour.kind, also=(levels,),
    )  # fmt: skip


def _appraised(applicant: Applicant, on: date, book: PolicyBook) -> Iterator[Finding]:
    rule = book.at("raised_cap_needs_appraisal", on)
    if rule.is_on:
        outcome, seen = appraised(applicant.appraisal)
        sentence = f"提高额度须经综合评估：{seen}"
        yield judged(
            Topic.CAP, rule, outcome, sentence, observed=seen, needs=(APPRAISAL,),
            also=(book.at("appraisal.raised_cap", on),),
        )  # fmt: skip


def appraised(appraisal: Appraisal | None) -> tuple[Outcome, str]:
    """What the record says about a comprehensive appraisal."""
    if appraisal is None:
        return Outcome.UNKNOWN, "尚无综合评估记录"
    passed = appraisal.passed
    return yes_if(passed), "综合评估通过" if passed else "综合评估未通过"


def _tier_limit(tier: Rule, used_fen: int) -> Limit:
    less = f"，减去其他已批准未结清的 {fen_to_yuan(used_fen)}元" if used_fen else ""
    return limited(tier, max(0, tier.number - used_fen), f"{tier.title} {tier.shown}{less}")


def _common_limits(
    applicant: Applicant, exposure: Exposure, on: date, book: PolicyBook
) -> Iterator[Limit]:
    """Limits that hold for either tier: what an appraisal allows, what one borrower may owe."""
    for appraisal in (applicant.appraisal, applicant.half_appraisal):
        if appraisal and appraisal.passed and appraisal.approvable_fen is not None:
            sentence = f"综合评估认可 {fen_to_yuan(appraisal.approvable_fen)}元"
            rule = book.at("raised_cap_needs_appraisal", on)
            yield limited(rule, appraisal.approvable_fen, sentence)
    most = book.at("fund_borrower_limit", on)
    owed = exposure.guaranteed_fen
    owed_fen = (exposure.other_approved_fen or 0) if owed is None else owed
    less = f"，减去已为其担保的 {fen_to_yuan(owed_fen)}元" if owed_fen else ""
    yield limited(most, max(0, most.number - owed_fen), f"{most.title} {most.shown}{less}")


def _with_fund(
    limits: tuple[Limit, ...], exposure: Exposure, on: date, book: PolicyBook
) -> tuple[Limit, ...]:
    """The limits with the fund's own, shown only where it binds: its size is nobody's business."""
    free_fen = exposure.fund_capacity_fen
    if free_fen is not None and free_fen <= _lowest(limits):
        sentence = f"担保基金尚可担保 {fen_to_yuan(max(0, free_fen))}元"
        limits = (*limits, limited(book.at("fund_leverage", on), max(0, free_fen), sentence))
    return marked(limits)


def _funded(terms: Terms, exposure: Exposure, on: date, book: PolicyBook) -> Finding:
    """Whether the fund can bear this loan today: a limit of the amount, no merit of the person."""
    rule, free_fen = book.at("fund_leverage", on), exposure.fund_capacity_fen
    if free_fen is None:
        outcome, seen = Outcome.UNKNOWN, "可担保额度未知"
    else:
        enough = terms.amount_fen <= free_fen
        outcome, seen = yes_if(enough), "足以担保本笔" if enough else "不足以担保本笔"
    return judged(
        Topic.CAP, rule, outcome, f"担保基金按{rule.title}{rule.shown}：{seen}",
        observed=seen, needs=(FUND_CAPACITY,),
    )  # fmt: skip


def limited(rule: Rule, amount_fen: int, sentence: str) -> Limit:
    """A limit that carries its rule's day and citations."""
    return Limit(
        rule=rule.key, amount_fen=amount_fen, sentence=sentence, since=rule.since, cites=rule.cites
    )


def marked(limits: tuple[Limit, ...]) -> tuple[Limit, ...]:
    """The limits with every lowest one marked as binding."""
    lowest = _lowest(limits)
    return tuple(
        replace(limit, binding=True) if limit.amount_fen == lowest else limit for limit in limits
    )


def _lowest(limits: tuple[Limit, ...]) -> int:
    return min(limit.amount_fen for limit in limits)
