"""Properties of every assessment: what is missing, what would make it pass, what it cites."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loans.errors import PolicyGap
from loans.policy import Group, HonourKind, load_policy_book
from loans.underwriting import (
    APPRAISAL,
    VERIFICATION,
    Applicant,
    Appraisal,
    Assessment,
    BorrowerKind,
    Category,
    Exposure,
    Hire,
    Honour,
    Outcome,
    Remedy,
    Terms,
    Topic,
    assess,
    firm_base_limit_fen,
    remedies,
)
from loans.underwriting.cap import EMPLOYEES, OTHER_LOANS
from loans.underwriting.firms import CLASSIFICATION, OTHER_FIRM_LOANS
from loans.underwriting.groups import HUKOU_BOOK
from loans.underwriting.hires import CONTRACT
from loans.underwriting.place import REGISTRATION

BOOK = load_policy_book()
ON = date(2019, 6, 30)
GROUPS = {rule.code: rule.value for rule in BOOK.family("group", ON)}
HONOURS = {rule.code: rule.value for rule in BOOK.family("honour", ON)}
LEVELS = ("town", "city", "wuxi", "province", "nation")

maybe = st.sampled_from((True, False, None))
days = st.dates(date(2013, 6, 1), date(2020, 12, 31))
amounts = st.one_of(
    st.integers(-1, 700_000_00), st.sampled_from((300_000_00, 300_000_01, 500_000_00, 500_000_01))
)

honours = st.builds(
    Honour,
    kind=st.sampled_from((*HONOURS, "model_worker")),
    level=st.sampled_from((*LEVELS, None)),
    project=st.sampled_from(("甲", None)),
    holder=st.just("乙"),
    year=st.sampled_from((2018, None)),
)
hires = st.builds(
    Hire,
    reference=st.sampled_from("甲乙丙丁"),
    category=st.sampled_from(("graduate", "unemployed", "veteran", "farmer", "released")),
    local_hukou=maybe,
    graduated_on=st.none() | days,
    contract_from=st.none() | st.dates(date(2018, 12, 1), date(2019, 7, 31)),
    contract_until=st.none() | st.dates(date(2019, 12, 1), date(2020, 12, 31)),
    open_ended=st.sampled_from((True, None)),
    stands_as=st.sampled_from(("", "", "在贷甲")),
    verified=maybe,
    counted_elsewhere=st.booleans(),
)
applicants = st.builds(
    Applicant,
    kind=st.sampled_from(BorrowerKind),
    business_division=st.sampled_from(("320281", "320281101", "320282", None)),
    local_hukou=maybe,
    categories=st.lists(
        st.builds(Category, code=st.sampled_from((*GROUPS, "retired")), verified=maybe),
        max_size=2,
        unique_by=lambda category: category.code,
    ).map(tuple),
    graduated_on=st.none() | days,
    employees=st.none() | st.integers(0, 8),
    honours=st.lists(honours, max_size=2).map(tuple),
    appraisal=st.none()
    | st.builds(Appraisal, passed=st.booleans(), approvable_fen=st.none() | st.integers(0, 10**8)),
    is_small_firm=maybe,
    hires=st.lists(hires, max_size=4).map(tuple),
)
terms_asked = st.builds(
    lambda amount, start, length: Terms(
        amount_fen=amount, disbursed_on=start, matures_on=start + timedelta(days=length)
    ),
    amounts,
    st.dates(ON, date(2020, 3, 1)),
    st.integers(0, 1200),
)
exposures = st.builds(
    Exposure,
    other_approved_fen=st.none() | st.integers(0, 600_000_00),
    other_bases_fen=st.none() | st.integers(0, 400_000_00),
    other_hires=st.none() | st.sampled_from(((), ("在贷甲",), ("在贷甲", "在贷乙"))),
    guaranteed_fen=st.none() | st.integers(0, 300_000_00),
    fund_capacity_fen=st.none() | st.integers(0, 600_000_00),
    subsidised_loans=st.none() | st.integers(0, 4),
    spouse_has_loan=maybe,
    own_firm_subsidised=maybe,
    earlier_overdue=maybe,
)
everything = given(applicant=applicants, terms=terms_asked, exposure=exposures)


def _assess(applicant: Applicant, terms: Terms, exposure: Exposure) -> Assessment:
    return assess(applicant, terms, exposure, on=ON, book=BOOK)


def _proved(applicant: Applicant, needs: tuple[str, ...]) -> Applicant:
    """The applicant with each missing paper in and good, and nothing else changed."""
    if REGISTRATION in needs:
        applicant = replace(applicant, business_division="320281")
    if EMPLOYEES in needs:
        applicant = replace(applicant, employees=6)
    if APPRAISAL in needs:
        applicant = replace(applicant, appraisal=Appraisal(passed=True))
    if CLASSIFICATION in needs:
        applicant = replace(applicant, is_small_firm=True)
    if HUKOU_BOOK in needs and applicant.local_hukou is None:
        applicant = replace(applicant, local_hukou=True)
    return replace(
        applicant,
        graduated_on=applicant.graduated_on or (ON if "毕业证书" in needs else None),
        honours=tuple(_certified(honour, needs) for honour in applicant.honours),
        categories=tuple(
            replace(c, verified=True) if c.verified is None and VERIFICATION in needs else c
            for c in applicant.categories
        ),
        hires=tuple(_documented(hire, needs) for hire in applicant.hires),
    )


def _certified(honour: Honour, needs: tuple[str, ...]) -> Honour:
    kind = HONOURS.get(honour.kind)
    if isinstance(kind, HonourKind) and set(kind.evidence) & set(needs):
        return replace(honour, level=honour.level or "city", project="甲", holder="乙", year=2018)
    return honour


def _documented(hire: Hire, needs: tuple[str, ...]) -> Hire:
    start = hire.contract_from
    if start is None and CONTRACT in needs:
        start = min(ON, max(date(2019, 1, 1), hire.graduated_on or ON))
    return replace(
        hire,
        contract_from=start,
        contract_until=None if hire.contract_from is None else hire.contract_until,
        open_ended=True if CONTRACT in needs else hire.open_ended,
        local_hukou=True if hire.local_hukou is None else hire.local_hukou,
        graduated_on=hire.graduated_on or start,
        verified=True if hire.verified is None else hire.verified,
    )


def _asked_about(exposure: Exposure, needs: tuple[str, ...]) -> Exposure:
    """What the registers answer where they are asked: nothing more than is known."""
    if OTHER_LOANS in needs:
        exposure = replace(exposure, other_approved_fen=exposure.other_approved_fen or 0)
    if OTHER_FIRM_LOANS in needs:
        exposure = replace(
            exposure,
            other_bases_fen=exposure.other_bases_fen or 0,
            other_hires=exposure.other_hires or tuple("甲乙丙丁"),  # 400000.00 at most
        )
    return exposure


def _remedied(terms: Terms, remedy: Remedy) -> Terms:
    return replace(
        terms,
        amount_fen=terms.amount_fen if remedy.amount_fen is None else remedy.amount_fen,
        matures_on=remedy.matures_on or terms.matures_on,
    )


class TestAssessment:
    @everything
    def test_names_a_document_for_everything_unknown(
        self, applicant: Applicant, terms: Terms, exposure: Exposure
    ) -> None:
        for finding in _assess(applicant, terms, exposure).findings:
            assert bool(finding.needs) == (finding.outcome is Outcome.UNKNOWN), finding

    @everything
    def test_cites_the_rule_in_force_in_every_finding(
        self, applicant: Applicant, terms: Terms, exposure: Exposure
    ) -> None:
        found = _assess(applicant, terms, exposure)
        for finding in found.findings:
            rule = BOOK.at(finding.rule, ON)
            assert set(rule.cites) <= set(finding.cites)
            assert (finding.value, finding.since) == (rule.shown, rule.since)
            assert finding.sentence
        for limit in found.limits:
            assert limit.cites and limit.since <= ON

    @everything
    def test_never_passes_more_than_it_proves(
        self, applicant: Applicant, terms: Terms, exposure: Exposure
    ) -> None:
        found = _assess(applicant, terms, exposure)
        assert found.cap_fen <= found.attainable_cap_fen
        if applicant.kind is BorrowerKind.INDIVIDUAL and found.eligible is Outcome.YES:
            assert 0 < terms.amount_fen <= found.cap_fen

    @everything
    def test_marks_every_lowest_limit_as_binding(
        self, applicant: Applicant, terms: Terms, exposure: Exposure
    ) -> None:
        limits = _assess(applicant, terms, exposure).limits
        lowest = min(limit.amount_fen for limit in limits)
        assert {limit.amount_fen for limit in limits if limit.binding} == {lowest}
        assert all(limit.amount_fen > lowest for limit in limits if not limit.binding)

    @everything
    def test_asks_less_of_nobody_who_knows_less(
        self, applicant: Applicant, terms: Terms, exposure: Exposure
    ) -> None:
        """Taking a fact away never turns a no or a not-yet into a yes."""
        before = _assess(applicant, terms, exposure)
        blind = replace(applicant, business_division=None, appraisal=None, is_small_firm=None)
        after = _assess(blind, terms, replace(exposure, other_approved_fen=None))
        if after.eligible is Outcome.YES:
            assert before.eligible is Outcome.YES
        assert after.eligible is not Outcome.YES

    @everything
    def test_splits_what_is_missing_between_applicant_and_authorities(
        self, applicant: Applicant, terms: Terms, exposure: Exposure
    ) -> None:
        found = _assess(applicant, terms, exposure)
        assert set(found.documents) | set(found.preconditions) == set(found.needs)
        assert not set(found.documents) & set(found.preconditions)

    @everything
    def test_refuses_only_with_a_finding_that_says_why(
        self, applicant: Applicant, terms: Terms, exposure: Exposure
    ) -> None:
        found = _assess(applicant, terms, exposure)
        assert bool(found.decisive) == (found.eligible is Outcome.NO)

    def test_of_a_day_before_the_opinion_is_a_gap(self) -> None:
        terms = Terms.lasting(amount_fen=1, disbursed_on=date(2018, 12, 31), months=12)
        with pytest.raises(PolicyGap):
            assess(
                Applicant(kind=BorrowerKind.INDIVIDUAL),
                terms,
                Exposure(),
                on=date(2018, 12, 31),
                book=BOOK,
            )

    def test_asks_for_no_paper_that_is_on_file(self) -> None:
        student = Category(code="student")
        evidence = GROUPS["student"]
        assert isinstance(evidence, Group)
        applicant = Applicant(
            kind=BorrowerKind.INDIVIDUAL,
            business_division="320281",
            employees=0,
            categories=(student,),
            evidence=evidence.evidence,
        )
        terms = Terms.lasting(amount_fen=1, disbursed_on=ON, months=12)
        found = _assess(applicant, terms, Exposure(other_approved_fen=0))
        assert (found.documents, found.preconditions) == ((), (VERIFICATION,))


class TestWarnings:
    def _warned(self, exposure: Exposure) -> list[str]:
        terms = Terms.lasting(amount_fen=1, disbursed_on=ON, months=12)
        found = _assess(Applicant(kind=BorrowerKind.INDIVIDUAL), terms, exposure)
        return [f.rule for f in found.warnings if f.outcome is Outcome.NO]

    def test_come_with_the_fourth_subsidised_loan(self) -> None:
        assert self._warned(Exposure(subsidised_loans=2)) == []
        assert self._warned(Exposure(subsidised_loans=3)) == ["warning.subsidised_loans"]

    def test_name_each_concern(self) -> None:
        exposure = Exposure(spouse_has_loan=True, own_firm_subsidised=True, earlier_overdue=True)
        assert self._warned(exposure) == [
            "warning.spouse_loan",
            "warning.own_firm",
            "warning.earlier_overdue",
        ]

    @everything
    def test_never_decide(self, applicant: Applicant, terms: Terms, exposure: Exposure) -> None:
        calm = replace(
            exposure,
            subsidised_loans=0,
            spouse_has_loan=False,
            own_firm_subsidised=False,
            earlier_overdue=False,
        )
        worried, quiet = (_assess(applicant, terms, e) for e in (exposure, calm))
        assert quiet.warnings == ()
        assert [f for f in worried.findings if f.topic is not Topic.WARNING] == [
            f for f in quiet.findings if f.topic is not Topic.WARNING
        ]


class TestRemedies:
    @everything
    def test_pass_once_applied(
        self, applicant: Applicant, terms: Terms, exposure: Exposure
    ) -> None:
        for remedy in remedies(_assess(applicant, terms, exposure), BOOK):
            after = _assess(
                _proved(applicant, remedy.needs),
                _remedied(terms, remedy),
                _asked_about(exposure, remedy.needs),
            )
            assert after.eligible is Outcome.YES, remedy

    @everything
    def test_are_none_for_what_passes(
        self, applicant: Applicant, terms: Terms, exposure: Exposure
    ) -> None:
        found = _assess(applicant, terms, exposure)
        if found.eligible is Outcome.YES:
            assert remedies(found, BOOK) == ()

    @everything
    def test_ask_for_the_largest_amount_that_passes(
        self, applicant: Applicant, terms: Terms, exposure: Exposure
    ) -> None:
        """One fen more than a remedy's amount, with the same papers, is not proved."""
        for remedy in remedies(_assess(applicant, terms, exposure), BOOK):
            if remedy.amount_fen is None:
                continue
            more = replace(_remedied(terms, remedy), amount_fen=remedy.amount_fen + 1)
            after = _assess(
                _proved(applicant, remedy.needs), more, _asked_about(exposure, remedy.needs)
            )
            assert after.eligible is not Outcome.YES

    def test_offer_the_nearest_and_the_paperless_way(self) -> None:
        applicant = Applicant(kind=BorrowerKind.INDIVIDUAL, business_division="320281", employees=6)
        terms = Terms.lasting(amount_fen=600_000_00, disbursed_on=ON, months=37)
        found = _assess(applicant, terms, Exposure(other_approved_fen=0))
        assert remedies(found, BOOK) == (
            Remedy(
                sentence="将申请金额改为 500000.00元，将到期日改为不迟于 2022-06-30，补齐综合评估",
                amount_fen=500_000_00,
                matures_on=date(2022, 6, 30),
                needs=("综合评估",),
            ),
            Remedy(
                sentence="将申请金额改为 300000.00元，将到期日改为不迟于 2022-06-30",
                amount_fen=300_000_00,
                matures_on=date(2022, 6, 30),
            ),
        )

    def test_ask_for_one_ground_where_one_is_enough(self) -> None:
        """Employees or an honour raise the cap (9.5): nobody needs the papers of both."""
        star = Honour(kind="entrepreneur_star")
        applicant = Applicant(
            kind=BorrowerKind.INDIVIDUAL, business_division="320281", honours=(star,)
        )
        terms = Terms.lasting(amount_fen=500_000_00, disbursed_on=ON, months=36)
        found = _assess(applicant, terms, Exposure(other_approved_fen=0))
        assert [way.needs for way in remedies(found, BOOK)] == [
            (EMPLOYEES, APPRAISAL),
            ("创业之星证书或命名文件", APPRAISAL),
            (),
        ]

    def test_ask_for_no_ground_below_the_first_tier(self) -> None:
        applicant = Applicant(kind=BorrowerKind.INDIVIDUAL, business_division="320281")
        terms = Terms.lasting(amount_fen=300_000_00, disbursed_on=ON, months=36)
        (way,) = remedies(_assess(applicant, terms, Exposure()), BOOK)
        assert way.needs == (OTHER_LOANS,)

    def test_cannot_move_a_business(self) -> None:
        applicant = Applicant(kind=BorrowerKind.INDIVIDUAL, business_division="320282")
        terms = Terms.lasting(amount_fen=1, disbursed_on=ON, months=12)
        assert remedies(_assess(applicant, terms, Exposure()), BOOK) == ()


@given(n=st.integers(0, 100))
def test_firm_base_grows_by_each_hire_up_to_its_cap(n: int) -> None:
    assert firm_base_limit_fen(n, on=ON, book=BOOK) == min(100_000_00 * n, 3_000_000_00)
