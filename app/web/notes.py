"""Pages of notes: the list, one note with its plan, movements, accruals and recomputation."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from app.web import explain
from app.web.acts import Failed, run, with_failure
from app.web.asof import AsOf, as_of
from app.web.edge import Posted, Visit, go, visit_to, visiting
from app.web.figures import group_names, period_of
from app.web.lists import Filter, listed
from app.web.note_acts import ACTS, offers
from app.web.words import word
from loans import queries
from loans.lifecycle import STOP_REASONS
from loans.models import Application, Borrower, Branch, Contract, Note, Organisation, Person
from loans.portfolio import (
    STANDING_NAMES,
    Standing,
    Wanted,
    known_by,
    notes_as,
    stood,
    stood_alone,
)
from loans.workflow import NoteState
from subsidy.lists import accruals_of
from subsidy.models import MonthLock
from subsidy.overview import steps_of_note

router = APIRouter(include_in_schema=False)
Reading = Annotated[Visit, visit_to("notes.read")]
NO_GROUP = "none"


@router.get("/notes")
def all_of(visit: Reading) -> Response:
    """The list, newest first, now or on an earlier day; or one note by its exact number."""
    asked = as_of(visit)
    ctx, typed = asked.visit.ctx, visit.request.query_params
    filters = _filters(asked)
    number = typed.get("note_no", "").strip()[:64]
    standing, group = filters["standing"].value, filters["group"].value
    wanted = Wanted(
        standing=Standing(standing) if standing else None,
        group="" if group == NO_GROUP else group,
        disbursed=period_of(typed.get("disbursed", "")),
        matures=_days_ahead(filters["within"].value, ctx.on) or period_of(typed.get("matures", "")),
    )
    query = notes_as(
        ctx,
        asked.day,
        wanted,
        state=filters["state"].value,
        bank_id=filters["bank"].key,
        note_no=number or None,
    )
    page = listed(asked.visit, query, Note)
    return asked.visit.show(
        "notes.html",
        page=page,
        asked=asked,
        number=number,
        months={name: typed.get(name, "")[:7] for name in ("disbursed", "matures")},
        stood=stood(ctx, asked.day, page.rows) if asked.day else {},
        borrowers=queries.by_key(ctx, Borrower, (row.borrower_id for row in page.rows)),
        banks=queries.by_key(ctx, Organisation, (row.bank_id for row in page.rows)),
        contracts=queries.by_key(ctx, Contract, (row.contract_id for row in page.rows)),
        filters=[f for f in filters.values() if f.choices],
    )


def _filters(asked: AsOf) -> dict[str, Filter]:
    """Today's states are known in full; of an earlier day only what was owed and late."""
    visit = asked.visit
    now = asked.day is None
    groups = [(code or NO_GROUP, name) for code, name in group_names(visit.ctx).items()]
    states = [(s.value, word(s)) for s in NoteState] if now else []
    ahead = [("7", "7 天内"), ("30", "30 天内"), ("90", "90 天内")] if now else []
    standings = [(s.value, STANDING_NAMES[s]) for s in Standing]
    found = (
        Filter.of(visit, "state", "状态", states),
        Filter.of(visit, "standing", "余额", standings),
        Filter.of(visit, "within", "到期", ahead),
        Filter.of(visit, "group", "人群", groups),
        Filter.banks(visit),
    )
    return {f.name: f for f in found}


def _days_ahead(text: str | None, on: date) -> tuple[date, date] | None:
    return (on, on + timedelta(days=int(text) + 1)) if text else None


@router.get("/notes/{id}")
def one(visit: Reading, id: UUID) -> Response:
    """One note, now or on an earlier day; ``since`` and ``until`` choose the days recomputed."""
    return _page(visit, id)


@router.post("/notes/{id}/{act}")
def do(post: Posted, id: UUID, act: str) -> Response:
    """Run one act; refused, it is shown at its form."""
    result = run(post, ACTS, act, id, f"/notes/{id}")
    if isinstance(result, str):
        return go(result)
    with visiting(post.request, post.who, "notes.read") as visit:
        return _page(visit, id, result)


def _page(visit: Visit, id: UUID, failed: Failed | None = None) -> Response:
    asked = as_of(visit)
    visit, ctx = asked.visit, asked.visit.ctx
    note = queries.one(ctx, Note, id)
    at = stood_alone(ctx, asked.day, note) if asked.day else None
    contract = ctx.session.get_one(Contract, note.contract_id)
    application = ctx.session.get_one(Application, contract.application_id)
    plan, movements = queries.instalments_of(ctx, note), queries.movements_of(ctx, note)
    extension = queries.open_extension(ctx, note)
    offered = offers(visit, note, contract, plan=plan, movements=movements, extension=extension)
    since, until = _window(visit, note)
    accruals = accruals_of(ctx, note)
    locks = queries.by_key(ctx, MonthLock, (line.month_id for line in accruals))
    if asked.day:
        offered, movements = [], known_by(asked.day, movements)
        accruals = [line for line in accruals if locks[line.month_id].locked_on <= asked.day]
    steps = steps_of_note(ctx, note, since=since, until=until) if since < until else []
    return visit.show(
        "note.html",
        status=failed.status if failed else 200,
        asked=asked,
        at=at,
        note=note,
        contract=contract,
        application=application,
        borrower=ctx.session.get_one(Borrower, note.borrower_id),
        bank=ctx.session.get_one(Organisation, note.bank_id),
        branch=ctx.session.get_one(Branch, note.branch_id),
        plan=plan,
        movements=movements,
        undone={movement.reverses_id for movement in movements},
        people=queries.by_key(ctx, Person, (m.by_person_id for m in movements)),
        stops=STOP_REASONS,
        extension=extension,
        accruals=accruals,
        locks=locks,
        since=since,
        until=until,
        lines=explain.lines(steps, since=since),
        offers=with_failure(offered, failed),
        failed=failed,
    )


def _window(visit: Visit, note: Note) -> tuple[date, date]:
    """The days asked for in the address, else the whole life up to today."""
    asked = visit.request.query_params
    since = _day(asked.get("since", ""), note.disbursed_on)
    until = _day(asked.get("until", ""), note.settled_on or visit.ctx.on)
    return max(since, note.disbursed_on), min(until, visit.ctx.on)


def _day(text: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return otherwise
