"""What a claim is compared with: one bank's notes, earlier claims, and claims elsewhere."""

from datetime import date

import numpy as np
from sqlalchemy import update

from loans.models import Contract
from loans.parties import ID_NO
from subsidy.accrual import booked, day
from subsidy.queries import read_book
from subsidy.reconciliation import LineClass, Register
from subsidy.register import of_bank, register_of
from tests.programme import Programme
from tests.subsidy.bank_files import (
    SINCE,
    UNTIL,
    approve,
    careful_lines,
    causes_of,
    file_claim,
    lines_of,
    review,
)


def register(p: Programme, bank_id: int, since: date = UNTIL) -> Register:
    """A bank's register as it stands, for a claim from ``since`` on."""
    with p.reading() as session:
        ctx = p.installation.context(session, p.finance.maker)
        return register_of(ctx, bank_id=bank_id, since=since)[0]


def test_a_register_holds_one_bank_s_notes_and_names_nobody(quarter: Programme) -> None:
    mine = register(quarter, quarter.bank.maker.organisation_id)
    assert list(mine.notes.note_no) == ["N1", "N2", "N3", "N4"]
    assert len(set(mine.borrower)) == 4
    vault = quarter.installation.vault
    for line, key in zip(careful_lines(quarter), mine.borrower, strict=True):
        assert key == vault.index(ID_NO, line.identity).hex()
    theirs = register(quarter, quarter.other_bank.maker.organisation_id)
    assert list(theirs.notes.note_no) == ["N1"]


def test_a_cap_is_filled_over_both_banks_notes(programme: Programme) -> None:
    """A settlement that is undone leaves one person with a full loan at each bank."""
    p = programme
    first = p.loan(p.asked(who=1))
    paid = p.repay(first, 300_000_00, on=p.today)
    with p.at_once():
        abroad = p.approved(p.asked(who=1, bank=p.other_bank), bank=p.other_bank)
        p.draw(abroad, amount_fen=300_000_00, on=p.today)
    p.report(first, "reverse", movement_id=paid.public_id, reason="退票")
    earned = []
    for bank in (p.bank, p.other_bank):
        kept = register(p, bank.maker.organisation_id)
        found = booked(kept.notes, kept.events, [day(date(2019, 5, 1))])
        earned.append(int(found.subsidy_fen[0, 0]))
    assert earned == [1_087_50, 0], "the cap is filled by the earlier note, wherever it is"


def test_notes_and_events_of_a_bank_are_those_of_the_whole_book(quarter: Programme) -> None:
    p = quarter
    with p.reading() as session:
        whole = read_book(p.installation.context(session, p.finance.maker)).portfolio()
    days = [day(SINCE), day(UNTIL)]
    all_booked = booked(whole.notes, whole.events, days).subsidy_fen
    for bank in (p.bank, p.other_bank):
        bank_id = bank.maker.organisation_id
        part = of_bank(whole, bank_id)
        rows = [i for i, row in enumerate(whole.rows) if row.bank_id == bank_id]
        assert np.array_equal(booked(part.notes, part.events, days).subsidy_fen, all_booked[rows])


def test_earlier_claims_and_their_last_balances_are_known(quarter: Programme) -> None:
    bank_id = quarter.bank.maker.organisation_id
    before = register(quarter, bank_id)
    assert (before.earlier, before.last_closing_fen.tolist()) == ((), [-1] * 4)
    claim = file_claim(quarter, careful_lines(quarter))
    assert len(register(quarter, bank_id).earlier) == 4
    review(quarter, claim)
    approve(quarter, claim)
    after = register(quarter, bank_id)
    assert {(span.note_no, span.since, span.until) for span in after.earlier} == {
        ("N1", day(SINCE), day(UNTIL)), ("N2", day(SINCE), day(UNTIL)),
        ("N3", day(SINCE), day(UNTIL)), ("N4", day(date(2019, 7, 10)), day(UNTIL)),
    }  # fmt: skip
    assert after.last_closing_fen.tolist() == [300_000_00, 300_000_00, 500_000_00, 100_000_00]
    # A correction of the same quarter, or a claim after a skipped one, opens at another balance.
    for since in (SINCE, date(2019, 12, 21)):
        assert register(quarter, bank_id, since).last_closing_fen.tolist() == [-1] * 4


def test_one_loan_claimed_by_two_banks_is_paid_to_the_first(programme: Programme) -> None:
    """R07 across banks: the same borrower and contract, overlapping days."""
    p = programme
    with p.at_once():
        first = p.approved(p.asked(who=1, amount_fen=100_000_00))
        p.draw(first, amount_fen=100_000_00, on=p.today)
        asked = p.asked(who=1, bank=p.other_bank, amount_fen=100_000_00)
        second = p.approved(asked, bank=p.other_bank)
        p.draw(second, amount_fen=100_000_00, on=p.today)
        p.day(UNTIL)
    with p.tampering() as session:
        session.execute(update(Contract).values(contract_no="HT-1"))
    file_claim(p, careful_lines(p))
    again = file_claim(p, careful_lines(p, bank=p.other_bank), bank=p.other_bank)
    (line,) = lines_of(p, again)
    assert (line.line_class, line.payable_fen) == (LineClass.DUPLICATE, 0)
    (found,) = causes_of(p, again).values()
    assert set(found) == {"R07"}
