"""催收 (9.10): the log both institutions keep, and the lists of what falls due or is overdue.

（九）9.10 担保公司和经办银行应积极催收到期贷款.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select, tuple_

from loans import outbox
from loans.arrears import Arrear, loan_class
from loans.context import Context
from loans.dues import account_of, accounts
from loans.errors import Conflict, NotFound
from loans.models import Borrower, DunningChannel, DunningEntry, DunningResult, Instalment, Note
from loans.policy import Rung
from loans.queries import LARGEST_PAGE, by_key, one, visible_to, within
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


def due_list(
    ctx: Context,
    *,
    kind: DueKind | None = None,
    after: tuple[UUID, int] | None = None,
    limit: int = LARGEST_PAGE,
) -> list[DueRow]:
    """What is overdue, due today, or due within the policy's two notices; the oldest first.

    ``after``: the note and the number of the instalment after which the list goes on. Only the
    accounts of the notes that are listed are folded.
    """
    key = (Instalment.open_due_on, Instalment.note_id, Instalment.no)
    query = _open(ctx, select(Instalment), *([kind] if kind else DueKind))
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*_place(ctx, *after)))
    found = list(ctx.session.scalars(query.order_by(*key).limit(limit)))
    notes = by_key(ctx, Note, (row.note_id for row in found))
    borrowers = by_key(ctx, Borrower, (note.borrower_id for note in notes.values()))
    folded = {it.note.id: it.unpaid(ctx.on) for it in accounts(ctx, list(notes.values()))}
    periods, ladder = _periods(ctx), _ladder(ctx)
    rows = []
    for row in found:
        note, unpaid = notes[row.note_id], folded[row.note_id]
        arrear = next(each for each in unpaid if each.no == row.no)
        worst = loan_class(ladder, max(each.days_past_due for each in unpaid))
        its_kind = next(k for k in DueKind if within(arrear.due_on, periods[k]))
        rows.append(DueRow(its_kind, note, borrowers[note.borrower_id], arrear, worst))
    return rows


def counted(ctx: Context) -> dict[DueKind, int]:
    """How many instalments are on each of the lists."""
    day, periods = Instalment.open_due_on, _periods(ctx)
    sums = (func.count(case((within(day, periods[kind]), 1))) for kind in DueKind)
    found = ctx.session.execute(_open(ctx, select(*sums), *DueKind)).one()
    return dict(zip(DueKind, found, strict=True))


def _open(ctx: Context, query: Any, *kinds: DueKind) -> Any:
    """The visible instalments on some lists, which are next to each other."""
    periods = [_periods(ctx)[kind] for kind in kinds]
    whole = min(since for since, _ in periods), max(until for _, until in periods)
    query = query.where(within(Instalment.open_due_on, whole))
    if ctx.actor.bank_id is None:
        return query
    return query.join(Note, Note.id == Instalment.note_id).where(visible_to(ctx.actor, Note))


def _periods(ctx: Context) -> dict[DueKind, tuple[date, date]]:
    """Each list as the half-open period of its due days."""
    near, far = (ctx.book.at(f"due_list_days.{kind}", ctx.on).number for kind in NOTICES)
    days = (date.min, *(ctx.on + timedelta(days=n) for n in (0, 1, near + 1, max(near, far) + 1)))
    return dict(zip(DueKind, pairwise(days), strict=True))


def _place(ctx: Context, note_id: UUID, no: int) -> tuple[date, int, int]:
    """Where on the lists an instalment stands, or stood before it was paid."""
    account = account_of(ctx, one(ctx, Note, note_id))
    row = next((row for row in account.plan if row.no == no), None)
    if row is None:
        raise NotFound("not-found", f"借据 {account.note.note_no} 没有第 {no} 期，请核对")
    return account.due_on(row), row.note_id, row.no


def _ladder(ctx: Context) -> Sequence[Rung]:
    value = ctx.book.at(CLASSES, ctx.on).value
    assert isinstance(value, tuple)
    return value
