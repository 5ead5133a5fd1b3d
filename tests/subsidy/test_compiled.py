"""The optional extra ``speed``: compiled lines are the core's lines, to the fen."""

from datetime import date
from random import Random

import numpy as np
import pytest

from loans.errors import Conflict
from subsidy import accrual, compiled
from subsidy.accrual import Event, Events, Note, Notes, day
from tests.subsidy import oracle
from tests.subsidy.nasty import columns, nasty_loan

MONTHS = [date(2019 + month // 12, month % 12 + 1, 1) for month in range(9, 36)]


@pytest.mark.parametrize("seed", range(4))
def test_compiled_lines_of_nasty_notes_are_the_cores_lines(seed):
    random = Random(1_000 + seed)
    notes, events = columns(nasty_loan(random) for _ in range(2_500))
    cuts = sorted(random.sample(range(day(date(2019, 10, 1)), day(date(2021, 12, 1))), 20))

    expected, found = accrual.accrue(notes, events, cuts), compiled.accrue(notes, events, cuts)

    assert (found.interest_fen == expected.interest_fen).all()
    assert (found.subsidy_fen == expected.subsidy_fen).all()


def test_a_benchmark_is_bounded_even_where_it_would_pay_the_interest_on_everything():
    """8% on 100000.00 is 4% on 200000.00; owed is 4% on 100000.00: 1022.22 for 92 days."""
    notes = Notes.of([
        Note(
            note_no="A", principal_fen=200_000_00, disbursed_on=date(2019, 6, 21),
            matures_on=date(2020, 6, 21), rate_ppm=40_000, share_pct=100,
            subsidised_fen=100_000_00, benchmark_ppm=80_000,
        )
    ])  # fmt: skip
    cuts = [day(date(2019, 6, 21)), day(date(2019, 9, 21))]

    for accrue in (accrual.accrue, compiled.accrue):
        lines = accrue(notes, Events.of(notes, []), cuts)
        assert lines.interest_fen.tolist() == [[2_044_44]]
        assert lines.subsidy_fen.tolist() == [[1_022_22]]


def test_compiled_lines_match_the_oracle():
    random = Random(5)
    loans = [nasty_loan(random) for _ in range(300)]

    lines = compiled.accrue(*columns(loans), [day(on) for on in MONTHS], threads=3)

    for i, loan in enumerate(loans):
        at = oracle.booked(loan, MONTHS)
        expected = np.diff([at[on] for on in MONTHS], axis=0)
        assert lines.interest_fen[i].tolist() == expected[:, 0].tolist(), loan
        assert lines.subsidy_fen[i].tolist() == expected[:, 1].tolist(), loan


def test_the_same_notes_are_refused():
    note = Note(
        note_no="澄-7",
        principal_fen=100,
        disbursed_on=date(2020, 1, 1),
        matures_on=date(2021, 1, 1),
        rate_ppm=43_500,
        share_pct=50,
    )
    notes = Notes.of([note])
    repaid = Event(note_no="澄-7", on=date(2020, 5, 1), kind=accrual.PRINCIPAL_REPAID, value=101)

    with pytest.raises(Conflict, match="澄-7"):
        compiled.accrue(notes, Events.of(notes, [repaid]), [18_262, 18_600])
