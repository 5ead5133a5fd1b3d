"""Budget: what the book's live loans will cost, month by month, if everyone pays as planned.

The facts recorded so far, then each note's plan from today on, run through the accrual core. A
what-if changes the shares of classes or the cap of a person and leaves everything else as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
from sqlalchemy import select

from loans.classes import SubsidyClass
from loans.context import Context
from loans.daycount import add_months
from loans.errors import Conflict
from loans.models import Instalment, Note
from loans.money import split_by_weight
from loans.policy import FundingSplit
from loans.settlement import period_starts
from loans.wall import every_bank
from loans.workflow import LIVE_NOTE_STATES, NoteState
from subsidy.accrual import OVERDUE_CURED, PRINCIPAL_REPAID, accrue, day, to_date
from subsidy.columns import NoteColumns
from subsidy.queries import CLASSES, Book, read_book
from subsidy.quotes import Cost

LONGEST_MONTHS = 120
LATEST = date(2199, 12, 31)
SHARED = ("full", "half", "small_firm")  # the classes whose share can be tried


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """Changes to try: share [percent] by class name, and a person's cap [fen]."""

    share_pct: Mapping[str, int] = field(default_factory=dict)
    cap_fen: int | None = None

    def applied(self, notes: NoteColumns) -> NoteColumns:
        """The notes' contract facts under the change."""
        share, limit = notes.share_pct.copy(), notes.base_limit_fen.copy()
        for name, percent in self.share_pct.items():
            share[notes.subsidy_class == CLASSES.index(SubsidyClass(name))] = percent
        if self.cap_fen is not None:
            limit[notes.individual == 1] = self.cap_fen
        return replace(notes, share_pct=share, base_limit_fen=limit)


NO_CHANGE = WhatIf()


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLine:
    """One class in one month [fen]; the subsidy split over the levels of government by ``rule``."""

    month: date
    subsidy_class: str
    notes: int
    interest_fen: int
    subsidy_fen: int
    central_fen: int
    provincial_fen: int
    city_fen: int
    rule: str


Pair = tuple[BudgetLine, BudgetLine]  # as planned, and under a change


def budget(ctx: Context, *, since: date, months: int, what_if: WhatIf = NO_CHANGE) -> list[Pair]:
    """Interest and subsidy of all notes by month and class, from the month of ``since`` on.

    Each line beside what it would be under the change, both of one look at the book.
    """
    if not 0 < months <= LONGEST_MONTHS:
        raise Conflict("months-outside", f"预测期应为 1 至 {LONGEST_MONTHS} 个月")
    if since > LATEST:
        raise Conflict("month-too-late", f"预测首月最晚为 {LATEST:%Y-%m}，请核对年份")
    if (what_if.cap_fen or 0) < 0:
        raise Conflict("cap-negative", "假设的个人贴息本金上限不能为负，请填 0 或更大的金额")
    first = since.replace(day=1)
    cuts = [add_months(first, n) for n in range(months + 1)]
    book = _with_plans(ctx, read_book(ctx, rows=False))
    planned = _lines(ctx, book, cuts)
    changed = replace(book, notes=what_if.applied(book.notes))
    supposed = planned if what_if == NO_CHANGE else _lines(ctx, changed, cuts)
    return list(zip(planned, supposed, strict=True))


def _lines(ctx: Context, book: Book, cuts: Sequence[date]) -> list[BudgetLine]:
    portfolio = book.portfolio()
    lines = accrue(portfolio.notes, portfolio.events, [day(cut) for cut in cuts])
    classes = np.array(CLASSES)[portfolio.columns.subsidy_class]
    return [
        line
        for j, month in enumerate(cuts[:-1])
        for line in _of_month(
            ctx, month, classes, lines.interest_fen[:, j], lines.subsidy_fen[:, j]
        )
    ]


def costs_of_note(ctx: Context, note: Note) -> tuple[Cost, ...]:
    """A note's interest, subsidy and borrower's share by settlement period, over its whole life.

    Up to today what was reported, from today on the plan; with all notes that share its
    borrower's cap.
    """
    book = read_book(ctx, borrower_ids=[note.borrower_id], rows=False)
    portfolio = _with_plans(ctx, book, borrower_id=note.borrower_id).portfolio()
    at = np.flatnonzero(portfolio.columns.id == note.id)
    mine = portfolio.take(at)
    last = max(note.matures_on, note.extended_to or note.matures_on, *map(to_date, mine.events.on))
    inner = period_starts(note.settlement, note.disbursed_on, last)
    cuts = sorted({note.disbursed_on, *inner, note.matures_on, last})
    lines = accrue(mine.notes, mine.events, [day(cut) for cut in cuts])
    amounts = zip(lines.interest_fen[0].tolist(), lines.subsidy_fen[0].tolist(), strict=True)
    periods = [
        Cost(start, stop, interest, subsidy)
        for (start, stop), (interest, subsidy) in zip(pairwise(cuts), amounts, strict=True)
    ]
    return tuple(cost for cost in periods if cost.interest_fen or cost.subsidy_fen)


def _of_month(
    ctx: Context, month: date, classes: Any, interest: Any, subsidy: Any
) -> Iterator[BudgetLine]:
    rule = ctx.book.at("funding_split", month)
    split = rule.value
    assert isinstance(split, FundingSplit)
    for name in sorted(set(classes.tolist())):
        mine = classes == name
        total = int(subsidy[mine].sum())
        central, provincial, city = split_by_weight(
            total, [split.central, split.province, split.city]
        )
        yield BudgetLine(
            month=month,
            subsidy_class=name,
            notes=int((interest[mine] != 0).sum()),
            interest_fen=int(interest[mine].sum()),
            subsidy_fen=total,
            central_fen=central,
            provincial_fen=provincial,
            city_fen=city,
            rule=rule.key,
        )


def _with_plans(ctx: Context, book: Book, *, borrower_id: int | None = None) -> Book:
    """The book as it will stand when every live note pays from today on as planned.

    A payment brings the balance down to the plan's: what was prepaid covers the instalments that
    come next, what was left unpaid is paid with the next, which cures what is overdue.
    """
    rows = (
        select(Note.id, Note.state, Note.balance_fen, Note.matures_on, Note.extended_to,
               Instalment.due_on, Instalment.balance_after_fen)
        .join(Instalment, Instalment.note_id == Note.id)
        .where(Note.state.in_(LIVE_NOTE_STATES))
        .order_by(Note.id, Instalment.no)
    )  # fmt: skip
    if borrower_id is not None:
        rows = rows.where(Note.borrower_id == borrower_id)
    left: dict[int, int] = {}
    planned: list[tuple[int, int, int, int]] = []
    with every_bank(ctx):
        found = ctx.session.execute(rows).all()
    for row in found:
        last_day = row.extended_to or row.matures_on
        is_last = row.due_on >= row.matures_on
        if row.due_on < ctx.on and not is_last:
            continue
        pays_on = day(max(last_day if is_last else row.due_on, ctx.on))
        if row.id not in left and row.state is NoteState.OVERDUE:
            planned.append((row.id, OVERDUE_CURED, pays_on, 0))
        open_fen = left.setdefault(row.id, row.balance_fen)
        amount_fen = open_fen if is_last else max(0, open_fen - row.balance_after_fen)
        if amount_fen:
            left[row.id] -= amount_fen
            planned.append((row.id, PRINCIPAL_REPAID, pays_on, amount_fen))
    note_id, *event = np.array(planned, np.int64).reshape(-1, 4).T
    more = book.movements.foreseen(np.searchsorted(book.notes.id, note_id), *event)
    return replace(book, movements=more)
