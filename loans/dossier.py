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

from sqlalchemy import func, select

from loans import fund
from loans.context import Context
from loans.models import (
    Application,
    Appraisal,
    Contract,
    Evidence,
    Hire,
    Movement,
    MovementKind,
    Note,
    Verification,
)
from loans.queries import file_of
from loans.roster import counted_elsewhere, counted_for, counts_until, is_live, used_fen
from loans.underwriting import (
    Applicant,
    Assessment,
    Card,
    Category,
    Exposure,
    Honour,
    Terms,
    assess,
    firm_base_limit_fen,
)
from loans.underwriting import Appraisal as AppraisalFact
from loans.underwriting import Hire as HireFact
from loans.versions import book_for, law_of
from loans.wall import every_bank
from loans.workflow import BorrowerKind


def assess_application(
    ctx: Context, application: Application, *, on: date, amount_fen: int | None = None
) -> Assessment:
    """The assessment of an application as its file stands, by the law of ``on``.

    ``amount_fen``: the amount that somebody would approve; by default what was approved so far, or
    what is asked for. An accepted application is judged by the policy version it was accepted
    under (9.1).
    """
    terms = Terms.lasting(
        amount_fen=amount_fen or application.approved_fen or application.amount_fen,
        disbursed_on=on,
        months=application.term_months,
    )
    return assess(
        applicant_of(ctx, application),
        terms,
        exposure_of(ctx, application, on=on),
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


def exposure_of(ctx: Context, application: Application, *, on: date | None = None) -> Exposure:
    """What already runs for the same borrower, at any bank; hires as of ``on`` (today)."""
    with every_bank(ctx):
        return _exposure(ctx, application, on or ctx.on)


def _exposure(ctx: Context, application: Application, on: date) -> Exposure:
    facts = application.facts
    # Most borrowers come for the first time: one question instead of many.
    has_past = _has_other_application(ctx, application)
    others = list(_other_live(ctx, application)) if has_past else []
    standing = _standing(ctx, application, others)
    is_person = application.kind is BorrowerKind.INDIVIDUAL
    return Exposure(
        other_approved_fen=sum(other.approved_fen or 0 for other in others),
        other_bases_fen=_other_bases(ctx, application, others, standing),
        other_hires=tuple(str(hire.public_id) for hire in standing if not _has_left(hire, on)),
        fund_capacity_fen=fund.free_for(ctx, application) if is_person else None,
        guaranteed_fen=fund.guaranteed_for(ctx, application) if is_person else 0,
        subsidised_loans=_subsidised_loans(ctx, application) if has_past else 0,
        spouse_has_loan=facts.get("spouse_has_loan"),
        own_firm_subsidised=facts.get("own_firm_subsidised"),
        earlier_overdue=has_past and _earlier_overdue(ctx, application),
    )


def bind(ctx: Context, application: Application) -> None:
    """Stamp a file that is not decided yet with the digest of all that an opinion on it sees.

    Opinions on an earlier content are void.
    """
    if application.decided_on is not None:
        return
    hires = hires_of(ctx, application)
    content = [
        asked_hash(application, hires),
        [[hire.id_index.hex(), str(hire.left_on)] for hire in hires],
        sorted(  # a paper named again is the same paper
            {
                (paper.kind, paper.reference, paper.sha256 or "")
                for paper in file_of(ctx, application, Evidence)
                if paper.note_id is None
            }
        ),
        [
            [word.subject, word.passed, word.evidence]
            for word in file_of(ctx, application, Verification)
        ],
        [
            [card.card, card.policy_version, card.items, card.approvable_fen, card.comment]
            for card in file_of(ctx, application, Appraisal)
        ],
    ]
    application.content_hash = _digest(content)


def asked_hash(application: Application, hires: Iterable[Hire]) -> str:
    """Digest of what is asked for and stated: the terms, the facts, every hire."""
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
        hires_stated(hires),
    ]
    return _digest(content)


def hires_stated(hires: Iterable[Hire]) -> list[list[Any]]:
    """What a firm states of its hires, in an order of its own."""
    stated = [
        [
            hire.id_index.hex(), hire.category, hire.local_hukou, str(hire.graduated_on),
            str(hire.contract_from), str(hire.contract_until), hire.open_ended,
        ]
        for hire in hires
    ]  # fmt: skip
    return sorted(stated, key=str)


def _digest(content: list[Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def as_json(assessment: Assessment) -> dict[str, Any]:
    """An assessment as it is stored with a decision: dates and outcomes as text."""
    open_still = {
        "documents": assessment.documents,
        "preconditions": assessment.preconditions,
        "warnings": [asdict(finding) for finding in assessment.warnings],
    }
    stored: dict[str, Any] = json.loads(json.dumps(asdict(assessment) | open_still, default=str))
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
    hires = hires_of(ctx, application)
    elsewhere = counted_elsewhere(ctx, application, hires)
    others = list(_other_live(ctx, application))
    standing = {hire.id_index: hire for hire in _standing(ctx, application, others)}
    for hire in hires:
        other = standing.get(hire.id_index)
        yield HireFact(
            reference=str(hire.public_id),
            category=hire.category,
            local_hukou=hire.local_hukou,
            graduated_on=hire.graduated_on,
            contract_from=hire.contract_from,
            contract_until=hire.contract_until,
            open_ended=hire.open_ended,
            left_on=hire.left_on,
            verified=verified.get(str(hire.public_id)),
            evidence=evidence,
            counted_elsewhere=hire.id_index in elsewhere,
            stands_as="" if other is None else str(other.public_id),
        )


def _standing(ctx: Context, application: Application, others: list[Application]) -> list[Hire]:
    """The hires whom the firm's other live loans rest on, those who left since among them."""
    if application.kind is BorrowerKind.INDIVIDUAL or not others:
        return []
    return counted_for(ctx, others)


def _has_left(hire: Hire, on: date) -> bool:
    return hire.left_on is not None and hire.left_on <= on


def _has_other_application(ctx: Context, application: Application) -> bool:
    rows = select(Application.id).where(
        Application.borrower_id == application.borrower_id, Application.id != application.id
    )
    return ctx.session.scalars(rows.limit(1)).first() is not None


def _other_live(ctx: Context, application: Application) -> Iterable[Application]:
    """The borrower's other approved applications that are not wholly drawn and settled."""
    return ctx.session.scalars(
        select(Application).where(
            Application.borrower_id == application.borrower_id,
            Application.id != application.id,
            Application.kind == application.kind,
            is_live(),
        )
    )


def _other_bases(
    ctx: Context, application: Application, others: list[Application], standing: list[Hire]
) -> int:
    """What the firm's other live loans use of the limit that their hires give (9.8)."""
    if application.kind is BorrowerKind.INDIVIDUAL or not others:
        return 0
    counting = sum(ctx.on < counts_until(hire) for hire in standing)
    book, on = law_of(ctx, application)
    return min(used_fen(ctx, others), firm_base_limit_fen(counting, on=on, book=book))


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
        .join(Contract, Contract.id == Note.contract_id)
        .where(
            Note.borrower_id == application.borrower_id,
            Contract.application_id != application.id,
            Movement.kind == MovementKind.OVERDUE_FROM,
        )
    )
    return ctx.session.scalars(rows).first() is not None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
