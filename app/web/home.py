"""The first screen: what needs me now; then how the programme stands, by kind of organisation."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Response

from app.web.charts import in_wan, in_yuan
from app.web.edge import Visit, visit_to
from app.web.programme import leverage
from app.web.render import day_before
from loans import overview, queries
from loans.access import OrganisationKind
from loans.models import Application, Borrower, Organisation
from loans.workflow import NoteState
from subsidy import overview as subsidy
from subsidy.models import ClaimState, EntryKind, RemittanceState

router = APIRouter(include_in_schema=False)

SOON, VERY_SOON = timedelta(days=30), timedelta(days=7)


@router.get("/")
def home(visit: Annotated[Visit, visit_to("programme.read")]) -> Response:
    """The workspace of the visitor's organisation."""
    content = _common(visit)
    match visit.actor.organisation_kind:
        case OrganisationKind.GUARANTOR:
            return visit.show("home_guarantor.html", **content, **_guarantor(visit))
        case OrganisationKind.FINANCE:
            return visit.show("home_finance.html", **content, **_finance(visit))
        case OrganisationKind.BANK:
            return visit.show("home_bank.html", **content, **_bank(visit))
        case OrganisationKind.OPERATOR:
            return visit.show("home_operator.html", **_operator(visit))
        case _:
            return visit.show("home_other.html", **content)


def _common(visit: Visit) -> dict[str, Any]:
    """The worklist and the portfolio, for everyone who may read applications."""
    if not visit.may("applications.read"):
        return {}
    ctx = visit.ctx
    notes = overview.notes_by_state(ctx)
    none = overview.Tally(0, 0)
    months = overview.disbursed_by_month(ctx)
    return {
        "work": overview.worklist(ctx),
        "states": overview.applications_by_state(ctx),
        "notes": notes,
        "overdue": notes.get(NoteState.OVERDUE, none),
        "balance_fen": sum(tally.amount_fen for tally in notes.values()),
        "new": months[-1][1],
        "bars": [in_wan(month, tally.amount_fen) for month, tally in months],
        "last_day": day_before,
    }


def _guarantor(visit: Visit) -> dict[str, Any]:
    ctx = visit.ctx
    fund = overview.fund_if_any(ctx)
    return {
        "clocks": overview.running_clocks(ctx),
        "fund": fund,
        "leverage": leverage(ctx, fund) if fund else None,
        "late": overview.overdue_notes(ctx)[:10],
        "maturing": overview.maturing_notes(ctx, until=ctx.on + SOON)[:10],
    }


def _finance(visit: Visit) -> dict[str, Any]:
    ctx = visit.ctx
    claims = subsidy.claims(ctx)
    ledger = subsidy.ledger_totals(ctx)
    ordered = subsidy.remittances(ctx, state=RemittanceState.ORDERED)
    months = subsidy.months(ctx, limit=12)
    return {
        "claims": claims[:12],
        "to_review": [claim for claim in claims if claim.state is ClaimState.RECEIVED],
        "to_approve": [claim for claim in claims if claim.state is ClaimState.REVIEWED],
        "ordered": ordered,
        "payable_fen": ledger[EntryKind.PAYABLE],
        "paid_fen": ledger[EntryKind.PAID],
        "banks": _banks(visit, [claim.bank_id for claim in claims]),
        "months": months,
        "next_month": subsidy.next_month(ctx),
        "subsidy_bars": [in_yuan(month.since, month.subsidy_fen) for month in reversed(months)],
    }


def _bank(visit: Visit) -> dict[str, Any]:
    ctx = visit.ctx
    maturing = overview.maturing_notes(ctx, until=ctx.on + SOON)
    drawings = list(ctx.session.scalars(queries.pending_disbursements(ctx).limit(50)))
    applications = queries.by_key(ctx, Application, (row.application_id for row in drawings))
    return {
        "drawings": drawings,
        "applications": applications,
        "borrowers": queries.by_key(ctx, Borrower, (a.borrower_id for a in applications.values())),
        "maturing": maturing,
        "very_soon": ctx.on + VERY_SOON,
        "late": overview.overdue_notes(ctx),
        "claims": subsidy.claims(ctx)[:8],
    }


def _operator(visit: Visit) -> dict[str, Any]:
    query = queries.organisations(visit.ctx).order_by(Organisation.kind, Organisation.code)
    return {"organisations": list(visit.ctx.session.scalars(query))}


def _banks(visit: Visit, ids: list[int]) -> dict[int, Organisation]:
    return queries.by_key(visit.ctx, Organisation, ids)
