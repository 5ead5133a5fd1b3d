"""An application's whole file, gathered from its rows and assessed.

Gather, then decide: everything the rules need is read here once and handed to the pure
``underwriting.assess``. What runs for the same borrower is read across all banks; the answer
names amounts, never whose loan it is.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import exists, func, select

from loans.context import Context
from loans.fund import reserved_for
from loans.models import (
    Application,
    Appraisal,
    Contract,
    Evidence,
    GuaranteeFund,
    Hire,
    Movement,
    MovementKind,
    Note,
    Verification,
)
from loans.queries import file_of
from loans.underwriting import (
    Applicant,
    Assessment,
    Card,
    Category,
    Exposure,
    Honour,
    Terms,
    assess,
)
from loans.underwriting import Appraisal as AppraisalFact
from loans.underwriting import Hire as HireFact
from loans.versions import book_for
from loans.wall import every_bank
from loans.workflow import BorrowerKind, NoteState, State


def assess_application(ctx: Context, application: Application, *, on: date) -> Assessment:
    """The assessment of an application as its file stands, by the law of ``on``.

    An accepted application is judged by the policy version it was accepted under (9.1).
    """
    terms = Terms.lasting(
        amount_fen=application.amount_fen, disbursed_on=on, months=application.term_months
    )
    return assess(
        applicant_of(ctx, application),
        terms,
        exposure_of(ctx, application),
        on=on,
        book=book_for(ctx, application),
    )


def applicant_of(ctx: Context, application: Application) -> Applicant:
    """The applicant as the file shows: stated facts, verifications, appraisal, hires."""
    verified = _verified(ctx, application)
    evidence = _evidence(ctx, application)
    facts = application.facts
    graduated_on = _day(facts.get("graduated_on"))
    cards = _appraisals(ctx, application)
    with every_bank(ctx):
        hires = tuple(_hires(ctx, application, verified, evidence))
    return Applicant(
        kind=application.kind,
        business_division=facts.get("business_division"),
        local_hukou=facts.get("local_hukou"),
        categories=tuple(
            Category(code=code, verified=verified.get(code)) for code in facts["categories"]
        ),
        graduated_on=graduated_on,
        employees=facts.get("employees"),
        honours=tuple(Honour(**honour) for honour in facts["honours"]),
        appraisal=cards.get(Card.RAISED_CAP),
        half_appraisal=cards.get(Card.HALF),
        is_small_firm=facts.get("is_small_firm"),
        evidence=evidence,
        hires=hires,
    )


def exposure_of(ctx: Context, application: Application) -> Exposure:
    """What already runs for the same borrower, at any bank."""
    with every_bank(ctx):
        return _exposure(ctx, application)


def _exposure(ctx: Context, application: Application) -> Exposure:
    facts = application.facts
    # Most borrowers come for the first time: one question instead of four.
    has_past = _has_other_application(ctx, application)
    others = list(_other_live(ctx, application)) if has_past else []
    is_person = application.kind is BorrowerKind.INDIVIDUAL
    free_fen = _fund_capacity(ctx, application) if is_person else None
    short = free_fen is not None and free_fen < application.amount_fen
    return Exposure(
        other_approved_fen=sum(other.approved_fen or 0 for other in others),
        other_bases_fen=_other_bases(ctx, others),
        # Shown only where it binds: its size is nobody's business.
        fund_capacity_fen=free_fen if short else None,
        subsidised_loans=_subsidised_loans(ctx, application) if has_past else 0,
        spouse_has_loan=facts.get("spouse_has_loan"),
        own_firm_subsidised=facts.get("own_firm_subsidised"),
        earlier_overdue=has_past and _earlier_overdue(ctx, application),
    )


def content_hash(application: Application, hires: Iterable[Hire]) -> str:
    """Digest of what an approval is bound to: this application with its terms, facts and hires."""
    content = [
        str(application.public_id),
        application.amount_fen,
        application.term_months,
        application.rate_ppm,
        application.penalty_rate_ppm,
        application.method,
        application.every_months,
        application.day_count,
        application.settlement,
        application.purpose,
        application.facts,
        sorted(
            [hire.id_index.hex(), hire.category, str(hire.contract_from), str(hire.contract_until)]
            for hire in hires
        ),
    ]
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def as_json(assessment: Assessment) -> dict[str, Any]:
    """An assessment as it is stored with a decision: dates and outcomes as text."""
    stored: dict[str, Any] = json.loads(json.dumps(asdict(assessment), default=str))
    return stored


def hires_of(ctx: Context, application: Application) -> list[Hire]:
    """The hires behind a firm's application."""
    rows = select(Hire).where(Hire.application_id == application.id).order_by(Hire.id)
    return list(ctx.session.scalars(rows))


def _verified(ctx: Context, application: Application) -> dict[str, bool]:
    """The latest word of 人社 on each category or hire."""
    rows = (
        select(Verification)
        .where(Verification.application_id == application.id)
        .order_by(Verification.id)
    )
    return {row.subject: row.passed for row in ctx.session.scalars(rows)}


def _appraisals(ctx: Context, application: Application) -> dict[str, AppraisalFact]:
    """The latest filled card of each kind."""
    return {
        row.card: AppraisalFact(passed=row.passed, approvable_fen=row.approvable_fen)
        for row in file_of(ctx, application, Appraisal)
    }


def _evidence(ctx: Context, application: Application) -> tuple[str, ...]:
    """Kinds of documents in the file; a firm's papers on its hires are filed with its own."""
    return tuple(dict.fromkeys(row.kind for row in file_of(ctx, application, Evidence)))


def _hires(
    ctx: Context,
    application: Application,
    verified: dict[str, bool],
    evidence: tuple[str, ...],
) -> Iterable[HireFact]:
    if application.kind is BorrowerKind.INDIVIDUAL:
        return
    for hire in hires_of(ctx, application):
        elsewhere = (
            select(Hire.id)
            .join(Application, Application.id == Hire.application_id)
            .join(Contract, Contract.application_id == Application.id)
            .join(Note, Note.contract_id == Contract.id)
            .where(
                Hire.id_index == hire.id_index,
                Hire.application_id != application.id,
                Application.borrower_id != application.borrower_id,
                Note.state != NoteState.SETTLED,
            )
        )
        yield HireFact(
            reference=str(hire.public_id),
            category=hire.category,
            local_hukou=hire.local_hukou,
            graduated_on=hire.graduated_on,
            contract_from=hire.contract_from,
            contract_until=hire.contract_until,
            left_on=hire.left_on,
            verified=verified.get(str(hire.public_id)),
            evidence=evidence,
            counted_elsewhere=ctx.session.scalars(elsewhere).first() is not None,
        )


def _has_other_application(ctx: Context, application: Application) -> bool:
    rows = select(Application.id).where(
        Application.borrower_id == application.borrower_id, Application.id != application.id
    )
    return ctx.session.scalars(rows.limit(1)).first() is not None


def _other_live(ctx: Context, application: Application) -> Iterable[Application]:
    """The borrower's other approved applications that are not wholly drawn and settled."""
    unsettled = exists().where(
        Note.contract_id == Contract.id,
        Contract.application_id == Application.id,
        Note.state != NoteState.SETTLED,
    )
    drawn = (
        select(func.coalesce(func.sum(Note.principal_fen), 0))
        .join(Contract, Contract.id == Note.contract_id)
        .where(Contract.application_id == Application.id)
        .correlate(Application)
        .scalar_subquery()
    )
    return ctx.session.scalars(
        select(Application).where(
            Application.borrower_id == application.borrower_id,
            Application.id != application.id,
            Application.kind == application.kind,
            Application.state == State.APPROVED,
            unsettled | (drawn < Application.approved_fen),
        )
    )


def _other_bases(ctx: Context, others: list[Application]) -> int:
    """What the firm's other live loans use of the limit that its hires give (9.8)."""
    if not others:
        return 0
    rows = select(Contract.base_limit_fen, Contract.principal_fen).where(
        Contract.application_id.in_([other.id for other in others])
    )
    loans = ctx.session.execute(rows).all()
    limit = max((limit for limit, _ in loans), default=0)
    return min(limit, sum(principal for _, principal in loans))


def _fund_capacity(ctx: Context, application: Application) -> int | None:
    """What the fund can still bear for this application: what is reserved for it counts as free."""
    fund = ctx.session.scalars(select(GuaranteeFund)).first()
    if fund is None:
        return None
    limit_fen = fund.balance_fen * ctx.book.at("fund_leverage", ctx.on).number
    others_fen = fund.outstanding_fen + fund.reserved_fen - reserved_for(ctx, application)
    return max(0, limit_fen - others_fen)


def _subsidised_loans(ctx: Context, application: Application) -> int:
    rows = select(func.count(Contract.id)).where(
        Contract.borrower_id == application.borrower_id,
        Contract.application_id != application.id,
        Contract.share_pct > 0,
    )
    return ctx.session.scalars(rows).one()


def _earlier_overdue(ctx: Context, application: Application) -> bool:
    rows = (
        select(Movement.id)
        .join(Note, Note.id == Movement.note_id)
        .where(
            Note.borrower_id == application.borrower_id,
            Movement.kind == MovementKind.OVERDUE_FROM,
        )
    )
    return ctx.session.scalars(rows).first() is not None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
