"""A bank's or the bureau's whole book in files: ``loans`` and ``events``, as CSV or Parquet.

``read_book`` turns a folder into the columns of the accrual core, or into the list of everything
that is wrong with it: each problem names file, row, column and what to do. Amounts are yuan and
rates percent as decimal text, days are ISO dates; a number that has passed through binary floating
point is refused. A blank or missing optional column takes the default of ``LOAN_COLUMNS``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from loans.money import percent_to_ppm, yuan_to_fen
from subsidy.accrual import (
    ACT_360,
    ACT_365,
    CONTRACT_RATE,
    LARGEST_INT,
    NO_CEILING,
    OUT_OF_RANGE,
    OVERDUE_CURED,
    OVERDUE_FROM,
    PRINCIPAL_REPAID,
    RATE_CHANGED,
    SUBSIDISED_CHANGED,
    SUBSIDY_STOPPED,
    THIRTY_360,
    WHOLE_BALANCE,
    Events,
    Notes,
    bounds,
    day,
)
from subsidy.arrays import Flags, Integers, Positions
from subsidy.book_events import Happened, event_problems
from subsidy.book_files import Problem, Table, read_table

CLASSES: Final = ("full", "half", "small_firm", "none")
SHARE_PCT: Final = np.array([100, 50, 50, 0], np.int8)
DAY_COUNTS: Final = {"act/360": ACT_360, "act/365": ACT_365, "30/360": THIRTY_360}
KINDS: Final = {
    "principal_repaid": PRINCIPAL_REPAID,
    "rate_changed": RATE_CHANGED,
    "overdue_from": OVERDUE_FROM,
    "overdue_cured": OVERDUE_CURED,
    "subsidy_stopped": SUBSIDY_STOPPED,
    "subsidised_principal_changed": SUBSIDISED_CHANGED,
}
LOAN_COLUMNS: Final = (
    "note_no", "principal", "disbursed_on", "matures_on", "rate_pct", "subsidy_class",
)  # fmt: skip
LOAN_TERMS: Final = (  # may be missing
    "subsidised_principal", "benchmark_pct", "rate_ceiling_pct", "borrower_floor_pct",
    "subsidy_ends_on", "day_count",
)  # fmt: skip
EVENT_COLUMNS: Final = ("note_no", "on", "kind")
EVENT_VALUES: Final = ("amount", "rate_pct")
# No value of a column: a blank optional cell, or a cell with a problem of its own.
MISSING: Final = np.iinfo(np.int64).min
UNREAD_DAY: Final = np.iinfo(np.int32).min  # the same in a narrow column of days
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")  # a note number is one printed line
_SPACED: Final = re.compile(r"\0\s|\s\0")


@dataclass(frozen=True)
class Book:
    """A book as columns; ``subsidy_class`` is an index into ``CLASSES``, shape ``(n,)``."""

    notes: Notes
    events: Events
    subsidy_class: npt.NDArray[np.int8]


def read_book(folder: Path, *, settlement: int) -> Book | list[Problem]:
    """The book of a folder, every note under one settlement rule, or all its problems."""
    problems: list[Problem] = []
    loans = read_table(folder, "loans", LOAN_COLUMNS, LOAN_TERMS, problems)
    happened = read_table(folder, "events", EVENT_COLUMNS, EVENT_VALUES, problems)
    if loans is None or happened is None:
        return problems
    notes, subsidy_class = _notes(loans, settlement, problems)
    events = _events(happened, notes, problems)
    if not problems:
        problems += (
            loans.problem(row, "principal", f"借据 {notes.note_no[row]} 的{OUT_OF_RANGE}")
            for row in np.flatnonzero(bounds(notes, events, 0) >= LARGEST_INT).tolist()
        )
    if problems:
        order = {table.file: i for i, table in enumerate((loans, happened))}
        return sorted(problems, key=lambda problem: (order[problem.file], problem.row))
    return Book(notes, events, subsidy_class)


def note_numbers(folder: Path) -> list[str]:
    """The note numbers of a book that may have problems; none where they cannot be read."""
    loans = read_table(folder, "loans", ("note_no",), (), [])
    return [] if loans is None else [text for text in loans.text("note_no") if text]


def _notes(
    table: Table, settlement: int, problems: list[Problem]
) -> tuple[Notes, npt.NDArray[np.int8]]:
    def column(name: str, convert: Callable[[str], int], blank: int | None = None) -> Integers:
        return _column(table, name, convert, blank, problems)

    note_no = table.text("note_no")
    principal = column("principal", yuan_to_fen)
    disbursed_on, matures_on = column("disbursed_on", _day), column("matures_on", _day)
    rate = column("rate_pct", percent_to_ppm)
    subsidy_class = column("subsidy_class", _one_of(CLASSES))
    subsidised = column("subsidised_principal", yuan_to_fen, WHOLE_BALANCE)
    benchmark = column("benchmark_pct", percent_to_ppm, CONTRACT_RATE)
    ceiling = column("rate_ceiling_pct", percent_to_ppm, NO_CEILING)
    floor = column("borrower_floor_pct", percent_to_ppm, 0)
    ends_on = column("subsidy_ends_on", _day, MISSING)
    day_count = column("day_count", _one_of(tuple(DAY_COUNTS)), ACT_360)

    blank, repeated = (note_no == "").to_numpy(), note_no.duplicated(keep="first").to_numpy()
    table.report(problems, "note_no", blank, "借据号为空，请填写")
    if _CONTROL.search("".join(note_no)):
        odd = note_no.str.contains(_CONTROL)
        table.report(problems, "note_no", odd, "借据号含换行等控制字符，请改正")
    if _SPACED.search("\0".join(["", *note_no, ""])):
        odd = note_no != note_no.str.strip()
        table.report(problems, "note_no", odd, "借据号前后有空格，请删去")
    table.report(problems, "note_no", repeated & ~blank, "借据号重复，只能有一行，请删除或改号")
    table.report(problems, "principal", _below(principal, 1), "本金须大于 0，请核对")
    early = _below(matures_on, disbursed_on + 1)
    table.report(problems, "matures_on", early, "到期日须晚于发放日，请核对两个日期")
    table.report(
        problems, "subsidised_principal", _below(subsidised, 0), "贴息本金不能为负，请核对"
    )
    early = _below(ends_on, disbursed_on)
    table.report(problems, "subsidy_ends_on", early, "贴息止日不能早于发放日，请核对两个日期")
    no_benchmark = (subsidy_class == CLASSES.index("small_firm")) & (benchmark == CONTRACT_RATE)
    table.report(problems, "benchmark_pct", no_benchmark, "小微企业按基准利率贴息，请填写基准利率")
    ends_on = np.where(ends_on == MISSING, matures_on, ends_on)
    notes = Notes(
        note_no=note_no.to_numpy(),
        principal_fen=np.where(principal == MISSING, WHOLE_BALANCE, principal),
        disbursed_on=_narrow(disbursed_on),
        matures_on=_narrow(matures_on),
        rate_ppm=rate.astype(np.int32),
        share_pct=SHARE_PCT[np.maximum(subsidy_class, 0)],
        subsidised_fen=subsidised,
        benchmark_ppm=benchmark.astype(np.int32),
        ceiling_ppm=ceiling.astype(np.int32),
        floor_ppm=floor.astype(np.int32),
        subsidy_ends_on=_narrow(ends_on),
        day_count=day_count.astype(np.int8),
        settlement=np.full(len(note_no), settlement, np.int8),
    )
    return notes, subsidy_class.astype(np.int8)


def _events(table: Table, notes: Notes, problems: list[Problem]) -> Events:
    """The events of known notes with readable cells, checked against each other."""
    kind_index = _column(table, "kind", _one_of(tuple(KINDS)), None, problems)
    kind = np.array([*KINDS.values(), 0], np.int8)[np.where(kind_index == MISSING, -1, kind_index)]
    on = _column(table, "on", _day, None, problems)
    amount = _column(table, "amount", yuan_to_fen, MISSING, problems)
    rate = _column(table, "rate_pct", percent_to_ppm, MISSING, problems)
    owner = _owners(table, notes)
    takes_amount = np.isin(kind, (PRINCIPAL_REPAID, SUBSIDISED_CHANGED))
    takes_rate = kind == RATE_CHANGED
    no_amount = takes_amount & (table.text("amount") == "").to_numpy()
    no_rate = takes_rate & (table.text("rate_pct") == "").to_numpy()
    table.report(problems, "note_no", owner < 0, "借据号不在 loans 中，请核对或补录借据")
    table.report(problems, "amount", no_amount, "还本和贴息本金变动须有金额，请填写")
    table.report(problems, "rate_pct", no_rate, "利率变动须有新利率，请填写")

    value = np.where(takes_rate, rate, np.where(takes_amount, amount, 0))
    readable = (kind > 0) & (on != MISSING) & (value != MISSING)
    # Of an unknown note (-1) the day behind the last one.
    readable &= np.append(notes.disbursed_on, UNREAD_DAY)[owner] != UNREAD_DAY
    rows = np.flatnonzero(readable)
    happened = Happened(owner=owner[rows], on=on[rows], kind=kind[rows], value=value[rows])
    for column, wrong, message in event_problems(happened, notes):
        problems += (table.problem(row, column, message) for row in rows[wrong].tolist())
    return Events.sorted(
        len(notes),
        owner=happened.owner,
        on=happened.on.astype(np.int32),
        kind=happened.kind,
        value=happened.value,
    )


def _owners(table: Table, notes: Notes) -> Positions:
    """The position of each event's note, of its first row where it has several; -1 if unknown."""
    note_no = pd.Index(np.asarray(notes.note_no))
    first = np.flatnonzero(~note_no.duplicated(keep="first"))
    found = note_no[first].get_indexer(pd.Index(table.text("note_no")))
    return np.where(found < 0, -1, np.append(first, -1)[found])


def _column(
    table: Table,
    name: str,
    convert: Callable[[str], int],
    blank: int | None,
    problems: list[Problem],
) -> Integers:
    """A column as integers, shape ``(n,)``. Each distinct text is converted once; a cell that
    cannot be, or is blank where ``blank`` is None, is MISSING and reported."""
    codes, texts = pd.factorize(table.text(name))
    values = np.empty(len(texts), np.int64)
    wrong: dict[int, str] = {}
    for code, text in enumerate(texts):
        try:
            if text == "" and blank is None:
                raise ValueError("不能为空，请填写")
            values[code] = convert(text) if text or blank is None else blank
        except ValueError as problem:
            values[code] = MISSING
            wrong[code] = str(problem)
    for row in np.flatnonzero(np.isin(codes, list(wrong))).tolist():
        problems.append(table.problem(row, name, wrong[int(codes[row])]))
    found: Integers = values[codes]
    return found


def _below(values: Integers, least: Integers | int) -> Flags:
    """Where a readable value is less than it may be; an unreadable ``least`` asks for nothing."""
    below: Flags = (values != MISSING) & (values < least)
    return below


def _narrow(days: Integers) -> npt.NDArray[np.int32]:
    return np.maximum(days, UNREAD_DAY).astype(np.int32)


def _day(text: str) -> int:
    try:
        if len(text) != 10:
            raise ValueError
        return day(date.fromisoformat(text))
    except ValueError:
        raise ValueError(f"日期“{text[:40]}”无效，请写成 2019-06-21 的形式") from None


def _one_of(words: tuple[str, ...]) -> Callable[[str], int]:
    """The place of a word in a closed list; for a day count its code, which is its place."""

    def place(text: str) -> int:
        if text not in words:
            raise ValueError(f"“{text[:40]}”不在可选值中，请用 {'、'.join(words)}")
        return words.index(text)

    return place
