"""Pages of applications: the list, one application with its acts, the form."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from app.web.acts import Failed, run, with_failure
from app.web.application_acts import ACTS, CONFIRM
from app.web.application_offers import is_editable, offers
from app.web.asof import as_of
from app.web.edge import DONE, Posted, Visit, go, visit_to, visiting
from app.web.lists import Filter, listed
from app.web.render import attachment
from app.web.words import word
from loans import portfolio, queries
from loans.clocks import due_day, stands
from loans.context import Context
from loans.decisions import latest_proposal
from loans.models import (
    Application,
    Appraisal,
    Borrower,
    Branch,
    Clock,
    Disbursement,
    Evidence,
    Hire,
    Organisation,
    Person,
    Verification,
)
from loans.overview import days_left, drawings_of
from loans.workflow import BorrowerKind, State
from subsidy.approval_form import approval_form

router = APIRouter(include_in_schema=False)
DONE["applications.create"] = "草稿已保存。核对无误后请提交申请。"
DONE["applications.edit"] = "修改已保存；此前的经办意见作废。"
Look = Annotated[Visit, visit_to("applications.read")]
Writing = Annotated[Visit, visit_to("applications.create")]


@router.get("/applications")
def all_of(visit: Look) -> Response:
    """The list, newest first, now or on an earlier day."""
    asked = as_of(visit)
    ctx = asked.visit.ctx
    state = Filter.of(visit, "state", "状态", [(s.value, word(s)) for s in State])
    kind = Filter.of(visit, "kind", "申请人", [(k.value, word(k)) for k in BorrowerKind])
    bank = Filter.banks(visit)
    waits = [] if asked.day else [("waiting", "有放款待复核")]
    drawing = Filter.of(visit, "drawing", "放款", waits)
    query = portfolio.applications_as(
        ctx,
        asked.day,
        state=State(state.value) if state.value else None,
        kind=kind.value,
        bank_id=bank.key,
    )
    if drawing.value:
        pending = queries.pending_disbursements(ctx).with_only_columns(Disbursement.application_id)
        query = query.where(Application.id.in_(pending))
    page = listed(asked.visit, query, Application)
    return asked.visit.show(
        "applications.html",
        page=page,
        asked=asked,
        states=portfolio.states_on(ctx, asked.day, page.rows) if asked.day else {},
        borrowers=queries.by_key(ctx, Borrower, (row.borrower_id for row in page.rows)),
        banks=queries.by_key(ctx, Organisation, (row.bank_id for row in page.rows)),
        filters=[f for f in (state, kind, drawing, bank) if f.choices],
    )


@router.get("/applications/{id}")
def one(visit: Look, id: UUID) -> Response:
    """One application with everything in its file."""
    return _page(visit, id)


@router.get("/applications/{id}/approval.pdf")
def paper(visit: Look, id: UUID) -> Response:
    """审批表, for signature."""
    row = queries.one(visit.ctx, Application, id)
    return attachment(approval_form(visit.ctx, row), f"approval-{row.public_id}.pdf")


@router.post("/applications/{id}/{act}")
def do(post: Posted, id: UUID, act: str) -> Response:
    """Run one act; refused, it is shown at its form."""
    result = run(post, ACTS, act, id, f"/applications/{id}")
    if isinstance(result, str):
        return go(result)
    with visiting(post.request, post.who, "applications.read") as visit:
        return _page(visit, id, result)


@router.post("/disbursements/{id}/{act}")
def confirm(post: Posted, id: UUID, act: str) -> Response:
    """The checker confirms a drawing: the note's page follows; or its bank withdraws it."""
    result = run(post, CONFIRM, act, id, "/")
    if isinstance(result, str):
        return go(result)
    with visiting(post.request, post.who, "applications.read") as visit:
        return visit.show(
            "refused.html", status=result.status, problem=result.filled.problem, back="/"
        )


def _page(visit: Visit, id: UUID, failed: Failed | None = None) -> Response:
    ctx = visit.ctx
    row = queries.one(ctx, Application, id)
    hires = queries.file_of(ctx, row, Hire)
    drawings = drawings_of(ctx, row)
    offered = offers(visit, row, hires=hires, drawings=drawings)
    steps = queries.steps_of(ctx, row)
    verifications = queries.file_of(ctx, row, Verification)
    appraisals = queries.file_of(ctx, row, Appraisal)
    opinion = latest_proposal(ctx, row)
    acted = [*steps, *verifications, *appraisals, *([opinion] if opinion else [])]
    clocks = queries.file_of(ctx, row, Clock)
    return visit.show(
        "application.html",
        status=failed.status if failed else 200,
        row=row,
        borrower=ctx.session.get_one(Borrower, row.borrower_id),
        bank=ctx.session.get_one(Organisation, row.bank_id),
        branch=ctx.session.get_one(Branch, row.branch_id),
        assessment=row.assessment,
        groups={rule.code: rule.title for rule in ctx.book.family("group", ctx.on)},
        clocks=[(clock, due_day(clock, ctx.calendar), _left(ctx, clock)) for clock in clocks],
        evidence=queries.file_of(ctx, row, Evidence),
        verifications=verifications,
        appraisals=appraisals,
        hires=hires,
        steps=steps,
        opinion=opinion,
        people=queries.by_key(ctx, Person, (a.by_person_id for a in acted)),
        notes=queries.notes_of_application(ctx, row),
        drawings=[drawing for drawing in drawings if drawing.note_id is None],
        confirm=CONFIRM["confirm"],
        may_confirm=visit.may("disbursements.confirm"),
        may_withdraw=visit.may("disbursements.withdraw"),
        editable=is_editable(visit, row),
        offers=with_failure(offered, failed),
        failed=failed,
        journey=_journey(row),
    )


def _left(ctx: Context, clock: Clock) -> int | None:
    is_over = clock.ended_on is not None or stands(clock)
    return None if is_over else days_left(ctx, due_day(clock, ctx.calendar).on)


def _journey(row: Application) -> list[tuple[str, str]]:
    """The status line: each stage's name and whether it is done, now or ahead."""
    person = row.kind is BorrowerKind.INDIVIDUAL
    stages = [State.DRAFT, State.SUBMITTED]
    stages += (
        [State.GUARANTEE_REVIEW, State.LOAN_APPROVAL]
        if person
        else [State.HIRE_VERIFICATION, State.SUBSIDY_APPROVAL]
    )
    stages.append(State.APPROVED)
    state = row.returned_from or State.SUBMITTED if row.state is State.RETURNED else row.state
    if state not in stages:
        return [*((word(stage), "done") for stage in stages[:2]), (word(row.state), "now")]
    at = stages.index(state)
    marks = ["done" if i < at else "now" if i == at else "ahead" for i in range(len(stages))]
    if row.state is State.APPROVED:
        marks[-1] = "done"
    return list(zip(map(word, stages), marks, strict=True))
