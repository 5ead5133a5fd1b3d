"""Interest of one note at its contract rate, to the fen: what a payout covers (9.11).

The same sum as the accrual core's, in plain integers for one note: rounded half up once per
settlement period, plus the rounded running one. There is no penalty here, also after the maturity:
what a guarantee company compensates is outstanding principal and unpaid interest at the contract
rate up to the payment day (rules.md §1, 9.11 **(default)**). Under ``at-maturity`` the days after
the maturity are one further period.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from loans.daycount import DayCount, ordinal, year_days
from loans.money import half_up
from loans.settlement import AT_MATURITY, period_starts

PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Change:
    """From a day on: principal that was repaid [fen], or another rate [ppm]."""

    on: date
    repaid_fen: int = 0
    rate_ppm: int | None = None


def contract_interest_fen(
    *,
    principal_fen: int,
    rate_ppm: int,
    day_count: DayCount,
    settlement: str,
    disbursed_on: date,
    matures_on: date,
    changes: Iterable[Change],
    until: date,
) -> int:
    """Interest booked for the days of ``[disbursed_on, until)``; ``changes`` in any order.

    >>> contract_interest_fen(principal_fen=300_000_00, rate_ppm=43_500,
    ...     day_count=DayCount.ACT_360, settlement="quarterly-20", disbursed_on=date(2019, 4, 10),
    ...     matures_on=date(2020, 4, 10), changes=(), until=date(2019, 6, 21))
    261000
    """
    if until <= disbursed_on:
        return 0
    ends = _period_ends(settlement, disbursed_on, matures_on, until)
    turns = sorted(changes, key=lambda change: change.on)
    total_fen, running, at, balance_fen = 0, 0, disbursed_on, principal_fen
    for end in ends:
        while turns and turns[0].on < end:
            turn = turns.pop(0)
            running += _weight(balance_fen, rate_ppm, at, turn.on, day_count)
            at = max(at, turn.on)
            balance_fen -= turn.repaid_fen
            rate_ppm = rate_ppm if turn.rate_ppm is None else turn.rate_ppm
        running += _weight(balance_fen, rate_ppm, at, end, day_count)
        total_fen += half_up(running, PPM * year_days(day_count))
        running, at = 0, end
    return total_fen


def _period_ends(settlement: str, disbursed_on: date, matures_on: date, until: date) -> list[date]:
    """The days before which a settlement period ends, the running one's ``until`` last."""
    if settlement == AT_MATURITY:
        return [matures_on, until] if disbursed_on < matures_on < until else [until]
    return [*period_starts(settlement, disbursed_on + timedelta(days=1), until), until]


def _weight(balance_fen: int, rate_ppm: int, since: date, until: date, count: DayCount) -> int:
    days = ordinal(until, count) - ordinal(since, count) if until > since else 0
    return balance_fen * rate_ppm * days
