"""Histories of several notes, month by month, and what the independent oracle makes of them.

The oracle's loans are made here from the stored rows with code of its own: penalty rates, shared
caps and reversals are worked out day by day, and nothing of ``subsidy`` is asked.
"""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import select

from loans.errors import FuminError
from loans.models import Application, Contract, Instalment, Movement, MovementKind, Note
from loans.schedule import Method
from tests.programme import BEGIN, Programme
from tests.subsidy import oracle

ONE_DAY = timedelta(days=1)
MONTHS = [date(2019, month, 1) for month in range(4, 11)]  # six to close, and the end
KINDS = {
    MovementKind.PRINCIPAL_REPAID: "repaid",
    MovementKind.RATE_CHANGED: "rate",
    MovementKind.OVERDUE_FROM: "overdue",
    MovementKind.OVERDUE_CURED: "cured",
    MovementKind.SUBSIDY_STOPPED: "stopped",
}


@dataclass(frozen=True)
class Lent:
    """One application: what it asks for, when and how much of it is drawn at first."""

    kind: str  # full, half, firm
    again: bool  # by the borrower before, so that both share one cap
    amount_fen: int
    months: int
    rate_ppm: int
    method: Method
    day_count: str
    settlement: str
    hires: int
    drawn_after: int  # days after the beginning
    drawn_pct: int


@dataclass(frozen=True)
class Told:
    """One report: in which month, how many days after its value date, about which note."""

    month: int
    after_its_end: bool
    days_back: int
    what: str
    note: int
    value: int


LENT = st.builds(
    Lent,
    kind=st.sampled_from(["full", "full", "half", "half", "firm"]),
    again=st.booleans(),
    amount_fen=st.sampled_from([300_000_00, 299_999_99, 123_456_78, 95_000_00]),
    months=st.sampled_from([2, 3, 5, 12, 36]),
    rate_ppm=st.sampled_from([43_500, 47_850, 38_001, 0]),
    method=st.sampled_from([Method.BULLET, Method.BULLET, *Method]),
    day_count=st.sampled_from(["act/360", "act/365", "30/360"]),
    settlement=st.sampled_from(["quarterly-20", "monthly-20", "month-end"]),
    hires=st.integers(1, 2),
    drawn_after=st.integers(0, 29),
    drawn_pct=st.sampled_from([100, 100, 60]),
)
TOLD = st.builds(
    Told,
    month=st.integers(0, 5),
    after_its_end=st.booleans(),
    days_back=st.integers(0, 20) | st.integers(0, 150),
    what=st.sampled_from([
        "repay", "repay", "repay all", "reprice", "overdue", "cure", "stop", "extend", "extend",
        "reverse", "draw the rest",
    ]),
    note=st.integers(0, 5),
    value=st.integers(1, 1_000),
)  # fmt: skip
HISTORIES = st.tuples(
    st.lists(LENT, min_size=1, max_size=4), st.lists(TOLD, min_size=3, max_size=14)
)


# --- living through one ---------------------------------------------------------------------------


def lend(p: Programme, loans: Iterable[Lent]) -> None:
    """Approve everything on the first day and draw it within the first month."""
    who = 0
    with p.at_once():
        approved = []
        for loan in loans:
            who = who if loan.again and who else next(p.numbers)
            approved.append((loan, p.approved(_asked(p, loan, who))))
        p.day(BEGIN + timedelta(days=29))
        for loan, application in approved:
            fen = loan.amount_fen * loan.drawn_pct // 100
            p.draw(application, amount_fen=fen, on=BEGIN + timedelta(days=loan.drawn_after))


def _asked(p: Programme, loan: Lent, who: int) -> Any:
    terms = {
        "amount_fen": loan.amount_fen,
        "term_months": loan.months,
        "rate_ppm": loan.rate_ppm,
        "penalty_rate_ppm": loan.rate_ppm * 3 // 2,
        "method": loan.method,
        "day_count": loan.day_count,
        "settlement": loan.settlement,
    }
    if loan.kind == "firm":
        return p.asked_firm(hires=loan.hires, **terms)
    facts = {} if loan.kind == "full" else {"categories": ()}
    return p.asked(who=who, facts=facts, **terms)


def tell(p: Programme, told: Told) -> None:
    """Send one report; what the rules refuse is refused, and changes nothing."""
    month, end = MONTHS[told.month], MONTHS[told.month + 1]
    today = end + ONE_DAY if told.after_its_end else end - ONE_DAY
    if p.today < today:
        p.day(today)
    notes = p.rows(select(Note).order_by(Note.id))
    note = notes[told.note % len(notes)]
    on = max(note.disbursed_on, p.today - timedelta(days=told.days_back))
    assert month < end
    with contextlib.suppress(FuminError):
        _sent(p, note, on, told)


def _sent(p: Programme, note: Note, on: date, told: Told) -> None:
    number = note.public_id
    match told.what:
        case "repay":
            p.repay(number, max(1, note.balance_fen * told.value // 2_000), on=on)
        case "repay all":
            p.repay(number, note.balance_fen, on=on)
        case "reprice":
            p.report(number, "reprice", on=on, rate_ppm=told.value * 60)
        case "overdue":
            due = p.rows(
                select(Instalment.due_on).where(
                    Instalment.note_id == note.id, Instalment.due_on < p.today
                )
            )
            if due:
                p.report(number, "mark_overdue", due_on=due[told.value % len(due)])
        case "cure":
            p.report(number, "cure", on=on)
        case "stop":
            p.report(number, "stop_subsidy", on=on, reason="misuse")
        case "extend":
            by = p.bank.checker if _is_firm(p, note) else p.guarantor.checker
            until = note.matures_on + timedelta(days=1 + told.value % 300)
            p.report(number, "request_extension", until=until, reason="")
            p.report(number, "agree_extension", by=by)
        case "reverse":
            movements = p.rows(select(Movement.public_id).where(Movement.note_id == note.id))
            wrong = movements[told.value % len(movements)]
            p.report(number, "reverse", movement_id=wrong, reason="")
        case "draw the rest":
            application, drawn = _line(p, note)
            p.draw(application.public_id, amount_fen=application.approved_fen - drawn, on=on)


def _is_firm(p: Programme, note: Note) -> bool:
    (guaranteed,) = p.rows(select(Contract.guaranteed).where(Contract.id == note.contract_id))
    return not guaranteed


def _line(p: Programme, note: Note) -> tuple[Application, int]:
    """A note's credit line and what is drawn of it."""
    (application,) = p.rows(
        select(Application)
        .join(Contract, Contract.application_id == Application.id)
        .where(Contract.id == note.contract_id)
    )
    drawn = p.rows(select(Note.principal_fen).where(Note.contract_id == note.contract_id))
    return application, sum(drawn)


# --- as the oracle sees it ------------------------------------------------------------------------


@dataclass(frozen=True)
class Stored:
    """The rows a history left: notes with their contracts, and movements as recorded."""

    notes: list[tuple[Note, Contract]]
    movements: list[Movement]

    @classmethod
    def of(cls, p: Programme) -> "Stored":
        join = select(Note, Contract).join(Contract, Contract.id == Note.contract_id)
        return cls(p.rows(join.order_by(Note.id)), p.rows(select(Movement).order_by(Movement.id)))

    def until(self, movement_id: int) -> "Stored":
        """What was known when this movement had just been recorded."""
        known = [m for m in self.movements if m.id <= movement_id]
        drawn = {m.note_id for m in known if m.kind is MovementKind.DISBURSED}
        return Stored([pair for pair in self.notes if pair[0].id in drawn], known)

    def booked(self, days: Iterable[date]) -> dict[int, dict[date, tuple[int, int]]]:
        """By note: (interest, subsidy) before each day, by the oracle."""
        days = list(days)
        return {key: oracle.booked(loan, days) for key, loan in self._loans(max(days)).items()}

    def standing(self, note: Note) -> list[Movement]:
        """A note's movements that are neither reversals nor reversed."""
        undone = {m.reverses_id for m in self.movements}
        return [
            m
            for m in self.movements
            if m.note_id == note.id and m.reverses_id is None and m.id not in undone
        ]

    def _loans(self, last: date) -> dict[int, oracle.Loan]:
        bases = self._bases(last)
        return {
            note.id: oracle.Loan(
                principal=note.principal_fen,
                disbursed=note.disbursed_on,
                maturity=note.matures_on,
                rate=contract.rate_ppm,
                share=contract.share_pct,
                subsidised=0,
                benchmark=contract.benchmark_ppm,
                ceiling=contract.ceiling_ppm,
                own_part=contract.floor_ppm,
                subsidy_end=contract.subsidy_ends_on,
                day_count=contract.day_count,
                settlement=note.settlement.replace("at-maturity", "maturity"),
                events=self._events(note, contract) + bases[note.id],
            )
            for note, contract in self.notes
        }

    def _events(self, note: Note, contract: Contract) -> list[tuple[date, str, int]]:
        standing = self.standing(note)
        events = [
            (m.on, KINDS[m.kind], m.rate_ppm if m.rate_ppm is not None else m.amount_fen)
            for m in standing
            if m.kind in KINDS
        ]
        ends = [m.until for m in standing if m.kind is MovementKind.EXTENDED] or [note.matures_on]
        if contract.penalty_rate_ppm and (ends[-1], "rate") not in {e[:2] for e in events}:
            events.append((ends[-1], "rate", contract.penalty_rate_ppm))
        return events

    def _bases(self, last: date) -> dict[int, list[tuple[date, str, int]]]:
        """What each note earns on, day by day: a borrower's cap filled in order of disbursement."""
        steps: dict[int, list[tuple[date, str, int]]] = {note.id: [] for note, _ in self.notes}
        repaid = {
            note.id: [m for m in self.standing(note) if KINDS.get(m.kind) == "repaid"]
            for note, _ in self.notes
        }
        queue = sorted(self.notes, key=lambda pair: (pair[0].disbursed_on, pair[0].note_no))
        level: dict[int, int] = {}
        today = min((note.disbursed_on for note, _ in self.notes), default=last)
        while today <= last:
            left: dict[int, int] = {}
            for note, contract in queue:
                if note.disbursed_on <= today:
                    who = note.borrower_id
                    left[who] = max(left.get(who, 0), contract.base_limit_fen)
            for note, _ in queue:
                if note.disbursed_on > today:
                    continue
                gone = sum(m.amount_fen for m in repaid[note.id] if m.on <= today)
                base = min(note.principal_fen - gone, left[note.borrower_id])
                left[note.borrower_id] -= base
                if level.get(note.id) != base:
                    level[note.id] = base
                    steps[note.id].append((today, "subsidised", base))
            today += ONE_DAY
        return steps
