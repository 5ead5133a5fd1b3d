"""What a bank reports about a note: one movement each, the position folded anew from all."""

import contextlib
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from loans.errors import Conflict, FuminError, NotFound, NotPermitted
from loans.ledger import position, standing
from loans.models import (
    Contract,
    FundEntry,
    GuaranteeFund,
    Movement,
    MovementKind,
    Note,
    OutboxEvent,
)
from loans.workflow import NoteState
from tests.databases import Databases
from tests.programme import BEGIN, ENGINES, Programme

D = date


@pytest.fixture
def note(programme: Programme) -> UUID:
    """300000.00 from 2019-04-01 for a year, looked at in the following winter."""
    note = programme.loan()
    programme.day(D(2019, 12, 31))
    return note


def refusal(p: Programme, note: UUID, what: str, **more: Any) -> str:
    """The code with which a report is refused."""
    before = len(p.rows(select(Movement.id)))
    with pytest.raises(FuminError) as refused:
        p.report(note, what, **more)
    assert len(p.rows(select(Movement.id))) == before
    return refused.value.code


# --- repayment ------------------------------------------------------------------------------------


def test_repayments_lower_the_balance_and_the_last_one_settles(
    programme: Programme, note: UUID
) -> None:
    programme.repay(note, 100_000_00, on=D(2019, 6, 15))
    assert programme.note(note).balance_fen == 200_000_00
    programme.repay(note, 200_000_00, on=D(2019, 9, 1))
    row = programme.note(note)
    assert (row.balance_fen, row.state, row.settled_on) == (0, NoteState.SETTLED, D(2019, 9, 1))
    assert refusal(programme, note, "repay", on=D(2019, 9, 1), amount_fen=1) == "note-not-live"


def test_a_refused_movement_names_the_note_the_day_and_what_to_do(
    programme: Programme, note: UUID
) -> None:
    number = programme.note(note).note_no
    for on, fen in ((D(2019, 6, 1), 900_000_00), (D(2019, 1, 1), 1), (D(2030, 1, 1), 1)):
        with pytest.raises(Conflict) as refused:
            programme.repay(note, fen, on=on)
        said = refused.value
        assert said.message.startswith(f"借据 {number}") and str(on) in said.message
        assert "请核对" in said.message and said.details["note_no"] == number


def test_more_than_is_owed_is_refused_to_the_fen_also_backdated(
    programme: Programme, note: UUID
) -> None:
    programme.repay(note, 100_000_00, on=D(2019, 9, 1))
    for on in (D(2019, 6, 1), D(2019, 9, 1), D(2019, 12, 1)):
        code = refusal(programme, note, "repay", on=on, amount_fen=200_000_01)
        assert code == "over-repaid"
    programme.repay(note, 200_000_00, on=D(2019, 6, 1))
    assert programme.note(note).settled_on == D(2019, 9, 1), "settled when the last of it came"


@pytest.mark.parametrize("amount_fen", [0, -1])
@pytest.mark.parametrize("what", ["repay", "receive_interest"])
def test_only_money_is_received(
    programme: Programme, note: UUID, what: str, amount_fen: int
) -> None:
    code = refusal(programme, note, what, on=D(2019, 6, 1), amount_fen=amount_fen)
    assert code == "amount-not-positive"


@pytest.mark.parametrize("on", [BEGIN - timedelta(days=1), D(2020, 1, 1)])
def test_a_value_date_lies_between_the_disbursement_and_today(
    programme: Programme, note: UUID, on: date
) -> None:
    assert refusal(programme, note, "repay", on=on, amount_fen=1) == "value-date-outside"


def test_only_the_note_s_own_bank_reports(programme: Programme, note: UUID) -> None:
    more = {"on": D(2019, 6, 1), "amount_fen": 1}
    assert refusal(programme, note, "repay", by=programme.other_bank.maker, **more) == "not-found"
    with pytest.raises(NotPermitted):
        programme.report(note, "repay", by=programme.bank.checker, **more)


def test_interest_received_moves_no_principal(programme: Programme, note: UUID) -> None:
    programme.report(note, "receive_interest", on=D(2019, 6, 20), amount_fen=2_900_00)
    assert programme.note(note).balance_fen == 300_000_00


# --- rates ----------------------------------------------------------------------------------------


def test_there_is_one_rate_change_a_day(programme: Programme, note: UUID) -> None:
    first = programme.report(note, "reprice", on=D(2019, 7, 1), rate_ppm=47_500)
    more = {"on": D(2019, 7, 1), "rate_ppm": 48_000}
    assert refusal(programme, note, "reprice", **more) == "two-rate-changes"
    programme.report(note, "reprice", on=D(2019, 7, 2), rate_ppm=48_000)
    programme.report(note, "reverse", movement_id=first.public_id, reason="利率报错")
    programme.report(note, "reprice", on=D(2019, 7, 1), rate_ppm=46_000)


# --- overdue --------------------------------------------------------------------------------------


def test_an_unpaid_due_day_is_overdue_from_the_next_day_until_cured(
    programme: Programme, note: UUID
) -> None:
    programme.report(note, "mark_overdue", due_on=D(2019, 6, 20))
    assert programme.note(note).state is NoteState.OVERDUE
    (overdue,) = programme.rows(
        select(Movement.on).where(Movement.kind == MovementKind.OVERDUE_FROM)
    )
    assert overdue == D(2019, 6, 21)
    assert refusal(programme, note, "mark_overdue", due_on=D(2019, 9, 20)) == "already-overdue"
    programme.report(note, "cure", on=D(2019, 7, 5))
    assert programme.note(note).state is NoteState.ACTIVE
    assert refusal(programme, note, "cure", on=D(2019, 7, 6)) == "not-overdue"


def test_only_a_due_day_that_is_over_can_be_missed(programme: Programme, note: UUID) -> None:
    assert refusal(programme, note, "mark_overdue", due_on=D(2019, 6, 21)) == "not-a-due-day"
    young = programme.loan(on=D(2020, 1, 10))
    programme.day(D(2020, 3, 20))
    assert refusal(programme, young, "mark_overdue", due_on=D(2020, 3, 20)) == "not-yet-overdue"
    programme.day(D(2020, 3, 21))
    programme.report(young, "mark_overdue", due_on=D(2020, 3, 20))


def test_after_maturity_a_note_is_overdue_from_the_maturity_itself(programme: Programme) -> None:
    note = programme.loan(term_months=3)
    programme.day(D(2019, 7, 1))
    movement = programme.report(note, "mark_overdue", due_on=D(2019, 7, 1))
    assert movement.on == D(2019, 7, 1)


def test_full_repayment_ends_an_overdue(programme: Programme, note: UUID) -> None:
    programme.report(note, "mark_overdue", due_on=D(2019, 6, 20))
    programme.repay(note, 300_000_00, on=D(2019, 8, 1))
    assert programme.note(note).state is NoteState.SETTLED


# --- extension ------------------------------------------------------------------------------------


def test_an_extension_needs_the_bank_and_the_guarantee_company_and_comes_once(
    programme: Programme, note: UUID
) -> None:
    ask = {"until": D(2021, 4, 1), "reason": "疫情"}
    programme.report(note, "request_extension", **ask)
    assert programme.note(note).extended_to is None, "nothing changes before the other agrees"
    assert refusal(programme, note, "request_extension", **ask) == "already-extended"
    for by in (programme.bank.checker, programme.guarantor.maker, programme.finance.checker):
        with pytest.raises(NotPermitted):
            programme.report(note, "agree_extension", by=by)
    programme.report(note, "agree_extension")
    row = programme.note(note)
    assert (row.state, row.extended_to) == (NoteState.EXTENDED, D(2021, 4, 1))
    assert row.matures_on == D(2020, 4, 1), "the subsidy ends with the original maturity"
    assert refusal(programme, note, "request_extension", **ask) == "already-extended"
    assert refusal(
        programme, note, "agree_extension", by=programme.guarantor.checker
    ) == "no-extension-request"  # fmt: skip


@pytest.mark.parametrize("until", [D(2020, 4, 1), D(2021, 4, 2)])
def test_an_extension_lasts_at_least_a_day_and_at_most_a_year(
    programme: Programme, note: UUID, until: date
) -> None:
    code = refusal(programme, note, "request_extension", until=until, reason="")
    assert code == "extension-too-long"


def test_a_loan_without_a_guarantee_is_extended_by_the_bank_alone_but_by_two_people(
    programme: Programme,
) -> None:
    note = programme.loan(programme.asked_firm())
    by = programme.bank.both
    programme.report(note, "request_extension", by=by, until=D(2020, 5, 1), reason="")
    assert refusal(programme, note, "agree_extension", by=by) == "same-person"
    assert refusal(programme, note, "agree_extension") == "wrong-institution"
    programme.report(note, "agree_extension", by=programme.bank.checker)
    assert programme.note(note).extended_to == D(2020, 5, 1)


# --- stops and flags ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("deregistered", MovementKind.SUBSIDY_STOPPED),
        ("other_employment", MovementKind.SUBSIDY_STOPPED),
        ("misuse", MovementKind.SUBSIDY_STOPPED),
        ("legal_representative", MovementKind.FLAGGED),
    ],
)
def test_an_event_stops_the_subsidy_where_its_switch_says_so(
    programme: Programme, note: UUID, reason: str, kind: MovementKind
) -> None:
    by = programme.guarantor.maker
    movement = programme.report(note, "stop_subsidy", by=by, on=D(2019, 8, 1), reason=reason)
    assert (movement.kind, movement.reason) == (kind, reason)
    assert programme.note(note).state is NoteState.ACTIVE


# --- reversal -------------------------------------------------------------------------------------


def test_a_wrong_report_is_undone_once_by_another_person(programme: Programme, note: UUID) -> None:
    wrong = programme.report(
        note, "repay", by=programme.bank.both, on=D(2019, 6, 1), amount_fen=300_000_00
    )
    undo = {"movement_id": wrong.public_id, "reason": "记错借据"}
    assert refusal(programme, note, "reverse", by=programme.bank.both, **undo) == "same-person"
    programme.report(note, "reverse", **undo)
    row = programme.note(note)
    assert (row.balance_fen, row.state, row.settled_on) == (300_000_00, NoteState.ACTIVE, None)
    assert refusal(programme, note, "reverse", **undo) == "already-reversed"
    assert len(programme.rows(select(Movement.id))) == 3, "both stay on record"


def test_neither_a_disbursement_nor_a_reversal_is_undone(programme: Programme, note: UUID) -> None:
    wrong = programme.repay(note, 1, on=D(2019, 6, 1))
    undone = programme.report(note, "reverse", movement_id=wrong.public_id, reason="")
    (drawn,) = programme.rows(select(Movement).where(Movement.kind == MovementKind.DISBURSED))
    for movement in (undone, drawn):
        more = {"movement_id": movement.public_id, "reason": ""}
        assert refusal(programme, note, "reverse", **more) == "not-reversible"
    more = {"movement_id": UUID(int=5, version=4), "reason": ""}
    assert refusal(programme, note, "reverse", **more) == "not-found"


def test_a_reversal_that_leaves_something_impossible_is_refused(
    programme: Programme, note: UUID
) -> None:
    overdue = programme.report(note, "mark_overdue", due_on=D(2019, 6, 20))
    programme.report(note, "cure", on=D(2019, 7, 5))
    more = {"movement_id": overdue.public_id, "reason": ""}
    assert refusal(programme, note, "reverse", **more) == "not-overdue"


def test_a_reversed_settlement_takes_the_guarantee_up_again(
    programme: Programme, note: UUID
) -> None:
    paid = programme.repay(note, 300_000_00, on=D(2019, 6, 1))
    (fund,) = programme.rows(select(GuaranteeFund))
    assert fund.outstanding_fen == 0
    programme.report(note, "reverse", movement_id=paid.public_id, reason="退票")
    (fund,) = programme.rows(select(GuaranteeFund))
    assert fund.outstanding_fen == 300_000_00


def test_every_report_tells_the_bank_and_changes_the_version(
    programme: Programme, note: UUID
) -> None:
    before = programme.note(note).version
    programme.repay(note, 1_00, on=D(2019, 6, 1))
    assert programme.note(note).version == before + 1
    newest = programme.rows(select(OutboxEvent).order_by(OutboxEvent.id.desc()))[0]
    assert newest.topic == "note.principal_repaid"
    assert newest.payload == {"note": str(note), "on": "2019-06-01", "amount": "1.00"}
    assert newest.organisation_id == programme.bank.maker.organisation_id


# --- any history ----------------------------------------------------------------------------------

DAYS = st.integers(0, 300).map(lambda n: BEGIN + timedelta(days=n))
REPORTS = st.one_of(
    st.tuples(st.just("repay"), DAYS, st.sampled_from([1, 50_000_00, 100_000_00, 300_000_00])),
    st.tuples(st.just("receive_interest"), DAYS, st.integers(1, 5_000_00)),
    st.tuples(st.just("reprice"), DAYS, st.sampled_from([0, 40_000, 60_000])),
    st.tuples(
        st.just("mark_overdue"), st.sampled_from([D(2019, 6, 20), D(2019, 9, 20)]), st.none()
    ),
    st.tuples(st.just("cure"), DAYS, st.none()),
    st.tuples(st.just("reverse"), st.none(), st.integers(0, 7)),
)


def _tried(p: Programme, note: UUID, what: str, on: Any, value: Any) -> None:
    """Send one report; a refused one changes nothing."""
    more: dict[str, Any] = {
        "repay": {"on": on, "amount_fen": value},
        "receive_interest": {"on": on, "amount_fen": value},
        "reprice": {"on": on, "rate_ppm": value},
        "mark_overdue": {"due_on": on},
        "cure": {"on": on},
        "reverse": {"reason": "", "movement_id": None},
    }[what]
    if what == "reverse":
        ids = p.rows(select(Movement.public_id).order_by(Movement.id))
        more["movement_id"] = ids[value % len(ids)]
    with contextlib.suppress(FuminError):
        p.report(note, what, **more)


@pytest.mark.parametrize("kind", ENGINES)
def test_whatever_is_reported_the_balance_is_the_fold_of_the_movements_and_the_fund_follows(
    databases: Databases, kind: str
) -> None:
    with databases.fresh(kind) as database, Programme.begin(database) as p:

        @settings(max_examples=12)
        @given(st.lists(REPORTS, max_size=10))
        def history(reports: list[Any]) -> None:
            with p.rehearsed():
                note = p.loan()
                p.day(BEGIN + timedelta(days=300))
                for report in reports:
                    _tried(p, note, *report)
                _check(p, note)

        history()


def _check(p: Programme, note: UUID) -> None:
    row = p.row(Note, note)
    movements = p.rows(select(Movement).where(Movement.note_id == row.id).order_by(Movement.id))
    (rate_ppm,) = p.rows(select(Contract.rate_ppm).where(Contract.id == row.contract_id))
    now = position(row.principal_fen, rate_ppm, movements)
    repaid = [m for m in standing(movements) if m.kind is MovementKind.PRINCIPAL_REPAID]
    assert row.balance_fen == now.balance_fen == row.principal_fen - sum(
        m.amount_fen for m in repaid
    )  # fmt: skip
    assert (row.state, row.settled_on) == (now.state, now.settled_on)
    assert 0 <= row.balance_fen <= row.principal_fen
    assert (row.balance_fen == 0) == (row.state is NoteState.SETTLED)
    (fund,) = p.rows(select(GuaranteeFund))
    assert fund.outstanding_fen == row.balance_fen
    (entered,) = p.rows(select(func.sum(FundEntry.outstanding_fen)))
    assert int(entered) == fund.outstanding_fen


def test_a_missing_note_is_not_found(programme: Programme) -> None:
    with pytest.raises(NotFound):
        programme.repay(UUID(int=3, version=4), 1, on=BEGIN)
