"""An application as the bank drives it: draft, edit, hand in, take back; and reading it."""

from typing import Annotated

from fastapi import Header, Response
from pydantic import Field

from app.api import application_views as views
from app.api.application_bodies import ApplicationBody, DueReasonBody, ReasonBody
from app.api.application_views import (
    ApplicationLine,
    ApplicationOut,
    ReservationOut,
    StepOut,
    lines,
    steps,
    whole,
)
from app.api.conditional import version_of
from app.api.edge import After, Limit, Read, Write
from app.api.journey import Journey
from app.api.views import PageOut, bank_key, paged
from app.api.wire import Id
from loans import applications, queries, reservations
from loans.models import Application
from loans.workflow import BorrowerKind, State

journey = Journey("申请")

IfMatch = Annotated[
    str,
    Field(pattern=r'^"[0-9]{1,9}(-[0-9a-f]{24})?"$'),
    Header(alias="If-Match", description="所改版本：读取时的 ETag。", examples=['"1"']),
]


@journey.write(
    "POST", "/applications", "applications.create", "新建申请（草稿）",
    out=ApplicationOut, status=201,
)  # fmt: skip
def create(body: ApplicationBody, write: Write) -> Response:
    return write(lambda ctx: applications.create(ctx, asked=body.asked()), whole, body)


@journey.write(
    "PUT", "/applications/{application_id}", "applications.edit", "修改草稿或退回补正的申请",
    out=ApplicationOut,
)  # fmt: skip
def edit(application_id: Id, body: ApplicationBody, if_match: IfMatch, write: Write) -> Response:
    version = version_of(if_match)
    return write(
        lambda ctx: applications.edit(
            ctx, application_id=application_id, asked=body.asked(), version=version
        ),
        whole,
        body,
    )


@journey.write(
    "POST", "/applications/{application_id}/submit", "applications.submit", "提交申请",
    out=ApplicationOut,
)  # fmt: skip
def submit(application_id: Id, body: ReasonBody, write: Write) -> Response:
    return write(
        lambda ctx: applications.submit(ctx, application_id=application_id, reason=body.reason),
        whole,
        body,
    )


@journey.write(
    "POST", "/applications/{application_id}/resubmit", "applications.resubmit",
    "补正后重新提交", out=ApplicationOut,
)  # fmt: skip
def resubmit(application_id: Id, body: ReasonBody, write: Write) -> Response:
    return write(
        lambda ctx: applications.resubmit(ctx, application_id=application_id, reason=body.reason),
        whole,
        body,
    )


@journey.write(
    "POST", "/applications/{application_id}/withdraw", "applications.withdraw", "撤回申请",
    out=ApplicationOut,
)  # fmt: skip
def withdraw(application_id: Id, body: DueReasonBody, write: Write) -> Response:
    return write(
        lambda ctx: applications.withdraw(ctx, application_id=application_id, reason=body.reason),
        whole,
        body,
    )


@journey.read("/applications", "applications.read", "申请列表")
def list_applications(
    ctx: Read,
    state: State | None = None,
    kind: BorrowerKind | None = None,
    bank: Id | None = None,
    after: After = None,
    limit: Limit = 50,
) -> PageOut[ApplicationLine]:
    rows = queries.applications(ctx, state=state, kind=kind, bank_id=bank_key(ctx, bank))
    page = queries.page(ctx, rows, Application, after=after, limit=limit)
    return paged(page, lambda rows: lines(ctx, rows))


@journey.read("/reservations", "applications.read", "预留的担保额度，先到期的在前")
def list_reservations(ctx: Read, after: After = None, limit: Limit = 50) -> PageOut[ReservationOut]:
    page = queries.page_of(reservations.held(ctx), after=after, limit=limit)
    return paged(page, lambda rows: views.reservations(ctx, rows))


@journey.read("/applications/{application_id}", "applications.read", "一项申请")
def show(application_id: Id, ctx: Read, response: Response) -> ApplicationOut:
    row = queries.one(ctx, Application, application_id)
    response.headers["ETag"] = f'"{row.version}"'
    return whole(ctx, row)


@journey.read("/applications/{application_id}/history", "applications.read", "申请的办理过程")
def history(application_id: Id, ctx: Read) -> list[StepOut]:
    row = queries.one(ctx, Application, application_id)
    return steps(ctx, queries.steps_of(ctx, row))
