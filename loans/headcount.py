"""Command: a hire has left; the firm's base is re-counted from the next claim period on.

（九）9.8 根据其实际吸纳人数…按每人不超过10万元、最高不超过300万元. A hire who leaves counts to the
end of the running claim period (默认). A re-count is a movement on the first note of the firm's
loan: one for a month already closed becomes an adjustment line like any other late fact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from loans import outbox
from loans.context import Context
from loans.dossier import bind, hires_of
from loans.errors import Conflict, NotFound
from loans.models import (
    Application,
    Borrower,
    Contract,
    Hire,
    Movement,
    MovementKind,
    Note,
)
from loans.money import fen_to_yuan
from loans.queries import movements_of, notes_of_application, one, visible_to
from loans.roster import counted_for, counts_until
from loans.underwriting import firm_base_limit_fen
from loans.versions import book_for
from loans.wall import every_bank
from loans.workflow import BorrowerKind

LARGEST_LIST = 200


def leave(ctx: Context, *, application_id: UUID, hire_id: UUID, left_on: date) -> Application:
    """A hire is no longer there from ``left_on``; a second report corrects the first.

    One person may stand in several files of a firm: they have left all of them, and every loan
    that rests on them is re-counted. An opinion that still counted them is void.
    """
    application = one(ctx, Application, application_id, lock=True)
    hires = hires_of(ctx, application)
    hire = next((hire for hire in hires if hire.public_id == hire_id), None)
    if application.kind is not BorrowerKind.SMALL_FIRM or hire is None:
        raise NotFound("not-found", "没有找到这名新招用人员，请核对编号")
    if not hire.contract_from < left_on <= ctx.on:
        raise Conflict(
            "left-outside",
            f"{hire.name_masked} 的离职日 {left_on} 应在劳动合同起始日 {hire.contract_from} 之后、"
            f"不晚于今日 {ctx.on}",
            details={"on": left_on.isoformat()},
        )
    with every_bank(ctx):  # the firm may borrow at several
        for row, other in _same_person(ctx, application, hire):
            row.left_on = left_on
            other.version += 1
            ctx.session.flush()
            bind(ctx, other)
        for other in _of_borrower(ctx, application):
            recount(ctx, other)
        ctx.session.flush()
    outbox.emit(
        ctx,
        "application.hire_left",
        {"application": str(application.public_id), "on": left_on.isoformat()},
        to=application.bank_id,
    )
    return application


def recount(ctx: Context, application: Application) -> list[Movement]:
    """Record the firm's base at every claim period that departures change; none before a drawing.

    Also run at the first drawing, for those who left between acceptance and it.
    """
    notes = notes_of_application(ctx, application)
    if not notes:
        return []
    first = notes[0]
    recorded = {
        m.on: m.amount_fen
        for m in movements_of(ctx, first)
        if m.kind is MovementKind.HIRES_RECOUNTED
    }
    with every_bank(ctx):
        counted = counted_for(ctx, [application])
    starts = {counts_until(hire) for hire in counted if hire.left_on is not None}
    made = []
    for on in sorted({max(start, first.disbursed_on) for start in starts} | set(recorded)):
        limit_fen = _limit(ctx, application, counted, on)
        if recorded.get(on) != limit_fen:
            made.append(_movement(ctx, first, on, limit_fen))
    return made


@dataclass(frozen=True, slots=True)
class Departure:
    """One who left: from ``counts_until`` on they count no more, and the base is ``limit_fen``.

    ``limit_fen`` None: nothing was drawn yet, or the decision did not count them.
    """

    hire: Hire
    application: Application
    borrower: Borrower
    counts_until: date
    limit_fen: int | None


def departures(ctx: Context, *, limit: int = LARGEST_LIST) -> list[Departure]:
    """The visible hires who left, the latest first, with the firm's base after the re-count."""
    rows = ctx.session.execute(
        select(Hire, Application, Borrower)
        .join(Application, Application.id == Hire.application_id)
        .join(Borrower, Borrower.id == Application.borrower_id)
        .where(visible_to(ctx.actor, Application), Hire.left_on.is_not(None))
        .order_by(Hire.left_on.desc(), Hire.id)
        .limit(limit)
    ).all()
    bases = _recounted(ctx, [application.id for _, application, _ in rows])
    found = []
    for hire, application, borrower in rows:
        until = counts_until(hire)
        base = bases.get((application.id, until))
        found.append(Departure(hire, application, borrower, until, base))
    return found


def _recounted(ctx: Context, applications: Sequence[int]) -> dict[tuple[int, date], int]:
    """The latest re-count of each application's loan for each day [fen]."""
    rows = (
        select(Contract.application_id, Movement.on, Movement.amount_fen)
        .join(Note, Note.contract_id == Contract.id)
        .join(Movement, Movement.note_id == Note.id)
        .where(
            Contract.application_id.in_(applications),
            Movement.kind == MovementKind.HIRES_RECOUNTED,
        )
        .order_by(Movement.id)
    )
    return {(key, on): fen for key, on, fen in ctx.session.execute(rows)}


def _of_borrower(ctx: Context, application: Application) -> list[Application]:
    rows = select(Application).where(Application.borrower_id == application.borrower_id)
    return list(ctx.session.scalars(rows.order_by(Application.id)))


def _same_person(
    ctx: Context, application: Application, hire: Hire
) -> list[tuple[Hire, Application]]:
    rows = (
        select(Hire, Application)
        .join(Application, Application.id == Hire.application_id)
        .where(Hire.id_index == hire.id_index, Application.borrower_id == application.borrower_id)
        .order_by(Hire.id)
    )
    return [(row, other) for row, other in ctx.session.execute(rows)]


def _limit(ctx: Context, application: Application, hires: Sequence[Hire], on: date) -> int:
    assert application.accepted_on is not None
    there = sum(on < counts_until(hire) for hire in hires)
    book = book_for(ctx, application)
    return firm_base_limit_fen(there, on=application.accepted_on, book=book)


def _movement(ctx: Context, note: Note, on: date, limit_fen: int) -> Movement:
    row = Movement(
        public_id=ctx.new_id(),
        note_id=note.id,
        kind=MovementKind.HIRES_RECOUNTED,
        on=on,
        amount_fen=limit_fen,
        reason=f"重新核定人数，贴息基数上限 {fen_to_yuan(limit_fen)}元",
        recorded_on=ctx.on,
        recorded_at=ctx.at,
        by_person_id=ctx.actor.person_id,
    )
    ctx.session.add(row)
    ctx.session.flush()
    return row
