"""Whom a firm's live loans rest on: the hires that their decisions counted. （九）9.8.

> 根据其实际吸纳人数，对该企业的银行商业贷款按每人不超过10万元、最高不超过300万元

One hire supports 10万 once, over all live loans and all firms. A loan is live from its approval
until it is drawn and settled; a hire who leaves counts to the end of the running claim period
(默认).
"""

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select

from loans.context import Context
from loans.models import Application, Contract, Hire, Note
from loans.settlement import period_starts
from loans.underwriting import Outcome, Topic
from loans.workflow import NoteState, State

CLAIM_PERIOD = "quarterly-20"  # 贴息申报 is quarterly: periods begin on the 21st (rules.md §7)
LONGEST_PERIOD = timedelta(days=93)


def next_claim_period(day: date) -> date:
    """The first day, not before ``day``, on which a claim period begins."""
    return min(period_starts(CLAIM_PERIOD, day, day + LONGEST_PERIOD))


def counts_until(hire: Hire) -> date:
    """The first day on which a hire no longer counts."""
    return date.max if hire.left_on is None else next_claim_period(hire.left_on)


def is_live() -> ColumnElement[bool]:
    """Applications that were approved and are not wholly drawn and settled."""
    unsettled = exists().where(
        Note.contract_id == Contract.id,
        Contract.application_id == Application.id,
        Note.state != NoteState.SETTLED,
    )
    drawn = (
        select(func.coalesce(func.sum(Note.principal_fen), 0))
        .join(Contract, Contract.id == Note.contract_id)
        .where(Contract.application_id == Application.id)
        .correlate(Application)
        .scalar_subquery()
    )
    return (Application.state == State.APPROVED) & or_(unsettled, drawn < Application.approved_fen)


def counted_for(ctx: Context, applications: Iterable[Application]) -> list[Hire]:
    """The hires that the decisions on these applications counted, each person once."""
    subjects = {UUID(subject) for row in applications for subject in _counted(row)}
    if not subjects:
        return []
    rows = select(Hire).where(Hire.public_id.in_(subjects)).order_by(Hire.id)
    return list({hire.id_index: hire for hire in ctx.session.scalars(rows)}.values())


def counted_elsewhere(ctx: Context, application: Application, hires: Iterable[Hire]) -> set[bytes]:
    """Which of these people (by index) support a live loan of another firm today."""
    people = {hire.id_index for hire in hires}
    rows = (
        select(Hire, Application)
        .join(Application, Application.id == Hire.application_id)
        .where(
            Hire.id_index.in_(people),
            Application.borrower_id != application.borrower_id,
            is_live(),
        )
    )
    return {
        hire.id_index
        for hire, other in ctx.session.execute(rows)
        if str(hire.public_id) in _counted(other) and ctx.on < counts_until(hire)
    }


def used_fen(ctx: Context, applications: Iterable[Application]) -> int:
    """What these loans still owe, and what may still be drawn on them [fen]."""
    owed = 0
    for row in applications:
        notes = (
            select(
                func.coalesce(func.sum(Note.balance_fen - Note.principal_fen), 0),
            )
            .join(Contract, Contract.id == Note.contract_id)
            .where(Contract.application_id == row.id)
        )
        owed += (row.approved_fen or 0) + ctx.session.scalars(notes).one()
    return owed


def _counted(application: Application) -> set[str]:
    """The subjects of the findings that counted a hire."""
    return {
        finding["subject"]
        for finding in (application.assessment or {}).get("findings", [])
        if finding["topic"] == Topic.HIRE.value and finding["outcome"] == Outcome.YES.value
    }
