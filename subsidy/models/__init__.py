"""Tables of the subsidy side: locked months, claims and their cases, registers, remittances."""

from subsidy.models.cases import CaseComment, CaseState, ClaimCase
from subsidy.models.claims import (
    Claim,
    ClaimCause,
    ClaimLine,
    ClaimState,
)
from subsidy.models.months import AccrualLine, LineKind, MonthLock
from subsidy.models.registers import RegisterEntry, RegisterFile, RegisterKind
from subsidy.models.remittances import (
    AccountChange,
    EntryKind,
    EntryReason,
    Remittance,
    RemittanceItem,
    RemittanceState,
    SubsidyBudget,
    SubsidyEntry,
)

__all__ = [
    "AccountChange",
    "AccrualLine",
    "CaseComment",
    "CaseState",
    "Claim",
    "ClaimCase",
    "ClaimCause",
    "ClaimLine",
    "ClaimState",
    "EntryKind",
    "EntryReason",
    "LineKind",
    "MonthLock",
    "RegisterEntry",
    "RegisterFile",
    "RegisterKind",
    "Remittance",
    "RemittanceItem",
    "RemittanceState",
    "SubsidyBudget",
    "SubsidyEntry",
]
