"""How a drawing, a note, its movements and its plan are shown."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from app.api.views import BorrowerOut, ByOut, Parties, PartyOut, Persons
from app.api.wire import Out, PercentOut, PublicId, YuanOut, fen, ppm
from loans.context import Context
from loans.ledger import position
from loans.models import (
    Application,
    Contract,
    Disbursement,
    ExtensionRequest,
    Movement,
    MovementKind,
    Note,
)
from loans.queries import by_key, movements_of, open_extension
from loans.workflow import NOTE_STATE_NAMES, NoteState


class DisbursementOut(Out):
    """一次放款申请；复核后有借据。"""

    id: PublicId
    application_id: UUID
    bank: PartyOut
    contract_no: str
    note_no: str
    amount: YuanOut = fen("amount")
    signed_on: date
    disbursed_on: date
    matures_on: date
    made_by: ByOut | None
    note_id: UUID | None


class NoteLine(Out):
    """列表中的一张借据。"""

    id: PublicId
    note_no: str
    contract_no: str
    state: NoteState
    state_name: str = Field(examples=["正常"])
    bank: PartyOut
    branch: PartyOut
    borrower: BorrowerOut
    principal: YuanOut = fen("principal")
    balance: YuanOut = fen("balance")
    disbursed_on: date
    matures_on: date
    extended_to: date | None
    settled_on: date | None
    subsidy_class: str


class NoteOut(NoteLine):
    """一张借据及其合同条款。"""

    application_id: UUID
    version: int
    method: str
    every_months: int
    day_count: str
    settlement: str = Field(description="结息规则。")
    signed_on: date
    contract_principal: YuanOut
    contract_rate: PercentOut
    rate: PercentOut = Field(description="现行利率。")
    penalty_rate: PercentOut = ppm("penalty_rate")
    overdue_since: date | None
    guaranteed: bool
    bank_share_pct: int
    policy_version: str
    category: str
    share_pct: int
    base_limit: YuanOut | None
    benchmark: PercentOut | None
    subsidy_ends_on: date
    extension_until: date | None = Field(description="待同意的展期申请。")


class MovementOut(Out):
    """借据上发生的一件事；只增不改，错了以冲正更正。"""

    id: PublicId
    kind: MovementKind
    on: date = Field(description="起息日（价值日）。")
    amount: YuanOut = fen("amount")
    rate: PercentOut | None = ppm("rate")
    until: date | None
    reason: str
    rule: str | None = Field(description="停止贴息与否所依据的规定。")
    recorded_on: date
    recorded_at: datetime
    by: ByOut | None
    reverses: UUID | None = Field(description="被冲正的记录。")


class ReportOut(MovementOut):
    """登记结果，以及此后借据的状态与余额。"""

    note_id: UUID
    note_state: NoteState
    note_balance: YuanOut


class ExtensionOut(Out):
    """展期申请；担保公司同意后生效。"""

    id: PublicId
    note_id: UUID
    until: date
    reason: str
    made_on: date
    agreed_on: date | None


class InstalmentOut(Out):
    """还款计划的一期。"""

    no: int
    due_on: date
    principal: YuanOut = fen("principal")
    interest: YuanOut = fen("interest")
    balance_after: YuanOut = fen("balance_after")


def drawings(ctx: Context, rows: list[Disbursement]) -> list[DisbursementOut]:
    """Drawings asked for."""
    found = Parties(ctx, rows)
    files = by_key(ctx, Application, (row.application_id for row in rows))
    notes = by_key(ctx, Note, (row.note_id for row in rows))
    persons = Persons(ctx, (row.made_by_id for row in rows))
    return [
        DisbursementOut.of(
            row,
            **found.of(row),
            application_id=files[row.application_id].public_id,
            made_by=persons.by(row.made_by_id),
            note_id=notes[row.note_id].public_id if row.note_id is not None else None,
        )
        for row in rows
    ]


def note_lines(ctx: Context, rows: list[Note]) -> list[NoteLine]:
    """Notes as lines of a list."""
    found = Parties(ctx, rows)
    contracts = by_key(ctx, Contract, (row.contract_id for row in rows))
    return [
        NoteLine.of(
            row,
            **found.of(row),
            contract_no=contracts[row.contract_id].contract_no,
            state_name=NOTE_STATE_NAMES[row.state],
            subsidy_class=contracts[row.contract_id].subsidy_class,
        )
        for row in rows
    ]


def whole_note(ctx: Context, row: Note) -> NoteOut:
    """A note with its contract and its present position."""
    contract = by_key(ctx, Contract, [row.contract_id])[row.contract_id]
    file = by_key(ctx, Application, [contract.application_id])[contract.application_id]
    now = position(row.principal_fen, contract.rate_ppm, movements_of(ctx, row))
    asked = open_extension(ctx, row)
    own = {
        name: getattr(contract, name)
        for name in (
            "contract_no", "method", "every_months", "day_count", "signed_on", "guaranteed",
            "penalty_rate_ppm", "bank_share_pct", "policy_version", "category", "subsidy_class",
            "share_pct", "subsidy_ends_on",
        )
    }  # fmt: skip
    return NoteOut.of(
        row,
        **Parties(ctx, [row]).of(row),
        **own,
        state_name=NOTE_STATE_NAMES[row.state],
        application_id=file.public_id,
        contract_principal=contract.principal_fen,
        contract_rate=contract.rate_ppm,
        rate=now.rate_ppm,
        overdue_since=now.overdue_since,
        base_limit=contract.base_limit_fen,
        benchmark=contract.benchmark_ppm,
        extension_until=asked.until if asked else None,
    )


def movements(ctx: Context, rows: list[Movement]) -> list[MovementOut]:
    """What happened to a note."""
    persons = Persons(ctx, (row.by_person_id for row in rows))
    undone = by_key(ctx, Movement, (row.reverses_id for row in rows))
    return [
        MovementOut.of(
            row,
            by=persons.by(row.by_person_id),
            reverses=undone[row.reverses_id].public_id if row.reverses_id is not None else None,
        )
        for row in rows
    ]


def report(ctx: Context, row: Movement) -> ReportOut:
    """A movement just recorded, with what it made of its note."""
    note = by_key(ctx, Note, [row.note_id])[row.note_id]
    (shown,) = movements(ctx, [row])
    return ReportOut.of(
        row,
        by=shown.by,
        reverses=shown.reverses,
        note_id=note.public_id,
        note_state=note.state,
        note_balance=note.balance_fen,
    )


def extension(ctx: Context, row: ExtensionRequest) -> ExtensionOut:
    """An extension asked for."""
    note = by_key(ctx, Note, [row.note_id])[row.note_id]
    return ExtensionOut.of(row, note_id=note.public_id)
