"""Closing months: order, lock, preview, and the adjustments of late facts, by hand."""

from datetime import date
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update

from loans.errors import Conflict, NotPermitted
from loans.models import Movement, Note
from subsidy import bulk, closing, frames, lists, monthend
from subsidy.models import AccrualLine, LineKind, MonthLock
from tests.programme import Programme

D = date


def _close_until(p: Programme, *months: int) -> list[MonthLock]:
    locks = []
    for month in months:
        p.day(D(2019, month + 1, 1))
        locks.append(p.close(D(2019, month, 1)))
    return locks


def _refused(p: Programme, month: date) -> str:
    with pytest.raises(Conflict) as refused:
        p.close(month)
    return refused.value.code


def _amounts(lines: list[AccrualLine]) -> list[tuple[Any, ...]]:
    return [(x.kind, x.interest_fen, x.subsidy_fen, x.borrower_fen) for x in lines]


def test_the_worked_loan_s_months_and_quarters_have_the_same_sum(programme: Programme) -> None:
    """§8: 300000.00 FULL at 4.35% from 2019-04-10; the first quarter is 2610.00."""
    programme.loan(on=D(2019, 4, 10))
    locks = _close_until(programme, 4, 5, 6)
    # April 21 days 761.25, May 31 days 1123.75; in June 20 days to 2610.00, then 10 days 362.50.
    assert [lock.interest_fen for lock in locks] == [761_25, 1_123_75, 725_00 + 362_50]
    assert [lock.borrower_fen for lock in locks] == [0, 0, 0]
    (line,) = programme.lines(locks[0])
    assert (line.since, line.until, line.balance_days) == (
        D(2019, 4, 1), D(2019, 5, 1), 21 * 300_000_00,
    )  # fmt: skip
    assert (line.rate_ppm, line.share_pct, line.subsidy_class) == (43_500, 100, "full")
    assert line.policy_version == programme.installation.book.version


def test_months_are_closed_in_order_when_they_are_over_and_once(programme: Programme) -> None:
    programme.loan()
    assert _refused(programme, D(2019, 4, 1)) == "month-not-over"
    programme.day(D(2019, 4, 30))
    assert _refused(programme, D(2019, 4, 1)) == "month-not-over"
    programme.day(D(2019, 6, 30))
    assert _refused(programme, D(2019, 5, 1)) == "month-out-of-order"
    lock = programme.close(D(2019, 4, 17))
    assert (lock.since, lock.until) == (D(2019, 4, 1), D(2019, 5, 1))
    assert _refused(programme, D(2019, 4, 1)) == "month-locked"
    assert _refused(programme, D(2019, 3, 1)) == "month-before-first"
    assert _refused(programme, D(2019, 6, 1)) == "month-out-of-order"
    programme.close(D(2019, 5, 1))
    with pytest.raises(NotPermitted):
        programme.do(
            programme.finance.maker,
            "months.close",
            lambda ctx: monthend.close(ctx, month=D(2019, 6, 1)),
        )
    assert len(programme.rows(select(MonthLock))) == 2


def test_what_a_close_should_wait_for_is_named_with_its_place(programme: Programme) -> None:
    p = programme
    note = p.loan(p.asked(term_months=1), on=D(2019, 4, 10))
    drawn = p.approved(p.asked(amount_fen=60_000_00))
    p.request(drawn, amount_fen=60_000_00, on=D(2019, 4, 10))
    p.day(D(2019, 6, 3))
    with p.reading() as session:
        found = closing.waiting(p.installation.context(session, p.finance.maker), D(2019, 6, 1))
    assert [(gap.of, gap.count, [id for _, id in gap.rows]) for gap in found] == [
        ("applications", 1, [drawn]), ("notes", 1, [note]), ("notes", 0, []),
    ]  # fmt: skip


def test_what_was_not_previewed_is_not_locked(programme: Programme) -> None:
    """A fact between the preview and the lock: the person looks again before they sign."""
    p, note = programme, programme.loan()
    p.day(D(2019, 5, 6))

    def digest() -> str:
        with p.reading() as session:
            ctx = p.installation.context(session, p.finance.checker)
            return monthend.preview(ctx, month=D(2019, 4, 1)).sha256

    def close(seen: str) -> MonthLock:
        closing = partial(monthend.close, month=D(2019, 4, 1), previewed=seen)
        return p.do(p.finance.checker, "months.close", closing)

    seen = digest()
    p.repay(note, 100_00, on=D(2019, 4, 20))
    with pytest.raises(Conflict, match="请看清新的试算") as refused:
        close(seen)
    assert refused.value.code == "preview-changed" and not p.rows(select(MonthLock))
    seen = digest()
    assert close(seen).sha256 == seen


def test_a_preview_stores_nothing_and_is_what_the_close_locks(programme: Programme) -> None:
    programme.loan(programme.asked(facts={"categories": ()}))
    programme.day(D(2019, 5, 1))
    with programme.reading() as session:
        ctx = programme.installation.context(session, programme.finance.maker)
        run = monthend.preview(ctx, month=D(2019, 4, 1))
    assert programme.lines() == []
    lock = programme.close(D(2019, 4, 1))
    assert (lock.sha256, lock.subsidy_fen) == (run.sha256, run.total("subsidy_fen"))
    # 300000.00 × 4.35% × 30 ÷ 360 = 1087.50, half of it 543.75.
    assert _amounts(programme.lines()) == [(LineKind.REGULAR, 1_087_50, 543_75, 543_75)]


def test_a_book_read_and_written_piece_by_piece_is_the_same(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    programme.loan()
    programme.loan(programme.asked(facts={"categories": ()}))
    programme.day(D(2019, 5, 1))
    with programme.reading() as session:
        ctx = programme.installation.context(session, programme.finance.maker)
        whole = monthend.preview(ctx, month=D(2019, 4, 1))
    for module, name in ((frames, "BLOCK"), (frames, "FETCHED"), (bulk, "SENT")):
        monkeypatch.setattr(module, name, 1)
    lock = programme.close(D(2019, 4, 1))
    assert (lock.lines, lock.sha256) == (2, whole.sha256)
    stored = [(x.subsidy_class, x.share_pct, x.interest_fen) for x in programme.lines(lock)]
    assert stored == [("full", 100, 1_087_50), ("half", 50, 1_087_50)]


def test_a_backdated_repayment_is_one_adjustment_in_the_first_open_month(
    programme: Programme,
) -> None:
    note = programme.loan()
    other = programme.loan()
    _close_until(programme, 4, 5)
    before = [_row(line) for line in programme.lines()]
    movement = programme.repay(note, 100_000_00, on=D(2019, 4, 16))

    (lock,) = _close_until(programme, 6)

    assert [_row(line) for line in programme.lines()][: len(before)] == before
    (adjustment,) = [x for x in programme.lines(lock) if x.kind is LineKind.ADJUSTMENT]
    # 100000.00 × 4.35% ÷ 360 × 46 days (04-16 to 05-31) = 555.83
    assert (adjustment.interest_fen, adjustment.subsidy_fen) == (-555_83, -555_83)
    assert (adjustment.since, adjustment.until) == (D(2019, 4, 16), D(2019, 6, 1))
    assert adjustment.movement_id == movement.id
    assert adjustment.note_id == programme.note(note).id != programme.note(other).id
    assert [x.kind for x in programme.lines(*_close_until(programme, 7))] == [LineKind.REGULAR] * 2


def test_a_reversal_of_a_late_fact_is_an_adjustment_of_its_own(programme: Programme) -> None:
    note = programme.loan()
    _close_until(programme, 4)
    wrong = programme.repay(note, 100_000_00, on=D(2019, 4, 16))
    (may,) = _close_until(programme, 5)
    programme.report(note, "reverse", movement_id=wrong.public_id, reason="记错")
    (june,) = _close_until(programme, 6)

    (down,) = [x for x in programme.lines(may) if x.kind is LineKind.ADJUSTMENT]
    (up,) = [x for x in programme.lines(june) if x.kind is LineKind.ADJUSTMENT]
    # 15 days of April: 181.25; undone with the 31 days of May: 46 days, 555.83.
    assert (down.interest_fen, up.interest_fen) == (-181_25, 555_83)


def test_an_extension_agreed_after_maturity_takes_back_the_penalty_of_locked_days(
    programme: Programme,
) -> None:
    """The extended loan never was past its end: the penalty rate begins with the new one."""
    note = programme.loan(term_months=2, settlement="month-end")
    programme.report(note, "request_extension", until=D(2019, 9, 1), reason="")
    _, _, june = _close_until(programme, 4, 5, 6)
    # Matured 2019-06-01 and unpaid: June runs at the penalty rate 6.525%, 30 days: 1631.25.
    assert june.interest_fen == 1_631_25
    programme.report(note, "agree_extension")

    (july,) = _close_until(programme, 7)

    # July at 4.35%: 31 days, 1123.75; June again at 4.35% is 1087.50: 543.75 too much.
    assert _amounts(programme.lines(july)) == [
        (LineKind.REGULAR, 1_123_75, 0, 1_123_75),
        (LineKind.ADJUSTMENT, -543_75, 0, -543_75),
    ]


def test_a_late_repayment_moves_the_subsidy_of_the_borrower_s_other_note(
    programme: Programme,
) -> None:
    """A reversed settlement leaves 600000.00 with one borrower; 300000.00 of it earn."""
    first = programme.loan(programme.asked(who=1))
    paid = programme.repay(first, 300_000_00, on=D(2019, 4, 1))
    second = programme.loan(programme.asked(who=1, settlement="month-end"))
    (april,) = _close_until(programme, 4)
    assert (april.interest_fen, april.subsidy_fen) == (1_087_50, 1_087_50)
    programme.report(first, "reverse", movement_id=paid.public_id, reason="退票")

    (may,) = _close_until(programme, 5)

    adjusted = {x.note_id: x for x in programme.lines(may) if x.kind is LineKind.ADJUSTMENT}
    keys = [programme.note(note).id for note in (first, second)]
    amounts = [(adjusted[key].interest_fen, adjusted[key].subsidy_fen) for key in keys]
    assert amounts == [(1_087_50, 1_087_50), (0, -1_087_50)], "the earlier note fills the cap"
    assert may.subsidy_fen == 1_123_75
    # One fact, two lines: page by page each comes once.
    assert _one_by_one(programme, may) == [x.id for x in programme.lines(may)]


def _one_by_one(p: Programme, lock: MonthLock) -> list[int]:
    """The lines of a month, read in pages of one."""
    found: list[int] = []
    with p.reading() as session:
        ctx, place = p.installation.context(session, p.finance.maker), None
        while len(found) <= lock.lines:
            rows = lists.month_lines(ctx, lock, limit=1, after=place)
            if not rows:
                break
            ((line, note),) = rows
            fact = session.get(Movement, line.movement_id) if line.movement_id else None
            place = lists.line_place(note.public_id, fact.public_id if fact else None)
            found.append(line.id)
    return found


def test_nothing_is_closed_while_a_balance_is_not_what_its_movements_say(
    programme: Programme,
) -> None:
    programme.loan()
    programme.day(D(2019, 5, 1))
    with programme.tampering() as session:
        session.execute(update(Note).values(balance_fen=299_999_99))
    assert _refused(programme, D(2019, 4, 1)) == "ledger-broken"
    assert programme.lines() == []


def test_a_month_without_loans_closes_empty(programme: Programme) -> None:
    programme.day(D(2019, 5, 1))
    lock = programme.close(D(2019, 4, 1))
    assert (lock.lines, lock.interest_fen, lock.last_movement_id) == (0, 0, 0)


def _row(line: AccrualLine) -> tuple[Any, ...]:
    return tuple(getattr(line, column.key) for column in AccrualLine.__table__.columns)
