"""Compare a bank's claim with recomputation; explain every difference to the fen.

    match(claimed, register, period, tolerance_fen=…) -> Reconciliation

Pure: columns in, columns out; no database, no file, no clock.
"""

from subsidy.reconciliation.claimed import UNSTATED, Claimed
from subsidy.reconciliation.codes import CODES, Code
from subsidy.reconciliation.matching import match
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
    "CODES",
    "UNSTATED",
    "Cause",
    "Claimed",
    "Code",
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
    "match",
]
