"""Reading notes (借据): list, one, its movements, its plan, its accruals."""

from typing import Annotated

from fastapi import Query, Response

from app.api.accrual_views import AccrualOut, accruals
from app.api.edge import After, Limit, Read
from app.api.journey import Journey
from app.api.note_views import (
    InstalmentOut,
    MovementOut,
    NoteLine,
    NoteOut,
    movements,
    note_lines,
    whole_note,
)
from app.api.views import PageOut, bank_key, paged
from app.api.wire import Day, Id, Number
from loans import queries
from loans.models import Note
from loans.workflow import NoteState
from subsidy import lists

journey = Journey("借据")

DueBefore = Annotated[Day | None, Query(description="到期日早于该日。")]


@journey.read("/notes", "notes.read", "借据列表")
def list_notes(
    ctx: Read,
    state: NoteState | None = None,
    due_before: DueBefore = None,
    note_no: Number | None = None,
    bank: Id | None = None,
    after: After = None,
    limit: Limit = 50,
) -> PageOut[NoteLine]:
    rows = queries.notes(
        ctx, due_before=due_before, state=state, note_no=note_no, bank_id=bank_key(ctx, bank)
    )
    page = queries.page(ctx, rows, Note, after=after, limit=limit)
    return paged(page, lambda rows: note_lines(ctx, rows))


@journey.read("/notes/{note_id}", "notes.read", "一张借据")
def show(note_id: Id, ctx: Read, response: Response) -> NoteOut:
    row = queries.one(ctx, Note, note_id)
    response.headers["ETag"] = f'"{row.version}"'
    return whole_note(ctx, row)


@journey.read("/notes/{note_id}/history", "notes.read", "借据的全部记录")
def history(note_id: Id, ctx: Read) -> list[MovementOut]:
    return movements(ctx, queries.movements_of(ctx, queries.one(ctx, Note, note_id)))


@journey.read("/notes/{note_id}/schedule", "notes.read", "还款计划")
def schedule(note_id: Id, ctx: Read) -> list[InstalmentOut]:
    rows = queries.instalments_of(ctx, queries.one(ctx, Note, note_id))
    return [InstalmentOut.of(row) for row in rows]


@journey.read("/notes/{note_id}/accruals", "notes.read", "已关账月份的利息与贴息")
def accrued(note_id: Id, ctx: Read) -> list[AccrualOut]:
    row = queries.one(ctx, Note, note_id)
    return accruals(ctx, row, lists.accruals_of(ctx, row))
