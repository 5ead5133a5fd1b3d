"""Month close: every note's interest, subsidy and borrower's share of a month, locked once.

A month's line is booked(end) − booked(start) of the accrual core, so months and settlement
periods have the same sum. A fact recorded late, for days of a locked month, never edits that
month: it becomes one adjustment line in the first open month, linked to the fact. Before the lock
a run is a preview and stores nothing.
Source: rules.md §3, §4 (backdated fact for a locked month).
"""

from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Select, func, select

from loans.context import Context
from loans.daycount import add_months
from loans.errors import Conflict
from loans.models import Movement, Note
from loans.money import fen_to_yuan
from subsidy import accrual
from subsidy.accrual import accrue, booked, day
from subsidy.arrays import Integers, Positions
from subsidy.bulk import Coded, Value, insert_columns
from subsidy.columns import EXTENDED, REVERSED, NoteColumns
from subsidy.models import AccrualLine, LineKind, MonthLock
from subsidy.monthrun import MonthLines, MonthRun
from subsidy.queries import CLASSES, Book, Portfolio, last_lock, late_borrowers, read_book


def preview(ctx: Context, *, month: date) -> MonthRun:
    """What closing this month would lock; stores nothing."""
    since, until = _month(ctx, month)
    portfolio = read_book(ctx, rows=False).portfolio()
    _check_ledger(portfolio)
    newest = ctx.session.scalars(select(func.coalesce(func.max(Movement.id), 0))).one()
    return MonthRun(
        since,
        until,
        _regular(portfolio, day(since), day(until)),
        _adjustments(ctx, portfolio.columns, since),
        newest,
    )


def close(ctx: Context, *, month: date, previewed: str | None = None) -> MonthLock:
    """Lock a month that is over; months are closed one after another, each once.

    ``previewed`` is the digest of the run that a person looked at: another one is not locked.
    Whatever is recorded from here on counts as late for this month: commands take turns, so that
    none is half-way.
    """
    run = preview(ctx, month=month)
    if ctx.on < run.until:
        raise Conflict("month-not-over", f"{run.since:%Y-%m} 尚未结束，{run.until} 起才能关账")
    if previewed not in (None, run.sha256):
        raise Conflict(
            "preview-changed",
            f"{run.since:%Y-%m} 试算之后登记了新的事实，将记的金额已变；请看清新的试算后再关账",
        )
    lock = MonthLock(
        public_id=ctx.new_id(),
        since=run.since,
        until=run.until,
        lines=len(run),
        interest_fen=run.total("interest_fen"),
        subsidy_fen=run.total("subsidy_fen"),
        borrower_fen=run.total("borrower_fen"),
        sha256=run.sha256,
        last_movement_id=run.last_movement_id,
        locked_on=ctx.on,
        locked_at=ctx.at,
        by_person_id=ctx.actor.person_id,
    )
    assert lock.borrower_fen + lock.subsidy_fen == lock.interest_fen
    ctx.session.add(lock)
    ctx.session.flush()
    versions = Coded.of(run.regular.notes.policy_version)
    for kind, lines in ((LineKind.REGULAR, run.regular), (LineKind.ADJUSTMENT, run.adjustments)):
        _store(ctx, lock, kind, lines, versions)
    return lock


def _store(
    ctx: Context, lock: MonthLock, kind: LineKind, lines: MonthLines, versions: Coded
) -> None:
    """``versions``: the policy version of each of the notes."""
    notes, at = lines.notes, lines.note
    columns: dict[str, Value] = {
        "month_id": lock.id,
        "note_id": lines.note_id,
        "kind": kind.value,
        "since": lines.since,
        "until": lines.until,
        "balance_days": lines.balance_days,
        "interest_fen": lines.interest_fen,
        "subsidy_fen": lines.subsidy_fen,
        "borrower_fen": lines.borrower_fen,
        "rate_ppm": lines.rate_ppm,
        "share_pct": notes.share_pct[at],
        "subsidy_class": Coded(notes.subsidy_class[at], [name.value for name in CLASSES]),
        "policy_version": versions.take(at),
    }
    if kind is LineKind.ADJUSTMENT:
        columns["movement_id"] = lines.movement_id
    insert_columns(ctx.session, AccrualLine, columns, len(lines))


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
    if newest is not None:
        due = newest.until
    else:
        first: date | None = ctx.session.scalars(select(func.min(Note.disbursed_on))).one()
        due = first.replace(day=1) if first else since
    if due < since:
        raise Conflict("month-out-of-order", f"请先关账 {due:%Y-%m}，再关账 {since:%Y-%m}")
    return since, add_months(since, 1)


def _regular(portfolio: Portfolio, since: int, until: int) -> MonthLines:
    """The month's own lines: of every note that had a balance or earned something in it."""
    amounts = accrue(portfolio.notes, portfolio.events, [since, until])
    interest, subsidy = amounts.interest_fen[:, 0], amounts.subsidy_fen[:, 0]
    days = balance_days(portfolio, since, until)
    note = np.flatnonzero((interest != 0) | (subsidy != 0) | (days != 0))
    return MonthLines(
        notes=portfolio.columns,
        note=note,
        since=np.full(len(note), since),
        until=np.full(len(note), until),
        balance_days=days[note],
        interest_fen=interest[note],
        subsidy_fen=subsidy[note],
        rate_ppm=_rates(portfolio, until)[note],
        movement_id=np.zeros(len(note), np.int64),
    )


def _adjustments(ctx: Context, notes: NoteColumns, since: date) -> MonthLines:
    """One line per late fact and note whose days before ``since`` it changes.

    A person's notes share a cap: a fact about one may move the subsidy of another. So every late
    fact brings all notes of its borrower as they then stood; all these states are computed at
    once, and each is compared with the one before.
    """
    newest = last_lock(ctx)
    if newest is None:
        return _changed(notes, *np.empty((5, 0), np.int64))
    late = late_borrowers(since, newest.last_movement_id)
    book = read_book(ctx, borrower_ids=late, rows=False)
    acts_from = _acts_from(book)
    facts = np.flatnonzero((book.movements.id > newest.last_movement_id) & (acts_from < day(since)))
    states, fact, note = book.as_of(facts)
    portfolio = states.portfolio()
    amounts = booked(portfolio.notes, portfolio.events, [day(since)])
    order = np.lexsort((fact, note))
    note, fact = note[order], facts[fact[order]]
    now = np.stack([amounts.interest_fen[order, 0], amounts.subsidy_fen[order, 0]])
    first = np.append(True, note[1:] != note[:-1])[: len(note)]
    was = np.roll(now, 1, axis=1)
    was[:, first] = _locked_amounts(ctx, late, book.notes.id)[:, note[first]]
    change = now - was
    moved = (change != 0).any(axis=0)
    return _changed(
        notes,
        np.searchsorted(notes.id, book.notes.id[note[moved]]),
        acts_from[fact[moved]],
        np.full(int(moved.sum()), day(since)),
        change[:, moved],
        book.movements.id[fact[moved]],
    )


def _changed(
    notes: NoteColumns,
    note: Positions,
    since: Integers,
    until: Integers,
    change: Integers,
    fact: Integers,
) -> MonthLines:
    interest, subsidy = change.reshape(2, len(note))
    return MonthLines(
        notes=notes,
        note=note.astype(np.intp),
        since=since,
        until=until,
        balance_days=np.zeros(len(note), np.int64),
        interest_fen=interest,
        subsidy_fen=subsidy,
        rate_ppm=notes.rate_ppm[note],
        movement_id=fact,
    )


def _acts_from(book: Book) -> Integers:
    """The first day whose interest each movement may change.

    An extension agreed after the maturity (or its reversal) moves the penalty rate of the days
    since then.
    """
    told = book.movements
    ends = np.isin(told.kind, (EXTENDED, REVERSED))
    matures_on = book.notes.matures_on[told.note]
    return np.where(ends, np.minimum(told.on, matures_on), told.on)


def _locked_amounts(ctx: Context, borrowers: Select[Any], note_ids: Integers) -> Integers:
    """Interest and subsidy [fen] of each note over all lines locked so far, shape ``(2, n)``."""
    rows = (
        select(
            AccrualLine.note_id,
            func.sum(AccrualLine.interest_fen),
            func.sum(AccrualLine.subsidy_fen),
        )
        .join(Note, Note.id == AccrualLine.note_id)
        .where(Note.borrower_id.in_(borrowers))
        .group_by(AccrualLine.note_id)
    )
    found = np.zeros((2, len(note_ids)), np.int64)
    for note_id, interest, subsidy in ctx.session.execute(rows):
        found[:, np.searchsorted(note_ids, note_id)] = int(interest), int(subsidy)
    return found


def balance_days(portfolio: Portfolio, since: int, until: int) -> Integers:
    """积数 [fen·day] of each note in ``[since, until)``: the last day does not count."""
    notes, events = portfolio.notes, portfolio.events
    days = np.maximum(until - np.maximum(notes.disbursed_on, since), 0)
    total = notes.principal_fen * days
    repaid = events.kind == accrual.PRINCIPAL_REPAID
    days = np.maximum(until - np.maximum(events.on[repaid], since), 0)
    np.subtract.at(total, portfolio.owner()[repaid], events.value[repaid] * days)
    return total


def _rates(portfolio: Portfolio, until: int) -> Integers:
    """The contract rate in force on the last day before ``until``."""
    rates = portfolio.notes.rate_ppm.astype(np.int64)
    events = portfolio.events
    counted = (events.kind == accrual.RATE_CHANGED) & (events.on < until)
    rates[portfolio.owner()[counted]] = events.value[counted]  # by day: the last one stays
    return rates


def _check_ledger(portfolio: Portfolio) -> None:
    """Safe halt: nothing is closed while a stored balance is not what its movements say."""
    columns, events = portfolio.columns, portfolio.events
    balance = columns.principal_fen.copy()
    repaid = events.kind == accrual.PRINCIPAL_REPAID
    np.subtract.at(balance, portfolio.owner()[repaid], events.value[repaid])
    for i in np.flatnonzero(balance != columns.balance_fen).tolist():
        stored, computed = int(columns.balance_fen[i]), int(balance[i])
        raise Conflict(
            "ledger-broken",
            f"借据 {columns.note_no[i]} 的余额 {fen_to_yuan(stored)} 元与其流水不符"
            f"（应为 {fen_to_yuan(computed)} 元），已停止关账，请先查明原因",
        )
