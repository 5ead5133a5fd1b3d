"""Facts recorded after a claim came: seen at its approval, or netted after it; never paid twice.

300000.00 FULL at 4.35%, act/360: 36.25 a day; 92 days are 3335.00. 100000.00 of it: 12.0833…
"""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from loans.errors import Conflict
from loans.models import Note
from subsidy import cases
from subsidy.adjustments import adjustments
from subsidy.models import CaseComment, CaseState, Claim, ClaimCase, ClaimState
from tests.programme import Programme
from tests.subsidy.bank_files import (
    SINCE,
    UNTIL,
    approve,
    careful_lines,
    causes_of,
    confirm,
    file_claim,
    lines_of,
    order,
    review,
)

D = date


@pytest.fixture
def lent(programme: Programme) -> Programme:
    """One loan of 300000.00 from 10 April; it is 23 December."""
    p = programme
    with p.at_once():
        p.day(D(2019, 4, 10))
        p.loan(amount_fen=300_000_00, on=D(2019, 4, 10))
        p.day(D(2019, 12, 23))
    return p


def _repaid(p: Programme, fen: int, on: date) -> None:
    (note,) = p.rows(select(Note.public_id))
    p.repay(note, fen, on=on)


def test_a_fact_recorded_before_the_approval_is_examined_before_it_is_paid(
    lent: Programme,
) -> None:
    """100000.00 repaid on 1 September, told after the file came: 20 days × 12.0833 = 241.67."""
    p = lent
    claim = review(p, file_claim(p, careful_lines(p)))
    assert claim.payable_fen == 3_335_00
    seen = claim.content_hash
    _repaid(p, 100_000_00, D(2019, 9, 1))

    with pytest.raises(Conflict) as refused:
        approve(p, claim)
    assert refused.value.code == "facts-changed"
    assert "由 3335.00 元改为 3093.33 元" in refused.value.message

    again = review(p, claim)
    assert (again.state, again.expected_fen, again.payable_fen) == (
        ClaimState.REVIEWED, 3_093_33, 3_093_33,
    )  # fmt: skip
    assert causes_of(p, again) == {lines_of(p, again)[0].note_no: {"R05": 241_67}}
    (case,) = p.rows(select(ClaimCase))
    assert case.state is CaseState.OPEN
    with pytest.raises(Conflict) as other:
        approve(p, claim, content_hash=seen)
    assert other.value.code == "content-changed"
    assert approve(p, again).payable_fen == 3_093_33
    with pytest.raises(Conflict, match="已批准，请办理拨付"):
        review(p, claim)


def test_a_decision_on_facts_that_changed_is_to_be_made_again(lent: Programme) -> None:
    p = lent
    (line,) = careful_lines(p)
    claim = file_claim(p, [replace(line, claimed_fen=3_600_00)])
    (case,) = p.rows(select(ClaimCase))
    _decided(p, case, 3_500_00)
    claim = review(p, claim)
    assert claim.payable_fen == 3_500_00
    _repaid(p, 100_000_00, D(2019, 9, 1))

    claim = review(p, claim)

    assert claim.payable_fen == 3_093_33
    (case,) = p.rows(select(ClaimCase))
    assert (case.state, case.allowed_fen) == (CaseState.OPEN, None)
    (remark,) = p.rows(select(CaseComment))
    assert "3500.00" in remark.text


def _decided(p: Programme, case: ClaimCase, fen: int) -> None:
    p.do(
        p.finance.maker,
        "cases.decide",
        lambda ctx: cases.decide(
            ctx,
            case_id=case.public_id,
            decision=CaseState.ALLOWED,
            reason="凭证齐全",
            amount_fen=fen,
        ),
    )


def test_a_line_that_was_partly_claimed_before_is_adjusted_by_its_own_days_only(
    lent: Programme,
) -> None:
    """The first claim holds the days to 10 August; the second line claims the whole quarter and is
    paid for the other 42 days: 1522.50. 100000.00 repaid on 1 September takes 241.67 of them."""
    p = lent
    (line,) = careful_lines(p)
    cut = D(2019, 8, 10)
    first = replace(line, until=cut, days=50, claimed_fen=1_812_50)
    paid_first = approve(p, review(p, file_claim(p, [first], until=cut)))
    second = file_claim(p, [line], since=SINCE, until=UNTIL)
    (stored,) = lines_of(p, second)
    assert (stored.expected_fen, stored.payable_fen) == (1_522_50, 1_522_50)
    paid_second = approve(p, review(p, second))
    confirm(p, order(p, paid_first))
    confirm(p, order(p, paid_second))

    _repaid(p, 100_000_00, D(2019, 9, 1))

    with p.reading() as session:
        ctx = p.installation.context(session, p.finance.maker)
        found = adjustments(ctx, bank_id=second.bank_id)
        assert [(each.claim.id, each.amount_fen) for each in found] == [(second.id, -241_67)]
        (kept,) = session.scalars(select(Claim).where(Claim.id == second.id))
        assert kept.payable_fen == 1_522_50, "an approved claim is never edited"
