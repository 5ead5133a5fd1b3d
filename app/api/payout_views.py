"""How a payout, its evidence and its recovery account are shown."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from app.api.views import ByOut, Parties, PartyOut, Persons
from app.api.wire import Out, PublicId, YuanOut, fen
from loans import recoveries
from loans.context import Context
from loans.models import Evidence, Note, Payout, PayoutState, Recovery, RecoveryKind
from loans.payouts import STATE_NAMES, share_basis_of
from loans.queries import by_key
from loans.readiness import Readiness


class ItemOut(Out):
    """代偿材料的一项。"""

    code: str = Field(examples=["transcript"])
    title: str = Field(examples=["还款流水"])
    held: bool = Field(description="是否齐备。")
    detail: str = Field(description="据以认定的记录，或所缺的内容。")
    explanation: str = Field(default="", description="缺催收记录时的说明。")


class ReadinessOut(Out):
    """若今日申请代偿，一张借据尚缺的材料。"""

    note_id: UUID
    note_no: str
    bank: PartyOut
    overdue_since: date | None = Field(description="最早的到期未还日。")
    missing: list[ItemOut]


class EvidenceOut(Out):
    """归档的一份代偿材料。"""

    id: PublicId
    note_id: UUID
    kind: str
    reference: str
    on: date


class GroundOut(Out):
    """驳回或核减的事由及依据。"""

    code: str
    title: str
    amount: YuanOut = fen("amount")
    reason: str
    cites: list[str]


class PayoutLine(Out):
    """列表中的一笔代偿。"""

    id: PublicId
    note_id: UUID
    note_no: str
    bank: PartyOut
    state: PayoutState
    state_name: str = Field(examples=["待审核"])
    due_on: date
    days_past_due: int
    principal: YuanOut = fen("principal")
    interest: YuanOut = fen("interest")
    reduced: YuanOut = fen("reduced")
    compensated: YuanOut = fen("compensated")
    bank_part: YuanOut = Field(validation_alias="bank_fen", description="经办银行承担，进到分。")
    fund_part: YuanOut = Field(validation_alias="fund_fen", description="担保基金承担。")
    requested_on: date
    paid_on: date | None


class PayoutOut(PayoutLine):
    """一笔代偿的申请、审核、批准与付款。"""

    version: int
    reason: str
    bank_share_pct: int
    share_basis: str = Field(description="经办银行至少分担多少，及其规定。")
    evidence: list[ItemOut]
    grounds: list[GroundOut]
    passes: bool | None = Field(description="审核意见：代偿或不予代偿。")
    opinion: str
    content_hash: str = Field(description="批准与付款所依据的内容。")
    requested_by: ByOut | None
    examined_on: date | None
    examined_by: ByOut | None
    decided_on: date | None
    decided_by: ByOut | None
    paid_by: ByOut | None
    reference: str | None
    recovery: "RecoveryAccountOut"


class RecoveryAccountOut(Out):
    """追偿账户：各项合计。"""

    received: YuanOut = fen("received")
    costs: YuanOut = Field(validation_alias="costs_fen", description="尚未偿付的追偿费用。")
    bank: YuanOut = fen("bank")
    fund: YuanOut = fen("fund")
    surplus: YuanOut = Field(validation_alias="surplus_fen", description="应退借款人。")
    left: YuanOut = Field(validation_alias="left_fen", description="尚未追回的代偿款。")


class RecoveryOut(Out):
    """追偿账户的一笔；各列是增减。"""

    id: PublicId
    payout_id: UUID
    kind: RecoveryKind
    on: date
    received: YuanOut = fen("received")
    costs: YuanOut = fen("costs")
    bank: YuanOut = fen("bank")
    fund: YuanOut = fen("fund")
    surplus: YuanOut = fen("surplus")
    reason: str
    recorded_at: datetime
    by: ByOut | None
    reverses: UUID | None = Field(description="被冲正的记录。")


def payout_lines(ctx: Context, rows: list[Payout]) -> list[PayoutLine]:
    """Payouts as lines of a list."""
    found = Parties(ctx, rows)
    notes = by_key(ctx, Note, (row.note_id for row in rows))
    return [
        PayoutLine.of(
            row,
            **found.of(row),
            note_id=notes[row.note_id].public_id,
            note_no=notes[row.note_id].note_no,
            state_name=STATE_NAMES[row.state],
        )
        for row in rows
    ]


def whole_payout(ctx: Context, row: Payout) -> PayoutOut:
    """A payout with its evidence, its people and its recovery account."""
    note = by_key(ctx, Note, [row.note_id])[row.note_id]
    steps = ("requested", "examined", "decided", "paid")
    keys = {step: getattr(row, f"{step}_by_id") for step in steps}
    persons = Persons(ctx, keys.values())
    return PayoutOut.of(
        row,
        **Parties(ctx, [row]).of(row),
        **{f"{step}_by": persons.by(key) for step, key in keys.items()},
        note_id=note.public_id,
        note_no=note.note_no,
        state_name=STATE_NAMES[row.state],
        share_basis=share_basis_of(ctx, note),
        recovery=RecoveryAccountOut.of(recoveries.account_of(ctx, row)),
    )


def recovery_entries(ctx: Context, rows: list[Recovery]) -> list[RecoveryOut]:
    """Entries of recovery accounts."""
    persons = Persons(ctx, (row.by_person_id for row in rows))
    payouts = by_key(ctx, Payout, (row.payout_id for row in rows))
    undone = by_key(ctx, Recovery, (row.reverses_id for row in rows))
    return [
        RecoveryOut.of(
            row,
            payout_id=payouts[row.payout_id].public_id,
            by=persons.by(row.by_person_id),
            reverses=undone[row.reverses_id].public_id if row.reverses_id is not None else None,
        )
        for row in rows
    ]


def document(ctx: Context, row: Evidence) -> EvidenceOut:
    """A document just filed."""
    note = by_key(ctx, Note, [row.note_id])
    return EvidenceOut.of(row, note_id=note[row.note_id or 0].public_id)


def ready(ctx: Context, rows: list[Readiness]) -> list[ReadinessOut]:
    """What a later request would lack, note by note."""
    found = Parties(ctx, (row.note for row in rows))
    return [
        ReadinessOut(
            note_id=row.note.public_id,
            note_no=row.note.note_no,
            bank=found.of(row.note)["bank"],
            overdue_since=row.overdue_since,
            missing=[ItemOut.of(item) for item in row.missing],
        )
        for row in rows
    ]


PayoutOut.model_rebuild()
