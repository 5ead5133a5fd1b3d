"""贴息申报: a bank's file, the check of every line, review and approval."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import File, Form, Query, Response, UploadFile
from pydantic import AfterValidator, Field

from app.api.edge import After, Limit, Read, Write, Writing
from app.api.journey import Journey
from app.api.programme import RuleOut
from app.api.views import PageOut, Parties, PartyOut, bank_key, paged
from app.api.wire import (
    AS_DIGITS,
    MOST_ROWS,
    Body,
    Day,
    Id,
    Out,
    PublicId,
    Reason,
    YuanOut,
    fen,
)
from app.uploads import name_of
from loans import access, queries
from loans.context import Context
from loans.models import Note
from loans.sheets import digest
from subsidy import claims, lists
from subsidy.detail_sheet import write_template
from subsidy.models import Claim, ClaimLine, ClaimState
from subsidy.reconciliation import CODES, LineClass
from subsidy.register import tolerance

journey = Journey("贴息申报")

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _known(code: str | None) -> str | None:
    if code is not None and code not in CODES:
        raise ValueError(f"没有差异代码“{code[:8]}”，须为 {'、'.join(CODES)} 之一")
    return code


Code = Annotated[
    str | None,
    AfterValidator(_known),
    Query(description="差异代码。", json_schema_extra={"enum": list(CODES)}),
]
AfterRow = Annotated[
    int,
    Query(alias="after", ge=0, le=MOST_ROWS, description="从文件的这一行之后继续。"),
    AS_DIGITS,
]


class ClassOut(Out):
    """一类行的合计。"""

    line_class: LineClass
    lines: int
    claimed: YuanOut = fen("claimed")
    expected: YuanOut = fen("expected")
    payable: YuanOut = fen("payable")


class CodeOut(Out):
    """一种差异原因的合计。"""

    code: str
    lines: int
    amount: YuanOut = fen("amount")


class ClaimOutline(Out):
    """列表中的一份申报。"""

    id: PublicId
    bank: PartyOut
    since: date
    until: date = Field(description="不含该日。")
    state: ClaimState
    file_name: str
    sha256: str
    received_on: date
    line_count: int
    claimed: YuanOut = fen("claimed")
    expected: YuanOut = fen("expected")
    payable: YuanOut = fen("payable")


class ClaimOut(ClaimOutline):
    """一份申报及其核对结果；批准须附 content_hash。"""

    content_hash: str
    classes: list[ClassOut]
    tolerance: RuleOut = Field(description="每笔允许的尾差：不超过的按重算额认定。")
    causes: list[CodeOut]
    findings: list[dict[str, Any]] = Field(description="整个文件的问题：坏行、合计、漏报。")
    reviewed_on: date | None
    review_comment: str | None
    approved_on: date | None


class CauseOut(Out):
    """差异的一个原因；一行各原因之和等于该行差异。"""

    code: str
    amount: YuanOut = fen("amount")
    message: str
    cites: str


class ClaimLineOut(Out):
    """申报的一行：申报额、重算额、核定额与差异原因。"""

    id: PublicId
    row: int
    note_id: UUID | None
    note_no: str
    since: date | None
    until: date | None
    subsidy_class: str | None
    claimed: YuanOut = fen("claimed")
    expected: YuanOut = fen("expected")
    payable: YuanOut = fen("payable")
    difference: YuanOut
    line_class: LineClass
    cells: dict[str, Any]
    findings: list[dict[str, Any]]
    causes: list[CauseOut]


class ClaimLinesOut(Out):
    """申报的明细行，按文件次序。"""

    items: list[ClaimLineOut]
    next: int | None = Field(description="还有时：下一次查询的 after。")


class ReviewBody(Body):
    """审核意见。"""

    comment: Reason = Field(examples=["差异已逐笔核对"])


class ApprovalBody(Body):
    """批准的正是这一内容。"""

    content_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] = Field(
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]
    )


@journey.write("POST", "/claims", "claims.receive", "报送申报明细表", out=ClaimOut, status=201)
def receive(
    file: Annotated[UploadFile, File(description="明细表（.xlsx 或 .csv），不超过 20 MB。")],
    since: Annotated[Day, Form(description="申报期第一天。")],
    until: Annotated[Day, Form(description="申报期最后一天的次日。")],
    write: Write,
) -> Response:
    filing = _filing(write, file)
    asked = {"file": digest(filing.data), "since": str(since), "until": str(until)}
    return write(
        lambda ctx: claims.receive(ctx, filing=filing, since=since, until=until), _whole, asked
    )


@journey.read(
    "/claims/template", "claims.read", "申报明细表模板",
    response_class=Response, response_model=None,
)  # fmt: skip
def template(_ctx: Read) -> Response:
    headers = {"Content-Disposition": 'attachment; filename="claim-template.xlsx"'}
    return Response(write_template(), headers=headers, media_type=WORKBOOK)


@journey.read("/claims", "claims.read", "申报列表")
def list_claims(
    ctx: Read,
    state: ClaimState | None = None,
    bank: Id | None = None,
    after: After = None,
    limit: Limit = 50,
) -> PageOut[ClaimOutline]:
    rows = lists.claims(ctx, state=state, bank_id=bank_key(ctx, bank))
    page = queries.page(ctx, rows, Claim, after=after, limit=limit)
    return paged(page, lambda rows: _outlines(ctx, rows))


@journey.read("/claims/{claim_id}", "claims.read", "一份申报及其核对结果")
def show(claim_id: Id, ctx: Read) -> ClaimOut:
    return _whole(ctx, queries.one(ctx, Claim, claim_id))


@journey.read("/claims/{claim_id}/lines", "claims.read", "申报的明细行与差异原因")
def lines(
    claim_id: Id,
    ctx: Read,
    code: Code = None,
    line_class: LineClass | None = None,
    after: AfterRow = 0,
    limit: Limit = 50,
) -> ClaimLinesOut:
    claim = queries.one(ctx, Claim, claim_id)
    found = lists.claim_lines(
        ctx, claim, code=code, line_class=line_class, after=after, limit=limit + 1
    )
    shown = _lines(ctx, found[:limit])
    return ClaimLinesOut(items=shown, next=shown[-1].row if len(found) > limit else None)


@journey.write(
    "POST", "/claims/{claim_id}/review", "claims.review", "审核申报（财政审核岗）", out=ClaimOut
)
def review(claim_id: Id, body: ReviewBody, write: Write) -> Response:
    return write(
        lambda ctx: claims.review(ctx, claim_id=claim_id, comment=body.comment), _whole, body
    )


@journey.write(
    "POST", "/claims/{claim_id}/approve", "claims.approve", "批准申报（另一人）", out=ClaimOut
)
def approve(claim_id: Id, body: ApprovalBody, write: Write) -> Response:
    return write(
        lambda ctx: claims.approve(ctx, claim_id=claim_id, content_hash=body.content_hash),
        _whole,
        body,
    )


def _filing(write: Writing, file: UploadFile) -> claims.Filing:
    """The sheet, read before any transaction is open, and only for somebody who may file it."""
    access.require(write.actor, "claims.receive")
    installation = write.installation
    with installation.reads() as session:
        on = installation.today(session)
    data, name = file.file.read(), name_of(file, "claim")
    return claims.read_filing(data, name, vault=installation.vault, on=on)


def _outlines(ctx: Context, rows: list[Claim]) -> list[ClaimOutline]:
    found = Parties(ctx, rows)
    return [ClaimOutline.of(row, **found.of(row)) for row in rows]


def _whole(ctx: Context, row: Claim) -> ClaimOut:
    return ClaimOut.of(
        row,
        **Parties(ctx, [row]).of(row),
        classes=[ClassOut.of(each) for each in lists.classes_of(ctx, row)],
        tolerance=RuleOut.of(tolerance(ctx, row.since)),
        causes=[CodeOut.of(each) for each in lists.codes_of(ctx, row)],
    )


def _lines(ctx: Context, rows: list[ClaimLine]) -> list[ClaimLineOut]:
    causes = lists.causes_of(ctx, rows)
    notes = queries.by_key(ctx, Note, (row.note_id for row in rows))
    return [
        ClaimLineOut.of(
            row,
            note_id=notes[row.note_id].public_id if row.note_id is not None else None,
            difference=row.claimed_fen - row.expected_fen,
            causes=[CauseOut.of(cause) for cause in causes[row.id]],
        )
        for row in rows
    ]
