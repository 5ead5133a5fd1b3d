"""Commands: keep personal data as long as the law says, then erase it; hold what is still needed.

Personal Information Protection Law, art. 47: when the period of keeping has ended, data are
deleted, or nothing is done with them but storing while a law demands that. What a borrower is
called and how the file's documents are numbered goes; amounts, days and the audit chain stay.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import delete, exists, func, select, update

from loans.context import Context
from loans.daycount import add_months
from loans.errors import Conflict
from loans.models import (
    ERASED,
    Application,
    Borrower,
    BorrowerContact,
    Evidence,
    Hire,
    Movement,
    Note,
    Verification,
)
from loans.parties import ID_NO, NAME
from loans.queries import one
from loans.workflow import NoteState

# 会计档案管理办法: vouchers and ledgers are kept for 30 years; the loans are what they record.
LEAST_YEARS: Final = 30


def hold(ctx: Context, *, borrower_id: UUID, held: bool) -> Borrower:
    """A law suit or an audit still needs this borrower's data (or does no longer)."""
    row = one(ctx, Borrower, borrower_id, lock=True)
    if row.erased_on is not None:
        raise Conflict("already-erased", f"该借款人的个人信息已于 {row.erased_on} 删除")
    row.held_on = ctx.on if held else None
    return row


def expired(ctx: Context, *, years: int = LEAST_YEARS) -> list[Borrower]:
    """Borrowers whose last affair ended more than so many years ago, without those on hold."""
    if years < LEAST_YEARS:
        raise Conflict("retention", f"保存期不得少于 {LEAST_YEARS} 年")
    before = add_months(ctx.on, -12 * years)
    living = exists().where(
        Note.borrower_id == Borrower.id,
        Note.state.not_in((NoteState.SETTLED, NoteState.WRITTEN_OFF)),
    )
    rows = select(Borrower).where(Borrower.erased_on.is_(None), Borrower.held_on.is_(None), ~living)
    return [
        row for row in ctx.session.scalars(rows.order_by(Borrower.id)) if _last(ctx, row) < before
    ]


def erase(ctx: Context, *, borrower_ids: Iterable[int], years: int = LEAST_YEARS) -> int:
    """Erase what names these borrowers and their hires; those not due are refused."""
    due = {row.id: row for row in expired(ctx, years=years)}
    wanted = list(borrower_ids)
    if early := [key for key in wanted if key not in due]:
        raise Conflict(
            "not-expired", f"{len(early)} 名借款人的保存期未满或被依法保留，未作任何删除"
        )
    for key in wanted:
        _erase(ctx, due[key])
    return len(wanted)


def _last(ctx: Context, borrower: Borrower) -> date:
    """The last day on which anything was recorded for a borrower."""
    moved = (
        select(func.max(Movement.recorded_on))
        .join(Note, Note.id == Movement.note_id)
        .where(Note.borrower_id == borrower.id)
    )
    applied = select(func.max(func.coalesce(Application.decided_on, Application.created_on))).where(
        Application.borrower_id == borrower.id
    )
    days = [ctx.session.scalars(query).one_or_none() for query in (moved, applied)]
    return max((day for day in days if day is not None), default=date.max)


def _erase(ctx: Context, borrower: Borrower) -> None:
    borrower.name_sealed = ctx.vault.seal(NAME, ERASED)
    borrower.id_sealed = ctx.vault.seal(ID_NO, ERASED)
    borrower.id_index = _nobody(ctx)
    borrower.name_masked = borrower.id_masked = ERASED
    borrower.erased_on = ctx.on
    ctx.session.execute(delete(BorrowerContact).where(BorrowerContact.borrower_id == borrower.id))
    files = select(Application.id).where(Application.borrower_id == borrower.id)
    for table, column in ((Evidence, "reference"), (Verification, "evidence")):
        named = update(table).where(table.application_id.in_(files))
        ctx.session.execute(named.values({column: ERASED}))
    for hire in ctx.session.scalars(select(Hire).where(Hire.application_id.in_(files))):
        hire.name_sealed = ctx.vault.seal(NAME, ERASED)
        hire.id_sealed = ctx.vault.seal(ID_NO, ERASED)
        hire.id_index = _nobody(ctx)
        hire.name_masked = ERASED


def _nobody(ctx: Context) -> bytes:
    """An index that no number has."""
    return ctx.vault.index(ERASED, str(ctx.new_id()))
