"""A portfolio carried to a settlement day earns what its whole history would."""

from datetime import date
from random import Random

import numpy as np
import pytest

from subsidy.accrual import AT_MATURITY, Event, Events, Note, Notes, accrue, day
from subsidy.carried import carried
from tests.subsidy.nasty import columns, nasty_loan

SETTLED_ON = date(2020, 3, 21)


@pytest.mark.parametrize("seed", range(3))
def test_lines_from_the_settlement_day_on_are_the_same(seed):
    random = Random(2_000 + seed)
    loans = [nasty_loan(random) for _ in range(1_500)]
    for loan in loans:
        loan.settlement = random.choice(["quarterly-20", "monthly-20", "due-21"])
    notes, events = columns(loans)
    cuts = [day(on) for on in (SETTLED_ON, date(2020, 4, 1), date(2020, 5, 1), date(2021, 1, 1))]

    expected = accrue(notes, events, cuts)
    standing, to_come = carried(notes, events, cuts[0])
    found = accrue(standing, to_come, cuts)

    by_number = {note_no: i for i, note_no in enumerate(notes.note_no)}
    kept = np.array([by_number[note_no] for note_no in standing.note_no])
    assert (found.interest_fen == expected.interest_fen[kept]).all()
    assert (found.subsidy_fen == expected.subsidy_fen[kept]).all()
    gone = np.setdiff1d(np.arange(len(notes)), kept)
    assert len(gone) and not expected.interest_fen[gone].any()


@pytest.mark.parametrize(("settlement", "on"), [(AT_MATURITY, SETTLED_ON), (0, date(2020, 4, 1))])
def test_only_a_settlement_day_will_do(settlement, on):
    note = Note(
        note_no="澄-7", principal_fen=1, disbursed_on=date(2020, 1, 1), share_pct=50,
        matures_on=date(2021, 1, 1), rate_ppm=43_500, settlement=settlement,
    )  # fmt: skip
    notes = Notes.of([note])

    with pytest.raises(ValueError, match="settlement day"):
        carried(notes, Events.of(notes, list[Event]()), day(on))
