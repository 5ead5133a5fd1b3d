"""An independent accrual, day by day in plain Python integers, written from the rules alone.

No numpy and nothing of the core: one loop over the days of one note's life. Slow and obvious.
Its vocabulary is its own (words instead of codes), so that it cannot share a mistake of encoding.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from math import floor

ONE_DAY = timedelta(days=1)


@dataclass
class Loan:
    """A note: fen, ppm, percent, dates. None: the whole balance, the contract rate, no ceiling."""

    principal: int
    disbursed: date
    maturity: date
    rate: int
    share: int
    subsidised: int | None = None
    benchmark: int | None = None
    ceiling: int | None = None
    own_part: int = 0
    subsidy_end: date | None = None
    day_count: str = "act/360"  # act/360, act/365, 30/360
    settlement: str = "quarterly-20"  # quarterly-20, monthly-20, month-end, maturity, due-D
    # (day, kind, value): repaid fen, rate ppm, overdue, cured, stopped, subsidised fen
    events: list[tuple[date, str, int]] = field(default_factory=list)


def booked(loan: Loan, days: Iterable[date]) -> dict[date, tuple[int, int]]:
    """(interest, subsidy) in fen that the loan's life before each of ``days`` has earned."""
    asked = set(days)
    happened: dict[date, list[tuple[str, int]]] = {}
    for on, kind, value in loan.events:
        happened.setdefault(on, []).append((kind, value))

    balance, rate, subsidised = loan.principal, loan.rate, loan.subsidised
    overdue = stopped = False
    year = 365 if loan.day_count == "act/365" else 360
    closed_interest = closed_subsidy = 0
    interest = subsidy = at_most = 0  # running: fen·ppm·days, fen·ppm·days·percent, fen·ppm·days
    found: dict[date, tuple[int, int]] = {}

    def rounded() -> tuple[int, int]:
        paid = half_up(subsidy, 1_000_000 * year * 100)
        return half_up(interest, 1_000_000 * year), min(paid, half_up(at_most, 1_000_000 * year))

    today = min(loan.disbursed, *asked)
    last = max(asked)
    while today <= last:
        if today > loan.disbursed and a_period_begins(loan, today):
            finished = rounded()
            closed_interest += finished[0]
            closed_subsidy += finished[1]
            interest = subsidy = at_most = 0
        if today in asked:
            running = rounded()
            found[today] = closed_interest + running[0], closed_subsidy + running[1]
        if today < loan.disbursed:
            today += ONE_DAY
            continue
        was_overdue = overdue
        for kind, value in happened.get(today, ()):
            if kind == "repaid":
                balance -= value
            elif kind == "rate":
                rate = value
            elif kind == "subsidised":
                subsidised = value
            elif kind == "stopped":
                stopped = True
        flags = [kind for kind, _ in happened.get(today, ()) if kind in ("overdue", "cured")]
        if len(flags) == 1:
            overdue = flags[0] == "overdue"
        elif flags:
            overdue = was_overdue ^ (len(flags) % 2 == 1)
        if balance:
            weight = weight_of(today, loan.day_count)
            interest += balance * rate * weight
            if (
                not overdue
                and not stopped
                and today < loan.maturity
                and (loan.subsidy_end is None or today < loan.subsidy_end)
            ):
                base = balance if subsidised is None else min(balance, subsidised)
                if loan.benchmark is not None:
                    subsidised_rate = loan.benchmark
                else:
                    subsidised_rate = rate if loan.ceiling is None else min(rate, loan.ceiling)
                    subsidised_rate = max(0, subsidised_rate - loan.own_part)
                subsidy += base * subsidised_rate * weight * loan.share
                at_most += base * rate * weight
        today += ONE_DAY
    return found


def half_up(numerator: int, denominator: int) -> int:
    """The nearest integer of an exact fraction; a half goes up."""
    return floor(Fraction(numerator, denominator) + Fraction(1, 2))


def weight_of(today: date, day_count: str) -> int:
    """What one day weighs: always 1, except for 30/360."""
    if day_count != "30/360":
        return 1
    tomorrow = today + ONE_DAY
    if today.month == 2 and tomorrow.month == 3:
        return 3 if today.day == 28 else 2
    if today.day == 30 and tomorrow.day == 31:
        return 0
    return 1


def a_period_begins(loan: Loan, today: date) -> bool:
    """Whether a settlement period ended at the end of yesterday."""
    rule = loan.settlement
    if rule == "maturity":
        return today == loan.maturity
    if rule == "quarterly-20":
        return today.day == 21 and today.month in (3, 6, 9, 12)
    if rule == "monthly-20":
        return today.day == 21
    if rule == "month-end":
        return today.day == 1
    due_day = int(rule.removeprefix("due-"))
    is_last = (today + ONE_DAY).day == 1
    return today.day == due_day or (is_last and today.day < due_day)
