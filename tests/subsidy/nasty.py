"""Nasty notes: random loans that pile boundaries, ties and same-day events onto one another."""

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random

from subsidy import accrual
from subsidy.accrual import Event, Events, Note, Notes
from tests.subsidy.oracle import Loan

DAY_COUNTS = {
    "act/360": accrual.ACT_360,
    "act/365": accrual.ACT_365,
    "30/360": accrual.THIRTY_360,
}
SETTLEMENTS = {
    "quarterly-20": accrual.QUARTERLY_20,
    "monthly-20": accrual.MONTHLY_20,
    "month-end": accrual.MONTH_END,
    "maturity": accrual.AT_MATURITY,
    **{f"due-{due}": accrual.monthly(due) for due in range(1, 32)},
}
KINDS = {
    "repaid": accrual.PRINCIPAL_REPAID,
    "rate": accrual.RATE_CHANGED,
    "overdue": accrual.OVERDUE_FROM,
    "cured": accrual.OVERDUE_CURED,
    "stopped": accrual.SUBSIDY_STOPPED,
    "subsidised": accrual.SUBSIDISED_CHANGED,
}

PRINCIPALS = [1, 2, 99, 50_00, 100_000_01, 300_000_00, 500_000_00, 5_000_000_00]
RATES = [0, 1, 18_000, 43_500, 43_501, 47_500, 47_850, 71_250, 240_000]
# The days around which things go wrong.
EDGES = [
    date(2019, 12, 31), date(2020, 1, 1), date(2020, 2, 28), date(2020, 2, 29), date(2020, 3, 1),
    date(2020, 3, 20), date(2020, 3, 21), date(2020, 6, 20), date(2020, 6, 21), date(2021, 2, 28),
    date(2020, 1, 30), date(2020, 1, 31), date(2020, 7, 30), date(2020, 7, 31), date(2020, 8, 31),
]  # fmt: skip


def nasty_loan(random: Random) -> Loan:
    """One valid loan: never over-repaid, one rate change a day, overdue and cured in turn."""
    disbursed = _some_day(random, date(2019, 11, 1), 500)
    term = random.choice([1, 2, 20, 31, 92, random.randint(3, 250), random.randint(100, 420)])
    principal = random.choice([*PRINCIPALS, random.randint(1, 500_000_00)])
    loan = Loan(
        principal=principal,
        disbursed=disbursed,
        maturity=disbursed + timedelta(days=term),
        rate=_rate(random),
        share=random.choice([0, 50, 50, 50, 100, 100, 100, 33, random.randint(1, 99)]),
        subsidised=random.choice([None, None, None, 0, 1, principal // 2, 2 * principal]),
        benchmark=random.choice([None, None, None, 0, 43_500, 47_500, 200_000]),
        ceiling=random.choice([None, None, 0, 40_000, 43_500]),
        own_part=random.choice([0, 0, 0, 1, 22_000, 60_000]),
        day_count=random.choice(["act/360", "act/360", "act/365", "30/360"]),
        settlement=random.choice(["quarterly-20", *list(SETTLEMENTS)[:4], *SETTLEMENTS]),
    )
    if random.random() < 0.35:  # plain terms: the core has a short way for them
        loan.subsidised = loan.benchmark = loan.ceiling = None
        loan.own_part = 0
    elif random.random() < 0.1:  # before its bound the subsidy is the interest on everything
        loan.subsidised, loan.benchmark, loan.share = loan.principal // 2, 2 * loan.rate, 100
    loan.subsidy_end = random.choice([None, None, _life_day(random, loan)])
    loan.events = list(_events(random, loan))
    random.shuffle(loan.events)
    return loan


def life_days(random: Random, loan: Loan, count: int) -> list[date]:
    """Days to ask for, around and beyond the life of a loan."""
    return [_life_day(random, loan) for _ in range(count)]


def columns(loans: Iterable[Loan]) -> tuple[Notes, Events]:
    """The same loans as the core's columns; note numbers count from 0."""
    loans = list(loans)
    notes = Notes.of(_note(str(i), loan) for i, loan in enumerate(loans))
    events = [
        Event(
            note_no=str(i),
            on=on,
            kind=KINDS[kind],
            value=accrual.WHOLE_BALANCE if value is None else value,
        )
        for i, loan in enumerate(loans)
        for on, kind, value in loan.events
    ]
    return notes, Events.of(notes, events)


def _note(note_no: str, loan: Loan) -> Note:
    return Note(
        note_no=note_no,
        principal_fen=loan.principal,
        disbursed_on=loan.disbursed,
        matures_on=loan.maturity,
        rate_ppm=loan.rate,
        share_pct=loan.share,
        subsidised_fen=accrual.WHOLE_BALANCE if loan.subsidised is None else loan.subsidised,
        benchmark_ppm=accrual.CONTRACT_RATE if loan.benchmark is None else loan.benchmark,
        ceiling_ppm=accrual.NO_CEILING if loan.ceiling is None else loan.ceiling,
        floor_ppm=loan.own_part,
        subsidy_ends_on=loan.subsidy_end,
        day_count=DAY_COUNTS[loan.day_count],
        settlement=SETTLEMENTS[loan.settlement],
    )


def _events(random: Random, loan: Loan):
    balance = loan.principal
    for _ in range(random.choice([0, 0, 1, 2, 3])):
        amount = random.choice([balance, balance // 2, min(1, balance), random.randint(0, balance)])
        balance -= amount
        yield _life_day(random, loan), "repaid", amount
    if balance and random.random() < 0.6:
        yield max(loan.maturity, _life_day(random, loan)), "repaid", balance
    for on in {_life_day(random, loan) for _ in range(random.choice([0, 0, 1, 2]))}:
        yield on, "rate", _rate(random)
    for on in {_life_day(random, loan) for _ in range(random.choice([0, 0, 0, 1, 2]))}:
        yield on, "subsidised", random.choice([0, 1, loan.principal // 3, 3 * loan.principal])
    turns = sorted(_life_day(random, loan) for _ in range(random.choice([0, 0, 0, 1, 2, 3, 4])))
    for turn, on in enumerate(turns):
        yield on, "cured" if turn % 2 else "overdue", 0
    if random.random() < 0.1:
        yield _life_day(random, loan), "stopped", 0


def _life_day(random: Random, loan: Loan) -> date:
    """A day from the disbursement to some time after maturity, often a special one."""
    special = [loan.disbursed, *(loan.maturity + timedelta(days) for days in (-1, 0, 0, 1))]
    special += [edge for edge in EDGES if edge >= loan.disbursed]
    if random.random() < 0.5:
        return random.choice(special)
    span = (loan.maturity - loan.disbursed).days
    return loan.disbursed + timedelta(days=random.randint(0, span + random.choice([0, 0, 60])))


def _some_day(random: Random, start: date, span: int) -> date:
    return random.choice([*EDGES, *(start + timedelta(random.randint(0, span)) for _ in range(30))])


def _rate(random: Random) -> int:
    return random.choice([*RATES, random.randint(1, 99_999)])
