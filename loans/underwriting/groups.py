"""Does a person belong to a favoured group? The same question for borrowers and for hires.

（九）: 对大学生（高校在校生、大学生村官、毕业5年内高校毕业生），以及本市户籍的失业人员、
复员转业退役军人、刑满释放人员、农民、化解过剩产能企业职工、网络商户，建档立卡贫困人口等群体.
Which groups there are, whether they ask for a local household registration and how long after
graduation, is policy data.
"""

from dataclasses import dataclass
from datetime import date

from loans.daycount import add_years
from loans.policy import Group, Rule
from loans.underwriting.findings import VERIFICATION, Outcome

HUKOU_BOOK = "户口簿"


@dataclass(frozen=True, slots=True)
class Membership:
    """The answer, why, what was seen, and what is missing."""

    outcome: Outcome
    reason: str
    observed: str
    needs: tuple[str, ...] = ()


def membership(
    rule: Rule,
    *,
    local_hukou: bool | None,
    graduated_on: date | None,
    verified: bool | None,
    evidence: tuple[str, ...],
    judged_on: date,
    not_after: date | None = None,
) -> Membership:
    """Judge membership of ``rule``'s group on a day; the first NO decides, then what is missing.

    毕业5年内: the day judged is at most graduation day + 5 years, and not before graduation. A day
    that is not known lies between ``judged_on`` and ``not_after``: refused is only what no such
    day allows, and whoever asks names the document that tells the day.
    """
    group = rule.value
    assert isinstance(group, Group)
    observed = _observed(group, local_hukou, graduated_on, verified)
    if reason := _refusal(
        group, local_hukou, graduated_on, verified, judged_on, not_after or judged_on
    ):
        return Membership(Outcome.NO, reason, observed)
    missing: list[str] = []
    if group.local_hukou and local_hukou is None:
        missing.append(HUKOU_BOOK)
    if group.graduation_years is not None and graduated_on is None:
        missing += group.evidence
    if verified is None:
        missing += [paper for paper in group.evidence if paper not in evidence]
        missing.append(VERIFICATION)
    if missing:
        needs = tuple(dict.fromkeys(missing))
        return Membership(Outcome.UNKNOWN, f"尚缺{'、'.join(needs)}", observed, needs)
    return Membership(Outcome.YES, "符合条件，并经人力资源社会保障部门核验", observed)


def _refusal(
    group: Group,
    local_hukou: bool | None,
    graduated_on: date | None,
    verified: bool | None,
    judged_on: date,
    not_after: date,
) -> str:
    if verified is False:
        return "人力资源社会保障部门核验未通过"
    if group.local_hukou and local_hukou is False:
        return "须为本市户籍，实为外地户籍"
    if group.graduation_years is None or graduated_on is None:
        return ""
    if not_after < graduated_on:
        return f"{not_after} 尚未毕业（{graduated_on} 毕业）"
    if judged_on > add_years(graduated_on, group.graduation_years):
        return f"{graduated_on} 毕业，至 {judged_on} 已超过{group.graduation_years}年"
    return ""


def _observed(
    group: Group, local_hukou: bool | None, graduated_on: date | None, verified: bool | None
) -> str:
    words = {True: "是", False: "否", None: "未知"}
    seen = [f"已核验：{words[verified]}"]
    if group.local_hukou:
        seen.append(f"本市户籍：{words[local_hukou]}")
    if group.graduation_years is not None:
        seen.append(f"毕业日期：{graduated_on or '未知'}")
    return "，".join(seen)
