"""Quotes: what a loan would cost its borrower, period by period, before anyone signs.

Assessment + repayment plan + accrual core: the same calculation that later closes the month and
checks the bank's claim, run on the plan instead of on what happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from loans.classes import SubsidyClass, SubsidyTerms, subsidy_terms
from loans.context import Context
from loans.daycount import DayCount, add_months
from loans.dossier import assess_application
from loans.errors import Conflict
from loans.models import Application
from loans.policy import LprTenor, PolicyBook, Rule
from loans.schedule import Instalment, Method, plan, plausible_rate, settlement_for
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
    is in and good, without subsidy where the loan is refused. ``rules``: those by which the latter
    were computed.
    """

    assessment: Assessment
    instalments: tuple[Instalment, ...]
    costs: tuple[Cost, ...]
    attainable_costs: tuple[Cost, ...]
    attainable: Note  # the note that ``attainable_costs`` are of
    rules: tuple[Rule, ...]

    @property
    def attainable_months(self) -> tuple[Cost, ...]:
        """``attainable_costs`` by calendar month (§3: any row is booked(end) − booked(start))."""
        note = self.attainable
        return _costs(note, self.instalments, _month_starts(note.disbursed_on, note.matures_on))


def quote(
    applicant: Applicant, wanted: LoanWanted, exposure: Exposure, *, on: date, book: PolicyBook
) -> Quote:
    """Assess and cost a loan as if it were accepted, signed and drawn on a day.

    Raises ``PolicyGap`` where the book has no rule for the day, ``Conflict`` for no amount at all
    or an unlawful rate.
    """
    if wanted.amount_fen <= 0:
        raise Conflict("amount-not-positive", "申请金额须大于 0.00 元")
    plausible_rate(wanted.rate_ppm)
    terms = _terms(wanted, on)
    return costed(assess(applicant, terms, exposure, on=on, book=book), wanted, on=on, book=book)


def costed(assessment: Assessment, wanted: LoanWanted, *, on: date, book: PolicyBook) -> Quote:
    """What a loan that was assessed would cost, signed and drawn on a day."""
    settlement, day_count, agreed_by = _conventions(wanted, on, book)
    rows = plan(
        method=wanted.method,
        principal_fen=wanted.amount_fen,
        rate_ppm=wanted.rate_ppm,
        disbursed_on=on,
        matures_on=_terms(wanted, on).matures_on,
        every_months=wanted.every_months,
        day_count=day_count,
        settlement=settlement,
    )

    def note(subsidy_class: SubsidyClass, subsidised_fen: int) -> tuple[Note, SubsidyTerms]:
        given = _given(subsidy_class, wanted, on, book)
        return _note(wanted, on, given, subsidised_fen, settlement, day_count), given

    def costs(note: Note) -> tuple[Cost, ...]:
        return _costs(note, rows, period_starts(settlement, note.disbursed_on, note.matures_on))

    proved, attainable = _proved(assessment, wanted), _attainable(assessment, wanted)
    found, (best, given) = costs(note(*proved)[0]), note(*attainable)
    return Quote(
        assessment=assessment,
        instalments=rows,
        costs=found,
        attainable_costs=found if attainable == proved else costs(best),
        attainable=best,
        rules=(*given.rules, *agreed_by),
    )


def _terms(wanted: LoanWanted, on: date) -> Terms:
    return Terms.lasting(amount_fen=wanted.amount_fen, disbursed_on=on, months=wanted.term_months)


def _conventions(
    wanted: LoanWanted, on: date, book: PolicyBook
) -> tuple[str, DayCount, tuple[Rule, ...]]:
    """结息 and 计息天数 as wanted, else by the policy's defaults, which are named."""
    settlement, day_count = book.at("settlement", on), book.at("day_count", on)
    agreed = settlement_for(
        wanted.method, disbursed_on=on, agreed=wanted.settlement or settlement.text
    )
    read = (
        settlement if wanted.settlement is None and agreed == settlement.text else None,
        day_count if wanted.day_count is None else None,
    )
    rules = tuple(rule for rule in read if rule is not None)
    return agreed, wanted.day_count or DayCount(day_count.text), rules


def _proved(assessment: Assessment, wanted: LoanWanted) -> tuple[SubsidyClass, int]:
    """The class by the facts at hand, and the principal [fen] that earns the subsidy."""
    granted = assessment.eligible is Outcome.YES
    base_fen = _base_fen(assessment)
    return _if(granted, assessment.subsidy_class), min(base_fen, wanted.amount_fen)


def _attainable(assessment: Assessment, wanted: LoanWanted) -> tuple[SubsidyClass, int]:
    """The same once every missing document is in and good."""
    granted = assessment.eligible is not Outcome.NO
    base_fen = max(_base_fen(assessment), assessment.attainable_cap_fen)
    return _if(granted, assessment.attainable_class), min(base_fen, wanted.amount_fen)


def _base_fen(assessment: Assessment) -> int:
    return assessment.cap_fen if assessment.base_fen is None else assessment.base_fen


def _if(granted: bool, subsidy_class: SubsidyClass) -> SubsidyClass:
    """Who gets no loan gets no subsidy."""
    return subsidy_class if granted else SubsidyClass.NONE


def quote_application(ctx: Context, application: Application) -> Quote:
    """The quote of an application as its file stands, as if it were drawn today.

    An accepted one keeps the findings of its acceptance (9.1, 9.6). The loan's own notes and
    guarantee, once there are some, stand in nothing's way.
    """
    assessment = assess_application(ctx, application, on=application.accepted_on or ctx.on)
    return costed(assessment, wanted_of(application), on=ctx.on, book=ctx.book)


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


def _given(
    subsidy_class: SubsidyClass, wanted: LoanWanted, on: date, book: PolicyBook
) -> SubsidyTerms:
    matures_on = _terms(wanted, on).matures_on
    long = matures_on >= add_months(on, 60)
    return subsidy_terms(
        subsidy_class,
        signed_on=on,
        first_disbursed_on=on,
        matures_on=matures_on,
        lpr_tenor=LprTenor.FIVE_YEARS if long else LprTenor.ONE_YEAR,
        book=book,
    )


def _note(
    wanted: LoanWanted,
    on: date,
    given: SubsidyTerms,
    subsidised_fen: int,
    settlement: str,
    day_count: DayCount,
) -> Note:
    benchmark, ceiling = given.benchmark_ppm, given.ceiling_ppm
    return Note(
        note_no="（试算）",
        principal_fen=wanted.amount_fen,
        disbursed_on=on,
        matures_on=_terms(wanted, on).matures_on,
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
