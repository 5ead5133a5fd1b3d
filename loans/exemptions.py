"""Commands: 尽职免责 (9.12): two findings, a discretionary decision, two signatories.

（九）9.12 推行授信尽职免责制度，在操作规范、勤勉尽责的前提下，对出现的授信风险可适当免于合规责任.
Each institution decides on its own people. It covers 合规责任 only: no share of a loss changes.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from loans import outbox
from loans.context import Context
from loans.errors import Conflict, NotFound, NotPermitted
from loans.models import ApplicationStep, Contract, ExemptionCase, Note, Person, Proposal
from loans.queries import one
from loans.second_person import is_one_person, second_person
from loans.workflow import LIVE_NOTE_STATES, Action, NoteState

AT_RISK = (frozenset(NoteState) - LIVE_NOTE_STATES - {NoteState.SETTLED}) | {NoteState.OVERDUE}


def open_case(
    ctx: Context,
    *,
    note_id: UUID,
    subject: str,
    norms_kept: bool,
    norms_evidence: str,
    diligent: bool,
    diligence_evidence: str,
) -> ExemptionCase:
    """Findings on 操作规范 and 勤勉尽责 are recorded for a credit decision whose risk came true."""
    note = one(ctx, Note, note_id, lock=True)
    if note.state not in AT_RISK:
        raise Conflict("no-credit-risk", f"借据 {note.note_no} 没有出现授信风险，无须认定免责")
    row = ExemptionCase(
        public_id=ctx.new_id(),
        note_id=note.id,
        bank_id=note.bank_id,
        organisation_id=ctx.actor.organisation_id,
        subject=subject,
        checklists=_own_checklists(ctx, note),
        norms_kept=norms_kept,
        norms_evidence=norms_evidence,
        diligent=diligent,
        diligence_evidence=diligence_evidence,
        opened_on=ctx.on,
        opened_by_id=ctx.actor.person_id,
    )
    ctx.session.add(row)
    return row


def sign(ctx: Context, *, case_id: UUID, granted: bool, reason: str) -> ExemptionCase:
    """A signature: the first one decides, the second confirms that decision or reopens it.

    Nobody signs who recorded the findings, or who proposed or took the credit decision itself.
    """
    row = one(ctx, ExemptionCase, case_id, lock=True)
    if row.organisation_id != ctx.actor.organisation_id:
        raise NotFound("not-found", "没有找到这条记录，请核对编号")  # another institution's
    if row.second_signed_by_id is not None:
        raise Conflict("already-decided", "该免责认定已由两人签署")
    second_person(ctx, row.opened_by_id)
    if any(is_one_person(ctx, key, ctx.actor.person_id) for key in sorted(deciders(ctx, row))):
        raise NotPermitted(
            "own-decision", "该笔授信由您经办或复核，免责认定须由未参与该笔授信的人员签署"
        )
    if granted and not (row.norms_kept and row.diligent):
        raise Conflict(
            "findings-forbid",
            "操作规范与勤勉尽责须均经认定方可免责",
            cites=ctx.book.at("due_diligence.guarantee_review", ctx.on).cites,
        )
    if row.first_signed_by_id is None:
        row.granted, row.reason = granted, reason
        row.first_signed_on, row.first_signed_by_id = ctx.on, ctx.actor.person_id
        return row
    second_person(ctx, row.first_signed_by_id)
    if granted != row.granted:  # they disagree: nothing is decided, both sign anew
        row.granted, row.first_signed_on, row.first_signed_by_id = None, None, None
        row.reason = reason
        return row
    row.second_signed_on, row.second_signed_by_id = ctx.on, ctx.actor.person_id
    payload = {"case": str(row.public_id), "granted": granted}
    outbox.emit(ctx, "exemption.decided", payload, to=row.organisation_id)
    return row


def deciders(ctx: Context, case: ExemptionCase) -> set[int]:
    """The people (keys) who proposed or took the credit decisions behind a case."""
    note = ctx.session.get_one(Note, case.note_id)
    contract = ctx.session.get_one(Contract, note.contract_id)
    rows = (
        select(Proposal.by_person_id, ApplicationStep.by_person_id)
        .join(ApplicationStep, ApplicationStep.proposal_id == Proposal.id)
        .where(Proposal.application_id == contract.application_id, Proposal.action == Action.PASS)
    )
    return {key for pair in ctx.session.execute(rows) for key in pair}


def _own_checklists(ctx: Context, note: Note) -> list[dict[str, Any]]:
    """The due-diligence checklists that this institution answered with its credit decisions."""
    contract = ctx.session.get_one(Contract, note.contract_id)
    rows = (
        select(Proposal)
        .join(Person, Person.id == Proposal.by_person_id)
        .where(
            Proposal.application_id == contract.application_id,
            Proposal.action == Action.PASS,
            Person.organisation_id == ctx.actor.organisation_id,
        )
        .order_by(Proposal.id)
    )
    return [
        {"stage": row.state.value, "on": row.on.isoformat(), "items": row.checklist}
        for row in ctx.session.scalars(rows)
    ]
