"""催收: arrears from plan and payments, classes, due lists, intervals, the log, contacts."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from loans import dunning, evidence, parties, readiness
from loans.arrears import Due, loan_class, silent_intervals, unpaid
from loans.dunning import DueKind
from loans.errors import Conflict, NotFound
from loans.models import DunningEntry, Note
from loans.schedule import Method
from tests import guarantee as g
from tests.programme import Programme, shipped_book

START, DUE = date(2019, 4, 10), date(2019, 6, 20)


@pytest.fixture
def note(programme: Programme):
    """300000.00 at 4.35% from 2019-04-10 for a year: due 2610.00 on 20 June, then 3335.00."""
    programme.day(START)
    return programme.loan(on=START)


def read(p, call, by=None):
    with p.reading() as session:
        return call(p.installation.context(session, by or p.guarantor.maker))


def arrears(p, note):
    found = read(p, lambda ctx: dunning.arrears_of(ctx, p.note(note)))
    return [(row.due_on, row.total_fen) for row in found.arrears], found.days_past_due


# --- the pure sums --------------------------------------------------------------------------------


def test_payments_meet_the_oldest_instalment_first():
    dues = [Due(n, date(2019, n, 1), n * 100, n * 10) for n in (1, 2, 3)]

    def left(principal_fen, interest_fen):
        rows = unpaid(
            dues,
            principal_paid_fen=principal_fen,
            interest_paid_fen=interest_fen,
            on=date(2019, 2, 1),
        )
        return [(row.no, row.principal_fen, row.interest_fen, row.days_past_due) for row in rows]

    assert left(0, 0) == [(1, 100, 10, 31), (2, 100, 10, 0), (3, 100, 10, -28)]
    assert left(150, 10) == [(2, 50, 10, 0), (3, 100, 10, -28)]
    assert left(300, 29) == [(3, 0, 1, -28)]
    assert left(999, 999) == []


def test_the_ladder_holds_from_its_day():
    rungs = shipped_book().at("loan_classes", START).value
    edges = [(0, "正常"), (1, "关注"), (90, "关注"), (91, "次级"), (270, "次级"), (271, "可疑"),
             (360, "可疑"), (361, "损失")]  # fmt: skip
    assert [(days, loan_class(rungs, days).name) for days, _ in edges] == edges


def test_an_interval_is_silent_until_somebody_reaches_out_in_it():
    def silent(*days):
        return [
            since
            for since, _ in silent_intervals(
                days, due_on=DUE, until=DUE + timedelta(days=61), every_days=30
            )
        ]

    first, second = DUE + timedelta(days=1), DUE + timedelta(days=31)
    assert silent() == [first, second]
    assert silent(DUE) == [first, second]  # on the due day itself nothing is late yet
    assert silent(first, second + timedelta(days=29)) == []
    assert silent(second) == [first]


# --- a note ---------------------------------------------------------------------------------------


def test_arrears_follow_the_plan_and_what_was_paid(programme, note):
    p = programme
    p.day(DUE)
    assert arrears(p, note) == ([(DUE, 2610_00)], 0)
    p.day(DUE + timedelta(days=10))
    assert arrears(p, note) == ([(DUE, 2610_00)], 10)
    p.report(note, "receive_interest", on=p.today, amount_fen=2609_99)
    assert arrears(p, note) == ([(DUE, 1)], 10)
    p.report(note, "receive_interest", on=p.today, amount_fen=1)
    assert arrears(p, note) == ([], 0)
    p.repay(note, 100_000_00, on=date(2019, 6, 30))
    p.day(date(2019, 9, 25))
    # 9 days of 36.25 and 83 of 24.1666…: a prepayment lowers the interest that falls due
    assert arrears(p, note) == ([(date(2019, 9, 20), 2332_08)], 5)


def test_an_extension_moves_the_last_instalment(programme, note):
    p = programme
    p.day(date(2020, 4, 1))
    p.report(note, "receive_interest", on=p.today, amount_fen=20_000_00)
    p.report(note, "request_extension", until=date(2020, 10, 10), reason="回款延后")
    p.report(note, "agree_extension")
    p.day(date(2020, 5, 1))
    assert arrears(p, note) == ([], 0)
    p.day(date(2020, 10, 11))
    rows, days = arrears(p, note)
    assert ([due for due, _ in rows], days) == ([date(2020, 10, 10)], 1)


def test_the_due_lists_of_a_note_with_monthly_instalments(programme):
    p = programme
    p.day(START)
    note = p.loan(on=START, method=Method.EQUAL_PRINCIPAL, amount_fen=120_000_00)
    p.day(date(2019, 7, 3))

    def kinds(**more):
        return [
            (row.kind, row.arrear.due_on)
            for row in read(p, lambda ctx: dunning.due_list(ctx, **more))
        ]

    assert kinds() == [
        (DueKind.OVERDUE, date(2019, 5, 10)),
        (DueKind.OVERDUE, date(2019, 6, 10)),
        (DueKind.NEAR, date(2019, 7, 10)),
    ]
    assert read(p, dunning.counted) == {
        DueKind.OVERDUE: 2, DueKind.TODAY: 0, DueKind.NEAR: 1, DueKind.EARLY: 0,
    }  # fmt: skip
    assert [kinds(after=(note, no)) for no in (1, 2, 3)] == [kinds()[no:] for no in (1, 2, 3)]
    assert kinds(after=(note, 1), limit=1, kind=DueKind.OVERDUE) == kinds()[1:2]
    with pytest.raises(NotFound):
        kinds(after=(note, 13))
    p.day(date(2019, 7, 11))
    assert kinds(kind=DueKind.EARLY) == [(DueKind.EARLY, date(2019, 8, 10))]
    p.day(date(2019, 8, 10))
    assert kinds(kind=DueKind.TODAY) == [(DueKind.TODAY, date(2019, 8, 10))]
    assert read(p, lambda ctx: dunning.due_list(ctx), p.other_bank.maker) == []
    assert sum(read(p, dunning.counted, p.other_bank.maker).values()) == 0
    for kind in ("repay", "receive_interest"):
        p.report(note, kind, on=p.today, amount_fen=10_000_00)
    assert (DueKind.OVERDUE, date(2019, 5, 10)) not in kinds()
    assert kinds(after=(note, 1)) == kinds()  # paid since: the list goes on where it stood
    p.repay(note, 110_000_00, on=p.today)
    assert kinds() == []


def test_both_institutions_log_and_nobody_edits(programme, note):
    p = programme
    p.day(DUE)
    for by in (p.bank.maker, p.guarantor.maker):
        g.dun(p, note, on=DUE, by=by)
    rows = p.rows(select(DunningEntry).order_by(DunningEntry.id))
    assert [row.side.value for row in rows] == ["bank", "guarantor"]
    for wrong in (START - timedelta(days=1), DUE + timedelta(days=1)):
        with pytest.raises(Conflict):
            g.dun(p, note, on=wrong, by=p.bank.maker)
    with pytest.raises(NotFound):
        g.dun(p, note, on=DUE, by=p.other_bank.maker)


# --- readiness and contacts -----------------------------------------------------------------------


def _readiness(ctx):
    """What the one note lacks, as the counts of the whole book and the list say too."""
    (note,) = ctx.session.scalars(readiness.checked(ctx))
    (found,) = readiness.readiness(ctx, [note])
    codes = [item.code for item in found.missing]
    whole = readiness.LiveBook(ctx)
    book = whole.shortfall()
    assert (book.checked, book.lacking) == (1, int(bool(codes)))
    assert [item.code for item, count in book.by_item if count] == codes
    assert list(ctx.session.scalars(whole.lacking())) == [note] * bool(codes)
    return found, codes


def test_readiness_says_from_the_first_day_what_a_request_would_lack(programme, note):
    p = programme

    def missing():
        found, codes = read(p, _readiness, p.bank.maker)
        return codes, found.overdue_since

    assert missing() == (["disbursement", "transcript"], None)
    g.file_documents(p, note)
    assert missing() == ([], None)
    p.day(DUE + timedelta(days=31))  # a whole interval has passed
    assert missing() == (["dunning_bank", "dunning_guarantor"], DUE)
    g.dun(p, note, on=p.today - timedelta(days=1), by=p.bank.maker)
    assert missing() == (["dunning_guarantor"], DUE)
    others = read(p, lambda ctx: readiness.LiveBook(ctx).shortfall(), p.other_bank.maker)
    assert (others.checked, others.lacking) == (0, 0)
    with pytest.raises(Conflict):
        p.do(
            p.bank.maker,
            "evidence.file",
            lambda ctx: evidence.file(ctx, note_id=note, item="due_diligence", reference="x"),
        )


def test_a_contact_is_masked_until_it_is_asked_for_and_the_asking_is_counted(databases):
    book = shipped_book().replaced("reveals_per_day", 1)
    with databases.fresh("sqlite") as database, Programme.begin(database, book=book) as p:
        note = p.loan()

        def ask(by):
            return p.do(
                by,
                "borrowers.reveal",
                lambda ctx: parties.reveal(ctx, note_id=note, purpose="催收"),
            )

        asked = ask(p.bank.maker)
        contact = read(p, lambda ctx: parties.contact_of(ctx, asked.public_id), p.bank.maker)
        assert contact.phone is not None and contact.phone.startswith("138")
        with pytest.raises(NotFound):
            read(p, lambda ctx: parties.contact_of(ctx, asked.public_id))
        with pytest.raises(Conflict) as refused:
            ask(p.bank.maker)
        assert refused.value.code == "reveals-used-up"
        ask(p.guarantor.maker)
        assert p.rows(select(func.count(Note.id))) == [1]
