"""Day counts: how many days a period of a loan weighs.

A day is an ``int``: days since 1970-01-01 (``day``, ``to_date``). Each day count maps days to
*ordinals*, so that the weight of ``[start, stop)`` is ``ordinal(stop) - ordinal(start)``:

* ``ACT_360``, ``ACT_365``: the ordinal is the day itself, the year has 360 or 365 days;
* ``THIRTY_360`` (30E/360, 逐笔): ``360·year + 30·month + min(day, 30)``; the 30th of a 31-day month
  weighs 0, 28 February 3 (in a leap year 1), 29 February 2, every other day 1.
"""

from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt

ACT_360: Final = 0
ACT_365: Final = 1
THIRTY_360: Final = 2

# Days a year by day count, indexed with the codes above.
DAYS_A_YEAR: Final = (360, 365, 360)

Days = npt.NDArray[np.signedinteger[Any]]

_EPOCH: Final = date(1970, 1, 1).toordinal()


def day(on: date) -> int:
    """Days since 1970-01-01.

    >>> day(date(2019, 6, 21))
    18068
    """
    return on.toordinal() - _EPOCH


def to_date(on: int) -> date:
    """The date of a day number; the inverse of ``day``."""
    return date.fromordinal(int(on) + _EPOCH)


def ordinals(on: Days, day_count: int) -> Days:
    """Ordinals of an array of days, same shape; a period weighs the difference of two.

    >>> ordinals(np.array([day(date(2019, 2, 28)), day(date(2019, 3, 1))]), THIRTY_360)
    array([726868, 726871])
    """
    if day_count != THIRTY_360:
        return on
    days = on.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    day_of_month = (days - months).astype(np.int64) + 1
    since_1970 = months.astype(np.int64)
    thirty: Days = 30 * (since_1970 + 12 * 1970 + 1) + np.minimum(day_of_month, 30)
    return thirty
