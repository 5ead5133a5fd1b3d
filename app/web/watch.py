"""Pages of risk: banks' rates and standing, signals, due-diligence exemptions (9.12)."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from app.web.acts import Failed, run, with_failure
from app.web.edge import Posted, Visit, go, visit_to, visiting
from app.web.lists import first, listed, listed_of
from app.web.watch_acts import RELEASE, SIGN, release_offers, sign_offers
from loans import queries, signals, standing
from loans.errors import NotFound
from loans.models import BankStanding, ExemptionCase, Note, Organisation, Person

router = APIRouter(include_in_schema=False)
Standing = Annotated[Visit, visit_to("standing.read")]
Exemptions = Annotated[Visit, visit_to("exemptions.read")]

# Where a signal's row is looked at, by the kind of its subject; a borrower has no page.
PLACES = {"note": "/notes", "application": "/applications"}


@router.get("/standing")
def rates(visit: Standing) -> Response:
    """Every bank's rate of a period with its definition, and what followed from it."""
    return _standing(visit)


@router.post("/standing/{id}/{act}")
def release(post: Posted, id: UUID, act: str) -> Response:
    """The guarantee company ends a warning or a suspension with its reason."""
    result = run(post, RELEASE, act, id, "/standing")
    if isinstance(result, str):
        return go(result)
    with visiting(post.request, post.who, "standing.read") as visit:
        return _standing(visit, id, result)


@router.get("/signals")
def to_look_at(visit: Annotated[Visit, visit_to("signals.read")]) -> Response:
    """What somebody should look at, rule by rule; nothing is decided by it.

    Of each rule the first page; of the one that the address names every page.
    """
    by_rule: dict[str, list[signals.Signal]] = {key: [] for key in signals.RULES}
    for row in signals.found(visit.ctx):
        by_rule[row.rule].append(row)
    asked = visit.request.query_params.get("rule", "")
    if asked in by_rule:
        by_rule = {asked: by_rule[asked]}
        pages = {asked: listed_of(visit, by_rule[asked])}
    else:
        pages = {key: first(visit, rows, rule=key) for key, rows in by_rule.items()}
    return visit.show(
        "signals.html",
        rules=[visit.ctx.book.at(key, visit.ctx.on) for key in by_rule],
        counts={key: len(rows) for key, rows in by_rule.items()},
        pages=pages,
        names=signals.RULES,
        places=PLACES,
    )


@router.get("/exemptions")
def cases(visit: Exemptions) -> Response:
    """The cases of one's own institution."""
    page = listed(visit, queries.own_exemptions(visit.ctx), ExemptionCase)
    return visit.show(
        "exemptions.html",
        page=page,
        notes=queries.by_key(visit.ctx, Note, (row.note_id for row in page.rows)),
        people=queries.by_key(visit.ctx, Person, (row.opened_by_id for row in page.rows)),
    )


@router.get("/exemptions/{id}")
def case(visit: Exemptions, id: UUID) -> Response:
    """One case: two findings, the checklists as they were, two signatures."""
    return _case(visit, id)


@router.post("/exemptions/{id}/{act}")
def sign(post: Posted, id: UUID, act: str) -> Response:
    """Sign the case; refused, it is shown at its form."""
    result = run(post, SIGN, act, id, f"/exemptions/{id}")
    if isinstance(result, str):
        return go(result)
    with visiting(post.request, post.who, "exemptions.read") as visit:
        return _case(visit, id, result)


def _standing(visit: Visit, of: UUID | None = None, failed: Failed | None = None) -> Response:
    ctx = visit.ctx
    since, until = (_day(visit, name) for name in ("since", "until"))
    if since and until and since >= until:
        since = until = None
    found = standing.rates(ctx, since=since, until=until)
    offers = release_offers(visit, found)
    if failed:
        offers |= {
            key: with_failure([offer], failed)[0]
            for key, offer in offers.items()
            if offer.path == f"/standing/{of}/{failed.name}"
        }
    page = listed(visit, queries.standings(ctx), BankStanding)
    return visit.show(
        "standing.html",
        status=failed.status if failed else 200,
        rates=found,
        offers=offers,
        warn=ctx.book.at("compensation_rate.warn", ctx.on),
        suspend=ctx.book.at("compensation_rate.suspend", ctx.on),
        page=page,
        banks=queries.by_key(ctx, Organisation, (row.bank_id for row in page.rows)),
        people=queries.by_key(ctx, Person, (row.by_person_id for row in page.rows)),
        failed=failed,
    )


def _day(visit: Visit, name: str) -> date | None:
    try:
        return date.fromisoformat(visit.request.query_params.get(name, ""))
    except ValueError:
        return None


def _case(visit: Visit, id: UUID, failed: Failed | None = None) -> Response:
    ctx = visit.ctx
    row = queries.one(ctx, ExemptionCase, id)
    if row.organisation_id != visit.actor.organisation_id:
        raise NotFound("not-found", "没有找到这条记录，请核对编号")
    signed = (row.opened_by_id, row.first_signed_by_id, row.second_signed_by_id)
    return visit.show(
        "exemption.html",
        status=failed.status if failed else 200,
        row=row,
        note=ctx.session.get_one(Note, row.note_id),
        people=queries.by_key(ctx, Person, signed),
        offers=with_failure(sign_offers(visit, row), failed),
        failed=failed,
    )
