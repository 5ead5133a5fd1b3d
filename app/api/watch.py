"""Looking after the guarantee: compensation rates, due-diligence exemptions (9.12), signals."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from app.api.edge import After, Limit, Read, Write
from app.api.journey import Journey
from app.api.views import ByOut, PageOut, PartyOut, Persons, paged
from app.api.wire import Body, Day, Id, Out, PercentOut, PublicId, Reason, YuanOut, fen, ppm
from loans import exemptions, queries, signals, standing
from loans.context import Context
from loans.models import BankStanding, ExemptionCase, Note, Organisation, StandingKind
from loans.signals import Signal
from loans.standing import CompensationRate

journey = Journey("风险监测与尽职免责")

Long = Annotated[str, Field(min_length=1, max_length=500)]
Since = Annotated[Day | None, Query(description="含该日；空为政策规定的计算期。")]
Until = Annotated[Day | None, Query(description="不含该日；空为明日。")]


class RateOut(Out):
    """一家经办银行一个期间的代偿率。"""

    bank: PartyOut
    since: date
    until: date
    compensated: YuanOut = fen("compensated")
    released: YuanOut = fen("released")
    rate: PercentOut | None = ppm("rate")
    standing: StandingKind | None
    rule: str | None = Field(description="计算期的规定；自选期间的为空。")
    definition: str = Field(description="代偿率的定义。")


class ReleaseBody(Body):
    """解除预警或暂停的理由。"""

    reason: Reason = Field(examples=["已完成整改，经担保公司研究同意"])


class StandingOut(Out):
    """对一家经办银行的预警、暂停或解除。"""

    id: PublicId
    bank: PartyOut
    kind: StandingKind
    since: date
    until: date
    rate: PercentOut | None = ppm("rate")
    reason: str
    on: date
    at: datetime
    by: ByOut | None


class SubjectOut(Out):
    """线索所涉的一条记录。"""

    kind: str
    id: PublicId
    shown: str


class SignalOut(Out):
    """一条线索：只提示核查，不作任何决定。"""

    rule: str = Field(examples=["signal.sharing"])
    title: str
    detail: str
    cites: list[str]
    subjects: list[SubjectOut]


class ExemptionBody(Body):
    """尽职免责的认定：两项认定及其依据。"""

    subject: Reason = Field(examples=["2019年4月贷款审批"], description="所涉授信决定与人员。")
    norms_kept: bool = Field(examples=[True], description="操作规范。")
    norms_evidence: Long = Field(examples=["流程与权限记录齐全"])
    diligent: bool = Field(examples=[True], description="勤勉尽责。")
    diligence_evidence: Long = Field(examples=["尽职调查清单逐项作答"])


class SignatureBody(Body):
    """签署：前后两人决定相同方为有效。"""

    granted: bool = Field(examples=[True])
    reason: Long = Field(examples=["符合尽职免责条件"])


class ExemptionOut(Out):
    """尽职免责案件；只免合规责任，不改变风险分担。"""

    id: PublicId
    note_id: UUID
    subject: str
    checklists: list[dict[str, Any]]
    norms_kept: bool
    norms_evidence: str
    diligent: bool
    diligence_evidence: str
    opened_on: date
    opened_by: ByOut | None
    granted: bool | None = Field(description="两人签署以前为拟定。")
    decided: bool
    reason: str
    first_signed_on: date | None
    first_signed_by: ByOut | None
    second_signed_on: date | None
    second_signed_by: ByOut | None


@journey.read("/compensation-rates", "standing.read", "各经办银行的代偿率")
def list_rates(ctx: Read, since: Since = None, until: Until = None) -> list[RateOut]:
    return [_rate(row) for row in standing.rates(ctx, since=since, until=until)]


@journey.write(
    "POST", "/organisations/{bank_id}/standing-release", "standing.release",
    "解除对经办银行的预警或暂停", out=StandingOut, status=201,
)  # fmt: skip
def release(bank_id: Id, body: ReleaseBody, write: Write) -> Response:
    return write(
        lambda ctx: standing.release(ctx, bank_id=bank_id, reason=body.reason),
        lambda ctx, row: _standings(ctx, [row])[0],
        body,
    )


@journey.read("/standings", "standing.read", "预警、暂停与解除的记录")
def list_standings(ctx: Read, after: After = None, limit: Limit = 50) -> PageOut[StandingOut]:
    page = queries.page(ctx, queries.standings(ctx), BankStanding, after=after, limit=limit)
    return paged(page, lambda rows: _standings(ctx, rows))


@journey.read("/signals", "signals.read", "线索")
def list_signals(ctx: Read, after: After = None, limit: Limit = 50) -> PageOut[SignalOut]:
    page = queries.page_of(signals.found(ctx), after=after, limit=limit)
    return paged(page, lambda rows: [_signal(row) for row in rows])


@journey.write(
    "POST", "/notes/{note_id}/exemptions", "exemptions.open", "提出尽职免责认定",
    out=ExemptionOut, status=201,
)  # fmt: skip
def open_exemption(note_id: Id, body: ExemptionBody, write: Write) -> Response:
    return write(
        lambda ctx: exemptions.open_case(ctx, note_id=note_id, **body.model_dump()),
        lambda ctx, row: _exemptions(ctx, [row])[0],
        body,
    )


@journey.write(
    "POST", "/exemptions/{case_id}/signatures", "exemptions.sign", "签署尽职免责认定",
    out=ExemptionOut,
)  # fmt: skip
def sign(case_id: Id, body: SignatureBody, write: Write) -> Response:
    return write(
        lambda ctx: exemptions.sign(ctx, case_id=case_id, granted=body.granted, reason=body.reason),
        lambda ctx, row: _exemptions(ctx, [row])[0],
        body,
    )


@journey.read("/exemptions", "exemptions.read", "本机构的尽职免责案件")
def list_exemptions(ctx: Read, after: After = None, limit: Limit = 50) -> PageOut[ExemptionOut]:
    page = queries.page(ctx, queries.own_exemptions(ctx), ExemptionCase, after=after, limit=limit)
    return paged(page, lambda rows: _exemptions(ctx, rows))


def _rate(row: CompensationRate) -> RateOut:
    return RateOut.of(row, bank=PartyOut.of(row.bank))


def _standings(ctx: Context, rows: list[BankStanding]) -> list[StandingOut]:
    persons = Persons(ctx, (row.by_person_id for row in rows))
    banks = queries.by_key(ctx, Organisation, (row.bank_id for row in rows))
    return [
        StandingOut.of(row, bank=PartyOut.of(banks[row.bank_id]), by=persons.by(row.by_person_id))
        for row in rows
    ]


def _signal(row: Signal) -> SignalOut:
    return SignalOut.of(row, subjects=[SubjectOut.of(subject) for subject in row.subjects])


def _exemptions(ctx: Context, rows: list[ExemptionCase]) -> list[ExemptionOut]:
    people = ("opened", "first_signed", "second_signed")
    keys = [getattr(row, f"{name}_by_id") for row in rows for name in people]
    persons = Persons(ctx, keys)
    notes = queries.by_key(ctx, Note, (row.note_id for row in rows))
    return [
        ExemptionOut.of(
            row,
            note_id=notes[row.note_id].public_id,
            decided=row.second_signed_on is not None,
            **{f"{name}_by": persons.by(getattr(row, f"{name}_by_id")) for name in people},
        )
        for row in rows
    ]
