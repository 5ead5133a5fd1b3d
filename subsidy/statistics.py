"""统计监测 (9.13): the programme's figures on any day, each of which drills down to its notes.

Everything is folded from facts whose day is not after the one asked for, so an earlier day can be
asked for at any time. One row a note is computed first; every figure is a sum over such rows.
Source: （九）9.13 健全统计监测制度，加强信息共享.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from loans.clocks import due_day
from loans.context import Context
from loans.models import (
    Application,
    Borrower,
    Clock,
    Contract,
    Movement,
    MovementKind,
    Note,
    Organisation,
    Payout,
    Recovery,
)
from loans.queries import undone, visible_to
from loans.workflow import State
from subsidy.models import Claim, ClaimLine, EntryKind, SubsidyEntry


class Dimension(StrEnum):
    """By what the figures are grouped."""

    ALL = "all"
    BANK = "bank"
    CATEGORY = "category"
    GENDER = "gender"
    SUBSIDY_CLASS = "subsidy_class"


@dataclass(frozen=True, kw_only=True)
class NoteFacts:
    """One note on the day: what it is, and its figures [fen]."""

    note_id: int
    public_id: UUID
    note_no: str
    bank: str
    category: str
    gender: str
    subsidy_class: str
    disbursed_fen: int
    balance_fen: int
    overdue_fen: int  # the balance of an overdue note, else 0
    payable_fen: int
    paid_fen: int
    compensated_fen: int
    recovered_fen: int


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One group's figures; ``notes`` is how many of them there are."""

    key: str
    notes: int
    live: int
    overdue: int
    disbursed_fen: int
    balance_fen: int
    overdue_fen: int
    payable_fen: int
    paid_fen: int
    compensated_fen: int
    recovered_fen: int


@dataclass(frozen=True)
class HitRate:
    """办结时限 (9.9): clocks of one stage at one bank's applications that ended, and in time."""

    bank: str
    stage: State
    ended: int
    on_time: int
    running: int
    late: int  # still running after their due day


_AMOUNTS = tuple(f.name for f in fields(NoteFacts) if f.name.endswith("_fen"))
_KEYS: dict[Dimension, Callable[[NoteFacts], str]] = {
    Dimension.ALL: lambda row: "",
    Dimension.BANK: lambda row: row.bank,
    Dimension.CATEGORY: lambda row: row.category,
    Dimension.GENDER: lambda row: row.gender,
    Dimension.SUBSIDY_CLASS: lambda row: row.subsidy_class,
}


def figures(rows: Iterable[NoteFacts], by: Dimension) -> list[Figures]:
    """The groups in order of their keys."""
    groups: dict[str, list[NoteFacts]] = defaultdict(list)
    for row in rows:
        groups[_KEYS[by](row)].append(row)
    return [_sum(key, groups[key]) for key in sorted(groups)]


def nothing() -> Figures:
    """The figures of no note at all."""
    return _sum("", [])


def drill_down(
    rows: Iterable[NoteFacts], by: Dimension, key: str, figure: str = "disbursed_fen"
) -> list[NoteFacts]:
    """The notes behind one figure of one group: those that contribute to it."""
    assert figure in _AMOUNTS
    return [row for row in rows if _KEYS[by](row) == key and getattr(row, figure) != 0]


def note_facts(ctx: Context, on: date) -> list[NoteFacts]:
    """Every visible note disbursed up to the day, with its figures on that day.

    ``Conflict`` where the day has not come: nothing of it is known.
    """
    ctx.come(on)
    repaid, overdue = _movements(ctx, on)
    ledger = _ledger(ctx, on)
    compensated, recovered = _compensation(ctx, on)
    rows = (
        select(
            Note.id,
            Note.public_id,
            Note.note_no,
            Note.principal_fen,
            Organisation.name.label("bank"),
            Contract.category,
            Contract.subsidy_class,
            Borrower.gender,
        )
        .join(Contract, Contract.id == Note.contract_id)
        .join(Borrower, Borrower.id == Note.borrower_id)
        .join(Organisation, Organisation.id == Note.bank_id)
        .where(visible_to(ctx.actor, Note), Note.disbursed_on <= on)
        .order_by(Note.id)
    )
    return [
        NoteFacts(
            note_id=row.id,
            public_id=row.public_id,
            note_no=row.note_no,
            bank=row.bank,
            category=row.category,
            gender=row.gender or "",
            subsidy_class=row.subsidy_class,
            disbursed_fen=row.principal_fen,
            balance_fen=row.principal_fen - repaid[row.id],
            overdue_fen=row.principal_fen - repaid[row.id] if row.id in overdue else 0,
            payable_fen=ledger[row.id, EntryKind.PAYABLE],
            paid_fen=ledger[row.id, EntryKind.PAID],
            compensated_fen=compensated[row.id],
            recovered_fen=recovered[row.id],
        )
        for row in ctx.session.execute(rows)
    ]


def hit_rates(ctx: Context, since: date, until: date) -> list[HitRate]:
    """Of the clocks that ended in ``[since, until)`` how many did in time; and what still runs.

    ``Conflict`` where the period's last day has not come: what will be late then is not known.
    """
    ctx.come(until - timedelta(days=1))
    rows = (
        select(Organisation.name, Clock)
        .join(Application, Application.id == Clock.application_id)
        .join(Organisation, Organisation.id == Application.bank_id)
        .where(
            visible_to(ctx.actor, Application),
            Clock.started_on < until,
            Clock.ended_on.is_(None) | (Clock.ended_on >= since),
        )
    )
    found: dict[tuple[str, State], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for bank, clock in ctx.session.execute(rows):
        counts, due_on = found[bank, clock.state], due_day(clock, ctx.calendar).on
        if clock.ended_on is None or clock.ended_on >= until:
            counts[2] += 1
            counts[3] += due_on < until
        else:
            counts[0] += 1
            counts[1] += clock.ended_on <= due_on
    return [HitRate(bank, state, *counts) for (bank, state), counts in sorted(found.items())]


def _sum(key: str, rows: list[NoteFacts]) -> Figures:
    sums = {name: sum(getattr(row, name) for row in rows) for name in _AMOUNTS}
    return Figures(
        key=key,
        notes=len(rows),
        live=sum(row.balance_fen > 0 for row in rows),
        overdue=sum(row.overdue_fen > 0 for row in rows),
        **sums,
    )


def _movements(ctx: Context, on: date) -> tuple[dict[int, int], set[int]]:
    """Principal repaid (or compensated) up to the day, and which notes are overdue on it."""
    kinds = (MovementKind.PRINCIPAL_REPAID, MovementKind.COMPENSATED)
    marks = (MovementKind.OVERDUE_FROM, MovementKind.OVERDUE_CURED)
    repaid: dict[int, int] = defaultdict(int)
    overdue: set[int] = set()
    for note_id, kind, amount_fen in _standing(ctx, on, (*kinds, *marks)):
        if kind in kinds:
            repaid[note_id] += amount_fen
        elif kind is MovementKind.OVERDUE_FROM:
            overdue.add(note_id)
        else:
            overdue.discard(note_id)
    return repaid, overdue


def _standing(
    ctx: Context, on: date, kinds: tuple[MovementKind, ...]
) -> Iterator[tuple[int, MovementKind, int]]:
    """Movements up to the day that nothing has undone, by value date."""
    rows = (
        select(Movement.note_id, Movement.kind, Movement.amount_fen)
        .join(Note, Note.id == Movement.note_id)
        .where(
            visible_to(ctx.actor, Note),
            Movement.on <= on,
            Movement.kind.in_(kinds),
            Movement.id.not_in(undone()),
        )
        .order_by(Movement.on, Movement.id)
    )
    for row in ctx.session.execute(rows):
        yield row.note_id, row.kind, row.amount_fen


def _ledger(ctx: Context, on: date) -> dict[tuple[int, EntryKind], int]:
    rows = (
        select(ClaimLine.note_id, SubsidyEntry.kind, func.sum(SubsidyEntry.amount_fen))
        .join(ClaimLine, ClaimLine.id == SubsidyEntry.claim_line_id)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(visible_to(ctx.actor, Claim), SubsidyEntry.on <= on)
        .group_by(ClaimLine.note_id, SubsidyEntry.kind)
    )
    found: dict[tuple[int, EntryKind], int] = defaultdict(int)
    for note_id, kind, fen in ctx.session.execute(rows):
        if note_id is not None:
            found[note_id, kind] = int(fen)
    return found


def _compensation(ctx: Context, on: date) -> tuple[dict[int, int], dict[int, int]]:
    """Compensated and recovered per note up to the day."""
    paid = select(Payout.note_id, Payout.compensated_fen).where(
        visible_to(ctx.actor, Payout), Payout.paid_on <= on
    )
    back: Any = (
        select(Payout.note_id, func.sum(Recovery.bank_fen + Recovery.fund_fen))
        .join(Payout, Payout.id == Recovery.payout_id)
        .where(visible_to(ctx.actor, Payout), Recovery.on <= on)
        .group_by(Payout.note_id)
    )
    compensated: dict[int, int] = defaultdict(int)
    for note_id, fen in ctx.session.execute(paid):
        compensated[note_id] += fen
    recovered: dict[int, int] = defaultdict(int)
    for note_id, fen in ctx.session.execute(back):
        recovered[note_id] += int(fen)
    return compensated, recovered
