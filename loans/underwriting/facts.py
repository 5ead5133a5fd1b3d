"""What is known about an applicant, the loan asked for, and what already runs.

A fact that is not known is ``None``: it neither passes nor rejects, it makes a finding UNKNOWN
that names the document to bring. Facts are frozen values; nothing here decides.
"""

from dataclasses import dataclass
from datetime import date

from loans.daycount import add_months
from loans.workflow import BorrowerKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A group the applicant claims to belong to: ``code`` is the policy key after ``group.``.

    ``verified``: what 人社 found (None: not examined yet).
    """

    code: str
    verified: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Honour:
    """An honour of a project: ``kind`` is the policy key after ``honour.``, ``level`` a code."""

    kind: str
    level: str | None = None
    project: str | None = None
    holder: str | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraisal:
    """A comprehensive appraisal (综合评估) on record; the assessor may approve less [fen]."""

    passed: bool
    approvable_fen: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hire:
    """A newly hired person behind a firm's application.

    ``reference`` tells persons apart (a blind index, never an ID number). ``contract_until`` is
    the contract's last day, inclusive; a contract without one is open-ended only where
    ``open_ended`` says so. ``left_on``: first day no longer there. ``evidence``: kinds of documents
    on file for this hire, named as in the policy book. ``counted_elsewhere``: the same hire
    already supports another firm's live loan; ``stands_as``: how the same hire is called among
    those who support this firm's other live loans (``Exposure.other_hires``).
    """

    reference: str
    category: str
    local_hukou: bool | None = None
    graduated_on: date | None = None
    contract_from: date | None = None
    contract_until: date | None = None
    open_ended: bool | None = None
    left_on: date | None = None
    verified: bool | None = None
    evidence: tuple[str, ...] = ()
    counted_elsewhere: bool = False
    stands_as: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """A person or a small firm, as the file shows it.

    ``business_division``: code of the administrative division (six digits or finer) of the
    registered or, for 网络商户, declared place of business. ``employees`` leaves the borrower
    out. ``appraisal``: on the card of the higher tier; ``half_appraisal``: on the card for the half
    subsidy, for which a passed card of the higher tier, which asks for more, serves as well.
    ``is_small_firm``: the firm's classification on the application day.
    ``evidence``: kinds of documents on file, named as in the policy book.
    """

    kind: BorrowerKind
    business_division: str | None = None
    local_hukou: bool | None = None
    categories: tuple[Category, ...] = ()
    graduated_on: date | None = None
    employees: int | None = None
    honours: tuple[Honour, ...] = ()
    appraisal: Appraisal | None = None
    half_appraisal: Appraisal | None = None
    is_small_firm: bool | None = None
    evidence: tuple[str, ...] = ()
    hires: tuple[Hire, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The loan asked for: amount, (planned) first day and original maturity."""

    amount_fen: int
    disbursed_on: date
    matures_on: date

    @classmethod
    def lasting(cls, *, amount_fen: int, disbursed_on: date, months: int) -> "Terms":
        """Terms that run for whole months from the first day."""
        return cls(
            amount_fen=amount_fen,
            disbursed_on=disbursed_on,
            matures_on=add_months(disbursed_on, months),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What already runs for the same borrower.

    ``other_approved_fen``: approved amounts of the person's other applications that are approved
    and not settled or lapsed, old 创业担保贷款 included, firm loans left out. ``other_bases_fen``:
    subsidised bases of the firm's other live loans; ``other_hires``: the hires whom these loans
    rest on. ``fund_capacity_fen``: what the guarantee fund can still take on; ``guaranteed_fen``:
    what it has taken on for this borrower (None: not more than ``other_approved_fen``).
    ``subsidised_loans`` leaves this one out.
    """

    other_approved_fen: int | None = None
    other_bases_fen: int | None = None
    other_hires: tuple[str, ...] | None = None
    fund_capacity_fen: int | None = None
    guaranteed_fen: int | None = None
    subsidised_loans: int | None = None
    spouse_has_loan: bool | None = None
    own_firm_subsidised: bool | None = None
    earlier_overdue: bool | None = None
