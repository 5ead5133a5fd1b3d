"""What waits for the actor's signature: an extension (§4), an exemption case (9.12).

Left out is what the actor may not sign: what he asked for, signed before or decided himself. That
two accounts belong to one person is found when they sign.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Select, literal, or_, select, union_all

from loans.access import OrganisationKind
from loans.context import Context
from loans.models import (
    ApplicationStep,
    Borrower,
    Contract,
    ExemptionCase,
    ExtensionRequest,
    Note,
    Proposal,
)
from loans.queries import Counted, counted, visible_to
from loans.workflow import LIVE_NOTE_STATES, Action


class SignatureKind(StrEnum):
    """What is signed."""

    EXTENSION = "extension"
    EXEMPTION = "exemption"


@dataclass(frozen=True, slots=True)
class Signature:
    """One paper; ``public_id`` is the note's of an extension, the case's of an exemption."""

    kind: SignatureKind
    public_id: UUID
    note_no: str
    borrower: str  # masked
    asked_on: date


def waiting(ctx: Context, *, limit: int) -> Counted:
    """How many papers wait for the actor, and those that have waited longest.

    Rows: ``Signature``. One query; none for whoever signs nothing.
    """
    papers = []
    if ctx.actor.may("notes.extend"):
        papers.append(_extensions(ctx))
    if ctx.actor.may("exemptions.sign"):
        papers.append(_exemptions(ctx))
    if not papers:
        return Counted(0, [])
    paper = union_all(*papers).subquery("paper")
    rows = (
        select(
            paper.c.kind, paper.c.public_id, paper.c.note_no, Borrower.name_masked, paper.c.asked_on
        )
        .join(Borrower, Borrower.id == paper.c.borrower_id)
        .order_by(paper.c.asked_on, paper.c.note_no)
    )
    found = counted(ctx, rows, limit)
    return Counted(found.count, [Signature(SignatureKind(kind), *of) for kind, *of in found.rows])


def _extensions(ctx: Context) -> Select[Any]:
    """A guaranteed note's is agreed by the guarantee company, another's by the bank's checker."""
    is_guarantor = ctx.actor.organisation_kind is OrganisationKind.GUARANTOR
    return (
        _paper(SignatureKind.EXTENSION, Note.public_id, ExtensionRequest.made_on)
        .join(ExtensionRequest, ExtensionRequest.note_id == Note.id)
        .join(Contract, Contract.id == Note.contract_id)
        .where(
            visible_to(ctx.actor, Note),
            Note.state.in_(LIVE_NOTE_STATES),
            Contract.guaranteed.is_(is_guarantor),
            ExtensionRequest.agreed_on.is_(None),
            ExtensionRequest.made_by_id != ctx.actor.person_id,
        )
    )


def _exemptions(ctx: Context) -> Select[Any]:
    """Those of the actor's own institution on decisions that are not the actor's."""
    me, case = ctx.actor.person_id, ExemptionCase
    own_decision = (
        select(Proposal.id)
        .join(ApplicationStep, ApplicationStep.proposal_id == Proposal.id)
        .where(
            Proposal.application_id == Contract.application_id,
            Proposal.action == Action.PASS,
            or_(Proposal.by_person_id == me, ApplicationStep.by_person_id == me),
        )
    )
    return (
        _paper(SignatureKind.EXEMPTION, case.public_id, case.opened_on)
        .join(case, case.note_id == Note.id)
        .join(Contract, Contract.id == Note.contract_id)
        .where(
            case.organisation_id == ctx.actor.organisation_id,
            case.second_signed_by_id.is_(None),
            case.opened_by_id != me,
            case.first_signed_by_id.is_(None) | (case.first_signed_by_id != me),
            ~own_decision.exists(),
        )
    )


def _paper(kind: SignatureKind, public_id: Any, asked_on: Any) -> Select[Any]:
    return select(
        literal(kind.value).label("kind"),
        public_id.label("public_id"),
        Note.note_no,
        Note.borrower_id,
        asked_on.label("asked_on"),
    ).select_from(Note)
