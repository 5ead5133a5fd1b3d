"""Reads for people beside the lists: what waits, the ledgers' totals, one line step by step.

Rows are scoped like all others: a bank sees its own. A claim's file never comes along.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from loans.context import Context
from loans.models import Note, Person
from loans.queries import visible_to
from subsidy import lists
from subsidy.accrual import day
from subsidy.controls import controlled
from subsidy.models import (
    CaseComment,
    CaseState,
    Claim,
    ClaimCase,
    ClaimLine,
    ClaimState,
    EntryKind,
    MonthLock,
    Remittance,
    RemittanceState,
    SubsidyEntry,
)
from subsidy.queries import Portfolio, read_book
from subsidy.register import COUNTED, borrower_indexes, of_bank
from subsidy.steps import Step, steps

LARGEST_LIST = 60


def claims(
    ctx: Context, *, state: ClaimState | None = None, bank_id: int | None = None
) -> list[Claim]:
    """Visible claims, the newest quarter first; replaced ones only when asked for by state."""
    rows = lists.claims(ctx, state=state, bank_id=bank_id)
    if state is None:
        rows = rows.where(Claim.state != ClaimState.SUPERSEDED)
    return list(
        ctx.session.scalars(rows.order_by(Claim.since.desc(), Claim.id).limit(LARGEST_LIST))
    )


def claims_by_state(ctx: Context) -> Counter[ClaimState]:
    """How many visible claims are in each state."""
    rows = (
        select(Claim.state, func.count()).where(visible_to(ctx.actor, Claim)).group_by(Claim.state)
    )
    return Counter(dict(iter(ctx.session.execute(rows))))


@dataclass(frozen=True, slots=True)
class BankWork:
    """What a bank has to do about its claims: files that were not accepted, lines sent back that
    no later file corrected, exceptions that nobody of the bank has explained yet."""

    not_accepted: list[Claim]
    returned: list[tuple[ClaimCase, ClaimLine]]
    unexplained: list[tuple[ClaimCase, ClaimLine]]

    def __len__(self) -> int:
        return len(self.not_accepted) + len(self.returned) + len(self.unexplained)


def bank_work(ctx: Context) -> BankWork:
    """The worklist of the actor's bank, the oldest first; nothing for others."""
    bank_id = ctx.actor.bank_id
    if bank_id is None:
        return BankWork([], [], [])
    mine = select(Person.id).where(Person.organisation_id == ctx.actor.organisation_id)
    said = select(CaseComment.case_id).where(CaseComment.by_person_id.in_(mine))
    later = aliased(ClaimLine)
    again = (
        select(later.id)
        .join(Claim, Claim.id == later.claim_id)
        .where(
            later.note_id == ClaimLine.note_id,
            later.id > ClaimLine.id,
            later.since < ClaimLine.until,
            later.until > ClaimLine.since,
            Claim.state.in_(COUNTED),
        )
    )
    newer = select(Claim.id).where(
        Claim.bank_id == bank_id, Claim.id > ClaimCase.claim_id, Claim.state.in_(COUNTED)
    )
    corrected = or_(again.exists(), and_(ClaimLine.note_id.is_(None), newer.exists()))
    returned = _cases(ctx, CaseState.RETURNED, ~corrected)
    open_ = _cases(ctx, CaseState.OPEN, ClaimCase.id.not_in(said))
    refused = lists.claims(ctx, state=ClaimState.NOT_ACCEPTED).order_by(Claim.id)
    files = list(ctx.session.scalars(refused.limit(LARGEST_LIST)))
    return BankWork(files, returned, open_)


def open_cases(ctx: Context) -> int:
    """How many visible exceptions nobody has decided."""
    rows = lists.cases(ctx, state=CaseState.OPEN).subquery()
    return ctx.session.scalars(select(func.count()).select_from(rows)).one()


def _cases(ctx: Context, state: CaseState, condition: Any) -> list[tuple[ClaimCase, ClaimLine]]:
    rows = (
        select(ClaimCase, ClaimLine)
        .join(ClaimLine, ClaimLine.id == ClaimCase.line_id)
        .where(visible_to(ctx.actor, ClaimCase), ClaimCase.state == state, condition)
        .order_by(ClaimCase.opened_on, ClaimCase.id)
        .limit(LARGEST_LIST)
    )
    return [(case, line) for case, line in ctx.session.execute(rows)]


def months(ctx: Context, *, limit: int = LARGEST_LIST) -> list[MonthLock]:
    """Closed months, the newest first."""
    return list(ctx.session.scalars(lists.months().order_by(MonthLock.since.desc()).limit(limit)))


def next_month(ctx: Context) -> date | None:
    """The first day of the month to close next; None before the first disbursement."""
    newest: date | None = ctx.session.scalars(select(func.max(MonthLock.until))).one()
    if newest is not None:
        return newest
    visible = select(func.min(Note.disbursed_on)).where(visible_to(ctx.actor, Note))
    first: date | None = ctx.session.scalars(visible).one()
    return None if first is None else first.replace(day=1)


def remittances(
    ctx: Context, *, state: RemittanceState | None = None
) -> list[tuple[Remittance, Claim]]:
    """Visible remittances beside their claims, the newest first."""
    rows = lists.remittances(ctx, state=state).order_by(Remittance.id.desc()).limit(LARGEST_LIST)
    orders: list[Any] = list(ctx.session.scalars(rows))
    found = lists.claims(ctx).where(Claim.id.in_([order.claim_id for order in orders]))
    paid = {claim.id: claim for claim in ctx.session.scalars(found)}
    return [(order, paid[order.claim_id]) for order in orders]


def remittance_of(ctx: Context, claim: Claim) -> Remittance | None:
    """The remittance that pays a claim; after a returned payment the newest."""
    found = lists.remittances(ctx, claim_id=claim.id).order_by(Remittance.id.desc())
    return ctx.session.scalars(found).first()


def ledger_totals(ctx: Context) -> dict[EntryKind, int]:
    """What was made payable and what was paid over all visible claims [fen]."""
    rows = (
        select(SubsidyEntry.kind, func.sum(SubsidyEntry.amount_fen))
        .join(ClaimLine, ClaimLine.id == SubsidyEntry.claim_line_id)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(visible_to(ctx.actor, Claim))
        .group_by(SubsidyEntry.kind)
    )
    found = {kind: int(fen) for kind, fen in ctx.session.execute(rows)}
    return {kind: found.get(kind, 0) for kind in EntryKind}


def steps_of_note(ctx: Context, note: Note, *, since: date, until: date) -> list[Step]:
    """The note recomputed for ``[since, until)``, with all notes that share its borrower's cap."""
    book = read_book(ctx, borrower_ids=[note.borrower_id], rows=False)
    return _steps(book.portfolio(), note, since, until)


def steps_as_claimed(ctx: Context, note: Note, *, since: date, until: date) -> list[Step]:
    """The same as a claim line is checked: with what the loaded registers say of the borrower."""
    whole = read_book(ctx, borrower_ids=[note.borrower_id]).portfolio()
    plain = of_bank(whole, note.bank_id)
    found = controlled(ctx, plain, borrower_indexes(ctx, plain))
    return _steps(found.portfolio, note, since, until)


def _steps(portfolio: Portfolio, note: Note, since: date, until: date) -> list[Step]:
    at = int(np.flatnonzero(portfolio.columns.id == note.id)[0])
    return steps(portfolio.notes, portfolio.events, at, day(since), day(until))
