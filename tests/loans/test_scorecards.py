"""Scorecards and due-diligence checklists: what is filled in decides, nothing else does."""

from dataclasses import replace
from datetime import date

import pytest

from loans.errors import Conflict
from loans.policy import load_policy_book
from loans.underwriting import Card, Checked, Scored, checked, score

BOOK = load_policy_book()
DAY = date(2019, 6, 30)
RULES = {card: BOOK.at(f"appraisal.{card}", DAY) for card in Card}
CHECKLIST = BOOK.at("due_diligence.loan_approval", DAY)


def _filled(card: Card, lost: int = 0) -> list[Scored]:
    """Full marks for every item; ``lost`` points are taken off, one item after another."""
    filled = []
    for item in RULES[card].value.items:  # type: ignore[attr-defined]
        off = min(lost, item.weight)
        lost -= off
        filled.append(Scored(item=item.code, points=item.weight - off, evidence="流水"))
    return filled


@pytest.mark.parametrize(("card", "mark"), [(Card.RAISED_CAP, 70), (Card.HALF, 60)])
def test_the_pass_mark_itself_passes_and_one_point_less_does_not(card: Card, mark: int) -> None:
    at, below = (score(RULES[card], _filled(card, 100 - points)) for points in (mark, mark - 1))
    assert (at.points, at.passed) == (mark, True)
    assert (below.points, below.passed) == (mark - 1, False)


def test_a_filled_card_is_readable_without_the_policy_book() -> None:
    found = score(RULES[Card.HALF], _filled(Card.HALF))
    assert found.items["credit"] == {
        "title": "信用记录", "weight": 15, "points": 15, "evidence": "流水", "comment": "",
    }  # fmt: skip
    assert sum(line["weight"] for line in found.items.values()) == 100


class TestRefused:
    def test_an_item_left_out_is_named(self) -> None:
        with pytest.raises(Conflict, match="信用记录”未评分") as refusal:
            score(RULES[Card.HALF], _filled(Card.HALF)[:-1])
        assert refusal.value.cites[0].startswith("澄政发〔2019〕18号（九）：")

    def test_more_points_than_the_item_has(self) -> None:
        filled = _filled(Card.HALF)
        filled[0] = replace(filled[0], points=36)
        with pytest.raises(Conflict, match="应为 0 至 35 分，实为 36 分"):
            score(RULES[Card.HALF], filled)

    def test_points_without_evidence(self) -> None:
        filled = _filled(Card.HALF)
        filled[0] = replace(filled[0], evidence=" ")
        with pytest.raises(Conflict, match="未写明依据"):
            score(RULES[Card.HALF], filled)

    def test_an_item_twice_or_unknown(self) -> None:
        filled = _filled(Card.HALF)
        with pytest.raises(Conflict, match="不止一次"):
            score(RULES[Card.HALF], [*filled, filled[0]])
        with pytest.raises(Conflict, match="没有“luck”"):
            score(RULES[Card.HALF], [*filled, replace(filled[0], item="luck")])


class TestChecklist:
    def answers(self) -> list[Checked]:
        items = CHECKLIST.value
        assert isinstance(items, tuple)
        return [Checked(item=item.code, met=True) for item in items]

    def test_is_kept_with_its_words(self) -> None:
        kept = checked(CHECKLIST, self.answers())
        assert kept["purpose"] == {"title": "已核实贷款用途及交易背景", "met": True, "evidence": ""}

    def test_must_be_answered_in_full(self) -> None:
        with pytest.raises(Conflict, match="已排除关联交易与利益冲突”未作答"):
            checked(CHECKLIST, self.answers()[:-1])

    def test_asks_for_the_reason_of_what_was_not_done(self) -> None:
        answers = self.answers()
        answers[0] = replace(answers[0], met=False)
        with pytest.raises(Conflict, match="须说明理由"):
            checked(CHECKLIST, answers)
        answers[0] = replace(answers[0], evidence="申请人在外地，已视频面签")
        assert checked(CHECKLIST, answers)["identity"]["met"] is False

    def test_takes_no_line_twice_and_none_that_is_not_on_it(self) -> None:
        answers = self.answers()
        for more in (answers[0], replace(answers[0], item="luck")):
            with pytest.raises(Conflict):
                checked(CHECKLIST, [*answers, more])
