"""Compare a bank's claim with recomputation; explain every difference to the fen.

    match(claimed, register, period) -> Reconciliation

Pure: columns in, columns out; no database, no file, no clock.
"""

from subsidy.reconciliation.claimed import UNSTATED, Claimed
from subsidy.reconciliation.register import ElsewhereSpan, Flag, Period, Register, Span
from subsidy.reconciliation.result import (
    Cause,
    ConventionFinding,
    FileFinding,
    Line,
    LineClass,
    LineFinding,
    Reconciliation,
    Unclaimed,
)

__all__ = [
    "UNSTATED",
    "Cause",
    "Claimed",
    "ConventionFinding",
    "ElsewhereSpan",
    "FileFinding",
    "Flag",
    "Line",
    "LineClass",
    "LineFinding",
    "Period",
    "Reconciliation",
    "Register",
    "Span",
    "Unclaimed",
]
