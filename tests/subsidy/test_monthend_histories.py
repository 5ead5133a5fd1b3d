"""Month close over generated histories, on both engines, against the day-by-day oracle."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from sqlalchemy import select

from loans.errors import Conflict
from loans.models import Note
from subsidy import accrual
from subsidy.accrual import day
from subsidy.models import AccrualLine, LineKind, MonthLock
from subsidy.queries import read_book
from tests.databases import Databases
from tests.programme import BEGIN, ENGINES, Programme, shipped_book
from tests.subsidy.histories import HISTORIES, MONTHS, Lent, Stored, Told, lend, tell

EXAMPLES = 12
Amounts = tuple[int, int]


@pytest.mark.parametrize("kind", ENGINES)
def test_months_closed_one_by_one_book_every_fen_once(databases: Databases, kind: str) -> None:
    # Each application has its own cap, so that a person's notes together can exceed the shared one.
    book = (
        shipped_book()
        .replaced("cap_scope", "application")
        .replaced("fund_borrower_limit", 10_000_000_00)
    )
    with databases.fresh(kind) as original:
        with Programme.begin(original, book=book) as seeded:
            pass

        @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
        @given(HISTORIES)
        def history(told: tuple[list[Lent], list[Told]]) -> None:
            with databases.copy(original) as database, seeded.moved(database) as p:
                _live(p, *told)

        history()


def _live(p: Programme, loans: list[Lent], reports: list[Told]) -> None:
    lend(p, loans)
    newest: MonthLock | None = None
    for at, month in enumerate(MONTHS[:-1]):
        with p.at_once():
            for told in sorted(reports, key=lambda told: told.after_its_end):
                if told.month == at:
                    tell(p, told)
            if p.today <= MONTHS[at + 1]:
                p.day(MONTHS[at + 1] + timedelta(days=1))
        locked = p.lines()
        _refused(p, MONTHS[at + 1])
        lock = p.close(month)
        _check_month(p, locked, newest, lock)
        newest = lock
    _check_every_day(p)


def _check_month(
    p: Programme, before: list[AccrualLine], previous: MonthLock | None, lock: MonthLock
) -> None:
    lines = p.lines()
    assert [_values(line) for line in lines[: len(before)]] == [_values(line) for line in before]
    new = lines[len(before) :]
    assert {line.month_id for line in new} <= {lock.id}
    assert all(line.borrower_fen + line.subsidy_fen == line.interest_fen for line in lines)
    assert (lock.lines, lock.interest_fen, lock.subsidy_fen, lock.borrower_fen) == (
        len(new),
        sum(line.interest_fen for line in new),
        sum(line.subsidy_fen for line in new),
        sum(line.borrower_fen for line in new),
    )
    stored = Stored.of(p)
    found = {
        (line.note_id, line.movement_id): (line.interest_fen, line.subsidy_fen)
        for line in new
        if line.kind is LineKind.ADJUSTMENT
    }
    assert found == _expected_adjustments(stored, before, previous, lock)
    event(f"adjustments in a month: {min(len(found), 3)}")
    true = stored.booked([lock.until])
    assert _sums(lines) == {key: at[lock.until] for key, at in true.items() if any(at[lock.until])}
    _refused(p, lock.since)
    assert [_values(line) for line in p.lines()] == [_values(line) for line in lines]


def _expected_adjustments(
    stored: Stored, before: list[AccrualLine], previous: MonthLock | None, lock: MonthLock
) -> dict[tuple[int, int], Amounts]:
    """For each fact recorded since the last lock: what it changes of the locked days, by note."""
    if previous is None:
        return {}
    was, expected = _sums(before), {}
    for fact in stored.movements:
        if fact.id <= previous.last_movement_id:
            continue
        now = stored.until(fact.id).booked([lock.since])
        for key, amounts in now.items():
            interest, subsidy = amounts[lock.since]
            before_it = was.get(key, (0, 0))
            if (interest, subsidy) != before_it:
                change = interest - before_it[0], subsidy - before_it[1]
                expected[key, fact.id] = change
                was[key] = (interest, subsidy)
    return expected


def _sums(lines: list[AccrualLine]) -> dict[int, Amounts]:
    total: dict[int, Any] = defaultdict(lambda: np.zeros(2, np.int64))
    for line in lines:
        total[line.note_id] += (line.interest_fen, line.subsidy_fen)
    return {key: (int(a), int(b)) for key, (a, b) in total.items() if a or b}


def _check_every_day(p: Programme) -> None:
    """booked(d) is the finished settlement periods and the rounded running one, for every day d."""
    days = [BEGIN + timedelta(days=n) for n in range((MONTHS[-1] - BEGIN).days + 1)]
    with p.reading() as session:
        portfolio = read_book(p.installation.context(session, p.finance.maker)).portfolio()
    found = accrual.booked(portfolio.notes, portfolio.events, [day(on) for on in days])
    stored = Stored.of(p)
    true = stored.booked(days)
    for i, row in enumerate(portfolio.rows):
        expected = [true[row.id][on] for on in days]
        assert list(zip(found.interest_fen[i], found.subsidy_fen[i], strict=True)) == expected
        assert all(0 <= subsidy <= interest for interest, subsidy in expected)
    for note in p.rows(select(Note)):
        repaid = [m for m in stored.standing(note) if m.kind.value == "principal_repaid"]
        assert note.balance_fen == note.principal_fen - sum(m.amount_fen for m in repaid)


def _refused(p: Programme, month: date) -> None:
    with pytest.raises(Conflict) as refused:
        p.close(month)
    assert refused.value.code in {
        "month-locked",
        "month-before-first",
        "month-out-of-order",
        "month-not-over",
    }


def _values(row: Any) -> tuple[Any, ...]:
    return tuple(getattr(row, column.key) for column in row.__table__.columns)
