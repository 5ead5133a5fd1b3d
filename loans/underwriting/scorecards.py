"""综合评估: a scorecard filled item by item becomes a score, and passes or does not.

（九）9.5 经综合评估后给予最高50万元贷款额度; 9.7 对其他城乡劳动者经综合评估后给予50%的贴息.
The card (items, points, pass mark) is policy data, one for each purpose; nobody states a score, it
is the sum of what was given for each item, each with its evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from loans.errors import Conflict
from loans.policy import Rule, Scorecard, ScoreItem


class Card(StrEnum):
    """What an appraisal is for: the higher tier of 9.5, or the half subsidy of 9.7."""

    RAISED_CAP = "raised_cap"
    HALF = "half"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One item as the appraiser filled it in."""

    item: str
    points: int
    evidence: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """The outcome, and the filled card as it is stored: readable without the policy book."""

    points: int
    passed: bool
    items: dict[str, Any]


def score(rule: Rule, filled: Sequence[Scored]) -> Score:
    """Add up a filled card; ``Conflict`` names what is missing, doubled, too high or unproved."""
    card = rule.value
    assert isinstance(card, Scorecard)
    given = {line.item: line for line in filled}
    known = {item.code: item for item in card.items}
    problems = [f"没有“{code}”这一评估项目" for code in given if code not in known]
    if len(given) != len(filled):
        problems.append("同一评估项目填写了不止一次")
    for item in card.items:
        problems += _problems(item, given.get(item.code))
    if problems:
        raise Conflict(
            "card-incomplete",
            f"{rule.title}尚不能登记：{'；'.join(problems)}",
            cites=rule.cites,
            details={"problems": problems},
        )
    points = sum(line.points for line in given.values())
    items = {code: _stored(item, given[code]) for code, item in known.items()}
    return Score(points, points >= card.pass_mark, items)


def _problems(item: ScoreItem, line: Scored | None) -> list[str]:
    if line is None:
        return [f"“{item.title}”未评分"]
    found = []
    if not 0 <= line.points <= item.weight:
        found.append(f"“{item.title}”应为 0 至 {item.weight} 分，实为 {line.points} 分")
    if not line.evidence.strip():
        found.append(f"“{item.title}”未写明依据")
    return found


def _stored(item: ScoreItem, line: Scored) -> dict[str, Any]:
    return {
        "title": item.title,
        "weight": item.weight,
        "points": line.points,
        "evidence": line.evidence,
        "comment": line.comment,
    }
