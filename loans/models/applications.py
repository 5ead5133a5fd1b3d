"""Applications, every step they take, their clocks, evidence, verifications, appraisals, hires."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from loans.models.model import APPEND_ONLY, BigKey, Keyed, Model, erasable, sealed, stored
from loans.workflow import Action, BorrowerKind, State

LAPSES = "action = 'lapse'"
DECIDES = "action IN ('pass', 'send_back', 'reject')"


class Application(Keyed, Model):
    """One application: content as asked for, its state, and what was found and decided."""

    __tablename__ = "application"
    __table_args__ = (
        Index("ix_application_bank_state", "bank_id", "state", "amount_fen"),
        Index("ix_application_borrower_state", "borrower_id", "state"),
    )

    bank_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"))
    borrower_id: Mapped[int] = mapped_column(ForeignKey("borrower.id"))
    kind: Mapped[BorrowerKind] = mapped_column(stored(BorrowerKind))
    state: Mapped[State] = mapped_column(stored(State))
    returned_from: Mapped[State | None] = mapped_column(stored(State, "returned_from"))
    round: Mapped[int] = mapped_column(default=1)
    version: Mapped[int] = mapped_column(default=1)
    created_on: Mapped[date]
    submitted_on: Mapped[date | None]
    accepted_on: Mapped[date | None]
    decided_on: Mapped[date | None]
    # Terms asked for; facts are the applicant's circumstances as stated (rules.md §1).
    amount_fen: Mapped[int]
    term_months: Mapped[int]
    rate_ppm: Mapped[int]
    penalty_rate_ppm: Mapped[int]
    method: Mapped[str] = mapped_column(String(32))
    every_months: Mapped[int]
    day_count: Mapped[str] = mapped_column(String(16))
    settlement: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[str] = mapped_column(String(200))
    facts: Mapped[dict[str, Any]]
    consent: Mapped[dict[str, Any]]
    content_hash: Mapped[str] = mapped_column(String(64))
    # Frozen at acceptance, under the policy version of that day.
    policy_version: Mapped[str | None] = mapped_column(String(64))
    assessment: Mapped[dict[str, Any] | None]
    approved_fen: Mapped[int | None]
    subsidy_class: Mapped[str | None] = mapped_column(String(16))
    share_pct: Mapped[int | None]

    @hybrid_property
    def categories(self) -> list[str]:
        """A person's groups as stated (九)9.1; in a query, without the rest of the facts."""
        return self.facts["categories"]

    @categories.inplace.expression
    @classmethod
    def _categories(cls) -> ColumnElement[list[str]]:
        return cls.facts["categories"]


class ApplicationStep(Model):
    """One step of an application's way. A stage is decided at most once a round."""

    __tablename__ = "application_step"
    __table_args__ = (
        UniqueConstraint("application_id", "no"),
        Index(
            "uq_application_step_decision",
            "application_id",
            "from_state",
            "round",
            unique=True,
            sqlite_where=text(DECIDES),
            postgresql_where=text(DECIDES),
        ),
        Index("ix_application_step_on", "on", "application_id"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    no: Mapped[int]
    round: Mapped[int]
    action: Mapped[Action] = mapped_column(stored(Action))
    from_state: Mapped[State] = mapped_column(stored(State, "from_state"))
    to_state: Mapped[State] = mapped_column(stored(State))
    by_person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    proposal_id: Mapped[int | None] = mapped_column(ForeignKey("proposal.id"))
    on: Mapped[date]
    at: Mapped[datetime]
    content_hash: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(500))
    details: Mapped[dict[str, Any]]


class Proposal(Keyed, Model):
    """A maker's opinion at a stage, waiting for the checker; bound to the content it saw."""

    __tablename__ = "proposal"
    __table_args__ = (
        UniqueConstraint("application_id", "state", "round", "no"),
        Index(
            "ix_proposal_lapse",
            "application_id",
            sqlite_where=text(LAPSES),
            postgresql_where=text(LAPSES),
        ),
        APPEND_ONLY,
    )

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    state: Mapped[State] = mapped_column(stored(State))
    round: Mapped[int]
    no: Mapped[int]
    action: Mapped[Action] = mapped_column(stored(Action))
    approved_fen: Mapped[int | None]
    by_person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    on: Mapped[date]
    at: Mapped[datetime]
    content_hash: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(500))
    # 尽职免责 (9.12): the due-diligence checklist that goes with a credit decision.
    checklist: Mapped[dict[str, Any]]
    # 补正: all that is missing, told at once.
    missing: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))


class Clock(Model):
    """A stage's working-day limit (9.9): its start, its due day, its end."""

    __tablename__ = "clock"
    __table_args__ = (Index("ix_clock_open", "ended_on", "due_on"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    state: Mapped[State] = mapped_column(stored(State))
    limit_days: Mapped[int]
    started_on: Mapped[date]
    due_on: Mapped[date]
    provisional: Mapped[bool]
    ended_on: Mapped[date | None]
    # 补正: [[returned_on, resubmitted_on or null], …]; every stop and start is kept.
    stops: Mapped[list[Any]]


class Evidence(Keyed, Model):
    """A document named in an application's file: its kind, reference and (if given) digest."""

    __tablename__ = "evidence"
    __table_args__ = (Index("ix_evidence_application", "application_id", "kind"), APPEND_ONLY)

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    # Set for what belongs to one note: its disbursement, its repayments.
    note_id: Mapped[int | None] = mapped_column(ForeignKey("note.id"))
    kind: Mapped[str] = mapped_column(String(64))
    reference: Mapped[str] = erasable(200)
    sha256: Mapped[str | None] = mapped_column(String(64))
    by_person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    on: Mapped[date]


class Verification(Keyed, Model):
    """人社's word on an identity group or on a hire (9.14)."""

    __tablename__ = "verification"
    __table_args__ = (Index("ix_verification_application", "application_id"), APPEND_ONLY)

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    subject: Mapped[str] = mapped_column(String(64))
    passed: Mapped[bool]
    evidence: Mapped[str] = erasable(200)
    by_person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    on: Mapped[date]
    at: Mapped[datetime]


class Appraisal(Keyed, Model):
    """综合评估 (9.5, 9.7): a card as filled, and the version it is of; never edited."""

    __tablename__ = "appraisal"
    __table_args__ = (Index("ix_appraisal_application", "application_id"), APPEND_ONLY)

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    card: Mapped[str] = mapped_column(String(16), server_default="raised_cap")
    policy_version: Mapped[str] = mapped_column(String(64), server_default="")
    passed: Mapped[bool]
    score: Mapped[int]
    approvable_fen: Mapped[int | None]
    items: Mapped[dict[str, Any]]
    comment: Mapped[str] = mapped_column(String(500))
    by_person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    on: Mapped[date]
    at: Mapped[datetime]


class Hire(Keyed, Model):
    """A newly hired person behind a firm's application (9.8)."""

    __tablename__ = "hire"
    __table_args__ = (UniqueConstraint("application_id", "id_index"),)

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    name_sealed: Mapped[bytes] = sealed("name")
    name_masked: Mapped[str] = mapped_column(String(50))
    id_sealed: Mapped[bytes] = sealed("id_no")
    id_index: Mapped[bytes] = mapped_column(index=True)
    id_masked: Mapped[str] = mapped_column(String(18))
    category: Mapped[str] = mapped_column(String(32))
    local_hukou: Mapped[bool | None]
    graduated_on: Mapped[date | None]
    contract_from: Mapped[date]
    contract_until: Mapped[date | None]
    # 无固定期限 is a stated fact: no last day alone says nothing.
    open_ended: Mapped[bool | None]
    left_on: Mapped[date | None]
