"""What a month's close should wait for: facts that are known to be on their way.

None of them stops the close: what is reported afterwards becomes an adjustment line (rules.md §4).
Seeing them first keeps the adjustments few.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from loans.context import Context
from loans.models import Application, Disbursement, ExtensionRequest, Movement, Note
from loans.workflow import LIVE_NOTE_STATES, NoteState
from subsidy.monthrun import MonthRun
from subsidy.queries import CLASSES, last_lock

MOST_SHOWN = 50
MONEY = ("interest_fen", "subsidy_fen", "borrower_fen")


@dataclass(frozen=True)
class Waiting:
    """One kind of fact that is still missing: how many, and the first of them by number.

    ``rows``: the note's number beside the public id of what ``of`` says: notes or applications.
    """

    title: str
    remedy: str
    count: int
    of: str
    rows: tuple[tuple[str, UUID], ...]


@dataclass(frozen=True)
class ClassSum:
    """What a run books for one class of subsidy [fen]."""

    subsidy_class: str
    lines: int
    interest_fen: int
    subsidy_fen: int
    borrower_fen: int


@dataclass(frozen=True)
class LateLine:
    """An adjustment line [fen] with its note's number and the fact that caused it."""

    note_no: str
    fact: Movement
    interest_fen: int
    subsidy_fen: int
    borrower_fen: int


def waiting(ctx: Context, until: date) -> list[Waiting]:
    """Facts with a day before ``until`` that are asked for or due, and not recorded."""
    ends = func.coalesce(Note.extended_to, Note.matures_on)
    unpaid = (
        Note.state.in_(LIVE_NOTE_STATES),
        Note.state != NoteState.OVERDUE,
        Note.balance_fen > 0,
        ends < until,
        ends < ctx.on,
    )
    asked = (Disbursement.note_id.is_(None), Disbursement.disbursed_on < until)
    open_requests = (ExtensionRequest.agreed_on.is_(None), Note.matures_on < until)
    found = (
        (
            "放款已登记，尚未复核",
            "请银行复核岗复核放款，或说明放款未发生",
            "applications",
            select(Disbursement.note_no, Application.public_id)
            .join(Application, Application.id == Disbursement.application_id)
            .where(*asked)
            .order_by(Disbursement.note_no),
        ),
        (
            "已到期仍有余额，未登记还款或逾期",
            "请银行登记归还本金或逾期",
            "notes",
            select(Note.note_no, Note.public_id).where(*unpaid).order_by(Note.note_no),
        ),
        (
            "展期已申请，尚未同意",
            "请担保公司（无担保的由银行复核岗）办理展期",
            "notes",
            select(Note.note_no, Note.public_id)
            .join(ExtensionRequest, ExtensionRequest.note_id == Note.id)
            .where(*open_requests)
            .order_by(Note.note_no),
        ),
    )
    return [_waiting(ctx, *each) for each in found]


def late_facts(ctx: Context, run: MonthRun) -> list[LateLine]:
    """The first adjustment lines of a run, each beside the fact that caused it."""
    late = run.adjustments
    wanted = select(Movement).where(Movement.id.in_(late.movement_id[:MOST_SHOWN].tolist()))
    facts = {fact.id: fact for fact in ctx.session.scalars(wanted)}
    return [
        LateLine(
            late.notes.note_no[int(late.note[at])],
            facts[int(late.movement_id[at])],
            *(int(getattr(late, column)[at]) for column in MONEY),
        )
        for at in range(min(len(late), MOST_SHOWN))
    ]


def reported_since(ctx: Context) -> int:
    """How many movements were recorded since the last close."""
    newest = last_lock(ctx)
    rows = select(func.count()).select_from(Movement)
    if newest is not None:
        rows = rows.where(Movement.id > newest.last_movement_id)
    return ctx.session.scalars(rows).one()


def by_class(run: MonthRun) -> list[ClassSum]:
    """A run's lines summed by class of subsidy."""
    found = []
    for at, name in sorted(enumerate(CLASSES), key=lambda pair: pair[1]):
        own = [(lines, lines.subsidy_class == at) for lines in run.parts]
        count = sum(int(mine.sum()) for _, mine in own)
        if count:
            sums = (
                sum(int(getattr(lines, column)[mine].sum()) for lines, mine in own)
                for column in MONEY
            )
            found.append(ClassSum(name, count, *sums))
    return found


def _waiting(ctx: Context, title: str, remedy: str, of: str, rows: Any) -> Waiting:
    count = ctx.session.scalars(select(func.count()).select_from(rows.subquery())).one()
    shown = ctx.session.execute(rows.limit(MOST_SHOWN)) if count else ()
    return Waiting(title, remedy, count, of, tuple((number, id) for number, id in shown))
