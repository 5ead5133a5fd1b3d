"""Assessment of a person: place, amount, term, subsidy class. （九）9.2–9.7."""

from collections.abc import Iterator
from datetime import date

from loans.classes import SubsidyClass, share_rule
from loans.daycount import add_years
from loans.money import fen_to_yuan
from loans.policy import PolicyBook, Rule
from loans.underwriting.cap import Cap, appraised, person_cap
from loans.underwriting.facts import Applicant, Appraisal, Category, Exposure, Terms
from loans.underwriting.findings import (
    APPRAISAL,
    Assessment,
    Finding,
    Outcome,
    Topic,
    all_of,
    any_of,
    judged,
    yes_if,
)
from loans.underwriting.groups import membership
from loans.underwriting.place import placed
from loans.underwriting.warnings import person_warnings


def assess_person(
    applicant: Applicant, terms: Terms, exposure: Exposure, *, on: date, book: PolicyBook
) -> Assessment:
    """All findings for a person's application on a day; see ``underwriting.assess``."""
    cap = person_cap(applicant, terms, exposure, on=on, book=book)
    term = _term_rule(terms, on, book)
    eligibility = (placed(applicant, on, book), _amount(terms, cap, on, book), _term(terms, term))
    groups = tuple(_grouped(applicant, c, on, book) for c in applicant.categories)
    full = any_of(f.outcome for f in groups)
    appraisal = tuple(_half(applicant, on, book))
    half = appraisal if full is Outcome.NO else ()
    half_outcome = all_of(f.outcome for f in appraisal)
    proved = _class(full is Outcome.YES, half_outcome is Outcome.YES)
    issued_on = max(on, terms.disbursed_on)
    share = share_rule(proved, issued_on, book)
    shares = () if share is None else (_shared(share),)
    return Assessment(
        kind=applicant.kind,
        on=on,
        amount_fen=terms.amount_fen,
        disbursed_on=terms.disbursed_on,
        matures_on=terms.matures_on,
        eligible=all_of(f.outcome for f in eligibility),
        findings=(
            *eligibility,
            *cap.findings,
            *groups,
            *half,
            *shares,
            *person_warnings(exposure, on, book),
        ),
        limits=cap.proved,
        cap_fen=cap.proved_fen,
        attainable_cap_fen=cap.attainable_fen,
        cap_needs=cap.needs,
        latest_maturity_on=add_years(terms.disbursed_on, term.number),
        subsidy_class=proved,
        share_pct=0 if share is None else share.number,
        attainable_class=_class(full is not Outcome.NO, half_outcome is not Outcome.NO),
        policy_version=book.version,
    )


def _amount(terms: Terms, cap: Cap, on: date, book: PolicyBook) -> Finding:
    """9.3, 9.5: the amount is within the cap, which is proved, attainable, or exceeded."""
    asked = terms.amount_fen
    outcome, limits = Outcome.YES, cap.proved
    if asked <= 0 or asked > cap.attainable_fen:
        outcome, limits = Outcome.NO, cap.attainable
    elif asked > cap.proved_fen:
        outcome, limits = Outcome.UNKNOWN, cap.attainable
    binding = next(limit for limit in limits if limit.binding)
    said = {
        Outcome.YES: "在限额以内",
        Outcome.NO: "超过限额" if asked > 0 else "应大于零",
        Outcome.UNKNOWN: f"尚缺{'、'.join(cap.needs)}",
    }
    shown = f"{fen_to_yuan(asked)}元"
    sentence = f"申请 {shown}，{said[outcome]}（{binding.sentence}）"
    rule = book.at(binding.rule, on)
    return judged(Topic.ELIGIBILITY, rule, outcome, sentence, observed=shown, needs=cap.needs)


def _term_rule(terms: Terms, on: date, book: PolicyBook) -> Rule:
    """The limit of the tier that the amount uses."""
    raised = terms.amount_fen > book.at("individual_cap", on).number
    return book.at("raised_cap_term_years" if raised else "individual_term_years", on)


def _term(terms: Terms, rule: Rule) -> Finding:
    """9.4 期限最长不超过3年: maturity at most first day + 3 years, same day, clamped."""
    start, end = terms.disbursed_on, terms.matures_on
    latest = add_years(start, rule.number)
    outcome = yes_if(start < end <= latest)
    seen = f"{start} 至 {end}"
    sentence = f"贷款期限 {seen}，最迟 {latest} 到期（{rule.title} {rule.shown}）"
    return judged(Topic.ELIGIBILITY, rule, outcome, sentence, observed=seen)


def _grouped(applicant: Applicant, category: Category, on: date, book: PolicyBook) -> Finding:
    """9.6: one group that the applicant claims, judged on the day of acceptance."""
    known = {rule.code: rule for rule in book.family("group", on)}
    rule = known.get(category.code)
    if rule is None:
        sentence = f"{category.code} 不在 {on} 有效的全额贴息群体之列"
        return judged(
            Topic.SUBSIDY, book.at("share.full", on), Outcome.NO, sentence,
            observed=category.code, subject=category.code,
        )  # fmt: skip
    found = membership(
        rule,
        local_hukou=applicant.local_hukou,
        graduated_on=applicant.graduated_on,
        verified=category.verified,
        evidence=applicant.evidence,
        judged_on=on,
    )
    return judged(
        Topic.SUBSIDY, rule, found.outcome, f"{rule.title}：{found.reason}",
        observed=found.observed, needs=found.needs, subject=category.code,
    )  # fmt: skip


def _half(applicant: Applicant, on: date, book: PolicyBook) -> Iterator[Finding]:
    """9.7 对其他城乡劳动者经综合评估后给予50%的贴息."""
    rule = book.at("half_needs_appraisal", on)
    if rule.is_on:
        outcome, seen = appraised(_card(applicant))
        sentence = f"其他城乡劳动者经综合评估后贴息：{seen}"
        yield judged(
            Topic.SUBSIDY, rule, outcome, sentence, observed=seen, needs=(APPRAISAL,),
            also=(book.at("appraisal.half", on),),
        )  # fmt: skip


def _card(applicant: Applicant) -> Appraisal | None:
    """The card of the higher tier asks for more: passed, it serves where this one is not filled."""
    higher = applicant.appraisal
    return applicant.half_appraisal or (higher if higher and higher.passed else None)


def _class(full: bool, half: bool) -> SubsidyClass:
    if full:
        return SubsidyClass.FULL
    return SubsidyClass.HALF if half else SubsidyClass.NONE


def _shared(rule: Rule) -> Finding:
    sentence = f"{rule.title} {rule.shown}"
    return judged(Topic.SUBSIDY, rule, Outcome.YES, sentence, observed=rule.shown)
