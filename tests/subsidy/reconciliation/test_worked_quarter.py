"""The worked quarter of rules.md §7, line by line."""

from datetime import date
from pathlib import Path

import pytest

from loans.money import fen_to_yuan
from subsidy.reconciliation import CODES, LineClass, match
from tests.subsidy.reconciliation.quarter import PERIOD, worked_lines, worked_quarter

OPINION = Path(__file__).parents[3] / "loans" / "policy" / "opinion.txt"


@pytest.mark.parametrize("at", range(8), ids=[case["name"] for case in worked_lines()])
def test_each_line_has_its_recomputation_its_cause_and_its_class(at: int) -> None:
    claimed, register, cases = worked_quarter()

    line = match(claimed, register, PERIOD, tolerance_fen=1).line(at)

    case = cases[at]
    assert fen_to_yuan(line.claimed_fen) == case["claimed"]
    assert fen_to_yuan(line.expected_fen) == case["recomputed"]
    assert fen_to_yuan(line.difference_fen) == case["difference"]
    assert {c.code: fen_to_yuan(c.amount_fen) for c in line.causes} == case["causes"]
    assert line.line_class == case["line_class"]
    assert fen_to_yuan(line.payable_fen) == case["payable"]


def test_the_totals_agree_both_ways() -> None:
    claimed, register, _ = worked_quarter()

    result = match(claimed, register, PERIOD, tolerance_fen=1)

    # 3335.00+917.12+2223.33+1111.67+3335.00+3641.67+5558.33+3057.08
    assert fen_to_yuan(int(result.claimed_fen.sum())) == "23179.20"
    # 3335.00+917.13+1111.67+882.08+1993.75+2850.00+3335.00+2779.17
    assert fen_to_yuan(int(result.expected_fen.sum())) == "17203.80"
    assert int(result.earned_fen.sum()) == int(result.expected_fen.sum())
    assert result.unclaimed == ()
    assert result.is_claimed.all()
    differences = sum(result.amount_by_code().values())
    assert differences == int((result.claimed_fen - result.expected_fen).sum())
    assert sum(result.count_by_class().values()) == 8


def test_a_cause_is_a_sentence_with_its_figures() -> None:
    claimed, register, _ = worked_quarter()

    result = match(claimed, register, PERIOD, tolerance_fen=1)

    messages = [cause.message for causes in result.causes for cause in causes]
    assert messages == [
        "在申报与复算每笔允许的尾差以内，金额与“分以下截尾”一致，少计 0.01 元",
        "按 100% 贴息计算，核定的贴息比例为 50%，多计 1111.66 元",
        "申报 2019-06-21 至 2019-09-20 共 92 天，贷款 2019-07-10 才发放，可贴息 73 天，"
        "多计 229.59 元",
        "申报 2019-06-21 至 2019-09-20 共 92 天，贷款 2019-08-15 已结清，可贴息 55 天，"
        "多计 1341.25 元",
        "申报 2019-06-21 至 2019-09-20 共 92 天，原到期日（贴息期满日）为 2019-09-01，"
        "其后的展期或逾期天数不贴息，可贴息 72 天，多计 791.67 元",
        "贴息本金超过可贴息额度 300000.00 元，多计 2223.33 元",
        "按利率 4.785% 计算，应为 4.35%，多计 277.91 元",
    ]


def test_the_period_is_the_case_files() -> None:
    assert (date(2019, 9, 21) - date(2019, 6, 21)).days == 92
    assert len(worked_lines()) == 8


def test_two_truncated_lines_are_the_bank_s_habit_and_said_once() -> None:
    claimed, register, _ = worked_quarter()
    doubled = claimed.claimed_fen.copy()
    doubled[3] = doubled[3] - 1  # 1111.67 is half up of 1111.666…: cut off it is 1111.66
    changed = type(claimed)(**(vars(claimed) | {"claimed_fen": doubled}))

    result = match(changed, register, PERIOD, tolerance_fen=1)

    assert result.convention is not None
    assert result.convention.convention == "truncation"
    assert [c.code for c in result.line(1).causes] == ["R11"]
    assert result.line(1).line_class is LineClass.ROUNDING


def test_every_citation_is_a_sentence_of_the_opinion() -> None:
    law = OPINION.read_text(encoding="utf-8")

    assert set(CODES) == {f"R{n:02d}" for n in range(1, 21)}
    for code in CODES.values():
        for cite in code.cites:
            assert cite.removeprefix("澄政发〔2019〕18号（九）：") in law
