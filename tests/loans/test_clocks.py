"""Clocks day by day: what is due, what is late, who was in time; a notice that comes late."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from app.api.application_views import whole
from loans import calendar, clocks, overview
from loans.errors import BadFile, Conflict
from loans.models import Application, Clock
from loans.notices import SHIPPED
from loans.workdays import WorkdayCalendar
from loans.workflow import Action, State
from tests.programme import Programme

PROLONGED = date(2020, 1, 27)
NOTICE_OF_2027 = """
title = "国务院办公厅关于2027年部分节假日安排的通知"
source = "试"
announced_on = 2026-11-10
years = [2027]
off = [2027-01-01, 2027-01-04]
work = []
"""


def _due(p: Programme) -> clocks.DueLists:
    with p.installation.reads() as session:
        return clocks.due_lists(p.installation.context(session, p.guarantor.maker))


def _rates(p: Programme, by=None) -> list[clocks.HitRate]:
    with p.installation.reads() as session:
        ctx = p.installation.context(session, by or p.guarantor.maker)
        return clocks.hit_rates(ctx, since=date(2019, 1, 1), until=date(2027, 1, 1))


def _clock(p: Programme, application) -> Clock:
    row = p.row(Application, application)
    query = select(Clock).where(Clock.application_id == row.id).order_by(Clock.id)
    return p.rows(query)[0]


def _without(p: Programme, announced_on: date) -> None:
    """The installation as if it had been shipped before this notice came."""
    notices = p.installation.calendar.notices
    kept = tuple(notice for notice in notices if notice.announced_on != announced_on)
    p.installation = replace(p.installation, calendar=WorkdayCalendar(kept))


def _load(p: Programme, content: bytes, name: str = "a.toml"):
    return p.do(
        p.system, "calendar.load", lambda ctx: calendar.load(ctx, content=content, name=name)
    )


def test_a_clock_is_later_tomorrow_today_and_late(programme):
    with programme.at_once():
        application = programme.under_review()  # Monday 1 April; the 5th is a holiday
    seen = {}
    for day in (2, 4, 8, 9, 10):
        programme.day(date(2019, 4, day))
        found = _due(programme)
        lists = ("late", "today", "tomorrow", "later", "standing")
        seen[day] = [name for name in lists if getattr(found, name)]
    assert seen == {2: ["later"], 4: ["later"], 8: ["tomorrow"], 9: ["today"], 10: ["late"]}
    assert _due(programme).late[0].application_id == application


def test_the_eve_of_a_weekend_shows_monday_as_tomorrow(programme):
    with programme.at_once():
        programme.day(date(2019, 3 + 2, 6))  # Monday; due the Monday after
        programme.under_review()
    programme.day(date(2019, 5, 10))
    found = _due(programme)
    assert (found.next_workday, len(found.tomorrow)) == (date(2019, 5, 13), 1)


def test_a_file_away_for_correction_is_neither_due_nor_late(programme):
    with programme.at_once():
        application = programme.under_review()
        programme.decide(application, programme.guarantor, Action.SEND_BACK)
        programme.day(date(2019, 6, 3))
    found = _due(programme)
    assert (len(found.standing), found.late) == (1, ())


def test_hit_rates_are_counted_by_institution_stage_and_month(programme):
    with programme.at_once():
        files = [programme.under_review() for _ in range(3)]
        programme.decide(files[0], programme.guarantor)
        programme.withdraw(files[2])  # no decision
        programme.day(date(2019, 4, 10))
        programme.decide(files[1], programme.guarantor, Action.REJECT)  # due on the 9th
        programme.day(date(2019, 5, 6))
        programme.decide(files[0], programme.bank)  # due on 9 April too: late, in May
    assert [(r.institution, r.state, r.month, r.decided, r.in_time) for r in _rates(programme)] == [
        ("bank B1", State.LOAN_APPROVAL, date(2019, 5, 1), 1, 0),
        ("guarantor G", State.GUARANTEE_REVIEW, date(2019, 4, 1), 2, 1),
    ]
    assert _rates(programme, programme.other_bank.maker) == []


class TestANoticeOfTheCurrentYear:
    """January 2020: the spring holiday was prolonged by two days on the 27th."""

    def test_recomputes_open_clocks_and_leaves_closed_ones(self, programme):
        _without(programme, PROLONGED)
        with programme.at_once():
            programme.day(date(2020, 1, 21))
            closed, running = programme.under_review(), programme.under_review()
            programme.day(date(2020, 1, 22))
            programme.decide(closed, programme.guarantor)
        # 22, 23, 31 January, Saturday 1 February (to be worked), 3 February
        assert _clock(programme, running).due_on == date(2020, 2, 3)
        programme.day(PROLONGED)
        _load(programme, (SHIPPED / "2020-01-27.toml").read_bytes())
        # 31 January and 1 February are off now: 22, 23 January, 3, 4, 5 February
        assert _clock(programme, running).due_on == date(2020, 2, 5)
        assert _clock(programme, closed).due_on == date(2020, 2, 3)
        programme.day(date(2020, 2, 5))
        with programme.at_once():
            programme.decide(running, programme.guarantor)
        assert _clock(programme, running).ended_on == date(2020, 2, 5)
        in_time = [r.in_time for r in _rates(programme) if r.state is State.GUARANTEE_REVIEW]
        assert sum(in_time) == 2

    def test_is_not_known_before_its_day(self, programme):
        _without(programme, PROLONGED)
        programme.day(date(2020, 1, 26))
        with pytest.raises(Conflict, match="晚于业务日期"):
            _load(programme, (SHIPPED / "2020-01-27.toml").read_bytes())

    def test_that_came_with_the_programme_counts_from_its_day(self, programme):
        """A clock that started before it is due by it as soon as it is known, and judged by it."""
        with programme.at_once():
            programme.day(date(2020, 1, 21))
            running = programme.under_review()
        programme.day(date(2020, 1, 26))
        assert [row.due_on for row in _due(programme).later] == [date(2020, 2, 3)]
        programme.day(PROLONGED)
        assert [row.due_on for row in _due(programme).later] == [date(2020, 2, 5)]
        programme.day(date(2020, 2, 5))
        with programme.at_once():
            programme.decide(running, programme.guarantor)
        assert _clock(programme, running).due_on == date(2020, 2, 5)

    def test_moves_every_list_though_the_file_lies_still(self, programme):
        with programme.at_once():
            programme.day(date(2020, 1, 22))
            closed, running = programme.under_review(), programme.under_review()
            programme.day(date(2020, 1, 23))
            programme.decide(closed, programme.guarantor)
        programme.day(date(2020, 2, 4))
        found = _due(programme)
        with programme.reading() as session:
            ctx = programme.installation.context(session, programme.guarantor.maker)
            [mine] = overview.worklist(ctx).rows
            open_clocks = overview.open_clocks(ctx)
            due = overview.due_clocks(ctx, open_clocks)
            [shown, _] = overview.running_clocks(ctx, open_clocks)
            file = whole(ctx, programme.row(Application, running))
        # 23 January, 3, 4, 5, 6 February: the 31st and the 1st were given as days off
        assert (found.today, found.later[0].due_on) == ((), date(2020, 2, 6))
        assert (mine.due.on, mine.days_left) == (date(2020, 2, 6), 2)
        assert shown.due.on == date(2020, 2, 6)
        assert [(row.due_on, row.days_left) for row in due] == [
            (date(2020, 2, 6), 2),
            (date(2020, 2, 7), 3),
        ]
        assert file.clocks[0].due_on == date(2020, 2, 6)
        assert _clock(programme, closed).due_on == date(2020, 2, 4)


class TestAnUnannouncedYear:
    def test_makes_a_due_day_provisional_until_the_notice_is_loaded(self, programme):
        _without(programme, date(2026, 11, 10))
        with programme.at_once():
            programme.day(date(2026, 12, 29))
            running = programme.under_review()
        before = _clock(programme, running)
        assert (before.due_on, before.provisional) == (date(2027, 1, 5), True)
        assert _due(programme).later[0].provisional
        _load(programme, NOTICE_OF_2027.encode())
        after = _clock(programme, running)
        assert (after.due_on, after.provisional) == (date(2027, 1, 7), False)

    def test_loads_a_notice_once_and_no_broken_one(self, programme):
        programme.day(date(2026, 12, 1))
        _load(programme, NOTICE_OF_2027.encode())
        with pytest.raises(Conflict, match="已经加载"):
            _load(programme, (NOTICE_OF_2027 + "\n").encode())
        with pytest.raises(BadFile):
            _load(programme, b"title = 1")
