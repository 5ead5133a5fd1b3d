"""The law as data: TOML files with days and citations, and the book that answers from them."""

from loans.policy.book import Document, Parameter, PolicyBook, Rule
from loans.policy.check import check, load_policy_book, warnings
from loans.policy.files import read_policy_book
from loans.policy.rates import LprTenor, benchmark_ppm, lpr_ppm
from loans.policy.units import (
    Band,
    CapScope,
    FundingSplit,
    Group,
    HireWindow,
    HonourKind,
    Level,
    RateBasis,
    VersionDay,
)

__all__ = [
    "Band",
    "CapScope",
    "Document",
    "FundingSplit",
    "Group",
    "HireWindow",
    "HonourKind",
    "Level",
    "LprTenor",
    "Parameter",
    "PolicyBook",
    "RateBasis",
    "Rule",
    "VersionDay",
    "benchmark_ppm",
    "check",
    "load_policy_book",
    "lpr_ppm",
    "read_policy_book",
    "warnings",
]
