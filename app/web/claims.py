"""Pages of claims: the list, filing, one claim with its causes, one line step by step."""

from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from starlette.datastructures import UploadFile

from app.web import explain
from app.web.acts import Failed, run, with_failure
from app.web.claim_acts import ACTS, CONFIRM, offers
from app.web.edge import DONE, Post, Posted, Refused, Visit, go, refused, visit_to, visiting
from app.web.fields import Field, Filled, Kind, read, texts_of
from app.web.lists import ROWS, Filter, address
from app.web.words import word
from loans import queries
from loans.errors import FuminError, NotFound
from loans.models import Note, Organisation, Person
from loans.settlement import QUARTERLY_20, period_starts
from loans.sheets import digest
from subsidy import claims as commands
from subsidy import lists, overview
from subsidy.detail_sheet import COLUMNS, write_template
from subsidy.models import Claim, ClaimLine, ClaimState
from subsidy.reconciliation import CODES, LineClass

router = APIRouter(include_in_schema=False)
Reading = Annotated[Visit, visit_to("claims.read")]
Filing = Annotated[Visit, visit_to("claims.receive")]

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FIELDS = (Field(name="quarter", label="申报的季度", kind=Kind.DUE_DAY),)
DONE["claim-received"] = "文件已接收并逐行重算，结果如下。"


@router.get("/claims")
def all_of(visit: Reading) -> Response:
    """Claims by quarter and bank with totals, and the remittances."""
    state = Filter.of(visit, "state", "状态", [(s.value, word(s)) for s in ClaimState])
    rows = overview.claims(visit.ctx, state=ClaimState(state.value) if state.value else None)
    quarters: dict[date, list[Claim]] = {}
    for row in rows:
        quarters.setdefault(row.since, []).append(row)
    paid = overview.remittances(visit.ctx)
    bank_ids = [*(row.bank_id for row in rows), *(order.bank_id for order, _ in paid)]
    return visit.show(
        "claims.html",
        quarters=quarters,
        banks=queries.by_key(visit.ctx, Organisation, bank_ids),
        remittances=paid,
        filters=[state],
        last_day=last_day,
    )


@router.get("/claims/new")
def new(visit: Filing) -> Response:
    """The upload form."""
    return _form(visit, Filled({"quarter": ""}))


@router.get("/claims/template.xlsx")
def template(visit: Filing) -> Response:
    """An empty detail sheet to fill in."""
    headers = {"Content-Disposition": "attachment; filename=claim-template.xlsx"}
    return Response(write_template(), media_type=XLSX, headers=headers)


@router.post("/claims/new")
def receive(post: Posted) -> Response:
    """Read the file, then take it in one command."""
    reading = read(FIELDS, post.form)
    faults = dict(reading.faults)
    file = post.form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        faults["file"] = "请选择申报文件（.xlsx 或 .csv）"
    if faults:
        return _again(post, Filled(texts_of(FIELDS, post.form), faults), 422)
    assert isinstance(file, UploadFile)
    result = _receive(post, file, reading.values["quarter"])
    if isinstance(result, Refused):
        return _again(post, Filled(texts_of(FIELDS, post.form), {}, result.body), result.status)
    return go(result)


def _receive(post: Post, file: UploadFile, since: date) -> str | Refused:
    data, name = file.file.read(), file.filename or "file"
    installation = post.installation
    with installation.reads() as session:
        on = installation.today(session)
    try:
        filing = commands.read_filing(data, name, vault=installation.vault, on=on)
    except FuminError as error:
        return refused(error)
    until = period_starts(QUARTERLY_20, since + timedelta(days=1), since + timedelta(days=100))[0]
    return post.run(
        "claims.receive",
        lambda ctx: commands.receive(ctx, filing=filing, since=since, until=until),
        lambda _, claim: f"/claims/{claim.public_id}?done=claim-received",
        content=[since.isoformat(), name, digest(data)],
    )


@router.get("/claims/{id}")
def one(visit: Reading, id: UUID) -> Response:
    """One claim: totals, causes, file findings, lines."""
    return _page(visit, id)


@router.get("/claims/{id}/lines/{line_id}")
def line(visit: Reading, id: UUID, line_id: UUID) -> Response:
    """One line: claimed beside recomputed, causes with their sentence, every step."""
    claim = queries.one(visit.ctx, Claim, id)
    row = queries.one(visit.ctx, ClaimLine, line_id)
    if row.claim_id != claim.id:
        raise NotFound("not-found", "没有找到这条记录，请核对编号")
    note = visit.ctx.session.get(Note, row.note_id) if row.note_id else None
    lines: list[Any] = []
    if note and row.since and row.until and row.since < row.until:
        since = max(row.since, note.disbursed_on)
        steps = overview.steps_of_note(visit.ctx, note, since=since, until=max(since, row.until))
        lines = explain.lines(steps, since=since)
    return visit.show(
        "claim_line.html",
        claim=claim,
        bank=visit.ctx.session.get_one(Organisation, claim.bank_id),
        row=row,
        note=note,
        causes=lists.causes_of(visit.ctx, [row])[row.id],
        columns=COLUMNS.columns,
        codes=CODES,
        lines=lines,
        last_day=last_day,
    )


@router.post("/claims/{id}/{act}")
def do(post: Posted, id: UUID, act: str) -> Response:
    """Run one act; refused, it is shown at its form."""
    result = run(post, ACTS, act, id, f"/claims/{id}")
    if isinstance(result, str):
        return go(result)
    with visiting(post.request, post.who, "claims.read") as visit:
        return _page(visit, id, result)


@router.post("/remittances/{id}/{act}")
def confirm(post: Posted, id: UUID, act: str) -> Response:
    """Confirm a payment; the claim's page follows."""
    result = run(post, CONFIRM, act, id, "/claims")
    if isinstance(result, str):
        return go(result)
    with visiting(post.request, post.who, "claims.read") as visit:
        for order, claim in overview.remittances(visit.ctx):
            if order.public_id == id:
                return _page(visit, claim.public_id, result)
        raise NotFound("not-found", "没有找到这条记录，请核对编号")


def _page(visit: Visit, id: UUID, failed: Failed | None = None) -> Response:
    ctx = visit.ctx
    claim = queries.one(ctx, Claim, id)
    order = overview.remittance_of(ctx, claim)
    code = Filter.of(visit, "code", "原因", [(c, f"{c} {CODES[c].title}") for c in CODES])
    kind = Filter.of(visit, "class", "结果", [(c.value, word(c)) for c in LineClass])
    after = visit.request.query_params.get("after", "0")
    rows = lists.claim_lines(
        ctx,
        claim,
        code=code.value,
        line_class=LineClass(kind.value) if kind.value else None,
        after=int(after) if after.isdigit() and len(after) < 9 else 0,
        limit=ROWS + 1,
    )
    shown = rows[:ROWS]
    acted = (claim.received_by_id, claim.reviewed_by_id, claim.approved_by_id)
    ordered = (order.ordered_by_id, order.confirmed_by_id) if order else ()
    return visit.show(
        "claim.html",
        status=failed.status if failed else 200,
        claim=claim,
        order=order,
        bank=ctx.session.get_one(Organisation, claim.bank_id),
        people=queries.by_key(ctx, Person, (*acted, *ordered)),
        classes_of_lines=lists.classes_of(ctx, claim),
        by_code=lists.codes_of(ctx, claim),
        conventions=[f for f in claim.findings if f["kind"] == "convention"],
        unclaimed=[f for f in claim.findings if f["kind"] == "unclaimed"],
        file_findings=[f for f in claim.findings if f["kind"] in ("row", "file")],
        codes=CODES,
        rows=shown,
        causes=lists.causes_of(ctx, shown),
        next=address(visit, after=str(shown[-1].row)) if len(rows) > len(shown) else None,
        filters=[code, kind],
        last_day=last_day,
        offers=with_failure(offers(visit, claim, order), failed),
        failed=failed,
    )


def _form(visit: Visit, filled: Filled, status: int = 200) -> Response:
    return visit.show(
        "claim_form.html",
        status=status,
        field=FIELDS[0],
        filled=filled,
        choices=tuple((d.isoformat(), _quarter(d)) for d in _quarters(visit.ctx.on)),
    )


def _again(post: Post, filled: Filled, status: int) -> Response:
    with visiting(post.request, post.who, "claims.receive") as visit:
        return _form(visit, filled, status)


def _quarters(on: date) -> list[date]:
    """First days of the quarters that are over, the newest first."""
    starts = period_starts(QUARTERLY_20, on - timedelta(days=4 * 366), on + timedelta(days=1))
    return starts[-2::-1]


def _quarter(since: date) -> str:
    until = period_starts(QUARTERLY_20, since + timedelta(days=1), since + timedelta(days=100))[0]
    return f"{since} 至 {last_day(until)}"


def last_day(until: date) -> date:
    """贴息止日: the last day of a half-open period."""
    return until - timedelta(days=1)
