"""A claim from upload to exception list, against what merely reads the same file.

``python -m benchmarks.claims [--lines N]``: xlsx against openpyxl reading every cell, CSV against
pandas reading the same file as text and merging it with the register's frame. Goals: 1.3 and 3.
"""

import io
import sys
from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
from openpyxl import load_workbook

from benchmarks.measuring import in_turn
from subsidy import prechecks
from subsidy.accrual import (
    ACT_360,
    CONTRACT_RATE,
    NO_CEILING,
    QUARTERLY_20,
    WHOLE_BALANCE,
    Events,
    Notes,
    booked,
    day,
)
from subsidy.detail_sheet import (
    DetailLine,
    read_detail_sheet,
    write_detail_csv,
    write_detail_sheet,
)
from subsidy.reconciliation import Period, Register, match

ROUNDS = 3
SINCE, UNTIL = date(2019, 6, 21), date(2019, 9, 21)
PERIOD = Period(day(SINCE), day(UNTIL))
WRONG_EVERY = 20  # every 20th line claims one yuan too much


def register_of(n: int) -> Register:
    """A bank's register of ``n`` plain notes."""
    random = np.random.default_rng(6)

    def all_of(value: int, dtype: type) -> np.ndarray:
        return np.full(n, value, dtype)

    notes = Notes(
        note_no=[f"JJ-{at:07d}" for at in range(n)],
        principal_fen=random.integers(10, 301, n) * 1_000_00,
        disbursed_on=day(date(2019, 1, 2)) + random.integers(0, 150, n).astype(np.int32),
        matures_on=all_of(day(date(2021, 6, 1)), np.int32),
        rate_ppm=random.choice([43_500, 47_500], n).astype(np.int32),
        share_pct=random.choice([50, 100], n).astype(np.int8),
        subsidised_fen=all_of(WHOLE_BALANCE, np.int64),
        benchmark_ppm=all_of(CONTRACT_RATE, np.int32),
        ceiling_ppm=all_of(NO_CEILING, np.int32),
        floor_ppm=all_of(0, np.int32),
        subsidy_ends_on=all_of(day(date(2021, 6, 1)), np.int32),
        day_count=all_of(ACT_360, np.int8),
        settlement=all_of(QUARTERLY_20, np.int8),
    )
    return Register.of(
        notes,
        Events.of(notes, []),
        contract_no=[f"HT-{at:07d}" for at in range(n)],
        borrower=[f"P{at:07d}" for at in range(n)],
    )


def lines_of(register: Register) -> list[DetailLine]:
    """What the bank claims on it."""
    notes = register.notes
    amounts = booked(notes, register.events, [PERIOD.since, PERIOD.until]).subsidy_fen
    worth = amounts[:, 1] - amounts[:, 0]
    epoch = date(1970, 1, 1).toordinal()
    return [
        DetailLine(
            bank="甲银行", branch="营业部", contract_no=register.contract_no[at],
            note_no=notes.note_no[at], borrower="某某", identity=register.borrower[at],
            category="农民", subsidy_class="FULL" if notes.share_pct[at] == 100 else "HALF",
            principal_fen=int(notes.principal_fen[at]), signed_on=date(2019, 1, 1),
            disbursed_on=date.fromordinal(epoch + int(notes.disbursed_on[at])),
            matures_on=date(2021, 6, 1), rate_ppm=int(notes.rate_ppm[at]),
            subsidy_rate_ppm=int(notes.rate_ppm[at]), opening_fen=int(notes.principal_fen[at]),
            disbursed_fen=0, repaid_fen=0, closing_fen=int(notes.principal_fen[at]), since=SINCE,
            until=UNTIL, days=92, interest_paid_fen=3 * int(worth[at]),
            claimed_fen=int(worth[at]) + (100 if at % WRONG_EVERY == 0 else 0),
        )
        for at in range(len(notes))
    ]  # fmt: skip


def explained(data: bytes, name: str, register: Register) -> int:
    """Upload to exception list: how many rows it has."""
    sheet = read_detail_sheet(data, name)
    found = match(sheet.claimed, register, PERIOD, tolerance_fen=1)
    return len(prechecks.exceptions(sheet, found)) - 1


def with_openpyxl(data: bytes) -> int:
    """Every cell of the same workbook, nothing understood."""
    book = load_workbook(io.BytesIO(data), read_only=True)
    rows = sum(1 for _ in book.worksheets[0].iter_rows(values_only=True))
    book.close()
    return rows


def with_pandas(data: bytes, register: pd.DataFrame) -> int:
    """The same CSV as text, merged with the register by note number."""
    frame = pd.read_csv(io.BytesIO(data), dtype=str)
    return len(frame.merge(register, on="借据号", how="outer", indicator=True))


def main(arguments: list[str]) -> None:
    """Measure and print both ratios."""
    n = int(arguments[arguments.index("--lines") + 1]) if "--lines" in arguments else 100_000
    register = register_of(n)
    lines = lines_of(register)
    book, csv = write_detail_sheet(lines), write_detail_csv(lines)[0]
    wrong = len(range(0, n, WRONG_EVERY))
    assert explained(csv, "a.csv", register) == explained(book, "a.xlsx", register) == wrong
    frame = pd.DataFrame({
        "借据号": list(register.notes.note_no), "本金": register.notes.principal_fen,
    })  # fmt: skip
    contenders: dict[str, Callable[[], object]] = {
        "xlsx": lambda: explained(book, "a.xlsx", register),
        "openpyxl": lambda: with_openpyxl(book),
        "csv": lambda: explained(csv, "a.csv", register),
        "pandas": lambda: with_pandas(csv, frame),
    }
    found = in_turn(contenders, ROUNDS)
    print(f"claims of {n:,} lines, upload to exception list, {wrong:,} of them wrong")
    for name, other in (("xlsx", "openpyxl"), ("csv", "pandas")):
        ratio = found[name].over(found[other])
        print(f"  {name} {found[name].seconds:.2f} s; / {other} alone: {ratio}")


if __name__ == "__main__":
    main(sys.argv[1:])
