"""代偿: from the default to the payment by shares, every figure by hand."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from loans.errors import Conflict, FuminError
from loans.models import FundEntry, FundEntryKind, Movement, MovementKind, Payout, PayoutState
from loans.payouts import Ground
from loans.schedule import Method
from loans.workflow import NoteState
from tests import guarantee as g
from tests.programme import Programme

DUE = date(2019, 6, 20)  # the first settlement day of a loan of 2019-04-10
PAYMENT = DUE + timedelta(days=91)  # 2019-09-19


@pytest.fixture
def note(programme: Programme):
    """150000.00 at 4.35% from 2019-04-10 for a year; not a fen was ever paid."""
    programme.day(date(2019, 4, 10))
    return programme.loan(amount_fen=150_000_00, on=date(2019, 4, 10))


def refusal(call, *args, **more) -> str:
    with pytest.raises(FuminError) as refused:
        call(*args, **more)
    return refused.value.code


def test_a_payout_by_hand(programme, note):
    """150000.00 × 4.35% / 360 = 18.125 a day.

    72 days to 20 June: 1305.00; 90 days to 18 September (the 19th does not count): 1631.25.
    Compensated 152936.25; the bank 20% rounded up 30587.25, the fund 122349.00.
    """
    p = programme
    g.default(p, note, due_on=DUE)
    payout = g.request(p, note)
    assert p.note(note).state is NoteState.PAYOUT_REQUESTED
    g.examine(p, payout)
    g.decide(p, payout)
    g.pay(p, payout)

    row = p.row(Payout, payout)
    assert (row.state, row.paid_on, row.due_on, row.days_past_due) == (
        PayoutState.PAID, PAYMENT, DUE, 91,
    )  # fmt: skip
    assert (row.principal_fen, row.interest_fen, row.compensated_fen) == (
        150_000_00, 2_936_25, 152_936_25,
    )  # fmt: skip
    assert (row.bank_fen, row.fund_fen) == (30_587_25, 122_349_00)
    assert [item["held"] for item in row.evidence] == [True] * 6
    after = p.note(note)
    assert (after.state, after.balance_fen) == (NoteState.COMPENSATED, 0)
    assert g.totals(p) == (10_000_000_00 - 122_349_00, 0, 0)
    stopped = p.rows(select(Movement).where(Movement.kind == MovementKind.SUBSIDY_STOPPED))
    assert [(m.reason, m.on) for m in stopped] == [("compensation", PAYMENT)]
    (entry,) = p.rows(select(FundEntry).where(FundEntry.kind == FundEntryKind.COMPENSATION))
    assert (entry.balance_fen, entry.outstanding_fen) == (-122_349_00, -150_000_00)


def test_what_was_paid_before_lowers_the_payout(programme, note):
    p = programme
    g.default(p, note, due_on=DUE)
    p.report(note, "receive_interest", on=date(2019, 7, 1), amount_fen=1_000_00)
    payout = g.request(p, note)
    p.repay(note, 50_000_00, on=date(2019, 8, 1))  # still possible while the request is examined
    g.examine(p, payout)
    g.decide(p, payout)
    g.pay(p, payout)
    row = p.row(Payout, payout)
    # 41 days to 31 July at 18.125, 49 from 1 August at 12.08333…: 743.125 + 592.08333 = 1335.21
    assert (row.principal_fen, row.interest_fen) == (100_000_00, 1_305_00 + 1_335_21 - 1_000_00)
    # the contract's principal decides on the 20%, not the balance
    assert row.bank_fen == -(-row.compensated_fen * 20 // 100)
    assert g.totals(p)[2] == 0


@pytest.mark.parametrize(
    ("principal_fen", "pct"), [(99_999_99, 0), (100_000_00, 0), (100_000_01, 20)]
)
def test_the_contract_s_principal_decides_on_the_minimum(databases, principal_fen, pct):
    """A bank without a share of its own bears 20% from one fen above 100000.00 on."""
    with databases.fresh("sqlite") as database, Programme.begin(database) as p:
        with p.tampering() as session:
            session.connection().exec_driver_sql("UPDATE agreement SET bank_share_pct = 0")
        p.day(date(2019, 4, 10))
        note = p.loan(amount_fen=principal_fen, on=date(2019, 4, 10))
        g.default(p, note, due_on=DUE)
        row = p.row(Payout, g.compensated(p, note))
        assert row.bank_share_pct == pct
        assert row.bank_fen == -(-row.compensated_fen * pct // 100)
        assert row.bank_fen + row.fund_fen == row.compensated_fen


def test_an_agreement_may_leave_out_interest_and_wait_less(databases):
    with databases.fresh("sqlite") as database, Programme.begin(database) as p:
        with p.tampering() as session:
            session.connection().exec_driver_sql(
                "UPDATE agreement SET compensates_interest = false, waiting_days = 60"
            )
        p.day(date(2019, 4, 10))
        note = p.loan(amount_fen=150_000_00, on=date(2019, 4, 10))
        g.default(p, note, due_on=DUE, waited=59)
        assert refusal(g.request, p, note) == "payout-too-early"
        p.day(DUE + timedelta(days=60))
        row = p.row(Payout, g.compensated(p, note))
        assert (row.interest_fen, row.compensated_fen) == (0, 150_000_00)


# --- what is refused ------------------------------------------------------------------------------


def test_a_day_too_early_is_refused_with_the_first_possible_day(programme, note):
    g.default(programme, note, due_on=DUE, waited=90)
    with pytest.raises(Conflict) as refused:
        g.request(programme, note)
    assert refused.value.code == "payout-too-early"
    assert refused.value.details == {"earliest": "2019-09-19"}
    assert programme.note(note).state is NoteState.OVERDUE


def test_only_a_real_default_can_be_asked_for(programme, note):
    p = programme
    p.day(date(2019, 12, 1))
    assert refusal(g.request, p, note, due_on=date(2019, 7, 1)) == "nothing-overdue"
    g.file_documents(p, note)
    assert refusal(g.request, p, note) == "evidence-missing"  # nobody dunned
    for item in ("dunning_bank", "dunning_guarantor"):
        assert refusal(g.request, p, note, explanations=((item, "失联"),)) == "evidence-missing"
    explained = (("dunning_bank", "失联"), ("dunning_guarantor", "失联"))
    # the bank has not reported the note overdue
    assert refusal(g.request, p, note, explanations=explained) == "note-action-not-in-state"
    p.report(note, "mark_overdue", due_on=DUE)
    payout = g.request(p, note, explanations=explained)
    shown = {item["code"]: item for item in p.row(Payout, payout).evidence}
    assert (shown["dunning_bank"]["held"], shown["dunning_bank"]["explanation"]) == (False, "失联")
    assert "2019-06-21 起 30 天" in shown["dunning_bank"]["detail"]
    assert refusal(g.request, p, note, explanations=explained) == "note-action-not-in-state"


def test_a_refusal_needs_a_coded_ground_and_makes_the_note_overdue_again(programme, note):
    p = programme
    g.default(p, note, due_on=DUE)
    payout = g.request(p, note)
    assert refusal(g.examine, p, payout, passes=False) == "ground-needed"
    unknown, unfit = Ground(code="mood"), Ground(code="repaid", amount_fen=1)
    assert refusal(g.examine, p, payout, passes=False, grounds=(unknown,)) == "no-such-ground"
    assert refusal(g.examine, p, payout, grounds=(unfit,)) == "ground-does-not-fit"
    assert (
        refusal(g.examine, p, payout, grounds=(Ground(code="dunning_missing"),))
        == "ground-does-not-fit"
    )
    g.examine(p, payout, passes=False, grounds=(Ground(code="dunning_missing", reason="一次"),))
    g.decide(p, payout)
    row = p.row(Payout, payout)
    assert row.state is PayoutState.REFUSED
    assert "积极催收" in row.grounds[0]["cites"][0]
    assert p.note(note).state is NoteState.OVERDUE
    assert g.totals(p)[2] == 150_000_00
    g.compensated(p, note)  # and may be asked for again


def test_a_reduction_lowers_what_both_pay(programme, note):
    p = programme
    g.default(p, note, due_on=DUE)
    payout = g.request(p, note)
    too_much = Ground(code="not_diligent", amount_fen=200_000_00)
    assert refusal(g.examine, p, payout, grounds=(too_much,)) == "reduced-too-much"
    g.examine(p, payout, grounds=(Ground(code="not_diligent", amount_fen=2_936_25),))
    g.decide(p, payout)
    row = g.pay(p, payout)
    assert (row.reduced_fen, row.compensated_fen) == (2_936_25, 150_000_00)
    assert (row.bank_fen, row.fund_fen) == (30_000_00, 120_000_00)
    assert p.note(note).balance_fen == 0


def test_two_people_decide_on_what_was_examined(programme, note):
    p = programme
    g.default(p, note, due_on=DUE)
    payout = g.request(p, note)
    g.examine(p, payout, by=p.guarantor.both)
    assert refusal(g.decide, p, payout, by=p.guarantor.both) == "same-person"
    p.repay(note, 1, on=PAYMENT)  # one fen, and the examination is void
    assert refusal(g.decide, p, payout) == "content-changed"
    g.examine(p, payout)
    g.decide(p, payout, agree=False)
    assert p.row(Payout, payout).state is PayoutState.REQUESTED
    g.examine(p, payout)
    g.decide(p, payout, by=p.guarantor.both)
    assert refusal(g.pay, p, payout, by=p.guarantor.both) == "same-person"
    g.pay(p, payout)
    assert refusal(g.pay, p, payout) == "payout-not-in-state"


def test_a_note_repaid_in_the_meantime_is_settled_and_the_request_refused(programme, note):
    p = programme
    g.default(p, note, due_on=DUE)
    payout = g.request(p, note)
    p.repay(note, 150_000_00, on=PAYMENT)
    assert p.note(note).state is NoteState.SETTLED
    g.examine(p, payout, passes=False, grounds=(Ground(code="repaid"),))
    g.decide(p, payout)
    assert p.note(note).state is NoteState.SETTLED
    assert g.totals(p) == (10_000_000_00, 0, 0)


def test_a_default_made_good_since_the_request_can_only_be_refused(programme, note):
    """The due day it rests on is paid; the next one, unpaid too, has not waited long enough."""
    p = programme
    g.default(p, note, due_on=DUE)
    payout = g.request(p, note)
    g.examine(p, payout)
    p.report(note, "receive_interest", on=PAYMENT, amount_fen=1_305_00)  # 72 days at 18.125
    assert refusal(g.decide, p, payout) == "content-changed"
    assert refusal(g.examine, p, payout) == "nothing-overdue"
    g.examine(p, payout, passes=False, grounds=(Ground(code="repaid"),))
    g.decide(p, payout)
    assert refusal(g.request, p, note) == "nothing-overdue"
    assert g.totals(p) == (10_000_000_00, 0, 150_000_00)
    # Reported late: all had come back before the request, which was refused and forbids nothing.
    p.repay(note, 150_000_00, on=date(2019, 8, 1))
    assert (p.note(note).state, p.note(note).settled_on) == (NoteState.SETTLED, date(2019, 8, 1))


def test_after_a_payout_the_note_is_closed_to_the_bank(programme):
    p = programme
    p.day(date(2019, 4, 10))
    application = p.approved(p.asked(amount_fen=200_000_00, method=Method.BULLET))
    note = p.draw(application, amount_fen=150_000_00, on=date(2019, 4, 10))
    repaid = p.repay(note, 1_00, on=date(2019, 4, 11)) if p.today > date(2019, 4, 10) else None
    assert repaid is None
    drawing = p.request(application, amount_fen=1_00, on=date(2019, 4, 10))
    g.default(p, note, due_on=DUE)
    g.compensated(p, note)
    on = p.today
    assert refusal(p.repay, note, 1, on=on) == "note-not-live"
    assert refusal(p.report, note, "receive_interest", on=on, amount_fen=1) == "note-not-live"
    for movement in p.rows(select(Movement.public_id)):
        assert refusal(p.report, note, "reverse", movement_id=movement, reason="误") == (
            "note-not-live"
        )
    assert refusal(p.confirm, drawing) == "loan-in-default"
    assert (
        refusal(p.request, application, amount_fen=1_00, on=on, note_no="JJ-X") == "loan-in-default"
    )


def test_a_fund_without_the_money_cannot_pay(databases):
    with databases.fresh("sqlite") as database, Programme.begin(database, fund_fen=30_000_00) as p:
        p.day(date(2019, 4, 10))
        note = p.loan(amount_fen=150_000_00, on=date(2019, 4, 10))
        g.default(p, note, due_on=DUE)
        payout = g.request(p, note)
        g.examine(p, payout)
        g.decide(p, payout)
        assert refusal(g.pay, p, payout) == "fund-short"
        assert p.note(note).state is NoteState.PAYOUT_REQUESTED
