"""Quotes: what a loan would cost its borrower, period by period, before anyone signs.

Assessment + repayment plan + accrual core: the same calculation that later closes the month and
checks the bank's claim, run on the plan instead of on what happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from loans.classes import SubsidyClass, subsidy_terms
from loans.context import Context
from loans.daycount import DayCount, add_months
from loans.dossier import applicant_of, exposure_of
from loans.errors import Conflict
from loans.models import Application
from loans.policy import LprTenor, PolicyBook
from loans.schedule import Instalment, Method, plan, settlement_for
from loans.settlement import period_starts
from loans.underwriting import Applicant, Assessment, Exposure, Outcome, Terms, assess
from subsidy import accrual
from subsidy.accrual import Event, Events, Note, Notes, accrue, day
from subsidy.codes import DAY_COUNTS, SETTLEMENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanWanted:
    """The loan to be quoted; empty ``day_count`` and ``settlement`` take the policy's defaults."""

    amount_fen: int
    term_months: int
    rate_ppm: int
    method: Method = Method.BULLET
    every_months: int = 1
    day_count: DayCount | None = None
    settlement: str | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """Interest, subsidy and the borrower's share [fen] of the days ``[start, stop)``."""

    start: date
    stop: date
    interest_fen: int
    subsidy_fen: int

    @property
    def borrower_fen(self) -> int:
        """What the borrower pays of the interest."""
        return self.interest_fen - self.subsidy_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The assessment, the repayment plan, and the costs by settlement period.

    ``costs`` are those of the class proved by the facts at hand, without subsidy until the loan
    itself is proved; ``attainable_costs`` those of the class attainable once every missing document
    is in and good, without subsidy where the loan is refused.
    """

    assessment: Assessment
    instalments: tuple[Instalment, ...]
    costs: tuple[Cost, ...]
    attainable_costs: tuple[Cost, ...]
    attainable: Note  # the note that ``attainable_costs`` are of

    @property
    def attainable_months(self) -> tuple[Cost, ...]:
        """``attainable_costs`` by calendar month (§3: any row is booked(end) − booked(start))."""
        note = self.attainable
        return _costs(note, self.instalments, _month_starts(note.disbursed_on, note.matures_on))


def quote(
    applicant: Applicant, wanted: LoanWanted, exposure: Exposure, *, on: date, book: PolicyBook
) -> Quote:
    """Assess and cost a loan as if it were accepted, signed and drawn on a day.

    Raises ``PolicyGap`` where the book has no rule for the day, ``Conflict`` for no amount at all.
    """
    if wanted.amount_fen <= 0:
        raise Conflict("amount-not-positive", "申请金额须大于 0.00 元")
    terms = Terms.lasting(amount_fen=wanted.amount_fen, disbursed_on=on, months=wanted.term_months)
    assessment = assess(applicant, terms, exposure, on=on, book=book)
    settlement = settlement_for(
        wanted.method,
        disbursed_on=on,
        agreed=wanted.settlement or book.at("settlement", on).text,
    )
    day_count = wanted.day_count or DayCount(book.at("day_count", on).text)
    rows = plan(
        method=wanted.method,
        principal_fen=wanted.amount_fen,
        rate_ppm=wanted.rate_ppm,
        disbursed_on=on,
        matures_on=terms.matures_on,
        every_months=wanted.every_months,
        day_count=day_count,
        settlement=settlement,
    )
    eligible = assessment.eligible
    base_fen = assessment.cap_fen if assessment.base_fen is None else assessment.base_fen

    def note(subsidy_class: SubsidyClass, subsidised_fen: int) -> Note:
        return _note(wanted, terms, subsidy_class, subsidised_fen, settlement, day_count, book)

    def costs(note: Note) -> tuple[Cost, ...]:
        return _costs(note, rows, period_starts(settlement, note.disbursed_on, note.matures_on))

    best_fen = max(base_fen, assessment.attainable_cap_fen)
    proved = (
        _if(eligible is Outcome.YES, assessment.subsidy_class),
        min(base_fen, wanted.amount_fen),
    )
    attainable = (
        _if(eligible is not Outcome.NO, assessment.attainable_class),
        min(best_fen, wanted.amount_fen),
    )
    found, best = costs(note(*proved)), note(*attainable)
    return Quote(
        assessment=assessment,
        instalments=rows,
        costs=found,
        attainable_costs=found if attainable == proved else costs(best),
        attainable=best,
    )


def _if(granted: bool, subsidy_class: SubsidyClass) -> SubsidyClass:
    """Who gets no loan gets no subsidy."""
    return subsidy_class if granted else SubsidyClass.NONE


def quote_application(ctx: Context, application: Application) -> Quote:
    """The quote of an application as its file stands, as if it were accepted and drawn today.

    The loan's own notes and guarantee, once there are some, stand in nothing's way.
    """
    applicant, exposure = applicant_of(ctx, application), exposure_of(ctx, application)
    return quote(applicant, wanted_of(application), exposure, on=ctx.on, book=ctx.book)


def wanted_of(application: Application) -> LoanWanted:
    """The loan an application asks for, of the approved amount once it is approved."""
    return LoanWanted(
        amount_fen=application.approved_fen or application.amount_fen,
        term_months=application.term_months,
        rate_ppm=application.rate_ppm,
        method=Method(application.method),
        every_months=application.every_months,
        day_count=DayCount(application.day_count),
        settlement=application.settlement,
    )


def _note(
    wanted: LoanWanted,
    terms: Terms,
    subsidy_class: SubsidyClass,
    subsidised_fen: int,
    settlement: str,
    day_count: DayCount,
    book: PolicyBook,
) -> Note:
    on = terms.disbursed_on
    long = terms.matures_on >= add_months(on, 60)
    given = subsidy_terms(
        subsidy_class,
        signed_on=on,
        first_disbursed_on=on,
        matures_on=terms.matures_on,
        lpr_tenor=LprTenor.FIVE_YEARS if long else LprTenor.ONE_YEAR,
        book=book,
    )
    benchmark, ceiling = given.benchmark_ppm, given.ceiling_ppm
    return Note(
        note_no="quote",
        principal_fen=terms.amount_fen,
        disbursed_on=on,
        matures_on=terms.matures_on,
        rate_ppm=wanted.rate_ppm,
        share_pct=given.share_pct,
        subsidised_fen=subsidised_fen,
        benchmark_ppm=accrual.CONTRACT_RATE if benchmark is None else benchmark,
        ceiling_ppm=accrual.NO_CEILING if ceiling is None else ceiling,
        floor_ppm=given.floor_ppm,
        subsidy_ends_on=given.subsidy_ends_on,
        day_count=DAY_COUNTS[day_count],
        settlement=SETTLEMENTS[settlement],
    )


def _month_starts(start: date, stop: date) -> list[date]:
    """The first days of months inside ``(start, stop)``."""
    first, starts = add_months(start.replace(day=1), 1), []
    while first < stop:
        starts.append(first)
        first = add_months(first, 1)
    return starts


def _costs(note: Note, rows: tuple[Instalment, ...], inner: Sequence[date]) -> tuple[Cost, ...]:
    """The plan run through the accrual core, cut at some days inside its life."""
    notes = Notes.of([note])
    repayments = [
        Event(
            note_no=note.note_no,
            on=row.due_on,
            kind=accrual.PRINCIPAL_REPAID,
            value=row.principal_fen,
        )
        for row in rows
        if row.principal_fen
    ]
    cuts = sorted({note.disbursed_on, *inner, note.matures_on})
    lines = accrue(notes, Events.of(notes, repayments), [day(cut) for cut in cuts])
    return tuple(
        Cost(start, stop, int(interest), int(subsidy))
        for start, stop, interest, subsidy in zip(
            cuts[:-1], cuts[1:], lines.interest_fen[0], lines.subsidy_fen[0], strict=True
        )
    )
