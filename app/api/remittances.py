"""拨付: ordering the payment of an approved claim, and a second person's word that it was paid."""

from datetime import date
from uuid import UUID

from fastapi import Response
from pydantic import Field

from app.api.edge import After, Limit, Read, Write
from app.api.journey import Journey
from app.api.views import PageOut, Parties, PartyOut, bank_key, paged
from app.api.wire import Body, Day, Id, Out, PublicId, Reason, Text, YuanOut, fen
from loans import queries
from loans.context import Context
from subsidy import lists, remittance
from subsidy.models import Claim, Remittance, RemittanceState

journey = Journey("拨付")


class OrderBody(Body):
    """为一份已批准的申报制单。"""

    claim_id: Id


class PaymentBody(Body):
    """付款已完成。"""

    paid_on: Day
    reference: Text = Field(examples=["国库支付 2019-1021"])


class ReturnBody(Body):
    """付款被退回。"""

    returned_on: Day
    reason: Reason = Field(examples=["账号户名不符"])


class FundingOut(Out):
    """各级财政分担。"""

    central: YuanOut
    province: YuanOut
    city: YuanOut


class RemittanceOut(Out):
    """一张拨付单。"""

    id: PublicId
    claim_id: UUID
    bank: PartyOut
    state: RemittanceState
    amount: YuanOut = fen("amount")
    netted: YuanOut = Field(
        validation_alias="netted_fen", description="其中以前期间的调整（扣减为负）。"
    )
    account: str | None = Field(validation_alias="account_masked", description="收款账户（脱敏）。")
    funding: FundingOut
    sha256: str = Field(description="拨付清单文件的摘要。")
    ordered_on: date
    paid_on: date | None
    reference: str | None
    returned_on: date | None
    return_reason: str | None


@journey.write(
    "POST", "/remittances", "remittances.order", "制作拨付单", out=RemittanceOut, status=201
)
def order(body: OrderBody, write: Write) -> Response:
    return write(lambda ctx: remittance.order(ctx, claim_id=body.claim_id), _one, body)


@journey.write(
    "POST", "/remittances/{remittance_id}/confirmation", "remittances.confirm",
    "确认付款（另一人）", out=RemittanceOut,
)  # fmt: skip
def confirm(remittance_id: Id, body: PaymentBody, write: Write) -> Response:
    return write(
        lambda ctx: remittance.confirm(
            ctx, remittance_id=remittance_id, paid_on=body.paid_on, reference=body.reference
        ),
        _one,
        body,
    )


@journey.write(
    "POST", "/remittances/{remittance_id}/return", "remittances.give_back",
    "登记退款（可重新制单）", out=RemittanceOut,
)  # fmt: skip
def give_back(remittance_id: Id, body: ReturnBody, write: Write) -> Response:
    return write(
        lambda ctx: remittance.give_back(
            ctx, remittance_id=remittance_id, returned_on=body.returned_on, reason=body.reason
        ),
        _one,
        body,
    )


@journey.read("/remittances", "claims.read", "拨付单列表")
def list_remittances(
    ctx: Read,
    state: RemittanceState | None = None,
    bank: Id | None = None,
    after: After = None,
    limit: Limit = 50,
) -> PageOut[RemittanceOut]:
    rows = lists.remittances(ctx, state=state, bank_id=bank_key(ctx, bank))
    page = queries.page(ctx, rows, Remittance, after=after, limit=limit)
    return paged(page, lambda rows: _shown(ctx, rows))


@journey.read("/remittances/{remittance_id}", "claims.read", "一张拨付单")
def show(remittance_id: Id, ctx: Read) -> RemittanceOut:
    return _one(ctx, queries.one(ctx, Remittance, remittance_id))


@journey.read(
    "/remittances/{remittance_id}/file", "claims.read", "拨付清单（CSV）",
    response_class=Response, response_model=None,
)  # fmt: skip
def file(remittance_id: Id, ctx: Read) -> Response:
    row = queries.one(ctx, Remittance, remittance_id)
    headers = {"Content-Disposition": f'attachment; filename="remittance-{row.public_id}.csv"'}
    return Response(row.file, headers=headers, media_type="text/csv; charset=utf-8")


def _one(ctx: Context, row: Remittance) -> RemittanceOut:
    return _shown(ctx, [row])[0]


def _shown(ctx: Context, rows: list[Remittance]) -> list[RemittanceOut]:
    found = Parties(ctx, rows)
    files = queries.by_key(ctx, Claim, (row.claim_id for row in rows))
    return [
        RemittanceOut.of(
            row,
            **found.of(row),
            claim_id=files[row.claim_id].public_id,
            funding=FundingOut.of(None, **row.funding),
        )
        for row in rows
    ]
