"""POST /assessments over HTTP: what is not stated is unknown, what is refused costs no subsidy."""

from typing import Any

import pytest

from loans import fund
from tests.app.test_api_inputs import problem

PERSON: dict[str, Any] = {
    "kind": "individual",
    "amount": "300000.00",
    "term_months": 12,
    "rate": "4.35",
    "facts": {"business_division": "320281", "employees": 2, "local_hukou": True},
    "categories": [{"code": "unemployed", "verified": True}],
    "exposure": {"other_approved": "0.00"},
}
HIRE = {
    "category": "farmer",
    "local_hukou": True,
    "contract_from": "2019-03-01",
    "open_ended": True,
    "verified": True,
}
FIRM: dict[str, Any] = {
    "kind": "small_firm",
    "amount": "2000000.00",
    "term_months": 24,
    "rate": "4.75",
    "method": "LUMP_SUM",
    "facts": {"business_division": "320281", "is_small_firm": True},
    "hires": [HIRE],
    "exposure": {"other_bases": "0.00"},
}


def _asked(api: Any, body: dict[str, Any], **changes: Any) -> Any:
    return api.as_("B1-maker").post("/assessments", body | changes)


def _subsidy(answer: Any, which: str = "costs") -> set[str]:
    return {cost["subsidy"] for cost in answer[which]}


class TestUnstated:
    def test_other_loans_are_asked_for(self, api):
        answer = _asked(api, PERSON, exposure={})
        assert (answer["eligible"], answer["cap"]) == ("unknown", "0.00")
        assert answer["documents"] == ["借款人其他创业担保贷款查询结果"]
        assert _subsidy(answer) == {"0.00"}  # the loan itself is not proved
        assert _subsidy(answer, "attainable_costs") != {"0.00"}

    def test_a_firms_other_loans_and_their_hires_are_asked_for(self, api):
        for runs in ({}, {"other_bases": "100000.00"}):
            answer = _asked(api, FIRM, exposure=runs)
            assert (answer["eligible"], answer["base"]) == ("unknown", "0.00")
            assert answer["documents"] == ["企业其他存续贷款及其吸纳人员查询结果"]
        runs = {"other_bases": "1300000.00", "other_hires": 13}
        answer = _asked(api, FIRM, exposure=runs)
        assert (answer["eligible"], answer["base"]) == ("yes", "100000.00")

    @pytest.mark.parametrize("missing", ["contract_from", "open_ended"])
    def test_a_contract_is_asked_for(self, api, missing):
        hire = {name: value for name, value in HIRE.items() if name != missing}
        answer = _asked(api, FIRM, hires=[hire])
        assert (answer["eligible"], answer["documents"]) == ("unknown", ["劳动合同"])

    def test_a_card_that_failed_says_nothing_of_the_other_card(self, api):
        failed = {"appraisals": {"raised_cap": {"passed": False}}, "categories": []}
        answer = _asked(api, PERSON, **failed)
        assert (answer["subsidy_class"], answer["attainable_class"]) == ("none", "half")
        assert answer["preconditions"] == ["综合评估"]
        both = {"raised_cap": {"passed": False}, "half": {"passed": True}}
        assert _asked(api, PERSON, categories=[], appraisals=both)["subsidy_class"] == "half"

    def test_a_rate_that_is_a_slip_of_the_pen_is_refused(self, api):
        body = PERSON | {"rate": "24.0001"}
        refused = api.as_("B1-maker").send("POST", "/assessments", json=body)
        assert refused.status_code == 409 and refused.json()["code"] == "rate-outside"
        assert "24.0001%" in refused.json()["detail"]

    def test_warnings_are_listed_apart(self, api):
        spouse = PERSON["facts"] | {"spouse_has_loan": True}
        answer = _asked(api, PERSON, facts=spouse)
        assert answer["eligible"] == "yes"
        found = {warning["rule"]: warning["outcome"] for warning in answer["warnings"]}
        assert found["warning.spouse_loan"] == "no"
        assert found["warning.earlier_overdue"] == "unknown"


class TestRefused:
    def test_an_ineligible_loan_costs_no_subsidy(self, api):
        answer = _asked(api, PERSON, facts={"business_division": "320282"})
        assert answer["eligible"] == "no"
        assert _subsidy(answer) == _subsidy(answer, "attainable_costs") == {"0.00"}

    def test_no_amount_at_all(self, api):
        answer = api.as_("B1-maker").send("POST", "/assessments", json=PERSON | {"amount": "0.00"})
        problem(answer, 409, "amount-not-positive")

    @pytest.mark.parametrize(
        "body",
        [
            PERSON | {"categories": [{"code": "gradutate", "verified": True}]},
            FIRM | {"hires": [HIRE | {"category": "gradutate"}]},
        ],
    )
    def test_a_group_that_the_book_never_heard_of_comes_back_with_the_list(self, api, body):
        answer = api.as_("B1-maker").send("POST", "/assessments", json=body)
        found = problem(answer, 422, "unknown-group")
        assert found["details"]["unknown"] == ["gradutate"]
        assert "graduate（毕业5年内高校毕业生）" in found["detail"]


class TestTheFund:
    """The programme's fund can guarantee 5 times what was paid in."""

    def test_binds_the_cap_where_it_bears_less(self, api, programme):
        with programme.reading() as session:
            ctx = programme.installation.context(session, programme.guarantor.maker)
            free = fund.free_for(ctx)
        raised = PERSON["facts"] | {"employees": 6}
        cards = {"raised_cap": {"passed": True}}
        enough = _asked(api, PERSON, facts=raised, appraisals=cards)
        assert free is not None and free > 500_000_00
        # What binds is listed, all of it; the fund's size is shown to nobody.
        binding = [limit["rule"] for limit in enough["limits"] if limit["binding"]]
        assert binding == ["individual_raised_cap", "fund_borrower_limit"]
        programme.do(
            programme.guarantor.checker,
            "fund.withdraw",
            lambda ctx: fund.withdraw(ctx, amount_fen=free // 5 - 80_000_00, reason="试"),
        )
        short = _asked(api, PERSON, facts=raised, appraisals=cards)
        assert (short["cap"], short["eligible"]) == ("400000.00", "yes")
        assert [limit["rule"] for limit in short["limits"] if limit["binding"]] == ["fund_leverage"]
        outcome = {f["rule"]: f["outcome"] for f in short["findings"]}["fund_leverage"]
        assert outcome == "yes"

    def test_binds_one_borrower_by_what_it_bears_for_them(self, api):
        runs = {"other_approved": "0.00", "guaranteed": "350000.00"}
        answer = _asked(api, PERSON, exposure=runs)
        assert (answer["cap"], answer["eligible"]) == ("150000.00", "no")

    def test_is_unknown_on_another_day(self, api):
        answer = _asked(api, PERSON, on="2019-06-03")
        [found] = [f for f in answer["findings"] if f["rule"] == "fund_leverage"]
        assert (found["outcome"], found["needs"]) == ("unknown", ["担保基金可担保额度查询结果"])
        assert answer["eligible"] == "yes"  # a limit of the fund, no merit of the person
