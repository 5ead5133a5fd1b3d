"""Repayment plans: what a note that pays as agreed pays on which day, to the fen.

The k-th due day is disbursement + k months (or quarters), clamped to the month's last day; the
last row is due at maturity and absorbs the remainder. Interest is that of the contract's day count
on the balance that is really outstanding, booked like the accrual books it: rounded once per
settlement period, each row the difference of two cumulative amounts. So a note that pays as
planned has exactly the interest of its plan.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from loans.daycount import (
    MONTHS_A_YEAR,
    DayCount,
    add_months,
    add_years,
    ordinal,
    year_days,
)
from loans.errors import Conflict
from loans.money import half_up, ppm_to_percent
from loans.settlement import AT_MATURITY, due_on_day, period_starts, settled_on

__all__ = [
    "HIGHEST_RATE_PPM", "LONGEST_TERM", "Instalment", "Method", "add_months", "add_years",
    "due_days", "plan", "plausible_rate", "settlement_for",
]  # fmt: skip

PPM = 1_000_000
LONGEST_TERM = 120  # months: far above any the law knows, so that a slip of the pen is one
HIGHEST_RATE_PPM = 240_000  # a year: far above any bank's, for the same reason
_ONE_DAY = timedelta(days=1)


class Method(StrEnum):
    """Repayment methods."""

    BULLET = "BULLET"  # 按月/按季付息到期还本
    EQUAL_INSTALMENT = "EQUAL_INSTALMENT"  # 等额本息
    EQUAL_PRINCIPAL = "EQUAL_PRINCIPAL"  # 等额本金
    LUMP_SUM = "LUMP_SUM"  # 到期一次还本付息


@dataclass(frozen=True, slots=True)
class Instalment:
    """One row of a plan."""

    no: int
    due_on: date
    principal_fen: int
    interest_fen: int
    balance_after_fen: int

    @property
    def total_fen(self) -> int:
        """Principal and interest."""
        return self.principal_fen + self.interest_fen


def plausible_rate(rate_ppm: int) -> int:
    """A contract's rate; ``Conflict`` where it is a slip of the pen."""
    if rate_ppm > HIGHEST_RATE_PPM:
        most = ppm_to_percent(HIGHEST_RATE_PPM)
        raise Conflict(
            "rate-outside",
            f"年利率 {ppm_to_percent(rate_ppm)}% 超过 {most}%，请核对：按百分数填写，例如 4.35",
        )
    return rate_ppm


def settlement_for(method: Method, *, disbursed_on: date, agreed: str) -> str:
    """A note's settlement rule: ``agreed`` for BULLET, else the one its method brings with it."""
    if method is Method.BULLET:
        return agreed
    return AT_MATURITY if method is Method.LUMP_SUM else due_on_day(disbursed_on.day)


def plan(
    *,
    method: Method,
    principal_fen: int,
    rate_ppm: int,
    disbursed_on: date,
    matures_on: date,
    every_months: int = 1,
    day_count: DayCount,
    settlement: str,
) -> tuple[Instalment, ...]:
    """The rows of a note's plan, ascending; principals sum to ``principal_fen`` exactly.

    ``every_months`` (1 or 3) spaces the rows of the two instalment methods; the rows of ``BULLET``
    are its settlement days. ``settlement`` is a rule of ``loans.settlement``, see
    ``settlement_for``. Raises ValueError for terms that are no loan.

    >>> [row.total_fen for row in plan(
    ...     method=Method.EQUAL_INSTALMENT, principal_fen=100_00, rate_ppm=120_000,
    ...     disbursed_on=date(2024, 1, 1), matures_on=date(2024, 7, 1),
    ...     day_count=DayCount.THIRTY_360, settlement="due-1")]
    [1725, 1725, 1725, 1725, 1725, 1728]
    """
    if principal_fen <= 0 or rate_ppm < 0 or matures_on <= disbursed_on:
        raise ValueError("a loan has a principal, no negative rate, and matures after disbursement")
    days = due_days(
        method,
        disbursed_on=disbursed_on,
        matures_on=matures_on,
        every_months=every_months,
        settlement=settlement,
    )
    interest = _Booking(rate_ppm, day_count, settlement, disbursed_on, matures_on)
    fixed_fen = _fixed_fen(method, principal_fen, rate_ppm, len(days), every_months)
    balance_fen, rows = principal_fen, []
    for no, (due_on, stop) in enumerate(days, 1):
        interest_fen = interest.book(balance_fen, stop)
        # What the agreed amount leaves for principal: never below 0, never above the balance.
        of_annuity = interest_fen if method is Method.EQUAL_INSTALMENT else 0
        principal = min(max(fixed_fen - of_annuity, 0), balance_fen)
        if no == len(days):
            principal = balance_fen
        balance_fen -= principal
        rows.append(Instalment(no, due_on, principal, interest_fen, balance_fen))
    return tuple(rows)


def due_days(
    method: Method,
    *,
    disbursed_on: date,
    matures_on: date,
    every_months: int,
    settlement: str,
) -> list[tuple[date, date]]:
    """Each row's due day, and the day before which interest is settled with it; ascending.

    Raises ``ValueError`` unless a plan pays every month or every quarter.
    """
    if every_months not in (1, 3):
        raise ValueError(f"a plan pays every month or every quarter, not every {every_months}")
    last = (matures_on, matures_on)
    if method is Method.LUMP_SUM:
        return [last]
    if method is Method.BULLET:
        # A period may begin on the maturity itself: the one before it was settled the day before.
        starts = period_starts(settlement, disbursed_on + _ONE_DAY, matures_on + _ONE_DAY)
        settled = [(settled_on(settlement, start), start) for start in starts]
        return [row for row in settled if row[0] < matures_on] + [last]
    return [(day, day) for day in _spaced(disbursed_on, matures_on, every_months)] + [last]


def _spaced(disbursed_on: date, matures_on: date, every_months: int) -> Iterator[date]:
    months = every_months
    while (day := add_months(disbursed_on, months)) < matures_on:
        yield day
        months += every_months


def _fixed_fen(
    method: Method, principal_fen: int, rate_ppm: int, rows: int, every_months: int
) -> int:
    """What the method keeps equal: the annuity, the principal part, or nothing at all."""
    if method in (Method.BULLET, Method.LUMP_SUM):
        return 0
    if method is Method.EQUAL_PRINCIPAL or rate_ppm == 0:
        return half_up(principal_fen, rows)
    # Annuity P·i·(1+i)^n / ((1+i)^n - 1) at i = annual rate · months / 12 = part / whole.
    part, whole = rate_ppm * every_months, MONTHS_A_YEAR * PPM
    grown: int = (whole + part) ** rows
    flat: int = whole**rows
    return half_up(principal_fen * part * grown, whole * (grown - flat))


class _Booking:
    """Cumulative interest of one note: finished periods rounded each, plus the running one."""

    def __init__(
        self,
        rate_ppm: int,
        day_count: DayCount,
        settlement: str,
        disbursed_on: date,
        matures_on: date,
    ) -> None:
        self._rate_ppm, self._day_count = rate_ppm, day_count
        self._starts = period_starts(settlement, disbursed_on + _ONE_DAY, matures_on + _ONE_DAY)
        self._at = disbursed_on
        self._finished_fen = self._booked_fen = 0
        self._running = 0  # the running period's balance-days times rate, unrounded

    def book(self, balance_fen: int, stop: date) -> int:
        """Fen of interest from the last ``stop`` to this one, at this balance."""
        while self._starts and self._starts[0] <= stop:
            self._run(balance_fen, self._starts.pop(0))
            self._finished_fen += self._rounded_fen()
            self._running = 0
        self._run(balance_fen, stop)
        before_fen = self._booked_fen
        self._booked_fen = self._finished_fen + self._rounded_fen()
        return self._booked_fen - before_fen

    def _run(self, balance_fen: int, stop: date) -> None:
        days = ordinal(stop, self._day_count) - ordinal(self._at, self._day_count)
        self._running += balance_fen * self._rate_ppm * days
        self._at = stop

    def _rounded_fen(self) -> int:
        return half_up(self._running, PPM * year_days(self._day_count))
