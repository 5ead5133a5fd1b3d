"""追偿: costs first, the rest in the paid proportion, to the fen, and undone as it was done."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from loans.errors import FuminError
from loans.models import FundEntry, FundEntryKind, Note, Payout, PayoutState
from loans.workflow import NoteState
from tests import guarantee as g
from tests.programme import Programme

DUE = date(2019, 6, 20)


@pytest.fixture
def payout(programme: Programme):
    """150000.00: compensated 152936.25, of which the bank 30587.25 and the fund 122349.00."""
    p = programme
    with p.at_once():
        p.day(date(2019, 4, 10))
        note = p.loan(amount_fen=150_000_00, on=date(2019, 4, 10))
        g.default(p, note, due_on=DUE)
        return g.compensated(p, note)


def refusal(call, *args, **more) -> str:
    with pytest.raises(FuminError) as refused:
        call(*args, **more)
    return refused.value.code


def shares(p, payout):
    found = g.account(p, payout)
    return found.bank_fen, found.fund_fen


def test_fen_by_fen_the_sums_are_those_of_one_receipt(programme, payout):
    """The first fens go to the fund (80%), the third to the bank (20% of 3 is 0.6)."""
    p = programme
    seen = []
    for _ in range(5):
        g.receive(p, payout, 1)
        seen.append(shares(p, payout))
    assert seen == [(0, 1), (0, 2), (1, 2), (1, 3), (1, 4)]
    assert g.totals(p)[0] == 10_000_000_00 - 122_349_00 + 4


def test_costs_come_first_and_what_is_left_over_is_the_borrower_s(programme, payout):
    p = programme
    g.cost(p, payout, 1_000_00)
    first = g.receive(p, payout, 600_00)
    assert (first.costs_fen, first.bank_fen, first.fund_fen) == (-600_00, 0, 0)
    second = g.receive(p, payout, 500_00)
    assert (second.costs_fen, second.bank_fen, second.fund_fen) == (-400_00, 20_00, 80_00)
    last = g.receive(p, payout, 152_936_25)  # 152836.25 are still owed
    assert (last.bank_fen, last.fund_fen, last.surplus_fen) == (30_567_25, 122_269_00, 100_00)
    assert p.row(Payout, payout).state is PayoutState.CLOSED
    assert shares(p, payout) == (30_587_25, 122_349_00)
    assert g.totals(p) == (10_000_000_00, 0, 0)
    assert refusal(g.receive, p, payout, 1) == "nothing-to-recover"


def test_a_reversal_undoes_an_entry_once_by_a_second_person(programme, payout):
    p = programme
    spent = g.cost(p, payout, 10_00)
    wrong = g.receive(p, payout, 100_00, by=p.bank.both)
    before = g.totals(p)
    assert refusal(g.reverse, p, payout, wrong.public_id, by=p.bank.both) == "same-person"
    assert refusal(g.reverse, p, payout, spent.public_id) == "cost-repaid"
    undone = g.reverse(p, payout, wrong.public_id)
    assert refusal(g.reverse, p, payout, wrong.public_id) == "already-reversed"
    assert refusal(g.reverse, p, payout, undone.public_id) == "already-reversed"
    assert shares(p, payout) == (0, 0)
    assert g.account(p, payout).costs_fen == 10_00
    assert g.totals(p)[0] == before[0] - wrong.fund_fen
    g.reverse(p, payout, spent.public_id, by=p.guarantor.checker)
    assert g.account(p, payout).costs_fen == 0


def test_a_reversal_of_all_reopens_a_closed_payout(programme, payout):
    p = programme
    whole = g.receive(p, payout, 152_936_25)
    assert p.row(Payout, payout).state is PayoutState.CLOSED
    g.reverse(p, payout, whole.public_id)
    assert p.row(Payout, payout).state is PayoutState.PAID


def test_a_cost_reopens_a_closed_payout_and_what_repays_it_closes_it(programme, payout):
    p = programme
    g.receive(p, payout, 152_936_25)
    g.cost(p, payout, 10_00)
    assert p.row(Payout, payout).state is PayoutState.PAID
    g.receive(p, payout, 10_00)
    assert p.row(Payout, payout).state is PayoutState.CLOSED


def test_a_receipt_on_which_a_later_surplus_rests_is_undone_after_it(programme, payout):
    """Undone alone, 100000.00 would be owed to the payers while 47063.75 went to the borrower."""
    p = programme
    first = g.receive(p, payout, 100_000_00)
    last = g.receive(p, payout, 100_000_00)
    assert last.surplus_fen == 47_063_75
    before = g.totals(p)
    assert refusal(g.reverse, p, payout, first.public_id) == "surplus-rests-on-it"
    assert g.totals(p) == before
    g.reverse(p, payout, last.public_id)
    g.reverse(p, payout, first.public_id)
    whole = g.receive(p, payout, 100_000_00)
    assert (whole.bank_fen + whole.fund_fen, whole.surplus_fen) == (100_000_00, 0)


def test_a_write_off_keeps_the_claim_and_frees_nothing(programme, payout):
    p = programme
    before = g.totals(p)
    entries = p.rows(select(func.count(FundEntry.id)))
    g.write_off(p, payout)
    assert (g.totals(p), p.rows(select(func.count(FundEntry.id)))) == (before, entries)
    row = p.row(Payout, payout)
    assert row.state is PayoutState.WRITTEN_OFF
    g.receive(p, payout, 5)  # years later something comes in
    assert shares(p, payout) == (1, 4)
    (entry,) = p.rows(select(FundEntry).where(FundEntry.kind == FundEntryKind.RECOVERY))
    assert (entry.balance_fen, entry.outstanding_fen) == (4, 0)
    (note,) = {p.note(key).state for key in p.rows(select(Note.public_id))}
    assert note is NoteState.WRITTEN_OFF
    assert refusal(g.write_off, p, payout) == "payout-not-in-state"


def test_nothing_is_recovered_before_the_payment(programme):
    p = programme
    p.day(date(2019, 4, 10))
    note = p.loan(amount_fen=150_000_00, on=date(2019, 4, 10))
    g.default(p, note, due_on=DUE)
    payout = g.request(p, note)
    assert refusal(g.receive, p, payout, 1) == "payout-not-in-state"
    g.examine(p, payout)
    g.decide(p, payout)
    g.pay(p, payout)
    p.day(p.today + timedelta(days=1))
    early = DUE
    with pytest.raises(FuminError) as refused:
        p.do(
            p.bank.maker,
            "recoveries.receive",
            lambda ctx: g.recoveries.receive(ctx, payout_id=payout, on=early, amount_fen=1),
        )
    assert refused.value.code == "value-date-outside"
