"""Command: a hire has left; the firm's base is re-counted from the next claim period on.

（九）9.8 根据其实际吸纳人数…按每人不超过10万元、最高不超过300万元. A hire who leaves counts to the
end of the running claim period (默认). A re-count is a movement on the first note of the firm's
loan: one for a month already closed becomes an adjustment line like any other late fact.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from loans import outbox
from loans.context import Context
from loans.dossier import hires_of
from loans.errors import Conflict, NotFound
from loans.models import Application, Hire, Movement, MovementKind, Note
from loans.money import fen_to_yuan
from loans.queries import movements_of, notes_of_application, one
from loans.settlement import period_starts
from loans.underwriting import Outcome, Topic, firm_base_limit_fen
from loans.versions import book_for
from loans.workflow import BorrowerKind

CLAIM_PERIOD = "quarterly-20"  # 贴息申报 is quarterly: periods begin on the 21st (rules.md §7)
LONGEST_PERIOD = timedelta(days=93)


def next_claim_period(day: date) -> date:
    """The first day, not before ``day``, on which a claim period begins."""
    return min(period_starts(CLAIM_PERIOD, day, day + LONGEST_PERIOD))


def leave(ctx: Context, *, application_id: UUID, hire_id: UUID, left_on: date) -> Application:
    """A hire is no longer there from ``left_on``; a second report corrects the first."""
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
    hire.left_on = left_on
    application.version += 1
    recount(ctx, application)
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
    counted = _counted(ctx, application)
    starts = {_until(hire) for hire in counted if hire.left_on is not None}
    made = []
    for on in sorted({max(start, first.disbursed_on) for start in starts} | set(recorded)):
        limit_fen = _limit(ctx, application, counted, on)
        if recorded.get(on) != limit_fen:
            made.append(_movement(ctx, first, on, limit_fen))
    return made


def _counted(ctx: Context, application: Application) -> list[Hire]:
    """The hires that the decision counted."""
    findings = (application.assessment or {}).get("findings", [])
    subjects = {
        finding["subject"]
        for finding in findings
        if finding["topic"] == Topic.HIRE.value and finding["outcome"] == Outcome.YES.value
    }
    return [hire for hire in hires_of(ctx, application) if str(hire.public_id) in subjects]


def _until(hire: Hire) -> date:
    """The first day on which a hire no longer counts."""
    return date.max if hire.left_on is None else next_claim_period(hire.left_on)


def _limit(ctx: Context, application: Application, hires: Sequence[Hire], on: date) -> int:
    assert application.accepted_on is not None
    there = sum(on < _until(hire) for hire in hires)
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
