"""代偿与追偿: request, examination, decision, payment by shares; what comes back, and write-off."""

from typing import Annotated

from fastapi import Response
from pydantic import Field

from app.api.edge import After, Limit, Read, Write
from app.api.journey import Journey
from app.api.payout_views import (
    EvidenceOut,
    PayoutLine,
    PayoutOut,
    ReadinessOut,
    RecoveryOut,
    document,
    payout_lines,
    ready,
    recovery_entries,
    whole_payout,
)
from app.api.views import PageOut, bank_key, paged
from app.api.wire import Body, Day, Id, Reason, Text, Yuan
from loans import evidence, payouts, queries, recoveries
from loans import readiness as live_book
from loans.models import Note, Payout, PayoutState
from loans.payouts import Ground

journey = Journey("代偿与追偿")

Code = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[a-z][a-z0-9_]*$")]
Remark = Annotated[str, Field(max_length=200)]


class EvidenceBody(Body):
    """归档一份代偿材料。"""

    item: Code = Field(examples=["transcript"], description="材料清单中的代码。")
    reference: Reason = Field(examples=["流水 2019-09"])
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class ExplanationBody(Body):
    """缺催收记录的说明。"""

    item: Code = Field(examples=["dunning_guarantor"])
    reason: Reason = Field(examples=["借款人失联，已报案"])


class RequestBody(Body):
    """代偿申请。"""

    note_id: Id
    due_on: Day | None = Field(default=None, description="据以申请的应还款日；空为最早未还的一期。")
    reason: Reason = Field(examples=["逾期超过约定天数，催收未果"])
    explanations: list[ExplanationBody] = Field(default=[], max_length=10)


class GroundBody(Body):
    """一项事由：核减写明金额，驳回不写。"""

    code: Code = Field(examples=["dunning_missing"])
    amount: Yuan | None = Field(default=None, examples=["1000.00"])
    reason: Remark = Field(default="", examples=["仅催收一次"])


class ExaminationBody(Body):
    """担保公司的审核意见。"""

    passes: bool = Field(examples=[True])
    opinion: Reason = Field(examples=["材料齐全，同意代偿"])
    grounds: list[GroundBody] = Field(default=[], max_length=20)


class PayoutDecisionBody(Body):
    """第二人的决定。"""

    agree: bool = Field(examples=[True])
    reason: Remark = Field(default="", examples=["同意"])


class PaymentBody(Body):
    """双方按比例付款。"""

    paid_on: Day
    reference: Text = Field(examples=["转账 20190919-1"])


class ReceiptBody(Body):
    """追偿收回的一笔款项。"""

    on: Day
    amount: Yuan = Field(examples=["10000.00"])
    reason: Remark = Field(default="", examples=["法院执行款"])


class CostBody(Body):
    """追偿费用。"""

    on: Day
    amount: Yuan = Field(examples=["1500.00"])
    reason: Reason = Field(examples=["诉讼费"])


class RecoveryReversalBody(Body):
    """冲正一笔登记错误的追偿记录。"""

    recovery_id: Id
    reason: Reason = Field(examples=["金额录入错误"])


class WriteOffBody(Body):
    """核销的理由；债权保留。"""

    reason: Reason = Field(examples=["法院终结执行"])


@journey.read("/payout-readiness", "payouts.read", "代偿材料预检：每张在保借据今日尚缺的材料")
def readiness(
    ctx: Read, bank: Id | None = None, after: After = None, limit: Limit = 50
) -> PageOut[ReadinessOut]:
    rows = live_book.checked(ctx, bank_id=bank_key(ctx, bank))
    page = queries.page(ctx, rows, Note, after=after, limit=limit)
    return paged(page, lambda rows: ready(ctx, live_book.readiness(ctx, rows)))


@journey.write(
    "POST", "/notes/{note_id}/evidence", "evidence.file", "归档代偿材料",
    out=EvidenceOut, status=201,
)  # fmt: skip
def file_evidence(note_id: Id, body: EvidenceBody, write: Write) -> Response:
    return write(
        lambda ctx: evidence.file(
            ctx, note_id=note_id, item=body.item, reference=body.reference, sha256=body.sha256
        ),
        document,
        body,
    )


@journey.write("POST", "/payouts", "payouts.request", "申请代偿", out=PayoutOut, status=201)
def request(body: RequestBody, write: Write) -> Response:
    return write(
        lambda ctx: payouts.request(
            ctx,
            note_id=body.note_id,
            due_on=body.due_on,
            reason=body.reason,
            explanations=[(row.item, row.reason) for row in body.explanations],
        ),
        whole_payout,
        body,
    )


@journey.write(
    "POST", "/payouts/{payout_id}/examination", "payouts.examine", "审核代偿申请", out=PayoutOut
)
def examine(payout_id: Id, body: ExaminationBody, write: Write) -> Response:
    return write(
        lambda ctx: payouts.examine(
            ctx,
            payout_id=payout_id,
            passes=body.passes,
            opinion=body.opinion,
            grounds=[
                Ground(code=row.code, amount_fen=row.amount or 0, reason=row.reason)
                for row in body.grounds
            ],
        ),
        whole_payout,
        body,
    )


@journey.write(
    "POST", "/payouts/{payout_id}/decision", "payouts.decide", "批准或退回代偿审核",
    out=PayoutOut,
)  # fmt: skip
def decide(payout_id: Id, body: PayoutDecisionBody, write: Write) -> Response:
    return write(
        lambda ctx: payouts.decide(ctx, payout_id=payout_id, agree=body.agree, reason=body.reason),
        whole_payout,
        body,
    )


@journey.write("POST", "/payouts/{payout_id}/payment", "payouts.pay", "登记代偿付款", out=PayoutOut)
def pay(payout_id: Id, body: PaymentBody, write: Write) -> Response:
    return write(
        lambda ctx: payouts.pay(
            ctx, payout_id=payout_id, paid_on=body.paid_on, reference=body.reference
        ),
        whole_payout,
        body,
    )


@journey.write(
    "POST", "/payouts/{payout_id}/write-off", "payouts.write_off", "核销（债权保留）",
    out=PayoutOut,
)  # fmt: skip
def write_off(payout_id: Id, body: WriteOffBody, write: Write) -> Response:
    return write(
        lambda ctx: payouts.write_off(ctx, payout_id=payout_id, reason=body.reason),
        whole_payout,
        body,
    )


@journey.read("/payouts", "payouts.read", "代偿列表")
def list_payouts(
    ctx: Read,
    state: PayoutState | None = None,
    bank: Id | None = None,
    after: After = None,
    limit: Limit = 50,
) -> PageOut[PayoutLine]:
    rows = queries.payouts(ctx, state=state, bank_id=bank_key(ctx, bank))
    page = queries.page(ctx, rows, Payout, after=after, limit=limit)
    return paged(page, lambda rows: payout_lines(ctx, rows))


@journey.read("/payouts/{payout_id}", "payouts.read", "一笔代偿")
def show(payout_id: Id, ctx: Read) -> PayoutOut:
    return whole_payout(ctx, queries.one(ctx, Payout, payout_id))


@journey.write(
    "POST", "/payouts/{payout_id}/costs", "recoveries.enter_cost", "登记追偿费用",
    out=RecoveryOut, status=201,
)  # fmt: skip
def enter_cost(payout_id: Id, body: CostBody, write: Write) -> Response:
    return write(
        lambda ctx: recoveries.enter_cost(
            ctx, payout_id=payout_id, on=body.on, amount_fen=body.amount, reason=body.reason
        ),
        lambda ctx, row: recovery_entries(ctx, [row])[0],
        body,
    )


@journey.write(
    "POST", "/payouts/{payout_id}/receipts", "recoveries.receive", "登记追偿收回",
    out=RecoveryOut, status=201,
)  # fmt: skip
def receive(payout_id: Id, body: ReceiptBody, write: Write) -> Response:
    return write(
        lambda ctx: recoveries.receive(
            ctx, payout_id=payout_id, on=body.on, amount_fen=body.amount, reason=body.reason
        ),
        lambda ctx, row: recovery_entries(ctx, [row])[0],
        body,
    )


@journey.write(
    "POST", "/payouts/{payout_id}/recovery-reversals", "recoveries.reverse", "冲正追偿记录",
    out=RecoveryOut, status=201,
)  # fmt: skip
def reverse(payout_id: Id, body: RecoveryReversalBody, write: Write) -> Response:
    return write(
        lambda ctx: recoveries.reverse(
            ctx, payout_id=payout_id, recovery_id=body.recovery_id, reason=body.reason
        ),
        lambda ctx, row: recovery_entries(ctx, [row])[0],
        body,
    )


@journey.read("/payouts/{payout_id}/recoveries", "payouts.read", "追偿账户明细")
def list_recoveries(payout_id: Id, ctx: Read) -> list[RecoveryOut]:
    payout = queries.one(ctx, Payout, payout_id)
    return recovery_entries(ctx, recoveries.entries_of(ctx, payout))
