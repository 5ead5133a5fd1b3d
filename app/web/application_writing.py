"""Writing an application: the form of a person or a firm, assessed while it is filled in."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response

from app.web import application_form as form
from app.web.application_fields import FORMS, fields_of
from app.web.edge import DONE, Post, Posted, Refused, Visit, go, refused, visit_to, visiting
from app.web.fields import Field, Filled, Kind, Reading, read, texts_of
from loans import applications as commands
from loans import queries
from loans.context import Context
from loans.dossier import as_json
from loans.errors import FuminError, PolicyGap
from loans.models import Application, Branch
from loans.underwriting import Exposure
from loans.workflow import BorrowerKind
from subsidy.quotes import Quote, quote, quote_application

router = APIRouter(include_in_schema=False)
DONE["applications.create"] = "草稿已保存。核对无误后请提交申请。"
DONE["applications.edit"] = "修改已保存；此前的经办意见作废。"
Writing = Annotated[Visit, visit_to("applications.create")]
MORE, MORE_ROWS = "more-", 5


@router.get("/applications/new")
def new(visit: Writing) -> Response:
    """The empty form of a person, or of a firm where the address says so."""
    kind = _kind(visit.request.query_params.get("kind"))
    texts = {field.name: field.start for field in fields_of(kind)} | {"uploads.rows": "2"}
    return _form(visit, kind, Filled(texts | {"hires.rows": "3"}))


@router.post("/applications/new")
def create(post: Posted) -> Response:
    """Store a draft; or only assess it, storing nothing; or show more rows."""
    kind = _kind(post.form.get("kind"))
    fields = fields_of(kind)
    texts = _texts(post, fields)
    do = post.form.get("do")
    if str(do).startswith(MORE):
        return _again(post, kind, Filled(texts), status=200)
    reading = _read(post, fields)

    def call(ctx: Context) -> Application:
        return commands.create(ctx, asked=form.asked(kind, reading.values))

    if do == "assess":
        return _trial(post, "applications.create", call, kind, texts, reading)
    if reading.faults:
        return _again(post, kind, Filled(texts, reading.faults))
    result = post.run(
        "applications.create",
        call,
        lambda _, row: f"/applications/{row.public_id}?done=applications.create",
        content=_content(post, reading),
    )
    if isinstance(result, Refused):
        return _again(post, kind, Filled(texts, {}, result.body), status=result.status)
    return go(result)


@router.get("/applications/{id}/edit")
def edit_form(visit: Annotated[Visit, visit_to("applications.edit")], id: UUID) -> Response:
    """The form with the application's content."""
    row = queries.one(visit.ctx, Application, id)
    branch = visit.ctx.session.get_one(Branch, row.branch_id)
    texts = form.texts_of(row, branch) | {"version": str(row.version), "uploads.rows": "2"}
    return _form(visit, row.kind, Filled(texts | {"hires.rows": "3"}), application=row)


@router.post("/applications/{id}/edit")
def edit(post: Posted, id: UUID) -> Response:
    """Replace a draft's or a returned file's content; or only assess it, storing nothing."""
    kind = _kind(post.form.get("kind"))
    fields = fields_of(kind)
    texts = _texts(post, fields) | {"version": str(post.form.get("version", ""))}
    if str(post.form.get("do")).startswith(MORE):
        return _again(post, kind, Filled(texts), id=id, status=200)
    reading, version = _read(post, fields), texts["version"]

    def call(ctx: Context) -> Application:
        return commands.edit(
            ctx,
            application_id=id,
            asked=form.asked(kind, reading.values),
            version=int(version) if version.isdigit() else 0,
        )

    if post.form.get("do") == "assess":
        return _trial(post, "applications.edit", call, kind, texts, reading, id=id)
    if reading.faults:
        return _again(post, kind, Filled(texts, reading.faults), id=id)
    result = post.run(
        "applications.edit",
        call,
        lambda _, row: f"/applications/{row.public_id}?done=applications.edit",
        content=_content(post, reading),
    )
    if isinstance(result, Refused):
        return _again(post, kind, Filled(texts, {}, result.body), id=id, status=result.status)
    return go(result)


def _trial(
    post: Post,
    operation: str,
    call: Callable[[Context], Application],
    kind: BorrowerKind,
    texts: dict[str, Any],
    reading: Reading,
    *,
    id: UUID | None = None,
) -> Response:
    """What the rules say to the form as it is: with the borrower's past once it is complete."""
    if reading.faults:
        try:
            with visiting(post.request, post.who, operation) as visit:
                found = _so_far(visit.ctx, kind, reading.values)
        except FuminError as error:  # no amount, or one beyond all reason
            filled = Filled(texts, reading.faults, refused(error).body)
            return _again(post, kind, filled, id=id, status=200)
        assessment = found and found | {"faults": len(reading.faults)}
        filled = Filled(texts, reading.faults)
        return _again(post, kind, filled, id=id, status=200, assessment=assessment)
    result = post.run(
        operation,
        lambda ctx: _assessed(quote_application(ctx, call(ctx))),
        lambda _, found: found,
        dry_run=True,
        content=_content(post, reading),
    )
    if isinstance(result, Refused):
        return _again(post, kind, Filled(texts, {}, result.body), id=id, status=200)
    return _again(post, kind, Filled(texts), id=id, assessment=result, status=200)


def _so_far(ctx: Context, kind: BorrowerKind, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """An assessment of what is filled in, without the borrower's past; None without its loan."""
    loan = form.wanted(values)
    if loan is None or "business_division" not in values:
        return None
    exposure = Exposure(
        other_approved_fen=0,
        subsidised_loans=None,
        spouse_has_loan=values.get("spouse_has_loan"),
        own_firm_subsidised=values.get("own_firm_subsidised"),
        earlier_overdue=None,
    )
    applicant = form.applicant(kind, values)
    try:
        return _assessed(quote(applicant, loan, exposure, on=ctx.on, book=ctx.book))
    except PolicyGap:
        return None


def _assessed(found: Quote) -> dict[str, Any]:
    """The assessment with what the loan costs once every missing document is in and good."""
    costs = [
        {
            "start": cost.start.isoformat(),
            "stop": cost.stop.isoformat(),
            "interest_fen": cost.interest_fen,
            "subsidy_fen": cost.subsidy_fen,
            "borrower_fen": cost.borrower_fen,
        }
        for cost in found.attainable_costs
    ]
    proved = found.attainable_costs == found.costs
    return as_json(found.assessment) | {"costs": costs, "costs_are_proved": proved}


def _kind(text: Any) -> BorrowerKind:
    return BorrowerKind(text) if text in list(BorrowerKind) else BorrowerKind.INDIVIDUAL


def _texts(post: Post, fields: tuple[Field, ...]) -> dict[str, Any]:
    """What was typed; asked for more rows, the page shows more."""
    texts = texts_of(fields, post.form)
    for field in fields:
        if field.kind is Kind.ROWS and post.form.get("do") == MORE + field.name:
            name = f"{field.name}.rows"
            texts[name] = str(min(int(texts[name]) + MORE_ROWS, field.most))
    return texts


def _read(post: Post, fields: tuple[Field, ...]) -> Reading:
    """The form's values; without the applicant's consent nothing is taken."""
    reading = read(fields, post.form)
    if not reading.values.get("consent"):
        reading.faults["consent"] = "须有申请人的书面同意才能录入"
    return reading


def _content(post: Post, reading: Reading) -> list[list[str]]:
    """What makes two sendings of the form the same: a file counts by its digest."""
    texts = [[name, str(value)] for name, value in post.form.multi_items()
             if isinstance(value, str) and name not in ("csrf", "key")]  # fmt: skip
    files = [[paper["kind"], paper["file"].sha256] for paper in reading.values["uploads"]]
    return [*sorted(texts), *files]


def _form(
    visit: Visit,
    kind: BorrowerKind,
    filled: Filled,
    *,
    status: int = 200,
    assessment: Any = None,
    application: Application | None = None,
) -> Response:
    return visit.show(
        "application_form.html",
        status=status,
        kind=kind,
        groups=FORMS[kind],
        choices=form.choices(visit.ctx),
        filled=filled,
        assessment=assessment,
        application=application,
    )


def _again(
    post: Post,
    kind: BorrowerKind,
    filled: Filled,
    *,
    id: UUID | None = None,
    status: int = 422,
    assessment: Any = None,
) -> Response:
    with visiting(post.request, post.who, "applications.create") as visit:
        row = queries.one(visit.ctx, Application, id) if id else None
        return _form(visit, kind, filled, status=status, assessment=assessment, application=row)
