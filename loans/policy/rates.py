"""Official rates: the PBoC's benchmark by term band, and the loan prime rate.

（九）: 按基准利率给予50%的贴息. The benchmark is the one in force on the day of signing for the
band of the contract's term; it does not follow later changes (默认). A band contains its edge:
exactly one year is 一年以内 (民法典 第1259条: 以内 includes the number).
"""

from datetime import date
from enum import StrEnum

from loans.daycount import add_months
from loans.policy.book import PolicyBook, Rule
from loans.policy.units import Band


class LprTenor(StrEnum):
    """The tenor of the loan prime rate, as stored on a contract."""

    ONE_YEAR = "1y"
    FIVE_YEARS = "5y"


def benchmark_ppm(
    book: PolicyBook, signed_on: date, matures_on: date, *, starts_on: date | None = None
) -> Rule:
    """The benchmark rate [ppm] of a contract signed on a day; raises ``PolicyGap``.

    The term runs from ``starts_on`` (default: the day of signing) to ``matures_on``.
    """
    bands = book.at("benchmark_bands", signed_on).value
    assert isinstance(bands, tuple)
    start = starts_on or signed_on
    band = next(band for band in bands if _holds(band, start, matures_on))
    return book.at(band.rate, signed_on)


def lpr_ppm(book: PolicyBook, on: date, tenor: LprTenor) -> Rule:
    """The loan prime rate [ppm] published last on or before a day; raises ``PolicyGap``."""
    return book.at(f"lpr.{LprTenor(tenor)}", on)


def _holds(band: Band, start: date, stop: date) -> bool:
    return band.months is None or stop <= add_months(start, band.months)
