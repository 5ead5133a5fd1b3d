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
from loans.underwriting.cap import OTHER_LOANS
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
# The grounds of 9.5 that raise the cap, each alone.
_EMPLOYEES, _HONOUR = "raised_cap_min_employees", "honour."


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
    return tuple(
        _with_amount(amount, cap_needs, assessment, book)
        for amount in _amounts(assessment)
        for cap_needs in _papers(amount, assessment, book)
    )


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


def _papers(amount: int, assessment: Assessment, book: PolicyBook) -> tuple[tuple[str, ...], ...]:
    """The documents with which an amount is within the cap, one list a way."""
    if amount <= assessment.cap_fen:
        return ((),)
    lower = amount <= book.at("individual_cap", assessment.on).number
    if lower and OTHER_LOANS in assessment.cap_needs:
        return ((OTHER_LOANS,),)  # 9.3 is enough, no ground of 9.5 is asked for
    return _grounds(assessment)


def _grounds(assessment: Assessment) -> tuple[tuple[str, ...], ...]:
    """The documents for the higher amount, one list a ground: any one of 9.5's is enough."""
    open_ = [f for f in assessment.findings if f.topic is Topic.CAP and f.needs]
    grounds = [f.needs for f in open_ if f.rule == _EMPLOYEES or f.rule.startswith(_HONOUR)]
    any_one = merged(*grounds)
    if not any(need in assessment.cap_needs for need in any_one):
        return (assessment.cap_needs,)  # a ground is proved: what is missing is something else
    rest = tuple(need for need in assessment.cap_needs if need not in any_one)
    return tuple(dict.fromkeys(merged(ground, rest) for ground in grounds))


def _with_amount(
    amount: int, cap_needs: tuple[str, ...], assessment: Assessment, book: PolicyBook
) -> Remedy:
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
        merged(*place, cap_needs),
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
