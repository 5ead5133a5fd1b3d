"""The State Council's calendar: tests/cases/due_days.toml, an oracle for every day, and clocks."""

import tomllib
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loans.errors import BadFile
from loans.notices import Notice, parse_notice, read_notices
from loans.workdays import DueDay, load_calendar

CASES = tomllib.loads(
    (Path(__file__).parents[1] / "cases" / "due_days.toml").read_text(encoding="utf-8")
)["case"]
CALENDAR = load_calendar()
ANNOUNCED = [date(2019, 1, 1) + timedelta(days=i) for i in range(8 * 365 + 2)]
STARTS = st.dates(date(2019, 1, 1), date(2026, 9, 30))

NOTICE = """
title = "国务院办公厅关于2027年部分节假日安排的通知"
source = "www.gov.cn"
announced_on = 2026-11-10
years = [2027]
off = [2027-01-01]
work = [2027-01-03]
"""


@st.composite
def clocks(draw):
    """A start and up to three stops after it, in order, all of them ended."""
    start = draw(STARTS)
    lengths = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 12)), max_size=3))
    stops, day = [], start
    for running, standing in lengths:
        returned = day + timedelta(days=running)
        day = returned + timedelta(days=standing)
        stops.append((returned, day))
    return start, stops


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_worked_due_day_comes_out(case):
    calendar = load_calendar(known_on=case.get("known_on"))

    due = calendar.due_day(case["start"], 5, [tuple(stop) for stop in case.get("stops", [])])

    assert due == DueDay(case["due"], case.get("provisional", False))


def test_every_day_2019_to_2026_is_as_the_oracle_says():
    assert ANNOUNCED[-1] == date(2026, 12, 31)
    assert [
        day for day in ANNOUNCED if CALENDAR.is_workday(day) != chinese_calendar.is_workday(day)
    ] == []
    assert all(map(CALENDAR.is_announced, ANNOUNCED))


class TestWhatWasKnown:
    def test_a_notice_is_known_from_the_day_it_was_announced(self):
        before = CALENDAR.known_on(date(2019, 3, 21))

        assert before.is_workday(date(2019, 5, 2))
        assert not CALENDAR.known_on(date(2019, 3, 22)).is_workday(date(2019, 5, 2))

    def test_the_prolonged_spring_festival_of_2020_withdrew_a_worked_saturday(self):
        before, after = (CALENDAR.known_on(date(2020, 1, day)) for day in (26, 27))

        assert (before.is_workday(date(2020, 1, 31)), before.is_workday(date(2020, 2, 1))) == (1, 1)
        assert (after.is_workday(date(2020, 1, 31)), after.is_workday(date(2020, 2, 1))) == (0, 0)

    def test_an_unannounced_year_is_guessed_by_its_weekends_and_says_so(self):
        assert not CALENDAR.is_announced(date(2027, 1, 1))
        assert CALENDAR.is_workday(date(2027, 1, 1))  # a Friday; surely a holiday, not yet named
        assert not CALENDAR.is_workday(date(2027, 1, 2))
        assert CALENDAR.add_workdays(date(2099, 12, 30), 5).provisional

    def test_a_loaded_notice_makes_the_due_day_certain(self):
        loaded = load_calendar(extra=[parse_notice(NOTICE.encode(), name="2027.toml")])

        assert CALENDAR.add_workdays(date(2026, 12, 28), 5) == DueDay(date(2027, 1, 4), True)
        assert loaded.add_workdays(date(2026, 12, 28), 5) == DueDay(date(2027, 1, 4), False)
        assert loaded.workdays_between(date(2027, 1, 1), date(2027, 1, 4)) == 1

    def test_loading_a_notice_twice_changes_nothing(self):
        assert CALENDAR.with_notices(read_notices()) == CALENDAR

    def test_the_order_of_loading_does_not_matter(self):
        backwards = CALENDAR.notices[::-1]
        other = type(CALENDAR)(backwards)

        assert all(other.is_workday(day) == CALENDAR.is_workday(day) for day in ANNOUNCED)


class TestClocks:
    def test_while_a_file_is_away_there_is_no_due_day(self):
        assert CALENDAR.due_day(date(2019, 3, 18), 5, [(date(2019, 3, 20), None)]) is None

    def test_a_file_sent_back_after_the_due_day_is_late_all_the_same(self):
        due = CALENDAR.due_day(date(2019, 3, 18), 5, [(date(2019, 3, 26), None)])

        assert due == DueDay(date(2019, 3, 25), False)

    def test_an_ended_stop_and_an_open_one_together_leave_the_clock_standing(self):
        stops = [(date(2019, 3, 19), date(2019, 3, 20)), (date(2019, 3, 22), None)]

        assert CALENDAR.due_day(date(2019, 3, 18), 5, stops) is None

    def test_a_deadline_of_no_days_is_refused(self):
        with pytest.raises(ValueError):
            CALENDAR.add_workdays(date(2019, 3, 18), 0)

    @given(clocks(), st.integers(1, 10))
    def test_the_due_day_is_the_first_that_uses_all_its_working_days(self, clock, n):
        start, stops = clock

        due = CALENDAR.due_day(start, n, stops)

        assert CALENDAR.workdays_used(start, due.on, stops) == n
        assert CALENDAR.workdays_used(start, due.on - timedelta(days=1), stops) == n - 1

    @given(clocks())
    def test_a_stop_never_brings_the_due_day_forward(self, clock):
        start, stops = clock

        assert CALENDAR.due_day(start, 5, stops).on >= CALENDAR.add_workdays(start, 5).on

    @given(STARTS, st.integers(0, 90))
    def test_without_stops_working_days_used_are_those_after_the_start(self, start, days):
        decided_on = start + timedelta(days=days)
        between = CALENDAR.workdays_between(start, decided_on + timedelta(days=1))

        assert CALENDAR.workdays_used(start, decided_on) == between - CALENDAR.is_workday(start)


class TestNoticeFiles:
    def test_a_notice_is_read_with_its_days(self):
        assert parse_notice(NOTICE.encode(), name="2027.toml") == Notice(
            title="国务院办公厅关于2027年部分节假日安排的通知",
            source="www.gov.cn",
            announced_on=date(2026, 11, 10),
            years=(2027,),
            off=(date(2027, 1, 1),),
            work=(date(2027, 1, 3),),
        )

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"\xff\xfe", "UTF-8"),
            (b"title =", "TOML"),
            (NOTICE.replace("2027-01-01", "2027-02-30").encode(), "TOML"),
            (NOTICE.replace("announced_on", "date").encode(), "不认识的项目 date"),
            (NOTICE.replace("2026-11-10", "2026-11-10T00:00:00").encode(), "发文日期"),
            (NOTICE.replace("[2027-01-01]", '["2027-01-01"]').encode(), "off 应为日期列表"),
            (NOTICE.replace("[2027-01-01]", "2027-01-01").encode(), "off 应为日期列表"),
            (NOTICE.replace("[2027]", "[true]").encode(), "years 应为年份列表"),
            (NOTICE.replace("2027-01-03", "2027-01-01").encode(), "写了不止一次"),
            (NOTICE.replace("2027-01-03", "2037-01-03").encode(), "2037 年"),
            (NOTICE.replace("www.gov.cn", " ").encode(), "缺少文字 source"),
            (NOTICE.split("off")[0].encode(), "没有写明任何一天"),
            (b"#" * 70_000, "64KB"),
        ],
    )
    def test_a_bad_file_is_refused_by_name(self, content, said):
        with pytest.raises(BadFile) as refused:
            parse_notice(content, name="2027.toml")

        assert "2027.toml" in refused.value.message
        assert said in refused.value.message

    def test_a_folder_without_notices_is_refused(self, tmp_path):
        with pytest.raises(BadFile):
            load_calendar(tmp_path)

    def test_shipped_notices_name_only_days_that_leave_the_ordinary_week(self):
        for notice in read_notices():
            assert all(day.weekday() < 5 for day in notice.off)
            assert all(day.weekday() >= 5 for day in notice.work)
