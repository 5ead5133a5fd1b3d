"""Pages of cases: exceptions with owner and age; one with what both sides say and the decision."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response

from app.web.acts import Failed, run, with_failure
from app.web.case_acts import ACTS, most, offers
from app.web.edge import Posted, Visit, go, visit_to, visiting
from app.web.lists import Filter, Shown, listed
from app.web.render import day_before
from app.web.words import word
from loans import queries
from loans.models import Note, Organisation, Person
from subsidy import lists
from subsidy.cases import age_days
from subsidy.models import CaseState, Claim, ClaimCase, ClaimLine
from subsidy.reconciliation import CODES

router = APIRouter(include_in_schema=False)
Reading = Annotated[Visit, visit_to("claims.read")]


@router.get("/cases")
def all_of(visit: Reading) -> Response:
    """Exceptions: the open ones unless others are asked for."""
    state = Filter.of(visit, "state", "状态", [(s.value, word(s)) for s in CaseState], "open")
    code = Filter.of(visit, "code", "原因", [(c, f"{c} {CODES[c].title}") for c in CODES])
    bank = Filter.banks(visit)
    claim = _claim(visit)
    mine = Filter.of(visit, "owner", "跟进人", [("me", "我")] if visit.may("cases.assign") else [])
    rows = lists.cases(
        visit.ctx,
        code=code.value,
        state=CaseState(state.value) if state.value else None,
        bank_id=bank.key,
        claim_id=claim.key,
        owner_id=visit.actor.person_id if mine.value else None,
    )
    page = listed(visit, rows, ClaimCase)
    filters = [each for each in (claim, state, code, bank, mine) if each.choices]
    return visit.show("cases.html", page=page, filters=filters, codes=CODES, **_beside(visit, page))


@router.get("/cases/{id}")
def one(visit: Reading, id: UUID) -> Response:
    """One exception: its amounts, causes, both sides' words, the decision."""
    return _page(visit, id)


@router.post("/cases/{id}/{act}")
def do(post: Posted, id: UUID, act: str) -> Response:
    """Run one act; refused, it is shown at its form."""
    result = run(post, ACTS, act, id, f"/cases/{id}")
    if isinstance(result, str):
        return go(result)
    with visiting(post.request, post.who, "claims.read") as visit:
        return _page(visit, id, result)


def _claim(visit: Visit) -> Filter:
    """The one claim that the address names, offered only there; anything else does not filter."""
    try:
        asked = UUID(visit.request.query_params.get("claim", ""))
    except ValueError:
        return Filter("claim", "申报", None, [])
    rows = lists.claims(visit.ctx).where(Claim.public_id == asked)
    claim = visit.ctx.session.scalars(rows).one_or_none()
    if claim is None:
        return Filter("claim", "申报", None, [])
    bank = visit.ctx.session.get_one(Organisation, claim.bank_id)
    name = f"{bank.name} {claim.since} 至 {day_before(claim.until)}"
    return Filter("claim", "申报", str(asked), [(str(asked), name)], claim.id)


def _beside(visit: Visit, page: Shown) -> dict[str, Any]:
    """What a list of cases shows beside them, one query a kind."""
    ctx, rows = visit.ctx, page.rows
    lines = queries.by_key(ctx, ClaimLine, (row.line_id for row in rows))
    return {
        "lines": lines,
        "causes": lists.causes_of(ctx, lines.values()),
        "claims": lists.claims_by_key(
            ctx, (k for r in rows for k in (r.claim_id, r.carried_to_id))
        ),
        "banks": queries.by_key(ctx, Organisation, (row.bank_id for row in rows)),
        "people": queries.by_key(ctx, Person, (row.owner_id for row in rows)),
        "ages": {row.id: age_days(ctx, row) for row in rows},
    }


def _page(visit: Visit, id: UUID, failed: Failed | None = None) -> Response:
    ctx = visit.ctx
    case = queries.one(ctx, ClaimCase, id)
    line = ctx.session.get_one(ClaimLine, case.line_id)
    claims = lists.claims_by_key(ctx, (case.claim_id, case.carried_to_id))
    causes = lists.causes_of(ctx, [line])[line.id]
    comments = lists.comments_of(ctx, [case])[case.id]
    keys = (case.owner_id, case.decided_by_id, *(said.by_person_id for said in comments))
    people = queries.by_key(ctx, Person, keys)
    offered = offers(visit, case, claims[case.claim_id], line, causes)
    return visit.show(
        "case.html",
        status=failed.status if failed else 200,
        case=case,
        line=line,
        claim=claims[case.claim_id],
        carried=claims.get(case.carried_to_id or 0),
        before=ctx.session.get(ClaimCase, case.continues_id) if case.continues_id else None,
        note=ctx.session.get(Note, line.note_id) if line.note_id else None,
        bank=ctx.session.get_one(Organisation, case.bank_id),
        causes=causes,
        comments=comments,
        people=people,
        offices=queries.by_key(ctx, Organisation, (p.organisation_id for p in people.values())),
        age=age_days(ctx, case),
        most=most(visit, line),
        codes=CODES,
        offers=with_failure(offered, failed),
        failed=failed,
    )
