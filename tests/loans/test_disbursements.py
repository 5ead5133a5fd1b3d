"""Drawing an approved loan: two people, within the approved amount, one contract."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from loans import disbursements
from loans.errors import Conflict, NotFound, NotPermitted
from loans.models import Contract, Disbursement, Instalment, Movement, MovementKind, Note
from loans.schedule import Method
from loans.workflow import NoteState
from tests.programme import BEGIN, Programme


def test_a_drawing_becomes_a_note_with_its_contract_and_plan(programme: Programme) -> None:
    asked = programme.asked(amount_fen=120_000_00, method=Method.EQUAL_PRINCIPAL)
    application = programme.approved(asked)
    programme.day(date(2019, 4, 10))
    note = programme.note(programme.draw(application, amount_fen=120_000_00, on=programme.today))

    assert (note.state, note.balance_fen) == (NoteState.ACTIVE, 120_000_00)
    assert (note.disbursed_on, note.matures_on) == (date(2019, 4, 10), date(2020, 4, 10))
    assert note.settlement == "due-10"
    (contract,) = programme.rows(select(Contract))
    assert (contract.signed_on, contract.principal_fen) == (BEGIN, 120_000_00)
    assert (contract.subsidy_class, contract.share_pct) == ("full", 100)
    assert (contract.guaranteed, contract.bank_share_pct) == (True, 20)
    assert contract.policy_version == programme.installation.book.version
    plan = programme.rows(select(Instalment).order_by(Instalment.no))
    assert [row.principal_fen for row in plan] == [10_000_00] * 12
    assert plan[-1].balance_after_fen == 0
    (movement,) = programme.rows(select(Movement))
    assert (movement.kind, movement.on) == (MovementKind.DISBURSED, date(2019, 4, 10))


def test_nobody_confirms_their_own_drawing(programme: Programme) -> None:
    application = programme.approved()
    drawing = programme.request(
        application, amount_fen=1, on=BEGIN, by=programme.bank.both
    )  # fmt: skip
    with pytest.raises(NotPermitted) as refused:
        programme.confirm(drawing, by=programme.bank.both)
    assert refused.value.code == "same-person"
    with pytest.raises(NotFound):
        programme.confirm(drawing, by=programme.other_bank.checker)
    programme.confirm(drawing)
    with pytest.raises(Conflict) as again:
        programme.confirm(drawing)
    assert again.value.code == "already-confirmed"


def test_all_drawings_together_stay_within_the_approved_amount(programme: Programme) -> None:
    application = programme.approved()
    programme.draw(application, amount_fen=100_000_00, on=BEGIN)
    programme.request(application, amount_fen=150_000_00, on=BEGIN)
    for amount, code in ((50_000_01, "over-approved"), (0, "amount-not-positive")):
        with pytest.raises(Conflict) as refused:
            programme.request(application, amount_fen=amount, on=BEGIN)
        assert refused.value.code == code
        assert "300000.00 元贷款" in refused.value.message, "it names the loan"
    programme.draw(application, amount_fen=50_000_00, on=BEGIN)
    assert len(programme.rows(select(Disbursement))) == 3
    assert len(programme.rows(select(Contract))) == 1


def test_nothing_is_drawn_before_the_approval_or_in_the_future(programme: Programme) -> None:
    waiting = programme.guaranteed()
    with pytest.raises(Conflict) as refused:
        programme.request(waiting, amount_fen=1, on=BEGIN)
    assert refused.value.code == "not-approved"
    programme.decide(waiting, programme.bank)
    for on, signed_on in (
        (BEGIN + timedelta(days=1), BEGIN),
        (BEGIN - timedelta(days=1), BEGIN),
        (BEGIN, BEGIN - timedelta(days=1)),
    ):
        with pytest.raises(Conflict) as days:
            programme.request(waiting, amount_fen=1, on=on, signed_on=signed_on)
        assert days.value.code == "days-out-of-order"


def test_a_later_drawing_does_not_push_the_end_of_the_subsidy(programme: Programme) -> None:
    """§2.3: first disbursement + 3 years; here the original maturity of the first note."""
    application = programme.approved(programme.asked(term_months=36))
    programme.draw(application, amount_fen=100_000_00, on=BEGIN)
    programme.day(date(2019, 5, 31))
    later = programme.note(programme.draw(application, amount_fen=1_00, on=programme.today))
    assert later.matures_on == date(2022, 5, 31)
    (contract,) = programme.rows(select(Contract))
    assert contract.subsidy_ends_on == date(2022, 4, 1)
    assert contract.first_disbursed_on == BEGIN


def test_the_contract_carries_the_bank_s_agreed_share_of_a_loss(programme: Programme) -> None:
    """9.11: above 100000.00 at least 20%; the agreement here says 20."""
    programme.loan(amount_fen=100_000_01)
    (contract,) = programme.rows(select(Contract))
    assert contract.bank_share_pct == 20
    programme.loan(programme.asked_firm())
    firm = programme.rows(select(Contract).order_by(Contract.id.desc()))[0]
    assert (firm.guaranteed, firm.bank_share_pct) == (False, 0), "9.8: a plain bank loan"


def test_a_drawing_asked_for_wrongly_is_withdrawn_and_its_number_is_free(
    programme: Programme,
) -> None:
    p = programme
    application = p.approved()
    drawing = p.request(application, amount_fen=300_000_00, on=BEGIN, note_no="JJ-1")
    with pytest.raises(Conflict) as taken:
        p.request(application, amount_fen=1, on=BEGIN, note_no="JJ-1")
    assert (taken.value.code, "JJ-1" in taken.value.message) == ("already-exists", True)
    with pytest.raises(NotFound):
        withdraw(p, drawing, by=p.other_bank.maker)
    with pytest.raises(NotPermitted, match="银行经办"):
        withdraw(p, drawing, by=p.bank.checker)

    withdraw(p, drawing, by=p.bank.maker)

    with pytest.raises(Conflict) as gone:
        p.confirm(drawing)
    assert gone.value.code == "drawing-withdrawn"
    note = p.draw(application, amount_fen=300_000_00, on=BEGIN, note_no="JJ-1")
    assert p.row(Note, note).note_no == "JJ-1"
    confirmed = p.rows(select(Disbursement.public_id).where(Disbursement.note_id.is_not(None)))
    with pytest.raises(Conflict) as late:
        withdraw(p, confirmed[0], by=p.bank.maker)
    assert late.value.code == "already-confirmed"


def withdraw(p: Programme, drawing: Any, *, by: Any) -> Any:
    return p.do(
        by,
        "disbursements.withdraw",
        lambda ctx: disbursements.withdraw(ctx, disbursement_id=drawing),
    )
