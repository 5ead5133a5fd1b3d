"""Underwriting: facts in, cited findings out. Pure; an ineligible applicant is an answer.

assessment = assess(applicant, terms, exposure, on=accepted_on, book=book)
assessment.eligible, assessment.cap_fen, assessment.subsidy_class, assessment.needs
"""

from datetime import date

from loans.policy import PolicyBook
from loans.underwriting.diligence import CHECKLISTS, Checked, checked
from loans.underwriting.facts import (
    Applicant,
    Appraisal,
    Category,
    Exposure,
    Hire,
    Honour,
    Terms,
)
from loans.underwriting.findings import (
    APPRAISAL,
    VERIFICATION,
    Assessment,
    Finding,
    Limit,
    Outcome,
    Topic,
)
from loans.underwriting.firms import assess_firm, firm_base_limit_fen
from loans.underwriting.hires import Headcount, count_hires
from loans.underwriting.persons import assess_person
from loans.underwriting.remedies import Remedy, remedies
from loans.underwriting.scorecards import Card, Score, Scored, score
from loans.underwriting.vocabulary import demand_known_groups
from loans.workflow import BorrowerKind


def assess(
    applicant: Applicant, terms: Terms, exposure: Exposure, *, on: date, book: PolicyBook
) -> Assessment:
    """Judge an application on a day (its acceptance) by the rules in force on that day.

    Raises ``PolicyGap`` where the book has no rule for the day.
    """
    judge = assess_firm if applicant.kind is BorrowerKind.SMALL_FIRM else assess_person
    return judge(applicant, terms, exposure, on=on, book=book)


__all__ = [
    "APPRAISAL",
    "CHECKLISTS",
    "VERIFICATION",
    "Applicant",
    "Appraisal",
    "Assessment",
    "BorrowerKind",
    "Card",
    "Category",
    "Checked",
    "Exposure",
    "Finding",
    "Headcount",
    "Hire",
    "Honour",
    "Limit",
    "Outcome",
    "Remedy",
    "Score",
    "Scored",
    "Terms",
    "Topic",
    "assess",
    "checked",
    "count_hires",
    "demand_known_groups",
    "firm_base_limit_fen",
    "remedies",
    "score",
]
