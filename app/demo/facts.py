"""What the programme knows when the year is over: read back, never remembered from the making."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.demo.office import Office
from app.demo.quarters import Claimed
from loans.context import Context
from loans.models import Application, ApplicationStep, Clock
from loans.money import yuan_to_fen
from loans.queries import the_fund
from loans.workflow import Action, State
from subsidy.models import (
    AccrualLine,
    Claim,
    ClaimCause,
    ClaimLine,
    EntryKind,
    LineKind,
    MonthLock,
    SubsidyEntry,
)

WATCHER = "observer"


@dataclass(frozen=True, slots=True)
class Pace:
    """Working days one stage took: all finished clocks, and how many were in time."""

    finished: int
    in_time: int
    used: Counter[int]


@dataclass(frozen=True, slots=True)
class Guarantee:
    """The fund at the end [fen]."""

    balance_fen: int
    outstanding_fen: int
    reserved_fen: int
    limit: int


@dataclass(frozen=True, slots=True)
class Found:
    """One thing the reconciliation said about a claim."""

    note_no: str
    code: str
    amount_fen: int
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A claim with its amounts, what was found in it, and what of that was planted."""

    claimed: Claimed
    lines: int
    claimed_fen: int
    payable_fen: int
    paid_fen: int
    found: tuple[Found, ...]

    @property
    def matched(self) -> list[tuple[Any, Found | None]]:
        """Every planted error with the finding that names its note, code and fen, or None."""
        left = list(self.found)
        pairs: list[tuple[Any, Found | None]] = []
        for error in self.claimed.planted:
            wanted = (error.note_no, error.code, error.amount_fen)
            hit = next((f for f in left if (f.note_no, f.code, f.amount_fen) == wanted), None)
            if hit is not None:
                left.remove(hit)
            pairs.append((error, hit))
        return pairs

    @property
    def invented(self) -> list[Found]:
        """Findings that answer to no planted error."""
        answers = Counter(hit for _, hit in self.matched if hit is not None)
        return list((Counter(self.found) - answers).elements())


@dataclass(frozen=True, slots=True)
class Month:
    """A closed month's totals [fen], and its adjustment lines."""

    since: date
    lines: int
    interest_fen: int
    subsidy_fen: int
    borrower_fen: int
    adjustments: tuple[int, ...]  # subsidy of each


@dataclass(frozen=True, slots=True)
class Decided:
    """An application with the step that refused it, if one did."""

    application: Application
    refusal: ApplicationStep | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the report prints."""

    applications: tuple[Decided, ...]
    paces: dict[State, Pace]
    guarantee: Guarantee
    months: tuple[Month, ...]
    claims: tuple[Checked, ...]

    @property
    def is_exact(self) -> bool:
        """Every planted error was found, and nothing else."""
        return all(
            all(hit for _, hit in claim.matched) and not claim.invented for claim in self.claims
        )


def gather(office: Office, filed: Iterable[Claimed]) -> Facts:
    """Read everything in one snapshot, as the observing central bank may."""
    return office.read(
        WATCHER,
        lambda ctx: Facts(
            applications=tuple(_applications(ctx)),
            paces=_paces(ctx),
            guarantee=_guarantee(ctx),
            months=tuple(_months(ctx)),
            claims=tuple(_checked(ctx, claimed) for claimed in filed),
        ),
    )


def _applications(ctx: Context) -> Iterable[Decided]:
    refusals = {
        step.application_id: step
        for step in ctx.session.scalars(
            select(ApplicationStep).where(ApplicationStep.action == Action.REJECT)
        )
    }
    for row in ctx.session.scalars(select(Application).order_by(Application.id)):
        yield Decided(row, refusals.get(row.id))


def _paces(ctx: Context) -> dict[State, Pace]:
    paces: dict[State, Pace] = {}
    for clock in ctx.session.scalars(select(Clock).where(Clock.ended_on.is_not(None))):
        stops = [
            (date.fromisoformat(out), date.fromisoformat(back) if back else None)
            for out, back in clock.stops
        ]
        assert clock.ended_on is not None
        used = ctx.calendar.workdays_used(clock.started_on, clock.ended_on, stops)
        before = paces.get(clock.state, Pace(0, 0, Counter()))
        in_time = before.in_time + (clock.ended_on <= clock.due_on)
        paces[clock.state] = Pace(before.finished + 1, in_time, before.used + Counter([used]))
    return paces


def _guarantee(ctx: Context) -> Guarantee:
    fund = the_fund(ctx)
    limit = ctx.book.at("fund_leverage", ctx.on).number
    return Guarantee(fund.balance_fen, fund.outstanding_fen, fund.reserved_fen, limit)


def _months(ctx: Context) -> Iterable[Month]:
    adjusted: dict[int, list[int]] = {}
    rows = select(AccrualLine).where(AccrualLine.kind == LineKind.ADJUSTMENT)
    for line in ctx.session.scalars(rows):
        adjusted.setdefault(line.month_id, []).append(line.subsidy_fen)
    for lock in ctx.session.scalars(select(MonthLock).order_by(MonthLock.since)):
        yield Month(
            lock.since,
            lock.lines,
            lock.interest_fen,
            lock.subsidy_fen,
            lock.borrower_fen,
            tuple(adjusted.get(lock.id, ())),
        )


def _checked(ctx: Context, claimed: Claimed) -> Checked:
    claim = ctx.session.scalars(select(Claim).where(Claim.public_id == claimed.claim_id)).one()
    return Checked(
        claimed,
        claim.line_count,
        claim.claimed_fen,
        claim.payable_fen,
        _paid_fen(ctx, claimed.claim_id),
        tuple(_found(ctx, claim)),
    )


def _paid_fen(ctx: Context, claim_id: UUID) -> int:
    rows = (
        select(SubsidyEntry.amount_fen)
        .join(ClaimLine, ClaimLine.id == SubsidyEntry.claim_line_id)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(Claim.public_id == claim_id, SubsidyEntry.kind == EntryKind.PAID)
    )
    return sum(ctx.session.scalars(rows))


def _found(ctx: Context, claim: Claim) -> Iterable[Found]:
    """Causes with money, findings without, and what the file as a whole shows."""
    causes = (
        select(ClaimLine.note_no, ClaimCause)
        .join(ClaimLine, ClaimLine.id == ClaimCause.line_id)
        .where(ClaimLine.claim_id == claim.id)
        .order_by(ClaimLine.row, ClaimCause.no)
    )
    for note_no, cause in ctx.session.execute(causes):
        yield Found(note_no, cause.code, cause.amount_fen, cause.message)
    for line in ctx.session.scalars(select(ClaimLine).where(ClaimLine.claim_id == claim.id)):
        for finding in line.findings:
            yield Found(line.note_no, finding["code"], 0, finding["message"])
    for finding in claim.findings:
        fen = yuan_to_fen(finding["amount"]) if "amount" in finding else 0
        yield Found(finding.get("note_no", ""), finding["code"], fen, finding["message"])
