"""A comparison on a terminal: every amount whole, whatever a file calls its notes."""

import io
from dataclasses import replace

from rich.console import Console

from app.commandline.reconcile import show
from loans.money import fen_to_yuan
from subsidy.reconciliation import match
from tests.subsidy.reconciliation.quarter import PERIOD, SINCE, UNTIL, worked_quarter


def test_amounts_stay_whole_on_eighty_columns_and_a_note_number_is_no_markup() -> None:
    claimed, register, _ = worked_quarter()
    claimed = replace(
        claimed,
        note_no=[*claimed.note_no[:-1], "[/red]" + "9" * 60],
        claimed_fen=claimed.claimed_fen * 1_001,
    )
    found = match(claimed, register, PERIOD, tolerance_fen=1)
    printed = io.StringIO()

    show(Console(file=printed, width=80), found, SINCE, UNTIL)

    text = printed.getvalue()
    for column in (found.claimed_fen, found.expected_fen, found.claimed_fen - found.expected_fen):
        assert [fen for fen in column.tolist() if fen_to_yuan(fen) not in text] == []
    assert "[/red]" in text and "R08" in text
