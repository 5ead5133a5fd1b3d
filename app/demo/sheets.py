"""The claim a careful bank would file, from its own recomputation on the accrual core.

The bank sees its own notes. A note that earned in the quarter has one line: from its first to its
last earning day, with its balances over the whole quarter. Source: rules.md §7.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from app.demo.office import Loan, Office
from app.demo.people import BANKS
from loans.classes import SubsidyClass
from subsidy.accrual import PRINCIPAL_REPAID, RATE_CHANGED, Events, Notes, booked, day, to_date
from subsidy.conventions import earning_days, slices
from subsidy.detail_sheet import DetailLine
from subsidy.queries import Portfolio, read_book
from subsidy.register import of_bank

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a note in the core's terms: its day, kind and value."""

    on: int
    kind: int
    value: int


@dataclass(frozen=True)
class Ledger:
    """One bank's notes as they stand when it claims for the days ``[since, until)``."""

    portfolio: Portfolio
    loans: dict[str, Loan]
    since: date
    until: date
    groups: dict[str, str]  # 人群类别 by its policy code

    def note(self, at: int) -> tuple[Notes, Events]:
        """One note alone, for the core."""
        only = np.array([at])
        return self.portfolio.notes.take(only), self.portfolio.events.take(only)

    def events(self, at: int) -> list[Event]:
        """A note's events before the end of the quarter, in order of their day."""
        found = self.note(at)[1]
        columns = zip(found.on.tolist(), found.kind.tolist(), found.value.tolist(), strict=True)
        return [Event(*row) for row in columns if row[0] < day(self.until)]

    def happened(self, at: int) -> list[Event]:
        """A note's events inside the quarter."""
        return [event for event in self.events(at) if event.on >= day(self.since)]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line with the note it is about: its position in the ledger."""

    at: int
    line: DetailLine


def read_ledger(office: Office, bank: int, since: date, until: date) -> Ledger:
    """The bank's notes as its own maker sees them."""
    maker = office.actors[f"bank-{BANKS[bank].code.lower()}-maker"]
    bank_id = maker.organisation_id
    book = office.read(
        f"bank-{BANKS[bank].code.lower()}-maker", lambda ctx: read_book(ctx, bank_id=bank_id)
    )
    groups = {rule.code: rule.title for rule in office.installation.book.family("group", since)}
    return Ledger(of_bank(book.portfolio(), bank_id), office.loans, since, until, groups)


def careful_claim(ledger: Ledger) -> list[Entry]:
    """One line for every note that earned something in the quarter."""
    notes, events = ledger.portfolio.notes, ledger.portfolio.events
    n = len(notes)
    if n == 0:
        return []
    whole = [np.full(n, day(on), np.int64) for on in (ledger.since, ledger.until)]
    earning = slices(notes, events, *whole)
    since, until = whole[1].copy(), whole[0].copy()
    np.minimum.at(since, earning.row, earning.since)
    np.maximum.at(until, earning.row, earning.until)
    until = np.maximum(since, until)
    amounts = booked(notes, events, np.stack([since, until], axis=1))
    interest = amounts.interest_fen[:, 1] - amounts.interest_fen[:, 0]
    subsidy = amounts.subsidy_fen[:, 1] - amounts.subsidy_fen[:, 0]
    days = earning_days(earning)
    return [
        Entry(
            at,
            _line(
                ledger,
                at,
                since=to_date(int(since[at])),
                until=to_date(int(until[at])),
                days=int(days[at]),
                interest_paid_fen=int(interest[at]),
                claimed_fen=int(subsidy[at]),
            ),
        )
        for at in np.flatnonzero(subsidy > 0).tolist()
    ]


def subsidy_fen(notes: Notes, events: Events, since: date, until: date) -> int:
    """What one note alone earns in ``[since, until)``."""
    amounts = booked(notes, events, [day(since), day(until)]).subsidy_fen
    return int(amounts[0, 1] - amounts[0, 0])


def _line(ledger: Ledger, at: int, *, since: date, until: date, **amounts: Any) -> DetailLine:
    row = ledger.portfolio.rows[at]
    loan = ledger.loans[row.note_no]
    story, house = loan.story, BANKS[loan.story.bank]
    rate_ppm = _rate_ppm(row, ledger.events(at), day(since))
    firm = row.subsidy_class == SubsidyClass.SMALL_FIRM
    return DetailLine(
        bank=house.name,
        branch=house.branches[story.branch],
        contract_no=row.contract_no,
        note_no=row.note_no,
        borrower=story.name,
        identity=story.id_no,
        category="小微企业" if firm else _group(ledger, story.facts.categories),
        subsidy_class=row.subsidy_class.upper(),
        principal_fen=row.principal_fen,
        signed_on=row.signed_on,
        disbursed_on=row.disbursed_on,
        matures_on=row.matures_on,
        rate_ppm=rate_ppm,
        subsidy_rate_ppm=row.benchmark_ppm or rate_ppm,
        since=since,
        until=until,
        **_balances(ledger, at),
        **amounts,
    )


def _group(ledger: Ledger, categories: tuple[str, ...]) -> str:
    return "、".join(ledger.groups[code] for code in categories) or "其他城乡劳动者"


def _rate_ppm(row: Any, events: list[Event], on: int) -> int:
    """The contract rate in force on a day."""
    changes = [event.value for event in events if event.kind == RATE_CHANGED and event.on <= on]
    return int(changes[-1] if changes else row.rate_ppm)


def _balances(ledger: Ledger, at: int) -> dict[str, Any]:
    """期初, 发放, 收回, 期末 of the quarter: they roll."""
    row = ledger.portfolio.rows[at]
    repaid = [event for event in ledger.events(at) if event.kind == PRINCIPAL_REPAID]
    earlier = sum(event.value for event in repaid if event.on < day(ledger.since))
    in_quarter = sum(event.value for event in repaid if event.on >= day(ledger.since))
    is_new = row.disbursed_on >= ledger.since
    opening = 0 if is_new else row.principal_fen - earlier
    drawn = row.principal_fen if is_new else 0
    return {
        "opening_fen": opening,
        "disbursed_fen": drawn,
        "repaid_fen": in_quarter,
        "closing_fen": opening + drawn - in_quarter,
    }
