"""No dead parameter: change any value of the book and an answer changes, naming what changed it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from loans.classes import SubsidyClass, subsidy_terms
from loans.policy import LprTenor, PolicyBook, RateBasis, benchmark_ppm, load_policy_book
from loans.underwriting import (
    Applicant,
    Appraisal,
    Assessment,
    BorrowerKind,
    Category,
    Exposure,
    Hire,
    Honour,
    Terms,
    assess,
)

BOOK = load_policy_book()
KEYS = BOOK.keys()
DAY = date(2019, 6, 30)
LOANS = Path(__file__).parents[2] / "loans"
SUBSIDY = LOANS.parent / "subsidy"

# Read by the shell, whose own tests show what each does: key -> the module that reads it.
READ_BY_THE_SHELL = {
    "guarantee_review_workdays": LOANS / "workflow.py",
    "loan_approval_workdays": LOANS / "workflow.py",
    "appraisal.raised_cap": LOANS / "decisions.py",
    "appraisal.half": LOANS / "decisions.py",
    "due_diligence.guarantee_review": LOANS / "underwriting" / "diligence.py",
    "due_diligence.loan_approval": LOANS / "underwriting" / "diligence.py",
    "fund_leverage": LOANS / "fund.py",
    "bank_share_min": LOANS / "agreements.py",
    "bank_share_threshold": LOANS / "agreements.py",
    "day_count": LOANS / "applications.py",
    "settlement": LOANS / "applications.py",
    "reservation_days": LOANS / "reservations.py",
    "extension_max_years": LOANS / "lifecycle.py",
    "stop_event.deregistered": LOANS / "lifecycle.py",
    "stop_event.other_employment": LOANS / "lifecycle.py",
    "stop_event.legal_representative": LOANS / "lifecycle.py",
    "stop_event.misuse": LOANS / "lifecycle.py",
    "stop_event.compensation": LOANS / "payouts.py",
    "due_list_days.early": LOANS / "dunning.py",
    "due_list_days.near": LOANS / "dunning.py",
    "loan_classes": LOANS / "dunning.py",
    "dunning_interval_days": LOANS / "evidence.py",
    "payout_evidence": LOANS / "evidence.py",
    "payout_waiting_days": LOANS / "payouts.py",
    **{rule.key: LOANS / "payouts.py" for rule in BOOK.family("payout_ground", DAY)},
    "reveals_per_day": LOANS / "parties.py",
    "compensation_rate.months": LOANS / "standing.py",
    "compensation_rate.warn": LOANS / "standing.py",
    "compensation_rate.suspend": LOANS / "standing.py",
    "signal.sharing": LOANS / "signals.py",
    "signal.structuring_margin": LOANS / "signals.py",
    "signal.structuring_days": LOANS / "signals.py",
    "signal.early_overdue_months": LOANS / "signals.py",
    "signal.quick_approval_seconds": LOANS / "signals.py",
    "claim_tolerance": SUBSIDY / "register.py",
    "funding_split": SUBSIDY / "payable.py",
}

# (what was decided, which rules are named)
Answer = tuple[Any, set[str]]


def _told(found: Assessment) -> Answer:
    """The decisions of an assessment, without its words, and the rules that it names."""
    decided = (
        [(f.topic, f.outcome, f.subject, f.needs) for f in found.findings],
        [limit.amount_fen for limit in found.limits],
        found.eligible, found.cap_fen, found.attainable_cap_fen, found.latest_maturity_on,
        found.subsidy_class, found.share_pct, found.base_fen, found.hires_counted,
    )  # fmt: skip
    named = {key for f in found.findings for key in (f.rule, *f.also)}
    return decided, named | {limit.rule for limit in found.limits}


PERSON = Applicant(
    kind=BorrowerKind.INDIVIDUAL,
    business_division="320281",
    local_hukou=True,
    categories=(Category(code="graduate", verified=True),),
    graduated_on=date(2014, 6, 30),
    employees=6,
    appraisal=Appraisal(passed=True),
)
NOBODY = replace(PERSON, categories=(), graduated_on=None, employees=0)
ALONE = Exposure(
    other_approved_fen=0,
    subsidised_loans=2,
    spouse_has_loan=True,
    own_firm_subsidised=True,
    earlier_overdue=True,
)
HIRE = Hire(
    reference="甲",
    category="farmer",
    local_hukou=True,
    contract_from=DAY,
    contract_until=date(2020, 6, 29),
    verified=True,
)
FIRM = Applicant(
    kind=BorrowerKind.SMALL_FIRM, business_division="320281", is_small_firm=True, hires=(HIRE,)
)


def _asked(
    applicant: Applicant, amount_fen: int, exposure: Exposure = ALONE, *, months: int = 36
) -> Callable[[PolicyBook], Answer]:
    terms = Terms.lasting(amount_fen=amount_fen, disbursed_on=DAY, months=months)
    return lambda book: _told(assess(applicant, terms, exposure, on=DAY, book=book))


def _issued(
    subsidy_class: SubsidyClass,
    on: date,
    months: int = 40,
    *,
    basis: RateBasis | None = None,
    tenor: LprTenor = LprTenor.ONE_YEAR,
) -> Callable[[PolicyBook], Answer]:
    def answer(book: PolicyBook) -> Answer:
        if basis:
            book = book.replaced("individual_rate_basis", basis.value)
        terms = Terms.lasting(amount_fen=1, disbursed_on=on, months=months)
        found = subsidy_terms(
            subsidy_class,
            signed_on=on,
            first_disbursed_on=on,
            matures_on=terms.matures_on,
            lpr_tenor=tenor,
            book=book,
        )
        decided = replace(found, rules=(), policy_version="")
        return decided, {rule.key for rule in found.rules}

    return answer


def _benchmark(on: date, months: int) -> Callable[[PolicyBook], Answer]:
    def answer(book: PolicyBook) -> Answer:
        terms = Terms.lasting(amount_fen=1, disbursed_on=on, months=months)
        rule = benchmark_ppm(book, on, terms.matures_on)
        return rule.number, {rule.key, "benchmark_bands"}

    return answer


def _spanning_versions(book: PolicyBook) -> Answer:
    """Signed under the opinion, disbursed under the next version."""
    found = subsidy_terms(
        SubsidyClass.FULL,
        signed_on=date(2020, 12, 31),
        first_disbursed_on=date(2021, 1, 4),
        matures_on=date(2022, 1, 4),
        lpr_tenor=LprTenor.ONE_YEAR,
        book=book,
    )
    return found.rate_basis, {rule.key for rule in found.rules}


def _scenes() -> Iterator[Callable[[PolicyBook], Answer]]:
    yield _asked(PERSON, 300_000_00)
    yield _asked(PERSON, 500_000_00)
    yield _asked(PERSON, 500_000_00, replace(ALONE, subsidised_loans=3))
    yield _asked(replace(PERSON, appraisal=None), 500_000_00)
    yield _asked(replace(PERSON, employees=5), 500_000_00)
    yield _asked(NOBODY, 300_000_00, replace(ALONE, other_approved_fen=100_000_00))
    yield _asked(replace(NOBODY, appraisal=None), 300_000_00)
    for kind in ("entrepreneur_star", "contest_winner", "student_project"):
        honour = Honour(kind=kind, level="city", project="甲", holder="乙", year=2018)
        yield _asked(replace(NOBODY, honours=(honour,)), 500_000_00)
        yield _asked(replace(NOBODY, honours=(replace(honour, year=None),)), 500_000_00)
        yield _asked(replace(NOBODY, honours=(replace(honour, level="town"),)), 500_000_00)
    for rule in BOOK.family("group", DAY):
        for hukou, verified in ((True, True), (False, True), (True, None)):
            claimed = (Category(code=rule.code, verified=verified),)
            yield _asked(replace(PERSON, categories=claimed, local_hukou=hukou), 100_000_00)
    yield _asked(FIRM, 2_000_000_00)
    brief = replace(HIRE, contract_until=date(2020, 6, 28))
    yield _asked(replace(FIRM, hires=(brief,)), 2_000_000_00)
    yield _asked(replace(FIRM, is_small_firm=False), 2_000_000_00)
    yield _asked(replace(FIRM, hires=(replace(HIRE, contract_from=date(2018, 12, 1)),)), 1)
    crowd = tuple(replace(HIRE, reference=str(n)) for n in range(40))
    yield _asked(replace(FIRM, hires=crowd), 5_000_000_00)
    for rule in BOOK.family("hire_group", DAY):
        other = replace(HIRE, category=rule.code, graduated_on=date(2014, 6, 30))
        for hukou, verified in ((True, True), (False, True), (True, None)):
            one = replace(other, local_hukou=hukou, verified=verified)
            yield _asked(replace(FIRM, hires=(one,)), 1)
    for subsidy_class in SubsidyClass:
        yield _issued(subsidy_class, DAY)
    yield _issued(SubsidyClass.FULL, DAY, basis=RateBasis.MIN_CEILING)
    yield _issued(SubsidyClass.FULL, date(2021, 1, 4))
    yield _issued(SubsidyClass.FULL, date(2021, 1, 4), tenor=LprTenor.FIVE_YEARS)
    yield _spanning_versions
    for months in (6, 12, 36, 60, 61):
        yield _benchmark(DAY, months)


SCENES = tuple(_scenes())

OTHER = {
    "programme_area": "320282",
    "honour_levels": [{"code": code, "name": code} for code in ("city", "town", "wuxi")],
    "cap_scope": "application",
    "hire_window": "rolling_12m",
    "individual_rate_basis": "benchmark",
    "firm_rate_basis": "contract",
    "rate_ceiling": 40_000,
    "version_day": "signing",
    "benchmark_bands": [{"months": 60, "rate": "benchmark.le_5y"}, {"rate": "benchmark.gt_5y"}],
}


def _others(key: str) -> Iterator[Any]:
    """Other values for a key: both ways for a number, each part of a record on its own."""
    rule = BOOK.rules(key)[0]
    value = rule.value
    if key in OTHER:
        yield OTHER[key]
    elif rule.unit == "switch":
        yield not value
    elif rule.unit == "group":
        yield replace(value, local_hukou=not value.local_hukou)  # type: ignore[type-var, attr-defined]
        yield replace(value, graduation_years=4)  # type: ignore[type-var]
        yield replace(value, evidence=("另一材料",))  # type: ignore[type-var]
    elif rule.unit == "honour":
        yield replace(value, min_level="wuxi")  # type: ignore[type-var]
        yield replace(value, evidence=("另一材料",))  # type: ignore[type-var]
    else:
        yield rule.number - 1
        if rule.unit != "pct":
            yield rule.number + 1


def _answers(book: PolicyBook) -> list[Answer]:
    return [scene(book) for scene in SCENES]


# The ceiling matters only where the basis asks for it, so every scene has one to begin with.
BASE = BOOK.replaced("rate_ceiling", 50_000)
BEFORE = _answers(BASE)


@pytest.mark.parametrize("key", [key for key in KEYS if key not in READ_BY_THE_SHELL])
def test_another_value_changes_an_answer_that_names_it(key: str) -> None:
    for value in _others(key):
        after = _answers(BASE.replaced(key, value))
        changed = [
            named | others
            for (was, named), (now, others) in zip(BEFORE, after, strict=True)
            if was != now
        ]
        assert any(key in named for named in changed), f"{key} = {value}"


@pytest.mark.parametrize("key", READ_BY_THE_SHELL)
def test_a_value_that_the_shell_reads_is_read_there(key: str) -> None:
    family = key.rpartition(".")[0]
    source = READ_BY_THE_SHELL[key].read_text(encoding="utf-8")
    assert any(f'"{name}' in source for name in (f'{key}"', f"{family}.{{", f'{family}", '))
    assert key in KEYS
