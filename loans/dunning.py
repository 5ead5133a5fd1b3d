"""催收 (9.10): the log both institutions keep, and the lists of what falls due or is overdue.

（九）9.10 担保公司和经办银行应积极催收到期贷款.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select

from loans import outbox
from loans.arrears import Arrear, loan_class
from loans.context import Context
from loans.dues import account_of, accounts
from loans.errors import Conflict
from loans.models import Borrower, DunningChannel, DunningEntry, DunningResult, Note
from loans.policy import Rung
from loans.queries import by_key, one, visible_to
from loans.workflow import REPAYABLE_NOTE_STATES, NoteState


class DueKind(StrEnum):
    """How near an instalment's due day is."""

    OVERDUE = "overdue"
    TODAY = "today"
    NEAR = "near"
    EARLY = "early"


NOTICES = (DueKind.NEAR, DueKind.EARLY)
CLASSES = "loan_classes"


@dataclass(frozen=True, slots=True)
class DueRow:
    """One instalment on a due list, with its note's class."""

    kind: DueKind
    note: Note
    borrower: Borrower
    arrear: Arrear
    loan_class: Rung

    @property
    def rules(self) -> tuple[str, ...]:
        """The policy keys behind the list it is on and its class."""
        notice = f"due_list_days.{self.kind}" if self.kind in NOTICES else None
        return tuple(key for key in (notice, CLASSES) if key)


@dataclass(frozen=True, slots=True)
class NoteArrears:
    """A note's unpaid instalments whose day has come, the oldest first, and its class."""

    on: date
    arrears: tuple[Arrear, ...]
    days_past_due: int
    loan_class: Rung


def log(
    ctx: Context,
    *,
    note_id: UUID,
    on: date,
    channel: DunningChannel,
    result: DunningResult,
    remark: str = "",
) -> DunningEntry:
    """Bank or guarantee company reached out for the borrower of a note that is not settled."""
    note = one(ctx, Note, note_id, lock=True)
    if note.state is NoteState.SETTLED:
        raise Conflict("note-settled", f"借据 {note.note_no} 已结清，无须催收")
    if not note.disbursed_on <= on <= ctx.on:
        raise Conflict(
            "value-date-outside", f"催收日 {on} 应在放款日 {note.disbursed_on} 与今日 {ctx.on} 之间"
        )
    row = DunningEntry(
        public_id=ctx.new_id(),
        note_id=note.id,
        bank_id=note.bank_id,
        side=ctx.actor.organisation_kind,
        on=on,
        channel=channel,
        result=result,
        remark=remark,
        recorded_on=ctx.on,
        recorded_at=ctx.at,
        by_person_id=ctx.actor.person_id,
    )
    ctx.session.add(row)
    payload = {"note": str(note.public_id), "on": on.isoformat(), "side": row.side.value}
    outbox.emit(ctx, "note.dunned", payload, to=note.bank_id)
    return row


def entries_of(ctx: Context, note: Note) -> list[DunningEntry]:
    """A note's log, oldest contact first."""
    rows = select(DunningEntry).where(DunningEntry.note_id == note.id)
    return list(ctx.session.scalars(rows.order_by(DunningEntry.on, DunningEntry.id)))


def arrears_of(ctx: Context, note: Note) -> NoteArrears:
    """What of a note's plan is due and unpaid today, and the class that makes of it."""
    due = [row for row in account_of(ctx, note).unpaid(ctx.on) if row.days_past_due >= 0]
    if note.state not in REPAYABLE_NOTE_STATES:
        due = []
    days = max((row.days_past_due for row in due), default=0)
    return NoteArrears(ctx.on, tuple(due), days, loan_class(_ladder(ctx), days))


def due_list(ctx: Context, *, kind: DueKind | None = None) -> list[DueRow]:
    """What is overdue, due today, or due within the policy's two notices; the oldest first."""
    near, far = (ctx.book.at(f"due_list_days.{kind}", ctx.on).number for kind in NOTICES)
    ladder = _ladder(ctx)
    notes = list(
        ctx.session.scalars(
            select(Note)
            .where(visible_to(ctx.actor, Note), Note.state.in_(REPAYABLE_NOTE_STATES))
            .order_by(Note.id)
        )
    )
    borrowers = by_key(ctx, Borrower, (note.borrower_id for note in notes))
    rows = []
    for account in accounts(ctx, notes):
        unpaid = account.unpaid(ctx.on)
        worst = loan_class(ladder, max((row.days_past_due for row in unpaid), default=0))
        for row in unpaid:
            found = _kind(row.days_past_due, near=near, early=far)
            if found is not None and kind in (None, found):
                borrower = borrowers[account.note.borrower_id]
                rows.append(DueRow(found, account.note, borrower, row, worst))
    return sorted(rows, key=lambda row: (row.arrear.due_on, row.note.id))


def _kind(days_past_due: int, *, near: int, early: int) -> DueKind | None:
    if days_past_due > 0:
        return DueKind.OVERDUE
    if days_past_due == 0:
        return DueKind.TODAY
    if -days_past_due <= near:
        return DueKind.NEAR
    return DueKind.EARLY if -days_past_due <= early else None


def _ladder(ctx: Context) -> Sequence[Rung]:
    value = ctx.book.at(CLASSES, ctx.on).value
    assert isinstance(value, tuple)
    return value
