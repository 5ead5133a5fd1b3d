"""What is due and unpaid on a note, since when, and what that makes of it (9.10; rules.md §4).

Payments meet the oldest instalment first, principal with principal and interest with interest; a
prepayment therefore covers the instalments that come next. Days past due on day d: d − due day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from loans.policy import Rung


@dataclass(frozen=True, slots=True)
class Due:
    """What must have been paid in all by the end of a due day; cumulative fen."""

    no: int
    due_on: date
    principal_fen: int
    interest_fen: int


@dataclass(frozen=True, slots=True)
class Arrear:
    """What is unpaid of one instalment; ``days_past_due`` is negative before its day."""

    no: int
    due_on: date
    principal_fen: int
    interest_fen: int
    days_past_due: int

    @property
    def total_fen(self) -> int:
        """Principal and interest."""
        return self.principal_fen + self.interest_fen


def unpaid(
    dues: Iterable[Due], *, principal_paid_fen: int, interest_paid_fen: int, on: date
) -> tuple[Arrear, ...]:
    """The instalments that are not wholly paid, oldest first, those to come included.

    >>> dues = [Due(1, date(2019, 6, 20), 0, 100), Due(2, date(2019, 9, 20), 5000, 200)]
    >>> [(row.no, row.total_fen, row.days_past_due) for row in unpaid(
    ...     dues, principal_paid_fen=1000, interest_paid_fen=40, on=date(2019, 7, 20))]
    [(1, 60, 30), (2, 4100, -62)]
    """
    rows, before = [], Due(0, date.min, 0, 0)
    for due in dues:
        principal_fen = max(0, due.principal_fen - max(principal_paid_fen, before.principal_fen))
        interest_fen = max(0, due.interest_fen - max(interest_paid_fen, before.interest_fen))
        if principal_fen or interest_fen:
            days = (on - due.due_on).days
            rows.append(Arrear(due.no, due.due_on, principal_fen, interest_fen, days))
        before = due
    return tuple(rows)


def loan_class(rungs: Sequence[Rung], days_past_due: int) -> Rung:
    """五级分类: the highest rung that these days have reached.

    >>> ladder = [Rung("normal", "正常", 0), Rung("special_mention", "关注", 1)]
    >>> loan_class(ladder, 0).name, loan_class(ladder, 1).name
    ('正常', '关注')
    """
    return [rung for rung in rungs if rung.days <= max(0, days_past_due)][-1]


def silent_intervals(
    contacts: Iterable[date], *, due_on: date, until: date, every_days: int
) -> tuple[tuple[date, date], ...]:
    """The whole intervals ``[since, until)`` after a due day in which nobody reached out.

    The first begins on the day after the due day; the one that still runs is not judged.

    >>> silent_intervals([date(2019, 6, 25)], due_on=date(2019, 6, 20),
    ...                  until=date(2019, 8, 21), every_days=30)
    ((datetime.date(2019, 7, 21), datetime.date(2019, 8, 20)),)
    """
    if every_days <= 0:
        return ()
    days, step = sorted(contacts), timedelta(days=every_days)
    since, silent = due_on + timedelta(days=1), []
    while since + step <= until:
        if not any(since <= day < since + step for day in days):
            silent.append((since, since + step))
        since += step
    return tuple(silent)
