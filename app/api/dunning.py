"""催收 (9.10): the log, the arrears of a note, the due lists, and a borrower's contact."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from app.api.edge import After, Limit, Read, Write
from app.api.journey import Journey
from app.api.views import BorrowerOut, ByOut, Persons
from app.api.wire import (
    AS_DIGITS,
    MOST_ROWS,
    Body,
    Day,
    Id,
    OneOf,
    Out,
    PublicId,
    Reason,
    YuanOut,
    fen,
)
from loans import dunning, parties, queries
from loans.access import OrganisationKind
from loans.arrears import Arrear
from loans.context import Context
from loans.dunning import DueKind, DueRow, NoteArrears
from loans.models import DunningChannel, DunningEntry, DunningResult, Note, Reveal

journey = Journey("催收")

Kind = Annotated[
    DueKind | None, Query(description="overdue 逾期、today 今日到期、near 近期、early 较早。")
]

AfterNo = Annotated[
    int,
    Query(ge=1, le=MOST_ROWS, description="上一页答复中的 next_no：从该借据的这一期之后继续。"),
    AS_DIGITS,
]


class DunningBody(Body):
    """一次催收。"""

    on: Day
    channel: OneOf[DunningChannel] = Field(examples=["phone"])
    result: OneOf[DunningResult] = Field(examples=["promised"])
    remark: Annotated[str, Field(max_length=200)] = Field(default="", examples=["承诺月底归还"])


class DunningOut(Out):
    """催收记录；只增不改。"""

    id: PublicId
    note_id: UUID
    side: OrganisationKind = Field(description="bank 经办银行，guarantor 担保公司。")
    on: date
    channel: DunningChannel
    result: DunningResult
    remark: str
    recorded_on: date
    recorded_at: datetime
    by: ByOut | None


class ArrearOut(Out):
    """到期未还的一期。"""

    no: int
    due_on: date
    principal: YuanOut = fen("principal")
    interest: YuanOut = fen("interest")
    total: YuanOut = fen("total")
    days_past_due: int = Field(description="今日减应还款日；到期前为负。")


class ClassOut(Out):
    """五级分类。"""

    code: str = Field(examples=["substandard"])
    name: str = Field(examples=["次级"])


class ArrearsOut(Out):
    """一张借据到期未还的各期与分类。"""

    on: date
    days_past_due: int
    loan_class: ClassOut
    arrears: list[ArrearOut]


class DueOut(Out):
    """到期清单的一行。"""

    kind: DueKind
    note_id: UUID
    note_no: str
    borrower: BorrowerOut
    phone: str | None = Field(examples=["138****0001"])
    loan_class: ClassOut
    rules: list[str] = Field(
        examples=[["due_list_days.near", "loan_classes"]], description="列入清单与分类的规定。"
    )
    instalment: ArrearOut


class DueListOut(Out):
    """到期清单的一页，应还款日在先的在前。"""

    items: list[DueOut]
    next: UUID | None = Field(description="还有下一页时：下一次查询的 after。")
    next_no: int | None = Field(description="还有下一页时：下一次查询的 after_no。")


class RevealBody(Body):
    """查看借款人联系方式的用途。"""

    purpose: Reason = Field(examples=["逾期催收"])


class RevealOut(Out):
    """已记录的查看；当日由本人凭此编号读取联系方式。"""

    id: PublicId
    note_id: UUID
    purpose: str
    on: date


class ContactOut(Out):
    """借款人的联系方式（未脱敏）。"""

    name: str
    phone: str | None
    address: str | None


@journey.write(
    "POST", "/notes/{note_id}/dunning", "dunning.log", "登记催收", out=DunningOut, status=201
)
def log(note_id: Id, body: DunningBody, write: Write) -> Response:
    return write(
        lambda ctx: dunning.log(
            ctx,
            note_id=note_id,
            on=body.on,
            channel=body.channel,
            result=body.result,
            remark=body.remark,
        ),
        lambda ctx, row: _log(ctx, [row])[0],
        body,
    )


@journey.read("/notes/{note_id}/dunning", "dunning.read", "借据的催收记录")
def list_log(note_id: Id, ctx: Read) -> list[DunningOut]:
    return _log(ctx, dunning.entries_of(ctx, queries.one(ctx, Note, note_id)))


@journey.read("/notes/{note_id}/arrears", "notes.read", "借据到期未还的各期与五级分类")
def arrears(note_id: Id, ctx: Read) -> ArrearsOut:
    found: NoteArrears = dunning.arrears_of(ctx, queries.one(ctx, Note, note_id))
    return ArrearsOut(
        on=found.on,
        days_past_due=found.days_past_due,
        loan_class=ClassOut.of(found.loan_class),
        arrears=[ArrearOut.of(row) for row in found.arrears],
    )


@journey.read("/due-list", "dunning.read", "到期与逾期清单：应还款日在先的在前")
def due_list(
    ctx: Read,
    kind: Kind = None,
    after: After = None,
    after_no: AfterNo = 1,
    limit: Limit = 50,
) -> DueListOut:
    place = (after, after_no) if after else None
    found = dunning.due_list(ctx, kind=kind, after=place, limit=limit + 1)
    phones = parties.masked_phones(ctx, (row.note for row in found[:limit]))
    shown = [_due(row, phones[row.note.id]) for row in found[:limit]]
    last = shown[-1] if len(found) > limit else None
    return DueListOut(
        items=shown,
        next=last.note_id if last else None,
        next_no=last.instalment.no if last else None,
    )


@journey.write(
    "POST", "/notes/{note_id}/reveals", "borrowers.reveal", "申请查看借款人联系方式",
    out=RevealOut, status=201,
)  # fmt: skip
def reveal(note_id: Id, body: RevealBody, write: Write) -> Response:
    return write(
        lambda ctx: parties.reveal(ctx, note_id=note_id, purpose=body.purpose), _reveal, body
    )


@journey.read("/reveals/{reveal_id}", "borrowers.reveal", "查看借款人联系方式（本人、当日）")
def contact(reveal_id: Id, ctx: Read) -> ContactOut:
    return ContactOut.of(parties.contact_of(ctx, reveal_id))


def _log(ctx: Context, rows: list[DunningEntry]) -> list[DunningOut]:
    persons = Persons(ctx, (row.by_person_id for row in rows))
    notes = queries.by_key(ctx, Note, (row.note_id for row in rows))
    return [
        DunningOut.of(row, note_id=notes[row.note_id].public_id, by=persons.by(row.by_person_id))
        for row in rows
    ]


def _due(row: DueRow, phone: str | None) -> DueOut:
    arrear: Arrear = row.arrear
    return DueOut(
        kind=row.kind,
        note_id=row.note.public_id,
        note_no=row.note.note_no,
        borrower=BorrowerOut.of(row.borrower),
        phone=phone,
        loan_class=ClassOut.of(row.loan_class),
        rules=list(row.rules),
        instalment=ArrearOut.of(arrear),
    )


def _reveal(ctx: Context, row: Reveal) -> RevealOut:
    note = queries.by_key(ctx, Note, [row.note_id])[row.note_id]
    return RevealOut.of(row, note_id=note.public_id)
