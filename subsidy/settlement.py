"""Settlement rules (结息): on which days a note's settlement periods begin.

A settlement rule is a small integer code, stored with the note:

* ``1 … 31``: ``monthly(D)``, a period begins on each day D, clamped to the month's last day: the
  due days of an instalment note. ``MONTH_END`` (a period begins on each 1st) and ``MONTHLY_20``
  (periods run 21st–20th) are two of them;
* ``QUARTERLY_20``: periods begin on 21 March, June, September and December;
* ``AT_MATURITY``: one period until the original maturity and, when the note is not repaid by then,
  one further period until it is.

Interest is due on the day before a period begins: the 20th belongs to the finished period.
"""

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from subsidy.arrays import Integers

AT_MATURITY: Final = -1
QUARTERLY_20: Final = 0
MONTH_END: Final = 1
MONTHLY_20: Final = 21


def monthly(due_day: int) -> int:
    """The code of the rule by which a period begins on each ``due_day``.

    Raises ``ValueError`` for a day that is not 1 … 31.
    """
    if not 1 <= due_day <= 31:
        raise ValueError(f"a due day is 1 to 31, not {due_day}")
    return due_day


def settlement_days(settlement: int, since: int, until: int) -> npt.NDArray[np.int32]:
    """Days of ``[since, until)`` on which a settlement period begins, ascending.

    ``AT_MATURITY`` has none here: its only boundary is each note's own maturity.
    """
    if settlement == AT_MATURITY or until <= since:
        return np.empty(0, np.int32)
    months = np.arange(_month(since), _month(until) + 1)
    begins_on = 21 if settlement == QUARTERLY_20 else settlement
    if settlement == QUARTERLY_20:
        months = months[months % 3 == 2]  # month 0 is January 1970: March is 2
    firsts = months.astype("datetime64[M]")
    lengths = (firsts + 1).astype("datetime64[D]") - firsts.astype("datetime64[D]")
    days = _day_numbers(firsts) + np.minimum(begins_on, lengths.astype(np.int64)) - 1
    inside: npt.NDArray[np.int32] = days[(days >= since) & (days < until)].astype(np.int32)
    return inside


@lru_cache(maxsize=256)
def last_settlement_day(settlement: int, on: int) -> int | None:
    """The last day ``<= on`` on which a period begins; None where the rule has no calendar."""
    days = settlement_days(settlement, on - 100, on + 1)
    return int(days[-1]) if len(days) else None


def _month(on: int) -> int:
    """Months since January 1970."""
    return int(np.datetime64(on, "D").astype("datetime64[M]").astype(np.int64))


def _day_numbers(months: npt.NDArray[np.datetime64]) -> Integers:
    return months.astype("datetime64[D]").astype(np.int64)
