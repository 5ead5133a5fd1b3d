"""The State Council's calendar: working days, due days, and clocks that can stand.

A working day is Monday to Friday, unless a notice of the State Council (国务院办公厅关于…部分节假日
安排的通知) names the day otherwise; the newest notice that names a day decides. Notices are data
(``loans/workday_notices/*.toml``, see ``loans.notices``), and a calendar can be read as it was
known on a day. A year that no notice has announced yet is guessed by its weekends alone: a due day
that touches such a year says that it is *provisional* and is recomputed when the notice is loaded.

Source: （九）9.9 担保机构、经办银行应分别在5个工作日内完成担保审核、贷款审批. The start day is not
counted.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

from loans.notices import Notice, read_notices

_SATURDAY = 5
_ONE_DAY = timedelta(days=1)

# 补正: (the day the file was sent back, the day it came back; None while it is away).
Stop = tuple[date, date | None]


@dataclass(frozen=True, slots=True)
class DueDay:
    """A last day in time; ``provisional`` while a year it depends on is not announced."""

    on: date
    provisional: bool


@dataclass(frozen=True)
class WorkdayCalendar:
    """Working days by the given notices; a value, equal to another with the same notices."""

    notices: tuple[Notice, ...]

    def known_on(self, day: date) -> "WorkdayCalendar":
        """The calendar as it was known at the end of ``day``: later notices are left out."""
        known = tuple(n for n in self.notices if n.announced_on <= day)
        # With the day it only grows, so its size names it; a calendar unfolds its days once.
        return self._known.setdefault(len(known), WorkdayCalendar(known))

    def with_notices(self, more: Iterable[Notice]) -> "WorkdayCalendar":
        """The calendar with further notices loaded; one it already has changes nothing."""
        added = tuple(more)
        return WorkdayCalendar(tuple(dict.fromkeys((*self.notices, *added)))) if added else self

    def is_workday(self, day: date) -> bool:
        """Whether people work on ``day``; a guess where ``is_announced`` says no."""
        return self._named.get(day, day.weekday() < _SATURDAY)

    def is_announced(self, day: date) -> bool:
        """Whether a notice announced the holidays of the day's year."""
        return day.year in self._announced

    def add_workdays(self, start: date, n: int) -> DueDay:
        """The ``n``-th working day after ``start`` (``n >= 1``); ``start`` is not counted."""
        due = self.due_day(start, n)
        assert due is not None  # a clock without stops always runs
        return due

    def due_day(self, start: date, n: int, stops: Sequence[Stop] = ()) -> DueDay | None:
        """The ``n``-th working day after ``start`` that counts; None while the clock stands.

        Working days ``d`` with return day <= d < resubmission day do not count; counting then
        resumes. A due day before a stop is not moved by it.
        """
        if n < 1:
            raise ValueError(f"a deadline is at least one working day, not {n}")
        if stops:
            return self._counted(start, n, stops)
        # Then it follows from the calendar alone, and a worklist asks for the same few days.
        if (start, n) not in self._reached:
            self._reached[start, n] = self._counted(start, n, ())
        return self._reached[start, n]

    def _counted(self, start: date, n: int, stops: Sequence[Stop]) -> DueDay | None:
        away_since = min((returned for returned, back in stops if back is None), default=date.max)
        left, day, provisional = n, start, False
        while left:
            day += _ONE_DAY
            if day >= away_since:
                return None
            provisional = provisional or not self.is_announced(day)
            left -= self.is_workday(day) and not _stands(day, stops)
        return DueDay(day, provisional)

    def workdays_between(self, start: date, stop: date) -> int:
        """How many working days ``[start, stop)`` has."""
        return sum(map(self.is_workday, _days(start, stop)))

    def workdays_used(self, start: date, decided_on: date, stops: Sequence[Stop] = ()) -> int:
        """Working days a decision took: those after ``start``, up to it, while the clock ran.

        ``decided_on <= due_day(start, n, stops)`` exactly when this is at most ``n``, provided
        the decision fell on a working day.
        """
        days = _days(start + _ONE_DAY, decided_on + _ONE_DAY)
        return sum(self.is_workday(day) and not _stands(day, stops) for day in days)

    @cached_property
    def _reached(self) -> dict[tuple[date, int], DueDay | None]:
        return {}

    @cached_property
    def _known(self) -> dict[int, "WorkdayCalendar"]:
        return {}

    @cached_property
    def _named(self) -> dict[date, bool]:
        named: dict[date, bool] = {}
        for notice in sorted(self.notices, key=lambda notice: notice.announced_on):
            for day in notice.withdrawn:
                named.pop(day, None)
            named.update(dict.fromkeys(notice.off, False))
            named.update(dict.fromkeys(notice.work, True))
        return named

    @cached_property
    def _announced(self) -> frozenset[int]:
        return frozenset(year for notice in self.notices for year in notice.years)


def load_calendar(
    folder: Path | None = None, *, known_on: date | None = None, extra: Iterable[Notice] = ()
) -> WorkdayCalendar:
    """The calendar of the shipped notices (or those of ``folder``) and ``extra`` ones.

    ``known_on``: as it was known at the end of that day. Raises BadFile for a broken notice.
    """
    calendar = WorkdayCalendar(read_notices(folder)).with_notices(extra)
    return calendar if known_on is None else calendar.known_on(known_on)


def _stands(day: date, stops: Sequence[Stop]) -> bool:
    return any(returned <= day and (back is None or day < back) for returned, back in stops)


def _days(start: date, stop: date) -> Iterator[date]:
    return (start + timedelta(days=i) for i in range((stop - start).days))
