"""Drawing an approved loan: the maker asks, the checker confirms; then it is a note (借据)."""

from fastapi import Response
from pydantic import Field

from app.api.edge import After, Limit, Read, Write
from app.api.journey import Journey
from app.api.note_views import DisbursementOut, NoteOut, drawings, whole_note
from app.api.views import PageOut, paged
from app.api.wire import Body, Day, Id, Number, Yuan
from loans import disbursements, queries
from loans.models import Disbursement

journey = Journey("放款")


class DisbursementBody(Body):
    """一次放款。到期日按批准的期限计算。"""

    application_id: Id
    contract_no: Number = Field(examples=["HT-2019-0410"])
    note_no: Number = Field(examples=["JJ-2019-0410-1"])
    amount: Yuan = Field(examples=["300000.00"])
    signed_on: Day
    disbursed_on: Day


@journey.write(
    "POST", "/disbursements", "disbursements.request", "登记放款（经办）",
    out=DisbursementOut, status=201,
)  # fmt: skip
def request(body: DisbursementBody, write: Write) -> Response:
    return write(
        lambda ctx: disbursements.request(
            ctx,
            application_id=body.application_id,
            contract_no=body.contract_no,
            note_no=body.note_no,
            amount_fen=body.amount,
            signed_on=body.signed_on,
            disbursed_on=body.disbursed_on,
        ),
        lambda ctx, row: drawings(ctx, [row])[0],
        body,
    )


@journey.write(
    "POST", "/disbursements/{disbursement_id}/confirmation", "disbursements.confirm",
    "复核放款，生成借据", out=NoteOut, status=201,
)  # fmt: skip
def confirm(disbursement_id: Id, write: Write) -> Response:
    return write(
        lambda ctx: disbursements.confirm(ctx, disbursement_id=disbursement_id), whole_note
    )


@journey.write(
    "POST", "/disbursements/{disbursement_id}/withdrawal", "disbursements.withdraw",
    "撤回未复核的放款登记", out=DisbursementOut,
)  # fmt: skip
def withdraw(disbursement_id: Id, write: Write) -> Response:
    return write(
        lambda ctx: disbursements.withdraw(ctx, disbursement_id=disbursement_id),
        lambda ctx, row: drawings(ctx, [row])[0],
    )


@journey.read("/disbursements", "notes.read", "待复核的放款")
def list_pending(ctx: Read, after: After = None, limit: Limit = 50) -> PageOut[DisbursementOut]:
    rows = queries.pending_disbursements(ctx)
    page = queries.page(ctx, rows, Disbursement, after=after, limit=limit)
    return paged(page, lambda rows: drawings(ctx, rows))
