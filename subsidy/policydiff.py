"""Two versions of the policy over the same applications: who is decided otherwise, at what cost.

Every case is quoted under both books as if it were accepted and drawn on its day: assessment, plan
and accrual, the same calculation as everywhere. What is not yet eligible costs nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select

from loans.classes import SubsidyClass
from loans.context import Context
from loans.dossier import applicant_of, exposure_of
from loans.models import Application
from loans.policy import PolicyBook
from loans.queries import visible_to
from loans.underwriting import Applicant, Exposure, Outcome
from loans.workflow import State
from subsidy.quotes import LoanWanted, quote, wanted_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One application to decide under both versions, on one day."""

    reference: str
    applicant: Applicant
    exposure: Exposure
    wanted: LoanWanted
    on: date


@dataclass(frozen=True, slots=True)
class Decided:
    """What one version says: the decision, and the whole subsidy [fen] it would cost.

    Another cap alone is no other decision.
    """

    eligible: Outcome
    cap_fen: int = field(compare=False)
    subsidy_class: SubsidyClass
    share_pct: int
    subsidy_fen: int


@dataclass(frozen=True, slots=True)
class Compared:
    """One case under both versions."""

    reference: str
    before: Decided
    after: Decided

    @property
    def differs(self) -> bool:
        """Whether anything was decided otherwise, the amount of the subsidy included."""
        return self.before != self.after


def compare(cases: Iterable[Case], before: PolicyBook, after: PolicyBook) -> list[Compared]:
    """Every case under both versions; ``PolicyGap`` where one has no rule for its day."""
    return [
        Compared(case.reference, _decided(case, before), _decided(case, after)) for case in cases
    ]


def budget(compared: Iterable[Compared]) -> tuple[int, int]:
    """The subsidy of all cases [fen] under the one version and under the other."""
    listed = list(compared)
    return (
        sum(found.before.subsidy_fen for found in listed),
        sum(found.after.subsidy_fen for found in listed),
    )


def stored_cases(ctx: Context, *, on: date | None = None) -> list[Case]:
    """The applications handed in so far, each on its day of acceptance (or all on ``on``)."""
    rows = (
        select(Application)
        .where(visible_to(ctx.actor, Application), Application.state != State.DRAFT)
        .order_by(Application.id)
    )
    return [_case(ctx, row, on) for row in ctx.session.scalars(rows)]


def _case(ctx: Context, row: Application, on: date | None) -> Case:
    return Case(
        reference=str(row.public_id),
        applicant=applicant_of(ctx, row),
        exposure=exposure_of(ctx, row),
        wanted=wanted_of(row),
        on=on or row.accepted_on or row.submitted_on or ctx.on,
    )


def _decided(case: Case, book: PolicyBook) -> Decided:
    found = quote(case.applicant, case.wanted, case.exposure, on=case.on, book=book)
    assessment = found.assessment
    costs = found.costs if assessment.eligible is Outcome.YES else ()
    return Decided(
        assessment.eligible,
        assessment.cap_fen,
        assessment.subsidy_class,
        assessment.share_pct,
        sum(cost.subsidy_fen for cost in costs),
    )
