"""Tables of the subsidy side: locked months, claims, remittances."""

from subsidy.models.claims import (
    Claim,
    ClaimCause,
    ClaimLine,
    ClaimState,
)
from subsidy.models.months import AccrualLine, LineKind, MonthLock
from subsidy.models.remittances import EntryKind, Remittance, RemittanceState, SubsidyEntry

__all__ = [
    "AccrualLine",
    "Claim",
    "ClaimCause",
    "ClaimLine",
    "ClaimState",
    "EntryKind",
    "LineKind",
    "MonthLock",
    "Remittance",
    "RemittanceState",
    "SubsidyEntry",
]
