"""How an application is shown: a line in a list, its whole file, its steps. Masked throughout."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from app.api.assessments import AssessmentOut, stored_assessment
from app.api.views import BorrowerOut, ByOut, Parties, PartyOut, Persons
from app.api.wire import Out, PercentOut, PublicId, YuanOut, fen, ppm
from loans.access import Role
from loans.clocks import due_day
from loans.context import Context
from loans.decisions import latest_proposal
from loans.desk import waiting_for
from loans.models import (
    Application,
    ApplicationStep,
    Appraisal,
    Clock,
    Evidence,
    Hire,
    Proposal,
    Verification,
)
from loans.queries import file_of
from loans.reservations import Reservation
from loans.workflow import ACTION_NAMES, STATE_NAMES, Action, BorrowerKind, State


class ApplicationLine(Out):
    """列表中的一项申请。"""

    id: PublicId
    kind: BorrowerKind
    state: State
    state_name: str = Field(examples=["担保审核中"])
    version: int = Field(description="修改时放入 If-Match。")
    bank: PartyOut
    branch: PartyOut
    borrower: BorrowerOut
    amount: YuanOut = fen("amount")
    approved: YuanOut | None = fen("approved")
    created_on: date
    submitted_on: date | None
    accepted_on: date | None
    decided_on: date | None


class TermsOut(Out):
    """申请的贷款。"""

    amount: YuanOut = fen("amount")
    term_months: int
    rate: PercentOut = ppm("rate")
    penalty_rate: PercentOut = ppm("penalty_rate")
    method: str
    every_months: int
    day_count: str
    settlement: str
    purpose: str


class ClockOut(Out):
    """一个办理时限（9.9）：起止、暂停与已用工作日。"""

    state: State
    limit_days: int
    started_on: date
    due_on: date
    provisional: bool = Field(description="涉及尚未公布放假安排的年份，公布后重算。")
    ended_on: date | None
    stops: list[list[date | None]]
    used_days: int = Field(description="已用工作日。")
    on_time: bool


class HireOut(Out):
    """新招用人员（脱敏）。"""

    id: PublicId
    name: str = Field(validation_alias="name_masked")
    id_no: str = Field(validation_alias="id_masked")
    category: str
    local_hukou: bool | None
    graduated_on: date | None
    contract_from: date
    contract_until: date | None
    open_ended: bool | None
    left_on: date | None


class EvidenceOut(Out):
    """材料。"""

    kind: str
    reference: str
    on: date


class VerificationOut(Out):
    """人社部门的核验。"""

    subject: str
    passed: bool
    evidence: str
    on: date


class AppraisalOut(Out):
    """综合评估。"""

    id: PublicId
    card: str = Field(examples=["raised_cap"])
    passed: bool
    score: int
    approvable: YuanOut | None = fen("approvable")
    items: dict[str, Any] = Field(description="各评估项目的分值、得分、依据与说明。")
    comment: str
    on: date
    policy_version: str


class OpinionOut(Out):
    """经办意见，绑定于提出时的内容。"""

    id: PublicId
    state: State
    action: Action
    approved: YuanOut | None = fen("approved")
    reason: str
    checklist: dict[str, Any] = Field(description="已作答的尽职调查清单（9.12）。")
    missing: list[str] = Field(description="退回补正时一次性告知的材料。")
    by: ByOut | None
    on: date
    content_hash: str


class ApplicationOut(ApplicationLine):
    """一项申请的全部内容。"""

    round: int
    returned_from: State | None
    content_hash: str
    policy_version: str | None
    subsidy_class: str | None
    share_pct: int | None
    terms: TermsOut
    facts: dict[str, Any]
    consent: dict[str, Any]
    waiting_for: list[Role] = Field(description="下一步由哪些岗位办理。")
    opinion: OpinionOut | None = Field(description="本环节最近的经办意见。")
    clocks: list[ClockOut]
    assessment: AssessmentOut | None
    hires: list[HireOut]
    evidence: list[EvidenceOut]
    verifications: list[VerificationOut]
    appraisals: list[AppraisalOut]


class StepOut(Out):
    """办理过程中的一步。"""

    no: int
    round: int
    action: Action
    action_name: str
    from_state: State
    to_state: State
    by: ByOut | None
    on: date
    at: datetime
    reason: str
    details: dict[str, Any]


class ReservationOut(Out):
    """为一项申请预留、尚未放款的担保额度。"""

    application_id: UUID
    bank: PartyOut
    borrower: BorrowerOut
    state: State
    held: YuanOut = fen("held")
    since: date = Field(description="担保审核通过之日。")
    ends_on: date = Field(description="自该日起可以失效。")
    days_left: int = Field(description="距到期的天数；不大于 0 时可以失效。")
    is_proposed: bool = Field(description="已提出失效，待复核。")


def reservations(ctx: Context, rows: list[Reservation]) -> list[ReservationOut]:
    """Reservations, with the application each is for."""
    found = Parties(ctx, [row.application for row in rows])
    return [
        ReservationOut.of(
            row,
            application_id=row.application.public_id,
            state=row.application.state,
            **{name: found.of(row.application)[name] for name in ("bank", "borrower")},
        )
        for row in rows
    ]


def lines(ctx: Context, rows: list[Application]) -> list[ApplicationLine]:
    """Applications as lines of a list."""
    found = Parties(ctx, rows)
    return [
        ApplicationLine.of(row, state_name=STATE_NAMES[row.state], **found.of(row)) for row in rows
    ]


def whole(ctx: Context, row: Application) -> ApplicationOut:
    """An application with everything in its file."""
    return ApplicationOut.of(
        row,
        **Parties(ctx, [row]).of(row),
        state_name=STATE_NAMES[row.state],
        terms=TermsOut.of(row),
        waiting_for=list(waiting_for(ctx, [row])[row.id]),
        opinion=_opinion(ctx, row),
        clocks=[_clock(ctx, clock) for clock in file_of(ctx, row, Clock)],
        assessment=stored_assessment(row.assessment),
        hires=[HireOut.of(hire) for hire in file_of(ctx, row, Hire)],
        evidence=[EvidenceOut.of(paper) for paper in file_of(ctx, row, Evidence)],
        verifications=[VerificationOut.of(word) for word in file_of(ctx, row, Verification)],
        appraisals=[AppraisalOut.of(card) for card in file_of(ctx, row, Appraisal)],
    )


def steps(ctx: Context, rows: list[ApplicationStep]) -> list[StepOut]:
    """The way an application went."""
    persons = Persons(ctx, (row.by_person_id for row in rows))
    return [
        StepOut.of(row, action_name=ACTION_NAMES[row.action], by=persons.by(row.by_person_id))
        for row in rows
    ]


def opinion(ctx: Context, row: Proposal) -> OpinionOut:
    """A maker's opinion."""
    return OpinionOut.of(row, by=Persons(ctx, [row.by_person_id]).by(row.by_person_id))


def _opinion(ctx: Context, row: Application) -> OpinionOut | None:
    latest = latest_proposal(ctx, row)
    return opinion(ctx, latest) if latest else None


def _clock(ctx: Context, clock: Clock) -> ClockOut:
    stops = [(_day(out), _day(back) if back else None) for out, back in clock.stops]
    until = clock.ended_on or ctx.on
    due = due_day(clock, ctx.calendar)
    return ClockOut.of(
        clock,
        due_on=due.on,
        provisional=due.provisional,
        stops=[list(stop) for stop in stops],
        used_days=ctx.calendar.workdays_used(clock.started_on, until, stops),
        on_time=until <= due.on,
    )


def _day(text: str) -> date:
    return date.fromisoformat(text)
