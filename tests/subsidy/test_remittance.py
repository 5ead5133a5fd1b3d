"""拨付: an approved claim is paid once, by two people, from two ledgers that agree to the fen."""

import csv
import hashlib
import io
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from loans.errors import Conflict, NotPermitted
from loans.models import OutboxEvent
from loans.money import fen_to_yuan
from subsidy.models import Claim, EntryKind, Remittance, RemittanceState, SubsidyEntry
from tests.programme import Programme
from tests.subsidy.bank_files import (
    approve,
    careful_lines,
    confirm,
    file_claim,
    order,
    replace_claimed,
    review,
)


@pytest.fixture
def claim(quarter: Programme) -> Claim:
    """An approved claim of four lines."""
    filed = file_claim(quarter, careful_lines(quarter))
    review(quarter, filed)
    return approve(quarter, filed)


def ledger(p: Programme, kind: EntryKind) -> list[tuple[Any, ...]]:
    """One ledger by claim line: amount and its three levels."""
    entry = SubsidyEntry
    columns = (entry.claim_line_id, entry.amount_fen, entry.central_fen, entry.provincial_fen,
               entry.city_fen)  # fmt: skip
    return p.rows(select(*columns).where(entry.kind == kind).order_by(entry.claim_line_id))


def test_what_is_paid_is_what_was_payable_line_by_line(quarter: Programme, claim: Claim) -> None:
    ordered = order(quarter, claim)
    assert (ordered.state, ordered.amount_fen) == (RemittanceState.ORDERED, claim.payable_fen)
    assert ledger(quarter, EntryKind.PAID) == [], "ordered is not paid"

    paid = confirm(quarter, ordered)

    assert (paid.state, paid.paid_on, paid.reference) == (
        RemittanceState.PAID, quarter.today, "国库 1",
    )  # fmt: skip
    payable = ledger(quarter, EntryKind.PAYABLE)
    assert ledger(quarter, EntryKind.PAID) == payable
    assert len(payable) == 4
    assert sum(row[1] for row in payable) == claim.payable_fen
    newest = quarter.rows(select(OutboxEvent).order_by(OutboxEvent.id.desc()))[0]
    assert newest.payload["amount"] == fen_to_yuan(claim.payable_fen)
    assert newest.organisation_id == claim.bank_id


def test_the_funding_levels_sum_to_every_amount(quarter: Programme, claim: Claim) -> None:
    for _, amount, central, provincial, city in ledger(quarter, EntryKind.PAYABLE):
        assert central + provincial + city == amount
    ordered = order(quarter, claim)
    assert sum(ordered.funding.values()) == ordered.amount_fen
    (sums,) = quarter.rows(
        select(
            func.sum(SubsidyEntry.central_fen),
            func.sum(SubsidyEntry.provincial_fen),
            func.sum(SubsidyEntry.city_fen),
        ).where(SubsidyEntry.kind == EntryKind.PAYABLE)
    )
    assert tuple(ordered.funding.values()) == tuple(map(int, sums))


def test_the_payment_list_names_every_line_and_its_digest_is_kept(
    quarter: Programme, claim: Claim
) -> None:
    ordered = order(quarter, claim)
    assert ordered.sha256 == hashlib.sha256(ordered.file).hexdigest()
    header, *rows = csv.reader(io.StringIO(ordered.file.decode("utf-8-sig")))
    assert header[0] == "借据号"
    assert [row[0] for row in rows] == ["N1", "N2", "N3", "N4"]
    yuan = [f"{line.claimed_fen / 100:.2f}" for line in careful_lines(quarter)]
    assert [row[-1] for row in rows] == yuan


def test_the_same_person_neither_orders_and_confirms_nor_pays_twice(
    quarter: Programme, claim: Claim
) -> None:
    ordered = order(quarter, claim, by=quarter.finance.both)
    with pytest.raises(NotPermitted) as same:
        confirm(quarter, ordered, by=quarter.finance.both)
    assert same.value.code == "same-person"
    with pytest.raises(Conflict) as again:
        order(quarter, claim)
    assert again.value.code == "already-remitted"
    confirm(quarter, ordered)
    with pytest.raises(Conflict) as twice:
        confirm(quarter, ordered)
    assert twice.value.code == "already-paid"
    assert len(quarter.rows(select(Remittance.id))) == 1
    assert len(ledger(quarter, EntryKind.PAID)) == 4


def test_it_is_paid_between_the_order_and_today(quarter: Programme, claim: Claim) -> None:
    ordered = order(quarter, claim)
    for days in (-1, 1):
        with pytest.raises(Conflict) as refused:
            confirm(quarter, ordered, paid_on=quarter.today + timedelta(days=days))
        assert refused.value.code == "paid-day-outside"


def test_only_an_approved_claim_with_something_to_pay_is_remitted(quarter: Programme) -> None:
    filed = file_claim(quarter, replace_claimed(careful_lines(quarter), 0))
    review(quarter, filed)
    with pytest.raises(Conflict) as early:
        order(quarter, filed)
    assert early.value.code == "claim-not-approved"
    approve(quarter, filed)
    with pytest.raises(Conflict) as nothing:
        order(quarter, filed)
    assert nothing.value.code == "nothing-payable"
    with pytest.raises(NotPermitted):
        order(quarter, filed, by=quarter.bank.maker)
