"""Settlement rules (结息): when the interest of a note is settled, one text a rule.

================  =======================  ==========================
rule              periods begin on         interest is due on
================  =======================  ==========================
``quarterly-20``  21 Mar, Jun, Sep, Dec    the 20th, the day before
``monthly-20``    the 21st of each month   the 20th, the day before
``month-end``     the 1st of each month    the month's last day
``due-D``         each due day D (1 … 31)  the due day itself
``at-maturity``   never: one period        the maturity
================  =======================  ==========================

``due-D`` is the rule of instalment notes. It is not written ``monthly-D``, because a note due on
each 20th settles on other days than ``monthly-20``: there the 20th still belongs to the period
that ends.
"""

import calendar
from collections.abc import Iterator
from datetime import date, timedelta

from loans.daycount import MONTHS_A_YEAR

QUARTERLY_20 = "quarterly-20"
MONTHLY_20 = "monthly-20"
MONTH_END = "month-end"
AT_MATURITY = "at-maturity"

_DUE = "due-"
_BEGINS_ON = {QUARTERLY_20: 21, MONTHLY_20: 21, MONTH_END: 1} | {
    f"{_DUE}{day}": day for day in range(1, 32)
}
_QUARTER_MONTHS = (3, 6, 9, 12)


def due_on_day(day: int) -> str:
    """The rule of an instalment note whose due day is the ``day``-th (1 … 31) of the month.

    Raises ``ValueError`` for another day.

    >>> due_on_day(31)
    'due-31'
    """
    rule = f"{_DUE}{day}"
    if rule not in _BEGINS_ON:
        raise ValueError(f"a due day is 1 to 31, not {day}")
    return rule


def begins_on_day(rule: str) -> int | None:
    """The day of the month on which the rule's periods begin; None for ``at-maturity``.

    Clamped to the month's last day when used. Raises ValueError for an unknown rule.
    """
    if rule == AT_MATURITY:
        return None
    if rule not in _BEGINS_ON:
        raise ValueError(f"unknown settlement rule {rule!r}")
    return _BEGINS_ON[rule]


def period_starts(rule: str, since: date, until: date) -> list[date]:
    """The days of ``[since, until)`` on which a settlement period begins, ascending.

    ``at-maturity`` has none: its only boundary is the note's own maturity.

    >>> period_starts("quarterly-20", date(2019, 6, 21), date(2019, 12, 21))
    [datetime.date(2019, 6, 21), datetime.date(2019, 9, 21)]
    >>> period_starts("due-31", date(2020, 1, 1), date(2020, 4, 1))
    [datetime.date(2020, 1, 31), datetime.date(2020, 2, 29), datetime.date(2020, 3, 31)]
    """
    wanted = begins_on_day(rule)
    if wanted is None:
        return []
    days = (_clamped(year, month, wanted) for year, month in _months(rule, since, until))
    return [day for day in days if since <= day < until]


def settled_on(rule: str, start: date) -> date:
    """The day on which the interest of the period that ends before ``start`` is due.

    >>> settled_on("monthly-20", date(2019, 9, 21)), settled_on("due-21", date(2019, 9, 21))
    (datetime.date(2019, 9, 20), datetime.date(2019, 9, 21))
    """
    return start if rule.startswith(_DUE) else start - timedelta(days=1)


def _months(rule: str, since: date, until: date) -> Iterator[tuple[int, int]]:
    first, last = (day.year * MONTHS_A_YEAR + day.month - 1 for day in (since, until))
    for months in range(first, last + 1):
        year, month = months // MONTHS_A_YEAR, months % MONTHS_A_YEAR + 1
        if rule != QUARTERLY_20 or month in _QUARTER_MONTHS:
            yield year, month


def _clamped(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))
