"""Is the business in the programme's area? （九）9.2; asked of persons and firms alike.

> 创业支持对象扩大到我市行政区域内的全体城乡创业者（包括我市行政区域内的外地户籍人员）

The household registration plays no part here.
"""

from datetime import date

from loans.policy import PolicyBook
from loans.underwriting.facts import Applicant
from loans.underwriting.findings import Finding, Outcome, Topic, judged, yes_if

REGISTRATION = "营业执照或网络商户经营地声明"


def placed(applicant: Applicant, on: date, book: PolicyBook) -> Finding:
    """A division lies in the area if its code is the area's or begins with it."""
    area = book.at("programme_area", on)
    division = applicant.business_division
    if division is None:
        outcome, seen = Outcome.UNKNOWN, "未知"
    else:
        outcome, seen = yes_if(division.startswith(area.text)), division
    where = {Outcome.YES: "在本市行政区域内", Outcome.NO: "不在本市行政区域内"}
    sentence = f"经营地 {seen}：{where.get(outcome, f'尚缺{REGISTRATION}')}"
    return judged(Topic.ELIGIBILITY, area, outcome, sentence, observed=seen, needs=(REGISTRATION,))
