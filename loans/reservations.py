"""What is held for a loan that is not drawn yet, until when, and how it is given back.

Capacity is reserved from the day of the guarantee review for ``reservation_days``, wherever the
file lies then: with the bank, returned to the applicant, approved, half drawn. After that end the
bank's maker proposes that it lapse and its checker decides (rules.md §4). A firm's approval holds
no capacity; its undrawn amount ends as many days after the approval.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select

from loans import fund
from loans.context import Context
from loans.errors import Conflict
from loans.models import Application, Borrower, FundEntry, Proposal
from loans.progress import called, move
from loans.queries import by_key, notes_of_application, visible_to
from loans.workflow import Action, BorrowerKind, State

KEY = "reservation_days"
REASON = "额度到期未用"


@dataclass(frozen=True, slots=True)
class Reservation:
    """Capacity held for one application; ``days_left`` is not positive once it may lapse."""

    application: Application
    borrower: Borrower
    held_fen: int
    since: date
    ends_on: date
    days_left: int
    is_proposed: bool

    @property
    def public_id(self) -> UUID:
        """An application holds one."""
        return self.application.public_id


def held(ctx: Context) -> list[Reservation]:
    """Every visible reservation, the one that ends first at the top."""
    sums = (
        select(
            FundEntry.application_id,
            func.min(FundEntry.on).label("since"),
            func.sum(FundEntry.reserved_fen).label("held_fen"),
        )
        .where(FundEntry.application_id.is_not(None))
        .group_by(FundEntry.application_id)
        .having(func.sum(FundEntry.reserved_fen) > 0)
        .subquery()
    )
    rows = ctx.session.execute(
        select(Application, sums.c.since, sums.c.held_fen)
        .join(sums, sums.c.application_id == Application.id)
        .where(visible_to(ctx.actor, Application))
        .order_by(sums.c.since, Application.id)
    ).all()
    borrowers = by_key(ctx, Borrower, (row.borrower_id for row, _, _ in rows))
    proposed = _proposed(ctx, [row for row, _, _ in rows])
    return [
        Reservation(
            application=row,
            borrower=borrowers[row.borrower_id],
            held_fen=int(held_fen),
            since=since,
            ends_on=_end(ctx, since),
            days_left=(_end(ctx, since) - ctx.on).days,
            is_proposed=row.id in proposed,
        )
        for row, since, held_fen in rows
    ]


def has_ended(ctx: Context, application: Application) -> bool:
    """Whether something undrawn is past its end: then it may lapse."""
    since = _since(ctx, application)
    undrawn_fen = (application.approved_fen or 0) - _drawn_fen(ctx, application)
    return since is not None and undrawn_fen > 0 and ctx.on >= _end(ctx, since)


def must_have_ended(ctx: Context, application: Application) -> None:
    """``Conflict`` while the reservation still holds, or where nothing of it is left."""
    since = _since(ctx, application)
    if since is None:
        raise Conflict(
            "nothing-reserved", f"{called(ctx, application)}没有预留的担保额度，无须失效"
        )
    if application.approved_fen == _drawn_fen(ctx, application):
        raise Conflict("fully-drawn", f"{called(ctx, application)}已全部发放，没有可以失效的额度")
    end = _end(ctx, since)
    if ctx.on < end:
        rule = ctx.book.at(KEY, since)
        raise Conflict(
            "reservation-holds",
            f"{called(ctx, application)}的额度自 {since} 起预留，{rule.title} {rule.shown}，"
            f"{end} 起方可失效，还有 {(end - ctx.on).days} 日",
            cites=rule.cites,
            details={"ends_on": end.isoformat()},
        )


def give_back(ctx: Context, application: Application, proposal: Proposal, reason: str) -> None:
    """What was not drawn lapses; what was drawn stays a loan, its approval cut to that."""
    must_have_ended(ctx, application)
    drawn_fen = _drawn_fen(ctx, application)
    if drawn_fen:
        application.approved_fen = drawn_fen
        application.version += 1
        application.round += 1  # the opinion is used up
    else:
        if application.state is not State.APPROVED:
            application.decided_on = ctx.on
        move(ctx, application, Action.LAPSE, reason=reason, proposal=proposal)
    if application.kind is BorrowerKind.INDIVIDUAL:
        fund.lapse(ctx, application, REASON)


def _since(ctx: Context, application: Application) -> date | None:
    """The day from which something is held: of the guarantee review, or of a firm's approval."""
    if application.kind is BorrowerKind.SMALL_FIRM:
        return application.decided_on if application.state is State.APPROVED else None
    rows = select(func.min(FundEntry.on)).where(FundEntry.application_id == application.id)
    return ctx.session.scalars(rows).one()


def _end(ctx: Context, since: date) -> date:
    return since + timedelta(days=ctx.book.at(KEY, since).number)


def _drawn_fen(ctx: Context, application: Application) -> int:
    return sum(note.principal_fen for note in notes_of_application(ctx, application))


def _proposed(ctx: Context, rows: list[Application]) -> set[int]:
    """The applications whose lapse is proposed in their present stage and round."""
    now = {(row.id, row.state, row.round) for row in rows}
    found = ctx.session.execute(
        select(Proposal.application_id, Proposal.state, Proposal.round).where(
            Proposal.application_id.in_([row.id for row in rows]),
            Proposal.action == Action.LAPSE,
        )
    )
    return {key for key, state, no in found if (key, state, no) in now}
