"""Reads for people beside the lists: what waits, the ledgers' totals, one line step by step.

Rows are scoped like all others: a bank sees its own. A claim's file never comes along.
"""

from datetime import date
from typing import Any

from sqlalchemy import func, select

from loans.context import Context
from loans.models import Note
from loans.queries import visible_to
from subsidy import lists
from subsidy.accrual import day
from subsidy.models import (
    Claim,
    ClaimLine,
    ClaimState,
    EntryKind,
    MonthLock,
    Remittance,
    RemittanceState,
    SubsidyEntry,
)
from subsidy.queries import read_book
from subsidy.steps import Step, steps

LARGEST_LIST = 60


def claims(ctx: Context, *, state: ClaimState | None = None) -> list[Claim]:
    """Visible claims, the newest quarter first; replaced ones only when asked for by state."""
    rows = lists.claims(ctx, state=state)
    if state is None:
        rows = rows.where(Claim.state != ClaimState.SUPERSEDED)
    return list(
        ctx.session.scalars(rows.order_by(Claim.since.desc(), Claim.id).limit(LARGEST_LIST))
    )


def months(ctx: Context, *, limit: int = LARGEST_LIST) -> list[MonthLock]:
    """Closed months, the newest first."""
    return list(ctx.session.scalars(lists.months().order_by(MonthLock.since.desc()).limit(limit)))


def next_month(ctx: Context) -> date | None:
    """The first day of the month to close next; None before the first disbursement."""
    newest: date | None = ctx.session.scalars(select(func.max(MonthLock.until))).one()
    if newest is not None:
        return newest
    first: date | None = ctx.session.scalars(select(func.min(Note.disbursed_on))).one()
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
    portfolio = read_book(ctx, borrower_ids=[note.borrower_id]).portfolio()
    at = [row.id for row in portfolio.rows].index(note.id)
    return steps(portfolio.notes, portfolio.events, at, day(since), day(until))
