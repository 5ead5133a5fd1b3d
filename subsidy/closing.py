"""What a month's close should wait for: facts that are known to be on their way.

None of them stops the close: what is reported afterwards becomes an adjustment line (rules.md §4).
Seeing them first keeps the adjustments few.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from loans.context import Context
from loans.models import Disbursement, ExtensionRequest, Movement, Note
from loans.workflow import LIVE_NOTE_STATES, NoteState
from subsidy.queries import last_lock

MOST_SHOWN = 50


@dataclass(frozen=True)
class Waiting:
    """One kind of fact that is still missing: how many, and the first of them by number."""

    title: str
    remedy: str
    count: int
    numbers: tuple[str, ...]


@dataclass(frozen=True)
class ClassSum:
    """What a run books for one class of subsidy [fen]."""

    subsidy_class: str
    lines: int
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
            select(Disbursement.note_no).where(*asked).order_by(Disbursement.note_no),
        ),
        (
            "已到期仍有余额，未登记还款或逾期",
            "请银行登记归还本金或逾期",
            select(Note.note_no).where(*unpaid).order_by(Note.note_no),
        ),
        (
            "展期已申请，尚未同意",
            "请担保公司（无担保的由银行复核岗）办理展期",
            select(Note.note_no)
            .join(ExtensionRequest, ExtensionRequest.note_id == Note.id)
            .where(*open_requests)
            .order_by(Note.note_no),
        ),
    )
    return [_waiting(ctx, *each) for each in found]


def late_facts(ctx: Context, lines: list[dict[str, Any]]) -> list[tuple[dict[str, Any], Movement]]:
    """The first adjustment lines of a run, each beside the fact that caused it."""
    late = [line for line in lines if line["movement_id"] is not None][:MOST_SHOWN]
    wanted = select(Movement).where(Movement.id.in_([line["movement_id"] for line in late]))
    facts = {fact.id: fact for fact in ctx.session.scalars(wanted)}
    return [(line, facts[line["movement_id"]]) for line in late]


def reported_since(ctx: Context) -> int:
    """How many movements were recorded since the last close."""
    newest = last_lock(ctx)
    rows = select(func.count()).select_from(Movement)
    if newest is not None:
        rows = rows.where(Movement.id > newest.last_movement_id)
    return ctx.session.scalars(rows).one()


def by_class(lines: list[dict[str, Any]]) -> list[ClassSum]:
    """A run's lines summed by class of subsidy."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        found.setdefault(line["subsidy_class"], []).append(line)
    return [
        ClassSum(
            name,
            len(own),
            *(
                sum(line[column] for line in own)
                for column in ("interest_fen", "subsidy_fen", "borrower_fen")
            ),
        )
        for name, own in sorted(found.items())
    ]


def _waiting(ctx: Context, title: str, remedy: str, rows: Any) -> Waiting:
    count = ctx.session.scalars(select(func.count()).select_from(rows.subquery())).one()
    numbers = ctx.session.scalars(rows.limit(MOST_SHOWN)) if count else ()
    return Waiting(title, remedy, count, tuple(numbers))
