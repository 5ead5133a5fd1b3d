"""Facts recorded after a claim came: seen at its approval, or netted after it; never paid twice.

300000.00 FULL at 4.35%, act/360: 36.25 a day; 92 days are 3335.00. 100000.00 of it: 12.0833…
"""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from loans.errors import Conflict
from loans.models import Movement, MovementKind, Note
from subsidy import cases
from subsidy.adjustments import adjustments
from subsidy.models import (
    CaseComment,
    CaseState,
    Claim,
    ClaimCase,
    ClaimState,
    EntryKind,
    SubsidyEntry,
)
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


# --- facts taken back -----------------------------------------------------------------------------


def _paid(p: Programme, *, since: date = SINCE, until: date = UNTIL, **stated: Any) -> Any:
    """A quarter's claim of the one loan, from file to payment; what was ordered."""
    (line,) = careful_lines(p, since=since, until=until)
    lines = [replace(line, **stated)]
    with p.at_once():
        filed = file_claim(p, lines, since=since, until=until, as_csv=True)
        ordered = order(p, approve(p, review(p, filed)))
        confirm(p, ordered)
    return ordered


def _withdrawn(p: Programme) -> None:
    """The last repayment was reported in error."""
    (note,) = p.rows(select(Note.public_id))
    *_, wrong = p.rows(
        select(Movement.public_id)
        .where(Movement.kind == MovementKind.PRINCIPAL_REPAID)
        .order_by(Movement.id)
    )
    p.report(note, "reverse", movement_id=wrong, reason="误记")


def _adjusted(p: Programme) -> list[int]:
    """What the next order would net."""
    with p.reading() as session:
        ctx = p.installation.context(session, p.finance.maker)
        (bank_id,) = session.scalars(select(Claim.bank_id).distinct())
        return [each.amount_fen for each in adjustments(ctx, bank_id=bank_id)]


Q4, Q1 = (UNTIL, D(2019, 12, 21)), (D(2019, 12, 21), D(2020, 3, 21))


def test_what_a_withdrawn_fact_took_is_given_back(lent: Programme) -> None:
    """100000.00 from 1 September is 241.67 of the third quarter and 1099.58 of the fourth; both
    quarters are worth their 3335.00 and 3298.75 again when the report is withdrawn."""
    p = lent
    _paid(p)
    _repaid(p, 100_000_00, D(2019, 9, 1))
    _withdrawn(p)
    assert _adjusted(p) == [], "withdrawn before an order, it moves nothing"
    _repaid(p, 100_000_00, D(2019, 9, 1))
    fourth = _paid(p, since=Q4[0], until=Q4[1])
    assert (fourth.amount_fen, fourth.netted_fen) == (2_199_17 - 241_67, -241_67)
    _withdrawn(p)
    p.day(D(2020, 3, 23))

    first = _paid(p, since=Q1[0], until=Q1[1])

    # 91 days of 300000.00; the fourth quarter was granted as claimed: no more is given back of it
    assert (first.amount_fen, first.netted_fen) == (3_298_75 + 241_67, 241_67)
    paid = p.rows(select(SubsidyEntry.amount_fen).where(SubsidyEntry.kind == EntryKind.PAID))
    assert sum(paid) == 3_335_00 + 2_199_17 + 3_298_75


def test_an_under_claim_is_given_back_up_to_what_was_granted(lent: Programme) -> None:
    """Claimed 3000.00 of 3335.00; 200000.00 are worth 2223.33 of the quarter, 2199.17 of the next.
    What is withdrawn gives the 3000.00 back, not the 3335.00."""
    p = lent
    _paid(p, claimed_fen=3_000_00)
    _repaid(p, 100_000_00, SINCE)
    fourth = _paid(p, since=Q4[0], until=Q4[1])
    assert (fourth.amount_fen, fourth.netted_fen) == (2_199_17 - 776_67, 2_223_33 - 3_000_00)
    _withdrawn(p)
    assert _adjusted(p) == [776_67]


def test_what_one_order_cannot_net_is_carried_to_the_next(lent: Programme) -> None:
    """250000.00 repaid on the first day leaves 555.83 of the quarter's 3335.00, and 549.79 of each
    of the next two: 2779.17 are taken back, 549.79 and 549.79 of it at once."""
    p = lent
    _paid(p)
    _repaid(p, 250_000_00, SINCE)

    fourth = _paid(p, since=Q4[0], until=Q4[1])
    assert (fourth.amount_fen, fourth.netted_fen) == (0, -549_79)
    assert set(fourth.funding.values()) == {0}
    put_back = select(SubsidyEntry.text).where(SubsidyEntry.amount_fen == 2_229_38)
    texts = p.rows(put_back.where(SubsidyEntry.kind == EntryKind.PAYABLE))
    assert texts == ["本次应付不足扣减，余 2229.38 元结转下次扣减"]
    p.day(D(2020, 3, 23))
    first = _paid(p, since=Q1[0], until=Q1[1])
    assert (first.amount_fen, first.netted_fen) == (0, -549_79)

    _withdrawn(p)
    assert _adjusted(p) == [2_779_17], "the ledger knows what was taken, wherever it was netted"
    left = select(func.sum(SubsidyEntry.amount_fen))
    (payable,) = p.rows(left.where(SubsidyEntry.kind == EntryKind.PAYABLE))
    (paid,) = p.rows(left.where(SubsidyEntry.kind == EntryKind.PAID))
    assert (payable, paid) == (555_83 + 2 * 549_79, 3_335_00)
