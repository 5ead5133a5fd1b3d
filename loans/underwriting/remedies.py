"""What would make it pass: the smallest changes that turn a "no" or "not yet" into an approval.

Each remedy is one complete way: applying all of its changes, with its documents in and good,
passes. No remedy means that no amount, term or document helps (a business outside the city).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from loans.daycount import add_years
from loans.money import fen_to_yuan
from loans.policy import PolicyBook
from loans.underwriting.findings import Assessment, Outcome, Topic, merged
from loans.workflow import BorrowerKind

# Another amount or maturity answers these; nothing else that refuses can be mended by the terms.
_CURABLE = frozenset(
    {
        "individual_cap",
        "individual_raised_cap",
        "individual_term_years",
        "raised_cap_term_years",
        "raised_cap_needs_appraisal",
        "fund_leverage",
        "fund_borrower_limit",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One way to pass: a new amount or maturity (None: as asked) and the documents to bring."""

    sentence: str
    amount_fen: int | None = None
    matures_on: date | None = None
    needs: tuple[str, ...] = ()


def remedies(assessment: Assessment, book: PolicyBook) -> tuple[Remedy, ...]:
    """The ways to pass, the one nearest to what was asked first; empty if eligible or hopeless."""
    if assessment.eligible is Outcome.YES:
        return ()
    if assessment.kind is BorrowerKind.SMALL_FIRM:
        return tuple(_firm(assessment))
    if any(finding.rule not in _CURABLE for finding in assessment.decisive):
        return ()
    return tuple(_with_amount(amount, assessment, book) for amount in _amounts(assessment))


def _firm(assessment: Assessment) -> Iterator[Remedy]:
    """Documents, and the term where it is limited: a firm's amount is never the obstacle."""
    latest = assessment.latest_maturity_on
    late = latest is not None and assessment.matures_on > latest
    others = [f for f in assessment.decisive if f.rule != "firm_term_limits_loan"]
    if not others and assessment.matures_on > assessment.disbursed_on:
        yield _remedy(None, latest if late else None, assessment.needs)


def _amounts(assessment: Assessment) -> Iterator[int]:
    """The asked amount as far as attainable; and what is proved without further documents."""
    asked, attainable = assessment.amount_fen, assessment.attainable_cap_fen
    nearest = min(asked, attainable) if asked > 0 else attainable
    yield from (amount for amount in dict.fromkeys((nearest, min(nearest, assessment.cap_fen)))
                if amount > 0)  # fmt: skip


def _with_amount(amount: int, assessment: Assessment, book: PolicyBook) -> Remedy:
    on, start = assessment.on, assessment.disbursed_on
    raised = amount > book.at("individual_cap", on).number
    years = book.at("raised_cap_term_years" if raised else "individual_term_years", on).number
    latest = add_years(start, years)
    fits = start < assessment.matures_on <= latest
    place = (
        f.needs for f in assessment.findings
        if f.topic is Topic.ELIGIBILITY and f.rule not in _CURABLE
    )  # fmt: skip
    return _remedy(
        None if amount == assessment.amount_fen else amount,
        None if fits else latest,
        merged(*place, assessment.cap_needs if amount > assessment.cap_fen else ()),
    )


def _remedy(amount_fen: int | None, matures_on: date | None, needs: tuple[str, ...]) -> Remedy:
    changes = []
    if amount_fen is not None:
        changes.append(f"将申请金额改为 {fen_to_yuan(amount_fen)}元")
    if matures_on is not None:
        changes.append(f"将到期日改为不迟于 {matures_on}")
    if needs:
        changes.append(f"补齐{'、'.join(needs)}")
    return Remedy(
        sentence="，".join(changes), amount_fen=amount_fen, matures_on=matures_on, needs=needs
    )
