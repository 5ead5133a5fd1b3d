"""The guarantee fund: reserved, committed, released; never above its balance times the limit."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from loans import agreements, fund
from loans.errors import Conflict, FuminError
from loans.models import (
    Agreement,
    Application,
    FundEntry,
    FundEntryKind,
    GuaranteeFund,
    Organisation,
    Payout,
)
from loans.queries import one
from loans.workflow import State
from tests import guarantee
from tests.programme import BEGIN, Programme

SLOT = 300_000_00
THREADS = 8


@pytest.fixture
def one_slot(database: Any) -> Iterator[Programme]:
    """A fund of 60000.00: with the limit of five it bears exactly one loan of 300000.00."""
    with Programme.begin(database, fund_fen=60_000_00) as programme:
        yield programme


def totals(p: Programme) -> tuple[int, int, int]:
    """(balance, reserved, outstanding), which always are the sums of the entries."""
    (row,) = p.rows(select(GuaranteeFund))
    columns = (FundEntry.balance_fen, FundEntry.reserved_fen, FundEntry.outstanding_fen)
    (sums,) = p.rows(select(*(func.sum(column) for column in columns)))
    stored = (row.balance_fen, row.reserved_fen, row.outstanding_fen)
    assert tuple(map(int, sums)) == stored
    return stored


def test_capacity_is_reserved_then_committed_then_released(programme: Programme) -> None:
    p = programme
    application = p.guaranteed()
    assert totals(p) == (10_000_000_00, SLOT, 0)
    p.decide(application, p.bank, approved_fen=200_000_00)
    assert totals(p) == (10_000_000_00, 200_000_00, 0)
    first = p.draw(application, amount_fen=50_000_00, on=BEGIN)
    assert totals(p) == (10_000_000_00, 150_000_00, 50_000_00)
    p.draw(application, amount_fen=150_000_00, on=BEGIN)
    assert totals(p) == (10_000_000_00, 0, 200_000_00)
    p.repay(first, 20_000_00, on=BEGIN)
    assert totals(p) == (10_000_000_00, 0, 180_000_00)
    kinds = p.rows(select(FundEntry.kind).order_by(FundEntry.id))
    assert kinds == [
        FundEntryKind.CONTRIBUTION, FundEntryKind.RESERVATION, FundEntryKind.LAPSE,
        FundEntryKind.COMMITMENT, FundEntryKind.COMMITMENT, FundEntryKind.RELEASE,
    ]  # fmt: skip


def test_the_last_slot_goes_to_the_fen_and_lives_its_whole_life(one_slot: Programme) -> None:
    """Its own reservation never counts against the loan it was made for."""
    application = one_slot.guaranteed()
    assert totals(one_slot) == (60_000_00, SLOT, 0)
    one_slot.decide(application, one_slot.bank)
    one_slot.draw(application, amount_fen=SLOT, on=BEGIN)
    assert totals(one_slot) == (60_000_00, 0, SLOT)


def test_a_fen_more_than_the_limit_is_refused(one_slot: Programme) -> None:
    one_slot.decide(one_slot.under_review(one_slot.asked(amount_fen=1)), one_slot.guarantor)
    application = one_slot.under_review()

    with pytest.raises(Conflict) as refused:
        one_slot.decide(application, one_slot.guarantor)

    assert "担保基金" in refused.value.message
    assert totals(one_slot) == (60_000_00, 1, 0)
    one_slot.do(
        one_slot.guarantor.checker,
        "fund.contribute",
        lambda ctx: fund.contribute(ctx, amount_fen=1, reason="补充"),
    )
    one_slot.decide(application, one_slot.guarantor)
    assert totals(one_slot) == (60_000_01, SLOT + 1, 0)


def test_a_bank_s_own_limit_holds_beside_the_fund_s(database: Any) -> None:
    with Programme.begin(database, limit_fen=500_000_00) as p:
        p.loan()
        p.guaranteed(p.asked(amount_fen=150_000_00))
        application = p.under_review(p.asked(amount_fen=50_000_01))
        with pytest.raises(Conflict) as refused:
            p.decide(application, p.guarantor)
        assert refused.value.code == "bank-limit"
        p.guaranteed(p.asked(bank=p.other_bank), bank=p.other_bank)  # the other bank has its own
        p.decide(application, p.guarantor, approved_fen=50_000_00)


def test_what_waits_for_the_checker_is_not_given_back_by_a_lapse(programme: Programme) -> None:
    """A drawing that was asked for before the reservation's end never commits more than is held."""
    p = programme
    application = p.approved()
    p.draw(application, amount_fen=100_000_00, on=BEGIN)
    drawing = p.request(application, amount_fen=50_000_00, on=BEGIN)
    bystander = p.guaranteed()
    p.day(BEGIN + timedelta(days=90))
    p.lapse(application)

    with pytest.raises(Conflict) as refused:
        p.confirm(drawing)

    assert refused.value.code == "over-approved"
    assert totals(p) == (10_000_000_00, SLOT, 100_000_00)
    p.decide(bystander, p.bank)
    p.draw(bystander, amount_fen=SLOT, on=p.today)
    assert totals(p) == (10_000_000_00, 0, SLOT + 100_000_00)


def test_agreements_cover_each_day_once_and_keep_the_minimum_share(programme: Programme) -> None:
    def agree(since: date, until: date | None, share_pct: int = 20) -> Any:
        return programme.do(
            programme.guarantor.checker,
            "agreements.register",
            lambda ctx: agreements.register(
                ctx, bank_id=programme.bank.id, since=since, until=until,
                bank_share_pct=share_pct, limit_fen=None,
            ),
        )  # fmt: skip

    with pytest.raises(Conflict) as low:
        agree(date(2020, 1, 1), None, share_pct=19)
    assert low.value.code == "bank-share-below-minimum"
    assert any("代偿不低于20%" in cite for cite in low.value.cites)
    with pytest.raises(Conflict) as twice:
        agree(date(2019, 3, 1), date(2019, 7, 1))
    assert twice.value.code == "agreement-overlaps"
    with pytest.raises(Conflict) as empty:
        agree(date(2030, 1, 1), date(2018, 1, 1))
    assert empty.value.code == "period-empty"

    # The one without an end is followed from tomorrow at the earliest; days so far keep theirs.
    programme.day(date(2019, 6, 1))
    with pytest.raises(Conflict) as today:
        agree(date(2019, 6, 1), None, share_pct=30)
    assert today.value.code == "agreement-overlaps"
    agree(date(2019, 6, 2), None, share_pct=30)
    mine = select(Agreement).join(Organisation, Organisation.id == Agreement.bank_id)
    rows = programme.rows(
        mine.where(Organisation.public_id == programme.bank.id).order_by(Agreement.since)
    )
    assert [(row.since, row.until, row.bank_share_pct) for row in rows] == [
        (date(2019, 1, 1), date(2019, 6, 2), 20), (date(2019, 6, 2), None, 30),
    ]  # fmt: skip


@pytest.mark.parametrize("amount_fen", [0, -1])
def test_only_money_is_paid_in(programme: Programme, amount_fen: int) -> None:
    with pytest.raises(Conflict):
        programme.do(
            programme.guarantor.checker,
            "fund.contribute",
            lambda ctx: fund.contribute(ctx, amount_fen=amount_fen, reason=""),
        )


# --- the race for the last slot -------------------------------------------------------------------


def test_eight_reviews_at_once_reserve_the_last_slot_once(one_slot: Programme) -> None:
    with one_slot.at_once():
        waiting = [one_slot.under_review() for _ in range(THREADS)]
        for application in waiting:
            one_slot.propose(application, one_slot.guarantor.maker)
    start = Barrier(THREADS)

    def decide(application: UUID) -> str:
        start.wait()
        try:
            one_slot.agree_to(application, one_slot.guarantor.checker)
        except FuminError as refusal:
            return refusal.code
        return "reserved"

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(pool.map(decide, waiting))

    assert outcomes.count("reserved") == 1
    assert set(outcomes) <= {"reserved", "fund-capacity", "not-eligible"}
    assert totals(one_slot) == (60_000_00, SLOT, 0)
    states = one_slot.rows(select(Application.state))
    assert states.count(State.LOAN_APPROVAL) == 1
    assert states.count(State.GUARANTEE_REVIEW) == THREADS - 1


def test_two_banks_at_once_do_not_approve_one_borrower_twice(programme: Programme) -> None:
    p = programme
    with p.at_once():
        waiting = [
            p.under_review(p.asked(who=1, bank=bank, amount_fen=200_000_00), bank=bank)
            for bank in (p.bank, p.other_bank)
        ]
        for application in waiting:
            p.decide(application, p.guarantor)
            p.propose(application, p.bank_of(application).maker)
    checkers = [p.bank_of(application).checker for application in waiting]
    start = Barrier(2)

    def decide(at: int) -> str:
        start.wait()
        try:
            p.agree_to(waiting[at], checkers[at])
        except FuminError as refusal:
            return refusal.code
        return "approved"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(decide, range(2)))

    assert outcomes.count("approved") == 1
    assert p.rows(select(Application.state)).count(State.APPROVED) == 1


# --- money in and out ---------------------------------------------------------------------------


def put(p: Programme, what: str, amount_fen: int) -> Any:
    """Income, or a withdrawal."""
    command = getattr(fund, what)
    return p.do(
        p.guarantor.checker,
        f"fund.{what}",
        lambda ctx: command(ctx, amount_fen=amount_fen, reason="变动"),
    )


def test_a_withdrawal_leaves_what_the_guarantees_need_to_the_fen(one_slot: Programme) -> None:
    """300000.00 reserved need 60000.00 at five times; 60000.01 are there after the interest."""
    p = one_slot
    p.guaranteed()
    with pytest.raises(Conflict) as refused:
        put(p, "withdraw", 1)
    assert refused.value.code == "withdrawal-breaks-leverage"
    put(p, "earn", 1)
    put(p, "withdraw", 1)
    assert totals(p) == (60_000_00, SLOT, 0)
    for what in ("earn", "withdraw"):
        with pytest.raises(Conflict):
            put(p, what, 0)


def test_the_position_of_any_day_is_the_sum_of_its_entries(programme: Programme) -> None:
    p = programme
    note = p.loan(amount_fen=100_000_00)
    p.day(BEGIN + timedelta(days=10))
    put(p, "earn", 5_00)
    p.repay(note, 40_000_00, on=BEGIN + timedelta(days=5))  # known from the tenth day on
    before, after = guarantee.position(p, BEGIN + timedelta(days=9)), guarantee.position(p)
    assert (before.balance_fen, before.outstanding_fen) == (10_000_000_00, 100_000_00)
    assert (after.balance_fen, after.outstanding_fen) == (10_000_005_00, 60_000_00)
    assert (after.leverage, after.breach_fen) == ("0.01", 0)
    assert guarantee.position(p, BEGIN - timedelta(days=1)).balance_fen == 0


def test_one_borrower_s_guarantees_have_a_limit_of_their_own(programme: Programme) -> None:
    p = programme
    p.guaranteed(p.asked(who=1, amount_fen=300_000_00))
    p.guaranteed(p.asked(who=1, bank=p.other_bank, amount_fen=200_000_00), bank=p.other_bank)
    application = p.under_review(p.asked(who=1, amount_fen=1))
    with pytest.raises(Conflict) as refused:
        p.decide(application, p.guarantor)
    assert refused.value.code == "not-eligible"
    assert "单一借款人担保责任上限" in refused.value.message
    # Two reviews at once may both have been assessed before: reserving looks again.
    with pytest.raises(Conflict) as late:
        p.do(
            p.guarantor.checker,
            "applications.decide",
            lambda ctx: fund.reserve(ctx, one(ctx, Application, application), 1),
        )
    assert late.value.code == "borrower-limit"


def test_a_compensation_may_break_the_limit_and_then_nothing_new_is_accepted(
    database: Any,
) -> None:
    """100000.00 bear 500000.00. Lent are 80000.00, which the fund bears whole, and 300000.00.

    80000.00 of principal and 72 + 90 days of 80000.00 × 4.35% / 360 are 81566.00: 18434.00 are
    left, which bear 92170.00; 300000.00 are outstanding, 207830.00 too much.
    """
    with Programme.begin(database, fund_fen=100_000_00) as p:
        with p.tampering() as session:
            session.connection().exec_driver_sql("UPDATE agreement SET bank_share_pct = 0")
        with p.at_once():
            p.day(date(2019, 4, 10))
            small = p.loan(amount_fen=80_000_00, on=date(2019, 4, 10))
            p.loan(amount_fen=300_000_00, on=date(2019, 4, 10))
            guarantee.default(p, small, due_on=date(2019, 6, 20))
        payout = guarantee.compensated(p, small)
        assert p.row(Payout, payout).fund_fen == 81_566_00
        assert totals(p) == (18_434_00, 0, 300_000_00)
        now = guarantee.position(p)
        assert (now.free_fen, now.breach_fen, now.leverage) == (0, 207_830_00, "16.27")
        application = p.under_review(p.asked(bank=p.other_bank, amount_fen=1), bank=p.other_bank)
        with pytest.raises(FuminError) as refused:
            p.decide(application, p.guarantor)
        assert refused.value.code in ("fund-capacity", "not-eligible")
        with pytest.raises(Conflict):
            put(p, "withdraw", 1)
