"""Reads of months, claims and remittances for people: totals, lists, one line step by step.

Rows are scoped like all others: a bank sees its own. A claim's file never comes along.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import defer

from loans.context import Context
from loans.models import Note
from loans.queries import visible_to
from subsidy.accrual import day
from subsidy.models import (
    AccrualLine,
    Claim,
    ClaimCause,
    ClaimLine,
    ClaimState,
    EntryKind,
    LineKind,
    MonthLock,
    Remittance,
    RemittanceState,
    SubsidyEntry,
)
from subsidy.queries import read_book
from subsidy.reconciliation import LineClass
from subsidy.steps import Step, steps

LARGEST_LIST = 60


def claims(
    ctx: Context, *, state: ClaimState | None = None, since: date | None = None
) -> list[Claim]:
    """Visible claims, the newest quarter first; replaced ones only when asked for by state."""
    rows = (
        select(Claim).options(defer(Claim.file, raiseload=True)).where(visible_to(ctx.actor, Claim))
    )
    rows = rows.where(Claim.state == state if state else Claim.state != ClaimState.SUPERSEDED)
    if since is not None:
        rows = rows.where(Claim.since == since)
    return list(
        ctx.session.scalars(rows.order_by(Claim.since.desc(), Claim.id).limit(LARGEST_LIST))
    )


def classes_of(ctx: Context, claim: Claim) -> list[Any]:
    """Lines of a claim by class: class, lines, claimed, expected and payable fen."""
    rows = (
        select(
            ClaimLine.line_class,
            func.count(),
            func.sum(ClaimLine.claimed_fen),
            func.sum(ClaimLine.expected_fen),
            func.sum(ClaimLine.payable_fen),
        )
        .where(ClaimLine.claim_id == claim.id)
        .group_by(ClaimLine.line_class)
    )
    order = list(LineClass)
    return sorted(ctx.session.execute(rows), key=lambda row: order.index(row[0]))


def causes_by_code(ctx: Context, claim: Claim) -> list[Any]:
    """Causes of a claim's differences by code: code, lines, fen; ordered by code."""
    rows = (
        select(ClaimCause.code, func.count(), func.sum(ClaimCause.amount_fen))
        .join(ClaimLine, ClaimLine.id == ClaimCause.line_id)
        .where(ClaimLine.claim_id == claim.id)
        .group_by(ClaimCause.code)
        .order_by(ClaimCause.code)
    )
    return list(ctx.session.execute(rows))


def lines_of(
    ctx: Context,
    claim: Claim,
    *,
    code: str | None = None,
    line_class: LineClass | None = None,
    after: int = 0,
) -> list[ClaimLine]:
    """The claim's lines in the file's order, from the row after ``after``; one more than shown."""
    rows = select(ClaimLine).where(ClaimLine.claim_id == claim.id, ClaimLine.row > after)
    if line_class is not None:
        rows = rows.where(ClaimLine.line_class == line_class)
    if code is not None:
        rows = rows.where(
            ClaimLine.id.in_(select(ClaimCause.line_id).where(ClaimCause.code == code))
        )
    return list(ctx.session.scalars(rows.order_by(ClaimLine.row).limit(LARGEST_LIST + 1)))


def causes_of(ctx: Context, lines: Iterable[ClaimLine]) -> dict[int, list[ClaimCause]]:
    """Causes of some lines by the line's key, in the order they were corrected."""
    found: dict[int, list[ClaimCause]] = {line.id: [] for line in lines}
    rows = select(ClaimCause).where(ClaimCause.line_id.in_(found))
    for cause in ctx.session.scalars(rows.order_by(ClaimCause.line_id, ClaimCause.no)):
        found[cause.line_id].append(cause)
    return found


def steps_of_note(ctx: Context, note: Note, *, since: date, until: date) -> list[Step]:
    """The note recomputed for ``[since, until)``, with all notes that share its borrower's cap."""
    portfolio = read_book(ctx, borrower_ids=[note.borrower_id]).portfolio()
    at = [row.id for row in portfolio.rows].index(note.id)
    return steps(portfolio.notes, portfolio.events, at, day(since), day(until))


def months(ctx: Context, *, limit: int = LARGEST_LIST) -> list[MonthLock]:
    """Closed months, the newest first."""
    rows = select(MonthLock).order_by(MonthLock.since.desc()).limit(limit)
    return list(ctx.session.scalars(rows))


def next_month(ctx: Context) -> date | None:
    """The first day of the month to close next; None before the first disbursement."""
    newest: date | None = ctx.session.scalars(select(func.max(MonthLock.until))).one()
    if newest is not None:
        return newest
    first: date | None = ctx.session.scalars(select(func.min(Note.disbursed_on))).one()
    return None if first is None else first.replace(day=1)


def month_lines(
    ctx: Context, month: MonthLock, *, kind: LineKind | None = None, page: int = 1
) -> list[Any]:
    """Visible accrual lines of a month beside their notes; one more than a page shows.

    A locked month never changes, so a page number always means the same lines.
    """
    rows = (
        select(AccrualLine, Note)
        .join(Note, Note.id == AccrualLine.note_id)
        .where(AccrualLine.month_id == month.id, visible_to(ctx.actor, Note))
        .order_by(Note.note_no, AccrualLine.id)
    )
    if kind is not None:
        rows = rows.where(AccrualLine.kind == kind)
    rows = rows.limit(LARGEST_LIST + 1).offset((page - 1) * LARGEST_LIST)
    return list(ctx.session.execute(rows))


def month_totals(ctx: Context, months: Sequence[MonthLock]) -> dict[int, Any]:
    """Visible lines, interest, subsidy and borrower's share [fen] of months, by their key."""
    rows = (
        select(
            AccrualLine.month_id,
            func.count(),
            func.sum(AccrualLine.interest_fen),
            func.sum(AccrualLine.subsidy_fen),
            func.sum(AccrualLine.borrower_fen),
        )
        .join(Note, Note.id == AccrualLine.note_id)
        .where(
            AccrualLine.month_id.in_([month.id for month in months]), visible_to(ctx.actor, Note)
        )
        .group_by(AccrualLine.month_id)
    )
    found = {key: tuple(map(int, totals)) for key, *totals in ctx.session.execute(rows)}
    return {month.id: found.get(month.id, (0, 0, 0, 0)) for month in months}


def accruals_of(ctx: Context, note: Note) -> list[Any]:
    """A note's accrual lines, oldest first."""
    rows = select(AccrualLine).where(AccrualLine.note_id == note.id)
    return list(ctx.session.scalars(rows.order_by(AccrualLine.until, AccrualLine.id)))


def remittances(ctx: Context, *, state: RemittanceState | None = None) -> list[Any]:
    """Visible remittances beside their claims, the newest first."""
    rows = (
        select(Remittance, Claim)
        .join(Claim, Claim.id == Remittance.claim_id)
        .options(defer(Remittance.file, raiseload=True), defer(Claim.file, raiseload=True))
        .where(visible_to(ctx.actor, Remittance))
    )
    if state is not None:
        rows = rows.where(Remittance.state == state)
    return list(ctx.session.execute(rows.order_by(Remittance.id.desc()).limit(LARGEST_LIST)))


def remittance_of(ctx: Context, claim: Claim) -> Remittance | None:
    """The remittance that pays a claim."""
    rows = select(Remittance).options(defer(Remittance.file, raiseload=True))
    return ctx.session.scalars(rows.where(Remittance.claim_id == claim.id)).one_or_none()


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
