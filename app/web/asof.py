"""A page as it stood at the end of an earlier day: ``?on=2019-08-31`` in its address."""

from dataclasses import dataclass, replace
from datetime import date

from app.web.edge import Visit
from loans.errors import PolicyGap
from loans.policy import PolicyBook

# What the figures of any day are judged by: before these rules there is nothing to show.
JUDGED_BY = (
    "fund_leverage",
    "compensation_rate.months",
    "compensation_rate.warn",
    "compensation_rate.suspend",
)


@dataclass(frozen=True, slots=True)
class AsOf:
    """The day asked for, None for now; and the visit whose context lives on that day."""

    day: date | None
    visit: Visit

    @property
    def first(self) -> date:
        """The earliest day that can be asked for."""
        return first_day(self.visit.ctx.book)


def first_day(book: PolicyBook) -> date:
    """The first day on which the law says what the figures are judged by."""
    return max(book.rules(key)[0].since for key in JUDGED_BY)


def as_of(visit: Visit) -> AsOf:
    """What the address asks for; none, today, or what is no day at all, is now.

    Raises ``PolicyGap`` for a day before the programme's rules, ``Conflict`` for one to come.
    """
    day = visit.asked_day
    if day is None or visit.ctx.come(day) == visit.ctx.on:
        return AsOf(None, visit)
    first = first_day(visit.ctx.book)
    if day < first:
        raise PolicyGap(
            "before-the-rules",
            f"{day} 还没有富民创业担保贷款的规定，最早可以查看 {first} 的情况",
            details={"on": day.isoformat(), "first": first.isoformat()},
        )
    return AsOf(day, replace(visit, ctx=replace(visit.ctx, on=day), as_of=day))
