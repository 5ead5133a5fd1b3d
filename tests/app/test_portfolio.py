"""The book of notes on any day: what the database folds is what the statistics fold, to the fen."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from loans import overview, portfolio
from loans.models import Note
from loans.portfolio import Standing, Wanted
from loans.workflow import State
from subsidy import statistics
from subsidy.statistics import Dimension
from tests.guarantee import compensated, default
from tests.programme import Programme

DAYS = [date(2019, 6, 21) + timedelta(days=n) for n in (-1, 0, 20, 40, 60, 75, 92)]


@pytest.fixture
def lived(quarter: Programme) -> Programme:
    """Repaid, overdue, cured, reported by mistake and reversed, extended, compensated."""
    p = quarter
    first, second, _, third = p.rows(
        select(Note.public_id).where(Note.note_no.in_(("N1", "N2", "N4"))).order_by(Note.id)
    )
    default(p, third, due_on=date(2019, 9, 20))
    with p.at_once():
        compensated(p, third)
        p.report(first, "mark_overdue", due_on=date(2019, 7, 20) - timedelta(days=30))
        p.report(first, "cure", on=date(2019, 8, 10))
        p.repay(first, 50_000_00, on=date(2019, 8, 20))
        wrong = p.repay(second, 10_000_00, on=date(2019, 7, 30))
        p.day(p.today + timedelta(days=3))
        p.report(second, "reverse", movement_id=wrong.public_id, reason="误记")
        p.repay(second, 20_000_00, on=date(2019, 7, 30))
        p.report(second, "request_extension", until=date(2020, 9, 1), reason="资金周转")
    return p


def test_an_earlier_days_book_is_that_of_the_statistics(lived: Programme) -> None:
    late = set()
    with lived.installation.reads() as session:
        ctx = lived.installation.context(session, lived.guarantor.maker)
        for day in [*DAYS, lived.today - timedelta(days=1), lived.today]:
            facts = statistics.note_facts(ctx, day)
            for row in portfolio.slices(ctx, day):
                late.add((day, row.standing is Standing.LATE))
            _same(portfolio.slices(ctx, day), statistics.figures(facts, Dimension.ALL))
            rows = list(ctx.session.scalars(portfolio.notes_as(ctx, day, Wanted())))
            stood = portfolio.stood(ctx, day, rows)
            found = {f.note_id: f.balance_fen for f in facts}
            left = {f.note_no: f.disbursed_fen - f.balance_fen for f in facts}
            assert left.get("N2", 0) == (20_000_00 if day >= date(2019, 7, 30) else 0)
            assert {key: it.balance_fen for key, it in stood.items()} == found
    assert {flag for _, flag in late} == {True, False}


def test_todays_stored_book_is_the_derived_one_and_its_lists_are_counted(
    lived: Programme,
) -> None:
    other = lived.other_bank
    application = lived.approved(lived.asked(bank=other), bank=other)
    for amount_fen in (100_000_00, 50_000_00):
        lived.request(application, amount_fen=amount_fen, on=lived.today)
    with lived.installation.reads() as session:
        for actor in (lived.guarantor.maker, lived.bank.maker, lived.other_bank.maker):
            ctx = lived.installation.context(session, actor)
            assert _sorted(portfolio.slices(ctx)) == _sorted(portfolio.slices(ctx, ctx.on))
            assert portfolio.maturing(ctx) == portfolio.maturing(ctx, ctx.on)
            for days in (0, 31, 240, 300):
                until = ctx.on + timedelta(days=days)
                soon = sum(t.count for day, t in portfolio.maturing(ctx).items() if day < until)
                assert soon == len(overview.maturing_notes(ctx, until=until))
            drawings = overview.drawings_waiting(ctx, limit=1)
            asked = 0 if actor is lived.bank.maker else 2
            assert (drawings.count, len(drawings.rows)) == (asked, min(asked, 1))
            now = portfolio.applications_by_state(ctx)
            assert now == portfolio.applications_by_state(ctx, ctx.on)
            assert now[State.APPROVED].count == sum(tally.count for tally in now.values())


def test_an_application_stood_where_its_last_step_had_led(programme: Programme) -> None:
    p, day = programme, timedelta(days=1)
    first = p.today
    application = p.create()
    p.day(first + day)
    p.submit(application)
    p.day(first + 2 * day)
    p.accept(application)
    states = (State.DRAFT, State.SUBMITTED, State.GUARANTEE_REVIEW)
    with p.installation.reads() as session:
        ctx = p.installation.context(session, p.guarantor.maker)
        assert portfolio.applications_by_state(ctx, first - day) == {}
        for n, state in enumerate(states):
            on = first + n * day
            assert set(portfolio.applications_by_state(ctx, on)) == {state}
            (row,) = session.scalars(portfolio.applications_as(ctx, on, state=state))
            assert portfolio.states_on(ctx, on, [row]) == {row.id: state}


def _same(found: list[portfolio.Slice], told: list[statistics.Figures]) -> None:
    """One group of all: what is owed, and what of it is late."""
    (all_of_them,) = told or [None]
    assert portfolio.owed(found).amount_fen == (all_of_them.balance_fen if all_of_them else 0)
    assert portfolio.late(found).count == (all_of_them.overdue if all_of_them else 0)
    assert portfolio.late(found).amount_fen == (all_of_them.overdue_fen if all_of_them else 0)


def _sorted(found: list[portfolio.Slice]) -> list[portfolio.Slice]:
    return sorted(found, key=lambda row: (row.bank_id, row.category, row.standing))
