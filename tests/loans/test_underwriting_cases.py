"""The worked boundary cases of section （九）, as an official reads them in tests/cases/*.toml."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from loans.classes import SubsidyClass, subsidy_terms
from loans.money import fen_to_yuan, percent_to_ppm, yuan_to_fen
from loans.policy import LprTenor, benchmark_ppm, load_policy_book
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
    count_hires,
)

BOOK = load_policy_book()
OPINION = next(d for d in BOOK.documents if d.name == "澄政发〔2019〕18号").text
CASES = Path(__file__).parent.parent / "cases"
DAY = date(2019, 6, 30)


def _cases(file: str, table: str = "case") -> Any:
    cases = tomllib.loads((CASES / file).read_text(encoding="utf-8"))[table]
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


def _known(case: dict[str, Any], name: str, default: Any) -> Any:
    """A fact of a case; "unknown" means that nobody knows it."""
    value = case.get(name, default)
    return None if value == "unknown" else value


def _appraisal(case: dict[str, Any], card: str = "appraisal") -> Appraisal | None:
    if card not in case:
        return None
    approvable = yuan_to_fen(case["approvable"]) if "approvable" in case else None
    return Appraisal(passed=case[card] == "passed", approvable_fen=approvable)


def _person(case: dict[str, Any]) -> Applicant:
    categories = case.get("categories", [])
    return Applicant(
        kind=BorrowerKind.INDIVIDUAL,
        business_division=_known(case, "business", "320281"),
        local_hukou=case.get("local_hukou"),
        categories=tuple(Category(**category) for category in categories),
        graduated_on=case.get("graduated_on"),
        employees=case.get("employees"),
        honours=tuple(Honour(**honour) for honour in case.get("honours", [])),
        appraisal=_appraisal(case),
        half_appraisal=_appraisal(case, "half_appraisal"),
    )


def _assess(applicant: Applicant, amount: str, exposure: Exposure) -> Assessment:
    terms = Terms.lasting(amount_fen=yuan_to_fen(amount), disbursed_on=DAY, months=12)
    return assess(applicant, terms, exposure, on=DAY, book=BOOK)


@_cases("caps.toml")
def test_cap(case: dict[str, Any]) -> None:
    other = _known(case, "other_approved", "0.00")
    capacity = case.get("fund_capacity")
    exposure = Exposure(
        other_approved_fen=None if other is None else yuan_to_fen(other),
        fund_capacity_fen=None if capacity is None else yuan_to_fen(capacity),
        guaranteed_fen=yuan_to_fen(case["guaranteed"]) if "guaranteed" in case else None,
    )

    found = _assess(_person(case), case["amount"], exposure)

    assert found.eligible == case["eligible"]
    assert [f.rule for f in found.decisive] == case.get("decided_by", [])
    assert fen_to_yuan(found.cap_fen) == case["cap"]
    assert fen_to_yuan(found.attainable_cap_fen) == case["attainable"]
    missing = [need for f in found.findings if f.topic == "eligibility" for need in f.needs]
    assert missing == case.get("needs", [])


@_cases("terms.toml")
def test_term(case: dict[str, Any]) -> None:
    disbursed_on, matures_on = case["disbursed_on"], case["matures_on"]
    signed_on = case.get("signed_on", disbursed_on)
    if "benchmark" in case:
        rate = benchmark_ppm(BOOK, signed_on, matures_on, starts_on=disbursed_on)
        assert rate.number == percent_to_ppm(case["benchmark"])
    if case["loan"] == "rate only":
        return
    firm = case["loan"] == "firm"
    terms = Terms(
        amount_fen=yuan_to_fen(case.get("amount", "100000.00")),
        disbursed_on=disbursed_on,
        matures_on=matures_on,
    )
    kind = BorrowerKind.SMALL_FIRM if firm else BorrowerKind.INDIVIDUAL

    found = assess(Applicant(kind=kind), terms, Exposure(), on=disbursed_on, book=BOOK)
    ends = subsidy_terms(
        SubsidyClass.SMALL_FIRM if firm else SubsidyClass.FULL,
        signed_on=signed_on,
        first_disbursed_on=case.get("first_disbursed_on", disbursed_on),
        matures_on=matures_on,
        book=BOOK,
    ).subsidy_ends_on

    [term] = [f for f in found.findings if "term" in f.rule]
    assert term.outcome == case["within"]
    assert ends == case["subsidy_ends"]


@_cases("groups.toml")
def test_group(case: dict[str, Any]) -> None:
    applicant = Applicant(
        kind=BorrowerKind.INDIVIDUAL,
        local_hukou=case.get("local_hukou"),
        graduated_on=case.get("graduated_on"),
        categories=(Category(code=case["group"], verified=_known(case, "verified", True)),),
    )
    terms = Terms.lasting(amount_fen=1, disbursed_on=case["on"], months=12)

    found = assess(applicant, terms, Exposure(), on=case["on"], book=BOOK)

    [member] = [f for f in found.findings if f.subject == case["group"]]
    assert member.outcome == case["member"]
    assert list(member.needs) == case.get("needs", [])
    assert (found.subsidy_class is SubsidyClass.FULL) == (case["member"] == "yes")


@_cases("hires.toml", "hire")
def test_hire(case: dict[str, Any]) -> None:
    told = ("name", "sentence", "calculation", "on", "window", "counts", "decided_by", "needs")
    facts = {name: value for name, value in case.items() if name not in told}
    book = BOOK.replaced("hire_window", case.get("window", "calendar_year"))

    found = count_hires((Hire(reference="甲", verified=True, **facts),), on=case["on"], book=book)

    [hire] = found.findings
    assert hire.outcome == case["counts"]
    assert list(hire.needs) == case.get("needs", [])
    assert found.proved == (case["counts"] == "yes")
    assert hire.rule == case.get("decided_by", hire.rule)


@_cases("hires.toml", "base")
def test_base(case: dict[str, Any]) -> None:
    hires = tuple(
        Hire(
            reference=f"第{n}人",
            category="farmer",
            local_hukou=True,
            contract_from=date(2019, 3, 1),
            open_ended=True,
            verified=True,
            stands_as=f"在贷{n}" if n < case.get("named_again", 0) else "",
        )
        for n in range(case["hires"])
    )
    applicant = Applicant(
        kind=BorrowerKind.SMALL_FIRM,
        business_division="320281",
        is_small_firm=_known(case, "small", True),
        hires=hires,
    )
    used, others = _known(case, "other_bases", "0.00"), case.get("other_hires")
    exposure = Exposure(
        other_bases_fen=None if used is None else yuan_to_fen(used),
        other_hires=None if others is None else tuple(f"在贷{n}" for n in range(others)),
    )

    found = _assess(applicant, case["amount"], exposure)

    assert found.eligible == case["eligible"]
    assert found.base_fen == yuan_to_fen(case["base"])
    assert found.hires_counted == case.get("counted", case["hires"])
    assert list(found.needs) == case.get("needs", [])


@_cases("subsidy_classes.toml")
def test_class(case: dict[str, Any]) -> None:
    found = _assess(_person(case), "100000.00", Exposure(other_approved_fen=0))

    assert found.subsidy_class == case["class"]
    assert found.share_pct == case["share"]
    assert found.attainable_class == case["attainable"]
    assert list(found.needs) == case.get("needs", [])


@_cases("subsidy_classes.toml", "terms")
def test_subsidy_terms(case: dict[str, Any]) -> None:
    tenor = case.get("tenor")

    found = subsidy_terms(
        SubsidyClass(case["class"]),
        signed_on=case["signed_on"],
        first_disbursed_on=case.get("first_disbursed_on", case["signed_on"]),
        matures_on=case["matures_on"],
        lpr_tenor=LprTenor(tenor) if tenor else None,
        book=BOOK,
    )

    assert found.share_pct == case["share"]
    assert found.rate_basis == case["basis"]
    benchmark = case.get("benchmark")
    assert found.benchmark_ppm == (percent_to_ppm(benchmark) if benchmark else None)
    assert found.floor_ppm == percent_to_ppm(case["floor"])
    assert found.policy_version == BOOK.version


def test_every_case_quotes_the_opinion() -> None:
    files = ("caps", "terms", "groups", "hires", "subsidy_classes")
    for file in files:
        tables = tomllib.loads((CASES / f"{file}.toml").read_text(encoding="utf-8"))
        for case in (case for cases in tables.values() for case in cases):
            assert case["sentence"] in OPINION, f"{file}: {case['name']}"
            assert case["calculation"].strip()
