"""Pages of claims: quarters and banks with causes, one claim, one line step by step, reports."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response

from app.web import explain
from app.web.acts import Failed, run, with_failure
from app.web.claim_acts import ACTS, offers
from app.web.edge import Posted, Visit, go, visit_to, visiting
from app.web.lists import ROWS, Filter, address
from app.web.render import attachment, day_before
from app.web.words import word
from loans import queries
from loans.errors import NotFound
from loans.models import Contract, Note, Organisation, Person
from subsidy import comparison, lists, overview, printing, reports
from subsidy.approval_form import subsidy_sheet
from subsidy.claims import UNDECIDED
from subsidy.detail_sheet import COLUMNS
from subsidy.models import Claim, ClaimLine, ClaimState
from subsidy.reconciliation import CODES, LineClass
from subsidy.reexamination import computed_again
from subsidy.register import tolerance

router = APIRouter(include_in_schema=False)
Reading = Annotated[Visit, visit_to("claims.read")]

REPORTS: dict[str, Callable[[reports.ClaimReport], bytes]] = {
    "xlsx": reports.workbook,
    "csv": reports.csv,
    "pdf": printing.difference_form,
}
LARGEST_COMPARISON = 500


@router.get("/claims")
def all_of(visit: Reading) -> Response:
    """Claims by quarter and bank with totals, differences and causes; a bank's own work first."""
    ctx = visit.ctx
    state = Filter.of(visit, "state", "状态", [(s.value, word(s)) for s in ClaimState])
    bank = Filter.banks(visit)
    wanted = ClaimState(state.value) if state.value else None
    rows = overview.claims(ctx, state=wanted, bank_id=bank.key)
    quarters: dict[date, list[Claim]] = {}
    for row in rows:
        quarters.setdefault(row.since, []).append(row)
    work = overview.bank_work(ctx)
    return visit.show(
        "claims.html",
        quarters=quarters,
        banks=queries.by_key(ctx, Organisation, (row.bank_id for row in rows)),
        amounts=lists.codes_by_claim(ctx, rows),
        waiting=lists.open_cases(ctx, rows),
        codes=CODES,
        work=work,
        filters=[each for each in (state, bank) if each.choices],
        narrowed=bool(state.value or bank.value),
    )


@router.get("/claims/{id}")
def one(visit: Reading, id: UUID) -> Response:
    """One claim: totals, causes, file findings, lines."""
    return _page(visit, id)


@router.get("/claims/{id}/comparison")
def compared(visit: Reading, id: UUID) -> Response:
    """What a corrected file changed against the one it replaced."""
    claim = queries.one(visit.ctx, Claim, id)
    found = comparison.compare_with_replaced(visit.ctx, claim)
    return visit.show(
        "claim_comparison.html",
        claim=claim,
        bank=visit.ctx.session.get_one(Organisation, claim.bank_id),
        found=found,
        shown=found.changes[:LARGEST_COMPARISON],
        headers=explain.HEADERS,
    )


@router.get("/claims/{id}/today")
def today(visit: Reading, id: UUID) -> Response:
    """The lines that come to other amounts by what was recorded since the file came."""
    claim = queries.one(visit.ctx, Claim, id)
    again = computed_again(visit.ctx, claim) if claim.state in UNDECIDED else None
    changed = again.changed() if again else []
    return visit.show(
        "claim_today.html",
        claim=claim,
        bank=visit.ctx.session.get_one(Organisation, claim.bank_id),
        again=again,
        changed=changed[:LARGEST_COMPARISON],
        count=len(changed),
    )


@router.get("/claims/{id}/report.{kind}")
def report(visit: Reading, id: UUID, kind: str) -> Response:
    """The difference report on paper: workbook, printable form, or the lines as CSV."""
    if kind not in REPORTS:
        raise NotFound("not-found", "没有这种报告，可下载 xlsx、csv 或 pdf")
    claim = queries.one(visit.ctx, Claim, id)
    content = REPORTS[kind](reports.claim_report(visit.ctx, claim))
    return attachment(content, f"claim-{claim.public_id}.{kind}")


@router.get("/claims/{id}/sheet.pdf")
def sheet(visit: Reading, id: UUID) -> Response:
    """贴息资金审核表, for signature."""
    claim = queries.one(visit.ctx, Claim, id)
    content = subsidy_sheet(visit.ctx, reports.claim_report(visit.ctx, claim))
    return attachment(content, f"claim-{claim.public_id}-sheet.pdf")


@router.get("/claims/{id}/lines/{line_id}")
def line(visit: Reading, id: UUID, line_id: UUID) -> Response:
    """One line: claimed beside recomputed, causes with their sentence, every step."""
    ctx = visit.ctx
    claim = queries.one(ctx, Claim, id)
    row = queries.one(ctx, ClaimLine, line_id)
    if row.claim_id != claim.id:
        raise NotFound("not-found", "没有找到这条记录，请核对编号")
    note = ctx.session.get(Note, row.note_id) if row.note_id else None
    return visit.show(
        "claim_line.html",
        claim=claim,
        bank=ctx.session.get_one(Organisation, claim.bank_id),
        row=row,
        note=note,
        case=lists.cases_of(ctx, [row]).get(row.id),
        causes=lists.causes_of(ctx, [row])[row.id],
        columns=COLUMNS.columns,
        codes=CODES,
        **_recomputed(visit, row, note),
    )


@router.post("/claims/{id}/{act}")
def do(post: Posted, id: UUID, act: str) -> Response:
    """Run one act; refused, it is shown at its form."""
    result = run(post, ACTS, act, id, f"/claims/{id}")
    if isinstance(result, str):
        return go(result)
    with visiting(post.request, post.who, "claims.read") as visit:
        return _page(visit, id, result)


def _recomputed(visit: Visit, row: ClaimLine, note: Note | None) -> dict[str, Any]:
    """The line's days piece by piece, and its facts beside the register's."""
    if note is None or not row.since or not row.until or row.since >= row.until:
        return {"lines": [], "beside": [], "total_fen": 0}
    since = max(row.since, note.disbursed_on)
    steps = overview.steps_as_claimed(visit.ctx, note, since=since, until=max(since, row.until))
    counted = [step for step in steps if step.start >= since]
    contract = visit.ctx.session.get_one(Contract, note.contract_id)
    return {
        "lines": explain.lines(steps, since=since),
        "beside": explain.beside(row, note, contract, counted),
        "total_fen": sum(step.subsidy_fen for step in counted),
    }


def _page(visit: Visit, id: UUID, failed: Failed | None = None) -> Response:
    ctx = visit.ctx
    claim = queries.one(ctx, Claim, id)
    order = overview.remittance_of(ctx, claim)
    acted = (claim.received_by_id, claim.reviewed_by_id, claim.approved_by_id)
    ordered = (order.ordered_by_id, order.confirmed_by_id, order.returned_by_id) if order else ()
    return visit.show(
        "claim.html",
        tolerance=tolerance(ctx, claim.since),
        status=failed.status if failed else 200,
        claim=claim,
        order=order,
        bank=ctx.session.get_one(Organisation, claim.bank_id),
        people=queries.by_key(ctx, Person, (*acted, *ordered)),
        waiting=lists.open_cases(ctx, [claim]).get(claim.id, 0),
        classes_of_lines=lists.classes_of(ctx, claim),
        by_code=lists.codes_of(ctx, claim),
        conventions=[f for f in claim.findings if f["kind"] == "convention"],
        unclaimed=[f for f in claim.findings if f["kind"] == "unclaimed"],
        file_findings=[f for f in claim.findings if f["kind"] in ("row", "file")],
        codes=CODES,
        **_lines(visit, claim),
        last_day=day_before,
        offers=with_failure(offers(visit, claim, order), failed),
        failed=failed,
    )


def _lines(visit: Visit, claim: Claim) -> dict[str, Any]:
    """The page of lines that the address asks for, with causes and cases."""
    ctx, asked = visit.ctx, visit.request.query_params
    code = Filter.of(visit, "code", "原因", [(c, f"{c} {CODES[c].title}") for c in CODES])
    kind = Filter.of(visit, "class", "结果", [(c.value, word(c)) for c in LineClass])
    rest = Filter.of(visit, "residual", "惯例以外", [("1", "惯例不能解释的差异")])
    after = asked.get("after", "0")
    rows = lists.claim_lines(
        ctx,
        claim,
        code=code.value,
        line_class=LineClass(kind.value) if kind.value else None,
        residual=rest.value is not None,
        after=int(after) if after.isascii() and after.isdigit() and len(after) < 9 else 0,
        limit=ROWS + 1,
    )
    shown = rows[:ROWS]
    return {
        "rows": shown,
        "causes": lists.causes_of(ctx, shown),
        "cases": lists.cases_of(ctx, shown),
        "next": address(visit, after=str(shown[-1].row)) if len(rows) > len(shown) else None,
        "filters": [code, kind, rest] if _has_convention(claim) else [code, kind],
    }


def _has_convention(claim: Claim) -> bool:
    return any(found["kind"] == "convention" for found in claim.findings)
