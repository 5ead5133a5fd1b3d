"""Claims of 10,000 lines, pre-checks, and the same content filed again in other shapes."""

import random
import time
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loans.sheets import read_table
from subsidy import prechecks
from subsidy.accrual import day, to_date
from subsidy.detail_sheet import (
    COLUMNS,
    DetailLine,
    DetailSheet,
    read_detail_sheet,
    write_detail_csv,
    write_detail_sheet,
)
from subsidy.reconciliation import Claimed, LineClass, Reconciliation, Register, Span, match
from tests.subsidy.reconciliation.planted import ERRORS, HONEST, Claim, both_ends, honest
from tests.subsidy.reconciliation.quarter import PERIOD, SINCE, UNTIL

LINES = 10_000
# Five times what it takes on a slow machine.
SECONDS = 60.0


def _register(claim: Claim, **more: Any) -> Register:
    last = [claim.last_closing.get(note.note_no, -1) for note in claim.world.notes]
    facts: dict[str, Any] = {
        "earlier": tuple(claim.earlier),
        "elsewhere": tuple(claim.elsewhere),
        "flags": tuple(claim.flags),
        "last_closing_fen": np.array(last, np.int64),
    }
    return claim.world.register(**(facts | more))


def _planted(seed: int, lines: int, errors_pct: int) -> Claim:
    claim = Claim(random.Random(seed))
    rng, kinds, seen = claim.rng, [*ERRORS], False
    while len(claim.lines) < lines:
        make = rng.choice(kinds) if rng.randrange(100) < errors_pct else rng.choice(HONEST)
        if make is both_ends and seen:  # twice it is the bank's convention
            continue
        seen = seen or make is both_ends
        make(claim)
    return claim


def _sheet_lines(claim: Claim) -> list[DetailLine]:
    classes = {100: "FULL", 50: "HALF"}
    kept = [line for line in claim.lines if line["share_pct"] in classes]
    return [
        DetailLine(
            bank="甲银行", branch="营业部", contract_no=line["contract_no"],
            note_no=line["note_no"], borrower="某人", identity=line["borrower"], category="农民",
            subsidy_class=classes[line["share_pct"]], principal_fen=line["opening_fen"],
            signed_on=date(2019, 1, 1), disbursed_on=date(2019, 1, 2),
            matures_on=date(2021, 1, 2), rate_ppm=line["rate_ppm"],
            subsidy_rate_ppm=line["subsidy_rate_ppm"], opening_fen=line["opening_fen"],
            disbursed_fen=line["disbursed_fen"], repaid_fen=line["repaid_fen"],
            closing_fen=line["closing_fen"], since=to_date(line["since"]),
            until=to_date(line["until"]), days=line["days"],
            interest_paid_fen=line["interest_paid_fen"], claimed_fen=line["claimed_fen"],
        )
        for line in kept
    ]  # fmt: skip


def _read(data: bytes, name: str = "明细.csv") -> DetailSheet:
    return read_detail_sheet(data, name)


def _compared(sheet: DetailSheet, register: Register) -> Reconciliation:
    return match(
        sheet.claimed, register, PERIOD, tolerance_fen=1, file_findings=sheet.file_findings
    )


@pytest.mark.parametrize("seed", range(3))
def test_ten_thousand_lines_are_explained_to_the_fen_in_bounded_time(seed: int) -> None:
    claim = _planted(seed, LINES, 30)
    register, claimed = _register(claim), Claimed.of(claim.lines)
    began = time.perf_counter()
    result = match(claimed, register, PERIOD, tolerance_fen=1)
    assert time.perf_counter() - began < SECONDS

    wrong = []
    for at, expected in enumerate(claim.expected):
        causes = {cause.code: cause.amount_fen for cause in result.causes[at]}
        if causes != expected:
            wrong.append((at, expected, causes))
        assert sum(causes.values()) == result.claimed_fen[at] - result.expected_fen[at]
    assert wrong == []
    assert sum(result.count_by_class().values()) == len(claim.lines)
    assert {entry.note_no for entry in result.unclaimed} == claim.missing
    # Both ways: what lines of the period recomputed, and what no line claims, is what was earned.
    assert all(result.is_claimed[entry.note] == entry.has_line for entry in result.unclaimed)


@given(st.integers(0, 2**32))
@settings(max_examples=8, deadline=None)
def test_a_claim_that_passed_the_pre_check_is_never_refused_for_arithmetic(seed: int) -> None:
    claim = _planted(seed, 60, 70)
    register = _register(claim)
    sheet = _read(write_detail_csv(_sheet_lines(claim))[0])
    found = _compared(sheet, register)

    filed = _read(prechecks.corrected_csv(sheet, found))
    result = _compared(filed, register)

    assert prechecks.passes(filed, result), prechecks.exceptions(filed, result)
    assert result.payable_fen.tolist() == filed.claimed.claimed_fen.tolist()
    # What is withheld from nobody: the corrected file claims all that was expected.
    assert result.payable_fen.sum() == found.expected_fen.sum()


def test_a_corrected_workbook_reads_back_and_runs_nothing() -> None:
    claim = _planted(5, 40, 60)
    lines = [replace(line, borrower="=1+1", bank="@x") for line in _sheet_lines(claim)]
    register = _register(claim)
    sheet = _read(write_detail_sheet(lines), "明细.xlsx")
    found = _compared(sheet, register)
    book = prechecks.corrected_workbook(sheet, found)
    as_csv = prechecks.corrected_csv(sheet, found)
    again = [read_table(book, "a.xlsx", COLUMNS), read_table(as_csv, "a.csv", COLUMNS)]
    assert again[0].columns == again[1].columns
    assert set(again[0].columns["borrower"]) == {"=1+1"}
    assert again[0].findings == again[1].findings == ()
    assert b"\r\n=" not in as_csv and b",=1" not in as_csv


@given(st.integers(0, 2**32))
@settings(max_examples=8, deadline=None)
def test_the_same_content_in_other_shapes_is_paid_once(seed: int) -> None:
    """Filed, then again: as it was, shuffled, and split in two with an overlap."""
    rng = random.Random(seed)
    claim = Claim(rng)
    for _ in range(20):
        honest(claim)
    once = match(Claimed.of(claim.lines), _register(claim), PERIOD, tolerance_fen=1)
    taken = tuple(
        Span(line["note_no"], line["since"], line["until"], "已报送") for line in claim.lines
    )
    shuffled = rng.sample(claim.lines, len(claim.lines))
    again = match(Claimed.of(shuffled), _register(claim, earlier=taken), PERIOD, tolerance_fen=1)
    assert again.payable_fen.sum() == 0
    assert set(again.line_class) == {LineClass.DUPLICATE}

    halves = []
    for line in claim.lines:
        cut = day(SINCE + timedelta(days=rng.randrange(10, 80)))
        halves.append(line | {"until": min(cut + rng.randrange(0, 9), day(UNTIL))})
        halves.append(line | {"since": cut})
    rng.shuffle(halves)
    split = match(Claimed.of(halves), _register(claim), PERIOD, tolerance_fen=1)
    by_note: dict[str, int] = {}
    for at, note_no in enumerate(split.note_no):
        by_note[note_no] = by_note.get(note_no, 0) + int(split.payable_fen[at])
    for at, note_no in enumerate(once.note_no):
        assert by_note[note_no] == once.expected_fen[at]


@given(st.integers(0, 2**32), st.integers(1, 99))
@settings(max_examples=20, deadline=None)
def test_an_under_claim_and_its_correction_are_never_more_than_the_days_are_worth(
    seed: int, paid_pct: int
) -> None:
    claim = Claim(random.Random(seed))
    honest(claim)
    (line,) = claim.lines
    worth = line["claimed_fen"]
    paid = worth * paid_pct // 100
    span = Span(line["note_no"], line["since"], line["until"], "上季度", paid)
    for asked in (worth - paid, worth, worth - paid - 1):
        result = match(
            Claimed.of([line | {"claimed_fen": asked}]),
            _register(claim, earlier=(span,)),
            PERIOD,
            tolerance_fen=0,
        )
        assert result.payable_fen[0] == min(asked, worth - paid)
        causes = {cause.code: cause.amount_fen for cause in result.causes[0]}
        assert sum(causes.values()) == asked - (worth - paid)
        if asked == worth:
            assert causes == {"R07": paid}
    # A line that covers only some of the days gets none of them again.
    part = line | {"until": line["until"] - 1}
    result = match(Claimed.of([part]), _register(claim, earlier=(span,)), PERIOD, tolerance_fen=1)
    assert result.payable_fen[0] == 0
