"""The first screen: what needs me now; then how the programme stands, by kind of organisation."""

from typing import Annotated, Any

from fastapi import APIRouter, Response

from app.web.asof import AsOf, as_of
from app.web.charts import in_yuan
from app.web.edge import Visit, visit_to
from app.web.figures import VERY_SOON, book_of, fund_of, own_clocks, rate_lines, soon_until
from app.web.render import day_before
from loans import overview, portfolio, queries, signatures
from loans.access import OrganisationKind
from loans.models import Organisation
from subsidy import overview as subsidy
from subsidy.models import EntryKind, RemittanceState

router = APIRouter(include_in_schema=False)
SHOWN = 12


@router.get("/")
def home(visit: Annotated[Visit, visit_to("programme.read")]) -> Response:
    """The workspace of the visitor's organisation; of an earlier day only its figures."""
    asked = as_of(visit)
    kind = visit.actor.organisation_kind
    if kind is OrganisationKind.OPERATOR:
        return visit.show("home_operator.html", **_operator(visit))
    content = _common(asked)
    if asked.day is not None:
        return asked.visit.show("home_past.html", **content, **_guaranteed(asked))
    match kind:
        case OrganisationKind.GUARANTOR:
            return visit.show("home_guarantor.html", **content, **_guarantor(asked))
        case OrganisationKind.FINANCE:
            return visit.show("home_finance.html", **content, **_finance(visit))
        case OrganisationKind.BANK:
            return visit.show("home_bank.html", **content, **_bank(visit))
        case _:
            return visit.show("home_other.html", **content)


def _common(asked: AsOf) -> dict[str, Any]:
    """The book and the applications, for everyone who may read applications; now, the worklist."""
    if not asked.visit.may("applications.read"):
        return {}
    ctx = asked.visit.ctx
    content = {
        "asked": asked,
        "book": book_of(asked),
        "states": portfolio.applications_by_state(ctx, asked.day),
        "last_day": day_before,
    }
    return content if asked.day else content | {"work": overview.worklist(ctx, limit=SHOWN)}


def _guaranteed(asked: AsOf) -> dict[str, Any]:
    """The guarantee fund and the banks' compensation rates, for whom they concern."""
    visit = asked.visit
    return {
        "fund": fund_of(asked) if visit.may("fund.read") else None,
        **(rate_lines(asked) if visit.may("standing.read") else {"rates": []}),
    }


def _guarantor(asked: AsOf) -> dict[str, Any]:
    ctx = asked.visit.ctx
    running = overview.open_clocks(ctx)
    return _guaranteed(asked) | {
        "due": own_clocks(ctx, running),
        "payouts": overview.payouts_waiting(ctx, limit=SHOWN),
        "to_sign": signatures.waiting(ctx, limit=overview.LARGEST_LIST),
        "running": len(running),
        "clocks": overview.running_clocks(ctx, running, limit=SHOWN),
        "late_notes": overview.overdue_notes(ctx, limit=SHOWN),
        "maturing": overview.maturing_notes(ctx, until=soon_until(ctx), limit=SHOWN),
        "very_soon": ctx.on + VERY_SOON,
    }


def _finance(visit: Visit) -> dict[str, Any]:
    ctx = visit.ctx
    claims = subsidy.claims(ctx)
    ledger = subsidy.ledger_totals(ctx)
    ordered = subsidy.remittances(ctx, state=RemittanceState.ORDERED)
    months = subsidy.months(ctx, limit=12)
    return {
        "claims": claims[:12],
        "in_state": subsidy.claims_by_state(ctx),
        "ordered": ordered,
        "open_cases": subsidy.open_cases(ctx),
        "payable_fen": ledger[EntryKind.PAYABLE],
        "paid_fen": ledger[EntryKind.PAID],
        "banks": _banks(visit, [claim.bank_id for claim in claims]),
        "months": months,
        "next_month": subsidy.next_month(ctx),
        "subsidy_bars": [in_yuan(month.since, month.subsidy_fen) for month in reversed(months)],
    }


def _bank(visit: Visit) -> dict[str, Any]:
    ctx = visit.ctx
    return {
        "drawings": overview.drawings_waiting(ctx, limit=SHOWN),
        "to_sign": signatures.waiting(ctx, limit=overview.LARGEST_LIST),
        "due": own_clocks(ctx, overview.open_clocks(ctx)),
        "maturing": overview.maturing_notes(ctx, until=soon_until(ctx), limit=SHOWN),
        "very_soon": ctx.on + VERY_SOON,
        "late_notes": overview.overdue_notes(ctx, limit=SHOWN),
        "claims": subsidy.claims(ctx)[:8],
        "claim_work": len(subsidy.bank_work(ctx)),
    }


def _operator(visit: Visit) -> dict[str, Any]:
    query = queries.organisations(visit.ctx).order_by(Organisation.kind, Organisation.code)
    return {"organisations": list(visit.ctx.session.scalars(query))}


def _banks(visit: Visit, ids: list[int]) -> dict[int, Organisation]:
    return queries.by_key(visit.ctx, Organisation, ids)
