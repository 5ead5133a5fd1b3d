"""Days of a loan contract: same-day month arithmetic and day counts.

A period ``[start, stop)`` weighs ``ordinal(stop) - ordinal(start)`` days of a year of
``year_days``: 算头不算尾, the first day counts and the last does not.
"""

import calendar
from datetime import date
from enum import StrEnum

MONTHS_A_YEAR = 12


class DayCount(StrEnum):
    """The day count of a contract.

    ``ACT_360`` and ``ACT_365`` count calendar days. ``THIRTY_360`` (30E/360, 逐笔) counts
    360·year + 30·month + min(day, 30): the 30th of a 31-day month weighs 0, 28 February 3
    (in a leap year 1), 29 February 2, every other day 1.
    """

    ACT_360 = "act/360"
    ACT_365 = "act/365"
    THIRTY_360 = "30/360"


def year_days(day_count: DayCount) -> int:
    """Days of the year by which an annual rate is divided."""
    return 365 if day_count is DayCount.ACT_365 else 360


def ordinal(day: date, day_count: DayCount) -> int:
    """The day's number on the axis of its day count.

    >>> [ordinal(date(2019, 3, 1), count) - ordinal(date(2019, 2, 28), count) for count in DayCount]
    [1, 1, 3]
    """
    if day_count is DayCount.THIRTY_360:
        return 360 * day.year + 30 * day.month + min(day.day, 30)
    return day.toordinal()


def add_months(day: date, months: int) -> date:
    """The same day of the month, ``months`` later (or earlier), rounded *down* to the month's end.

    Clamped once, from the given day: the k-th due day is ``add_months(start, k)``, never one month
    after the (k-1)-th, which would stay clamped.

    >>> add_months(date(2019, 1, 31), 1), add_months(date(2019, 1, 31), 2)
    (datetime.date(2019, 2, 28), datetime.date(2019, 3, 31))
    >>> add_months(date(2020, 2, 29), 36)
    datetime.date(2023, 2, 28)
    """
    year, month = divmod(day.year * MONTHS_A_YEAR + day.month - 1 + months, MONTHS_A_YEAR)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def add_years(day: date, years: int) -> date:
    """The same day of the year, ``years`` later; 29 February becomes 28 February.

    >>> add_years(date(2020, 2, 29), 3)
    datetime.date(2023, 2, 28)
    """
    return add_months(day, MONTHS_A_YEAR * years)
