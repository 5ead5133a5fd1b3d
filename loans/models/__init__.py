"""Tables of the loan side, one file a noun."""

from loans.models.applications import (
    Application,
    ApplicationStep,
    Appraisal,
    Clock,
    Evidence,
    Hire,
    Proposal,
    Verification,
)
from loans.models.fund import Agreement, FundEntry, FundEntryKind, GuaranteeFund
from loans.models.law import PolicyVersion, WorkdayNotice
from loans.models.model import APPEND_ONLY, BigKey, Json, Keyed, Model, stored
from loans.models.notes import (
    Contract,
    Disbursement,
    ExtensionRequest,
    Instalment,
    Movement,
    MovementKind,
    Note,
)
from loans.models.parties import ApiKey, Borrower, Branch, BrowserSession, Organisation, Person
from loans.models.records import (
    AuditHead,
    AuditRecord,
    BusinessDate,
    IdempotencyKey,
    Job,
    OutboxEvent,
)

__all__ = [
    "APPEND_ONLY",
    "Agreement",
    "ApiKey",
    "Application",
    "ApplicationStep",
    "Appraisal",
    "AuditHead",
    "AuditRecord",
    "BigKey",
    "Borrower",
    "Branch",
    "BrowserSession",
    "BusinessDate",
    "Clock",
    "Contract",
    "Disbursement",
    "Evidence",
    "ExtensionRequest",
    "FundEntry",
    "FundEntryKind",
    "GuaranteeFund",
    "Hire",
    "IdempotencyKey",
    "Instalment",
    "Job",
    "Json",
    "Keyed",
    "Model",
    "Movement",
    "MovementKind",
    "Note",
    "Organisation",
    "OutboxEvent",
    "Person",
    "PolicyVersion",
    "Proposal",
    "Verification",
    "WorkdayNotice",
    "stored",
]
