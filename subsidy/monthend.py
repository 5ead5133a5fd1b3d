"""Month close: every note's interest, subsidy and borrower's share of a month, locked once.

A month's line is booked(end) − booked(start) of the accrual core, so months and settlement
periods have the same sum. A fact recorded late, for days of a locked month, never edits that
month: it becomes one adjustment line in the first open month, linked to the fact. Before the lock
a run is a preview and stores nothing.
Source: rules.md §3, §4 (backdated fact for a locked month).
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import func, select

from loans.context import Context
from loans.daycount import add_months
from loans.errors import Conflict
from loans.models import Movement, MovementKind, Note
from loans.money import fen_to_yuan
from subsidy import accrual
from subsidy.accrual import accrue, booked, day
from subsidy.bulk import insert_rows
from subsidy.models import AccrualLine, LineKind, MonthLock
from subsidy.queries import Book, Portfolio, last_lock, read_book

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class MonthRun:
    """A month computed: ``[since, until)``, its lines as rows of ``accrual_line``, totals [fen]."""

    since: date
    until: date
    lines: list[dict[str, Any]]
    last_movement_id: int

    def total(self, column: str) -> int:
        """Sum of a money column over all lines."""
        return sum(line[column] for line in self.lines)

    @property
    def sha256(self) -> str:
        """Digest of the lines' canonical text: the same facts give the same bytes."""
        columns = ("note_no", "kind", "since", "until", "interest_fen", "subsidy_fen")
        text = "\n".join(",".join(str(line[name]) for name in columns) for line in self.lines)
        return hashlib.sha256(text.encode()).hexdigest()


def preview(ctx: Context, *, month: date) -> MonthRun:
    """What closing this month would lock; stores nothing."""
    since, until = _month(ctx, month)
    book = read_book(ctx)
    portfolio = book.portfolio()
    _check_ledger(portfolio)
    lines = [*_adjustments(ctx, book, since), *_regular(portfolio, since, until)]
    lines.sort(key=lambda line: (line["note_no"], line["note_id"], line["movement_id"] or 0))
    newest = ctx.session.scalars(select(func.coalesce(func.max(Movement.id), 0))).one()
    return MonthRun(since, until, lines, newest)


def close(ctx: Context, *, month: date) -> MonthLock:
    """Lock a month that is over; months are closed one after another, each once.

    Whatever is recorded from here on counts as late for this month: commands take turns, so that
    none is half-way.
    """
    run = preview(ctx, month=month)
    if ctx.on < run.until:
        raise Conflict("month-not-over", f"{run.since:%Y-%m} 尚未结束，{run.until} 起才能关账")
    lock = MonthLock(
        public_id=ctx.new_id(),
        since=run.since,
        until=run.until,
        lines=len(run.lines),
        interest_fen=run.total("interest_fen"),
        subsidy_fen=run.total("subsidy_fen"),
        borrower_fen=run.total("borrower_fen"),
        sha256=run.sha256,
        last_movement_id=run.last_movement_id,
        locked_on=ctx.on,
        locked_at=ctx.at,
        by_person_id=ctx.actor.person_id,
    )
    ctx.session.add(lock)
    ctx.session.flush()
    rows = [
        {name: value for name, value in line.items() if name != "note_no"} | {"month_id": lock.id}
        for line in run.lines
    ]
    insert_rows(ctx.session, AccrualLine, rows)
    return lock


def _month(ctx: Context, month: date) -> tuple[date, date]:
    """The month's days, if it is the next one to close."""
    since = month.replace(day=1)
    newest = last_lock(ctx)
    if newest is not None and since < newest.until:
        oldest: date = ctx.session.scalars(select(func.min(MonthLock.since))).one()
        if since < oldest:
            raise Conflict(
                "month-before-first", f"{since:%Y-%m} 早于第一个关账月 {oldest:%Y-%m}，无须关账"
            )
        raise Conflict("month-locked", f"{since:%Y-%m} 已关账，锁定的月份不再变动")
    first: date | None = ctx.session.scalars(select(func.min(Note.disbursed_on))).one()
    due = newest.until if newest else first.replace(day=1) if first else since
    if due < since:
        raise Conflict("month-out-of-order", f"请先关账 {due:%Y-%m}，再关账 {since:%Y-%m}")
    return since, add_months(since, 1)


def _regular(portfolio: Portfolio, since: date, until: date) -> Iterator[dict[str, Any]]:
    start, stop = day(since), day(until)
    amounts = accrue(portfolio.notes, portfolio.events, [start, stop])
    interest, subsidy = amounts.interest_fen[:, 0], amounts.subsidy_fen[:, 0]
    days = balance_days(portfolio, start, stop)
    rates = _rates(portfolio, stop)
    for i in np.flatnonzero((interest != 0) | (subsidy != 0) | (days != 0)).tolist():
        line = _line(portfolio.rows[i], LineKind.REGULAR, since, until)
        yield line | {
            "balance_days": int(days[i]),
            "interest_fen": int(interest[i]),
            "subsidy_fen": int(subsidy[i]),
            "borrower_fen": int(interest[i] - subsidy[i]),
            "rate_ppm": int(rates[i]),
            "movement_id": None,
        }


def _adjustments(ctx: Context, book: Book, since: date) -> Iterator[dict[str, Any]]:
    """One line per late fact and note whose days before ``since`` it changes."""
    newest = last_lock(ctx)
    if newest is None:
        return
    maturity = {row.id: row.matures_on for row in book.notes}
    new = (m for m in book.movements if m.id > newest.last_movement_id)
    late = [(m, on) for m in new if (on := _acts_from(m, maturity[m.note_id])) < since]
    if not late:
        return
    # A person's notes share a cap: a fact about one may move the subsidy of another.
    borrowers = {m.borrower_id for m, _ in late}
    theirs = Book(
        [row for row in book.notes if row.borrower_id in borrowers],
        [m for m in book.movements if m.borrower_id in borrowers],
    )
    before = _locked_amounts(ctx, theirs)
    for fact, acts_from in late:
        portfolio = theirs.portfolio(known=_recorded_until(fact.id))
        amounts = booked(portfolio.notes, portfolio.events, [day(since)])
        for i, row in enumerate(portfolio.rows):
            now = int(amounts.interest_fen[i, 0]), int(amounts.subsidy_fen[i, 0])
            was = before.get(row.id, (0, 0))
            if row.borrower_id != fact.borrower_id or now == was:
                continue
            before[row.id] = now
            interest, subsidy = now[0] - was[0], now[1] - was[1]
            yield _line(row, LineKind.ADJUSTMENT, acts_from, since) | {
                "balance_days": 0,
                "interest_fen": interest,
                "subsidy_fen": subsidy,
                "borrower_fen": interest - subsidy,
                "rate_ppm": row.rate_ppm,
                "movement_id": fact.id,
            }


def _acts_from(movement: Any, matures_on: date) -> date:
    """The first day whose interest a movement may change.

    An extension agreed after the maturity (or its reversal) moves the penalty rate of the days
    since then.
    """
    if movement.kind in (MovementKind.EXTENDED, MovementKind.REVERSED):
        return min(movement.on, matures_on)
    on: date = movement.on
    return on


def _recorded_until(movement_id: int) -> Callable[[Any], bool]:
    return lambda m: bool(m.id <= movement_id)


def _locked_amounts(ctx: Context, book: Book) -> dict[int, tuple[int, int]]:
    """Interest and subsidy [fen] of each note over all lines locked so far."""
    rows = (
        select(
            AccrualLine.note_id,
            func.sum(AccrualLine.interest_fen),
            func.sum(AccrualLine.subsidy_fen),
        )
        .where(AccrualLine.note_id.in_([row.id for row in book.notes]))
        .group_by(AccrualLine.note_id)
    )
    return {
        note_id: (int(interest), int(subsidy))
        for note_id, interest, subsidy in ctx.session.execute(rows)
    }


def balance_days(portfolio: Portfolio, since: int, until: int) -> Integers:
    """积数 [fen·day] of each note in ``[since, until)``: the last day does not count."""
    notes, events = portfolio.notes, portfolio.events
    days = np.maximum(until - np.maximum(notes.disbursed_on, since), 0)
    total = notes.principal_fen * days
    repaid = events.kind == accrual.PRINCIPAL_REPAID
    owner = np.repeat(np.arange(len(notes)), np.diff(events.offsets))[repaid]
    days = np.maximum(until - np.maximum(events.on[repaid], since), 0)
    np.subtract.at(total, owner, events.value[repaid] * days)
    return total


def _rates(portfolio: Portfolio, until: int) -> Integers:
    """The contract rate in force on the last day before ``until``."""
    rates = portfolio.notes.rate_ppm.astype(np.int64)
    events = portfolio.events
    counted = (events.kind == accrual.RATE_CHANGED) & (events.on < until)
    owner = np.repeat(np.arange(len(rates)), np.diff(events.offsets))[counted]
    rates[owner] = events.value[counted]  # in order of their day: the last one stays
    return rates


def _line(row: Any, kind: LineKind, since: date, until: date) -> dict[str, Any]:
    return {
        "note_no": row.note_no,
        "note_id": row.id,
        "kind": kind,
        "since": since,
        "until": until,
        "share_pct": row.share_pct,
        "subsidy_class": row.subsidy_class,
        "policy_version": row.policy_version,
    }


def _check_ledger(portfolio: Portfolio) -> None:
    """Safe halt: nothing is closed while a stored balance is not what its movements say."""
    balance = portfolio.notes.principal_fen.copy()
    events = portfolio.events
    repaid = events.kind == accrual.PRINCIPAL_REPAID
    owner = np.repeat(np.arange(len(balance)), np.diff(events.offsets))[repaid]
    np.subtract.at(balance, owner, events.value[repaid])
    for i in np.flatnonzero(balance != [row.balance_fen for row in portfolio.rows]).tolist():
        row = portfolio.rows[i]
        raise Conflict(
            "ledger-broken",
            f"借据 {row.note_no} 的余额 {fen_to_yuan(row.balance_fen)} 元与其流水不符"
            f"（应为 {fen_to_yuan(int(balance[i]))} 元），已停止关账，请先查明原因",
        )
