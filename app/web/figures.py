"""The figures of a first screen, now or at the end of an earlier day, and the charts of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.web.asof import AsOf
from app.web.charts import Bar, in_wan, row_bars
from loans import portfolio, queries
from loans.access import OrganisationKind
from loans.context import Context
from loans.daycount import add_months
from loans.errors import NotFound
from loans.fund import FundPosition, position
from loans.models import Organisation
from loans.overview import DueClocks, OpenClock, due_clocks
from loans.portfolio import Slice, Tally
from loans.standing import CompensationRate, rates
from loans.workflow import State
from subsidy.exports import UNNAMED
from subsidy.statistics import Dimension

OWN_STAGES = {
    OrganisationKind.GUARANTOR: State.GUARANTEE_REVIEW,
    OrganisationKind.BANK: State.LOAN_APPROVAL,
}


@dataclass(frozen=True, slots=True)
class Book:
    """How the notes stand: totals, and the charts by month, bank and group of borrowers."""

    owed: Tally
    late: Tally
    new: Tally  # disbursed in the month of the day
    months: list[Bar]
    maturing: list[Bar]
    soon: int  # how many notes mature within ``SOON``
    banks: list[Bar]
    groups: list[Bar]
    slices: list[Slice]


def book_of(asked: AsOf) -> Book:
    """The visible book of notes on the day asked for."""
    ctx = asked.visit.ctx
    found = portfolio.slices(ctx, asked.day)
    months = portfolio.disbursed_by_month(ctx)
    maturing = portfolio.maturing(ctx, asked.day)
    by_month = portfolio.maturing_by_month(ctx, maturing)
    return Book(
        owed=portfolio.owed(found),
        late=portfolio.late(found),
        new=months[-1][1],
        months=[_month(asked, "disbursed", day, tally) for day, tally in months],
        maturing=[_month(asked, "matures", day, tally) for day, tally in by_month],
        soon=sum(tally.count for day, tally in maturing.items() if day < soon_until(ctx)),
        banks=_by_bank(asked, found),
        groups=_by_group(asked, found),
        slices=found,
    )


@dataclass(frozen=True, slots=True)
class Clocks:
    """How the institution's own working-day clocks stand (9.9)."""

    late: int
    today: int
    soon: list[DueClocks]  # due later, by day

    @classmethod
    def of(cls, found: Iterable[DueClocks]) -> "Clocks":
        """Sort the due days by urgency."""
        rows = list(found)
        return cls(
            late=sum(row.count for row in rows if row.days_left < 0),
            today=sum(row.count for row in rows if row.days_left == 0),
            soon=[row for row in rows if row.days_left > 0],
        )


def own_clocks(ctx: Context, running: Iterable[OpenClock]) -> Clocks:
    """Those of the running clocks whose stage the actor's institution decides."""
    stage = OWN_STAGES.get(ctx.actor.organisation_kind)
    return Clocks.of(row for row in due_clocks(ctx, running) if row.state is stage)


def fund_of(asked: AsOf) -> FundPosition | None:
    """The guarantee fund on the day; None before its first contribution."""
    try:
        return position(asked.visit.ctx)
    except NotFound:
        return None


def soon_until(ctx: Context) -> date:
    """The day after the last of those within which a note matures soon, as ``/notes`` has it."""
    return ctx.on + SOON + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RateLine:
    """A bank's compensation rate against the lines at which it is warned and suspended (§5)."""

    rate: CompensationRate
    permille: int  # of the suspension line
    tone: str


def rate_lines(asked: AsOf) -> dict[str, Any]:
    """Every visible bank's rate over the policy's months up to the day."""
    ctx = asked.visit.ctx
    warn = ctx.book.at("compensation_rate.warn", ctx.on)
    suspend = ctx.book.at("compensation_rate.suspend", ctx.on)

    def line(rate: CompensationRate) -> RateLine:
        ppm = rate.rate_ppm or 0
        tone = "bad" if ppm >= suspend.number else "warn" if ppm >= warn.number else "good"
        return RateLine(rate, 1000 * ppm // max(1, suspend.number), tone)

    return {"rates": [line(rate) for rate in rates(ctx)], "warn": warn, "suspend": suspend}


def _month(asked: AsOf, name: str, day: date, tally: Tally) -> Bar:
    return in_wan(day, tally.amount_fen, asked.visit.at(f"/notes?{name}={day:%Y-%m}"))


def _by_bank(asked: AsOf, found: list[Slice]) -> list[Bar]:
    keys = {row.bank_id for row in found}
    banks = queries.by_key(asked.visit.ctx, Organisation, keys)
    return row_bars(
        (bank.name, _owed(found, bank_id=key), asked.visit.at(f"/notes?bank={bank.public_id}"))
        for key, bank in banks.items()
    )


def _by_group(asked: AsOf, found: list[Slice]) -> list[Bar]:
    names = group_names(asked.visit.ctx)
    return row_bars(
        (
            names.get(code, code),
            _owed(found, category=code),
            asked.visit.at(f"/notes?group={code or 'none'}"),
        )
        for code in {row.category for row in found}
    )


def group_names(ctx: Context) -> dict[str, str]:
    """The groups of borrowers by code, and the words for those outside of all groups."""
    groups = {rule.code: rule.title for rule in ctx.book.family("group", ctx.on)}
    return groups | {"": UNNAMED[Dimension.CATEGORY]}


def _owed(found: list[Slice], **equals: Any) -> int:
    return sum(
        row.balance_fen
        for row in found
        if all(getattr(row, name) == value for name, value in equals.items())
    )


def period_of(text: str) -> tuple[date, date] | None:
    """The month (``2019-08``) or day (``2019-08-31``) an address names, half-open; else None."""
    try:
        first = date.fromisoformat(text if len(text) > 7 else f"{text}-01")
    except ValueError:
        return None
    if not 2000 <= first.year <= 2199:
        return None
    return first, first + timedelta(days=1) if len(text) > 7 else add_months(first, 1)


SOON, VERY_SOON = timedelta(days=30), timedelta(days=7)
