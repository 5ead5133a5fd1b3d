"""One note recomputed step by step, for an auditor with a pocket calculator.

``steps`` cuts a note's life wherever anything changes (an event, maturity, the subsidy's end, a
settlement day, the asked days) and shows every factor of every piece. The pieces' amounts add up to
``booked(until) - booked(since)`` of the accrual core, which a test asserts.
"""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

import numpy as np

from loans.money import half_up
from subsidy.daycount import DAYS_A_YEAR, ordinals, to_date
from subsidy.notes import Events, Notes
from subsidy.settlement import AT_MATURITY, last_settlement_day, settlement_days
from subsidy.timeline import Timeline, subsidy_rate_ppm, timeline

PPM: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Step:
    """A piece ``[start, stop)`` of a note's life in which no factor changes.

    ``interest_numerator`` = balance_fen × rate_ppm × days, over ``interest_denominator``;
    ``subsidy_numerator`` = subsidised_fen × subsidy_rate_ppm × share_pct × days (0 on days without
    subsidy), over ``subsidy_denominator``; ``limit_numerator`` = subsidised_fen × rate_ppm × days.
    ``interest_so_far_fen`` and ``subsidy_so_far_fen`` are the rounded amounts of the settlement
    period from ``period_start`` to ``stop``: its numerators summed, then rounded half up, the
    subsidy at most the rounded limit. ``interest_fen`` and ``subsidy_fen`` are what the piece adds.
    """

    period_start: date
    start: date
    stop: date
    days: int
    balance_fen: int
    rate_ppm: int
    subsidised_fen: int
    subsidy_rate_ppm: int
    share_pct: int
    eligible: bool
    interest_numerator: int
    subsidy_numerator: int
    limit_numerator: int
    interest_denominator: int
    subsidy_denominator: int
    interest_so_far_fen: int
    subsidy_so_far_fen: int
    interest_fen: int
    subsidy_fen: int


def steps(notes: Notes, events: Events, i: int, since: int, until: int) -> list[Step]:
    """The pieces of note ``i`` whose amounts sum to booked(until) − booked(since).

    The list begins with the settlement period that holds ``since``, because its rounding needs the
    days before; pieces before ``since`` belong to the explanation, not to the sum. Empty where
    ``until`` is not after the disbursement.
    """
    rows = slice(i, i + 1)
    note = notes.take(rows)
    time = timeline(note, events.take(rows))
    periods = _period_starts(note, since, until)
    cuts = {*periods, since, until, int(time.ends_on[0]), *map(int, time.on)}
    days = sorted(on for on in cuts if periods[0] <= on <= until)
    found: list[Step] = []
    for start, stop in pairwise(days):
        period = max(on for on in periods if on <= start)
        so_far = [step for step in found if step.period_start == to_date(period)]
        found.append(_step(note, time, period, start, stop, so_far))
    return found


def _step(
    note: Notes, time: Timeline, period: int, start: int, stop: int, so_far: list[Step]
) -> Step:
    at = int(np.searchsorted(time.on, start, side="right")) - 1
    day_count, share = int(note.day_count[0]), int(note.share_pct[0])
    begin, end = map(int, ordinals(np.array([start, stop]), day_count))
    balance, rate = int(time.balance_fen[at]), int(time.rate_ppm[at])
    base = min(balance, int(time.subsidised_fen[at]))
    subsidy_rate = int(subsidy_rate_ppm(note, time)[at])
    eligible = balance > 0 and start < int(time.ends_on[0]) and not bool(time.overdue[at])

    interest = balance * rate * (end - begin)
    subsidy = base * subsidy_rate * share * (end - begin) * eligible
    limit = base * rate * (end - begin) * eligible
    denominator = PPM * DAYS_A_YEAR[day_count]
    interest_so_far = half_up(
        interest + sum(step.interest_numerator for step in so_far), denominator
    )
    subsidy_so_far = min(
        half_up(subsidy + sum(step.subsidy_numerator for step in so_far), 100 * denominator),
        half_up(limit + sum(step.limit_numerator for step in so_far), denominator),
    )
    return Step(
        period_start=to_date(period),
        start=to_date(start),
        stop=to_date(stop),
        days=end - begin,
        balance_fen=balance,
        rate_ppm=rate,
        subsidised_fen=base,
        subsidy_rate_ppm=subsidy_rate,
        share_pct=share,
        eligible=eligible,
        interest_numerator=interest,
        subsidy_numerator=subsidy,
        limit_numerator=limit,
        interest_denominator=denominator,
        subsidy_denominator=100 * denominator,
        interest_so_far_fen=interest_so_far,
        subsidy_so_far_fen=subsidy_so_far,
        interest_fen=interest_so_far - (so_far[-1].interest_so_far_fen if so_far else 0),
        subsidy_fen=subsidy_so_far - (so_far[-1].subsidy_so_far_fen if so_far else 0),
    )


def _period_starts(note: Notes, since: int, until: int) -> list[int]:
    """First days of the settlement periods from the one that holds ``since``."""
    settlement, disbursed_on = int(note.settlement[0]), int(note.disbursed_on[0])
    if settlement == AT_MATURITY:
        return [on for on in (disbursed_on, int(note.matures_on[0])) if on <= max(since, until)]
    last = last_settlement_day(settlement, since)
    first = max(disbursed_on, last if last is not None else disbursed_on)
    return [first, *map(int, settlement_days(settlement, first + 1, until))]
