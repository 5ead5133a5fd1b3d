"""差异处理: exceptions of claims as cases, and what a corrected file changed."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from app.api.edge import After, Limit, Read, Write
from app.api.journey import Journey
from app.api.views import ByOut, PageOut, Parties, PartyOut, Persons, bank_key, paged
from app.api.wire import Body, Id, OneOf, Out, PublicId, Reason, Text, Yuan, YuanOut, fen
from loans import queries
from loans.context import Context
from subsidy import cases, comparison, lists
from subsidy.models import CaseComment, CaseState, Claim, ClaimCase, ClaimLine

journey = Journey("差异处理")


class OwnerBody(Body):
    """由谁跟进。"""

    owner: Text = Field(description="本单位人员的登录名。", examples=["F-maker"])


class CommentBody(Body):
    """说明与依据。"""

    text: Reason = Field(examples=["借款人已于 8 月 3 日还款"])
    evidence: Text | None = Field(default=None, examples=["还款凭证 2019-0803"])


class DecisionBody(Body):
    """逐笔决定。"""

    decision: OneOf[CaseState] = Field(
        description="allowed 认可、disallowed 核减、returned 退回银行。", examples=["disallowed"]
    )
    reason: Reason = Field(examples=["发放日之前的天数不贴息"])
    cites: Reason | None = Field(
        default=None, description="核减必填：所依据的条款。", examples=["（九）9.6"]
    )
    amount: Yuan | None = Field(default=None, description="认定额；不给则按规则。")


class CommentOut(Out):
    """一条说明。"""

    by: ByOut | None
    on: date
    text: str
    evidence: str


class CaseOut(Out):
    """一笔差异。"""

    id: PublicId
    bank: PartyOut
    claim_id: UUID
    line_id: UUID
    note_no: str
    state: CaseState
    opened_on: date
    age_days: int = Field(description="工作日。")
    claimed: YuanOut
    expected: YuanOut
    payable: YuanOut
    owner: ByOut | None
    carried_to: UUID | None = Field(description="结转到的申报。")
    decided_on: date | None
    decided_by: ByOut | None
    reason: str | None
    cites: str | None
    comments: list[CommentOut]


class ChangeOut(Out):
    """更正文件中的一行变化。"""

    kind: comparison.ChangeKind
    note_no: str
    since: date | None
    columns: list[str]
    claimed_before: YuanOut = fen("claimed_before")
    claimed: YuanOut = fen("claimed")
    payable_before: YuanOut = fen("payable_before")
    payable: YuanOut = fen("payable")


class ComparisonOut(Out):
    """与被替换文件的比较。"""

    before: UUID | None
    unchanged: int
    changes: list[ChangeOut]


@journey.read("/cases", "claims.read", "差异列表")
def list_cases(
    ctx: Read,
    state: CaseState | None = None,
    claim: Annotated[Id | None, Query(description="只看这份申报的。")] = None,
    bank: Id | None = None,
    after: After = None,
    limit: Limit = 50,
) -> PageOut[CaseOut]:
    claim_key = queries.one(ctx, Claim, claim).id if claim else None
    rows = lists.cases(ctx, state=state, claim_id=claim_key, bank_id=bank_key(ctx, bank))
    page = queries.page(ctx, rows, ClaimCase, after=after, limit=limit)
    return paged(page, lambda found: _shown(ctx, found))


@journey.read("/cases/{case_id}", "claims.read", "一笔差异")
def show(case_id: Id, ctx: Read) -> CaseOut:
    return _one(ctx, queries.one(ctx, ClaimCase, case_id))


@journey.write("POST", "/cases/{case_id}/owner", "cases.assign", "指定跟进人", out=CaseOut)
def assign(case_id: Id, body: OwnerBody, write: Write) -> Response:
    return write(lambda ctx: cases.assign(ctx, case_id=case_id, owner_login=body.owner), _one, body)


@journey.write("POST", "/cases/{case_id}/comments", "cases.comment", "说明、补充依据", out=CaseOut)
def comment(case_id: Id, body: CommentBody, write: Write) -> Response:
    def call(ctx: Context) -> ClaimCase:
        cases.comment(ctx, case_id=case_id, text=body.text, evidence=body.evidence or "")
        return queries.one(ctx, ClaimCase, case_id)

    return write(call, _one, body)


@journey.write("POST", "/cases/{case_id}/decision", "cases.decide", "逐笔决定", out=CaseOut)
def decide(case_id: Id, body: DecisionBody, write: Write) -> Response:
    return write(
        lambda ctx: cases.decide(
            ctx,
            case_id=case_id,
            decision=body.decision,
            reason=body.reason,
            cites=body.cites or "",
            amount_fen=body.amount,
        ),
        _one,
        body,
    )


@journey.read("/claims/{claim_id}/comparison", "claims.read", "更正文件与被替换文件的比较")
def compare(claim_id: Id, ctx: Read) -> ComparisonOut:
    found = comparison.compare_with_replaced(ctx, queries.one(ctx, Claim, claim_id))
    return ComparisonOut(
        before=found.before.public_id if found.before else None,
        unchanged=found.unchanged,
        changes=[ChangeOut.of(change, columns=list(change.columns)) for change in found.changes],
    )


def _one(ctx: Context, row: ClaimCase) -> CaseOut:
    return _shown(ctx, [row])[0]


def _shown(ctx: Context, rows: list[ClaimCase]) -> list[CaseOut]:
    parties = Parties(ctx, rows)
    said = lists.comments_of(ctx, rows)
    people = Persons(ctx, _people(rows, said))
    claims = queries.by_key(ctx, Claim, (k for r in rows for k in (r.claim_id, r.carried_to_id)))
    lines = queries.by_key(ctx, ClaimLine, (row.line_id for row in rows))
    return [_case(ctx, row, parties, people, claims, lines, said) for row in rows]


def _people(rows: list[ClaimCase], said: dict[int, list[CaseComment]]) -> set[int | None]:
    acting = {key for row in rows for key in (row.owner_id, row.decided_by_id)}
    return acting | {each.by_person_id for own in said.values() for each in own}


def _case(
    ctx: Context,
    row: ClaimCase,
    parties: Parties,
    people: Persons,
    claims: dict[int, Claim],
    lines: dict[int, ClaimLine],
    said: dict[int, list[CaseComment]],
) -> CaseOut:
    line: Any = lines[row.line_id]
    carried = claims.get(row.carried_to_id or 0)
    return CaseOut.of(
        row,
        **parties.of(row),
        claim_id=claims[row.claim_id].public_id,
        line_id=line.public_id,
        claimed=line.claimed_fen,
        expected=line.expected_fen,
        payable=line.payable_fen,
        age_days=cases.age_days(ctx, row),
        owner=people.by(row.owner_id),
        decided_by=people.by(row.decided_by_id),
        carried_to=carried.public_id if carried else None,
        comments=[CommentOut.of(each, by=people.by(each.by_person_id)) for each in said[row.id]],
    )
