"""Back before compensation and forward again, with a payout, a recovery and its money in it."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from loans.ledger import position
from loans.models import Contract, FundEntry, FundEntryKind, Movement, Note
from loans.workflow import NoteState
from tests import guarantee as g
from tests.programme import Programme
from tests.test_migrations import down, up

BEFORE = "7d0c5f1e9a42"


@pytest.fixture
def lived(database: Any) -> Iterator[tuple[Any, Programme]]:
    """150000.00 compensated, 1.00 of it recovered; 1.00 of income."""
    with Programme.begin(database) as p:
        with p.at_once():
            p.day(date(2019, 4, 10))
            note = p.loan(amount_fen=150_000_00, on=date(2019, 4, 10))
            g.default(p, note, due_on=date(2019, 6, 20))
            payout = g.compensated(p, note)
            g.receive(p, payout, 1_00)
        totals = g.totals(p)
    assert totals == (10_000_000_00 - 122_349_00 + 80, 0, 0)
    yield database, p


def test_older_kinds_stand_for_the_newer_ones_and_no_total_changes(lived: Any) -> None:
    database, programme = lived
    down(database, BEFORE)
    up(database)
    with programme.moved(database) as p:
        assert g.totals(p) == (10_000_000_00 - 122_349_00 + 80, 0, 0)
        kinds = p.rows(select(FundEntry.kind, func.count()).group_by(FundEntry.kind))
        assert dict(kinds) == {
            FundEntryKind.CONTRIBUTION: 2,  # the recovery among them
            FundEntryKind.RESERVATION: 1,
            FundEntryKind.COMMITMENT: 1,
            FundEntryKind.RELEASE: 1,  # the compensation
        }
        (note,) = p.rows(select(Note))
        (rate_ppm,) = p.rows(select(Contract.rate_ppm))
        now = position(note.principal_fen, rate_ppm, p.rows(select(Movement)))
        assert (note.state, note.balance_fen) == (NoteState.SETTLED, 0)
        assert (now.state, now.balance_fen) == (NoteState.SETTLED, 0)
