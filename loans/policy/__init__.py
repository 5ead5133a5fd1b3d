"""The law as data: TOML files with days and citations, and the book that answers from them."""

from loans.policy.book import Document, Parameter, PolicyBook, Rule
from loans.policy.check import check, load_policy_book, warnings
from loans.policy.content import content_of, restored
from loans.policy.files import read_policy_book
from loans.policy.rates import LprTenor, benchmark_ppm, lpr_ppm
from loans.policy.units import (
    Band,
    CapScope,
    CheckItem,
    FundingSplit,
    GroundEffect,
    Group,
    HireWindow,
    HonourKind,
    Level,
    RateBasis,
    Rung,
    Scorecard,
    ScoreItem,
    VersionDay,
)

__all__ = [
    "Band",
    "CapScope",
    "CheckItem",
    "Document",
    "FundingSplit",
    "GroundEffect",
    "Group",
    "HireWindow",
    "HonourKind",
    "Level",
    "LprTenor",
    "Parameter",
    "PolicyBook",
    "RateBasis",
    "Rule",
    "Rung",
    "ScoreItem",
    "Scorecard",
    "VersionDay",
    "benchmark_ppm",
    "check",
    "content_of",
    "load_policy_book",
    "lpr_ppm",
    "read_policy_book",
    "restored",
    "warnings",
]
