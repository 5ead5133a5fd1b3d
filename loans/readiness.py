"""The live book against a later request for compensation: what of the evidence lacks, from day one.

A note is checked while its guarantee runs. One query counts the whole book; only the notes that
are shown are looked at one by one. Source: （九）9.10, 9.11, 9.12.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Subquery,
    and_,
    bindparam,
    case,
    cast,
    func,
    not_,
    select,
)

from loans.access import OrganisationKind
from loans.arrears import silent_intervals
from loans.context import Context
from loans.evidence import DUNNING, KNOWN_BY_ITSELF, Files, Item, items
from loans.models import Application, Contract, DunningEntry, Evidence, Instalment, Note, Proposal
from loans.policy import CheckItem
from loans.queries import by_key, notes, visible_to
from loans.underwriting import CHECKLISTS
from loans.workflow import REPAYABLE_NOTE_STATES, Action


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a later request for this note would lack today."""

    note: Note
    overdue_since: date | None
    missing: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Shortfall:
    """How many notes are checked, how many of them lack something, and how many each item."""

    checked: int
    lacking: int
    by_item: tuple[tuple[CheckItem, int], ...]


def checked(ctx: Context, **equals: Any) -> Select[Any]:
    """The visible guaranteed notes that still run; ``equals``: column values, None for any."""
    rows = notes(ctx, **equals).join(Contract, Contract.id == Note.contract_id)
    return rows.where(*_runs(ctx))


def readiness(ctx: Context, rows: Sequence[Note]) -> list[Readiness]:
    """What each of some notes lacks today, in their order."""
    contracts = by_key(ctx, Contract, (note.contract_id for note in rows))
    pairs = [(note, contracts[note.contract_id]) for note in rows]
    late = _late(ctx, Instalment.note_id.in_([note.id for note in rows]))
    files, asked = Files(ctx, pairs), items(ctx)
    answers = []
    for note, contract in pairs:
        due_on = late.get(note.id)
        found = [files.item(each, note, contract, due_on) for each in asked]
        missing = tuple(item for item in found if not item.held)
        answers.append(Readiness(note, due_on, missing))
    return answers


class LiveBook:
    """The notes that are checked, each beside what lies in its files."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._asked = items(ctx)
        documents = [item for item in self._asked if item.code not in KNOWN_BY_ITSELF]
        self._papers, self._answered = _papers(documents), _answered()
        self._silent = _silent(ctx)
        self._held = [self._item(item) for item in self._asked]

    def lacking(self) -> Select[Any]:
        """Those that lack something today."""
        return self._beside(select(Note)).where(not_(and_(*self._held)))

    def shortfall(self) -> Shortfall:
        """What lacks in the whole book."""
        sums = [func.count(case((not_(held), 1))) for held in (and_(*self._held), *self._held)]
        query: Any = select(func.count(), *sums).select_from(Note)
        found = list(self._ctx.session.execute(self._beside(query)).one())
        return Shortfall(found[0], found[1], tuple(zip(self._asked, found[2:], strict=True)))

    def _beside(self, query: Select[Any]) -> Select[Any]:
        """A query of notes with their files joined."""
        papers, answered = self._papers, self._answered
        return (
            query.join(Contract, Contract.id == Note.contract_id)
            .join(Application, Application.id == Contract.application_id)
            .outerjoin(papers, papers.c.note_id == Note.id)
            .outerjoin(answered, answered.c.application_id == Application.id)
            .where(*_runs(self._ctx))
        )

    def _item(self, item: CheckItem) -> ColumnElement[bool]:
        """Whether an item is there."""
        if item.code == "application_file":
            return Application.accepted_on.is_not(None)
        if item.code == "due_diligence":
            return self._answered.c.application_id.is_not(None)
        if item.code in DUNNING:
            return Note.id.not_in(_as_text(self._silent[DUNNING[item.code]]))
        return func.coalesce(self._papers.c[item.code], 0) == 1


def _runs(ctx: Context) -> tuple[ColumnElement[bool], ...]:
    """Of a note with its contract: it is visible, guaranteed and runs."""
    runs = Note.state.in_(REPAYABLE_NOTE_STATES)
    return visible_to(ctx.actor, Note), Contract.guaranteed.is_(True), runs


def _papers(asked: Sequence[CheckItem]) -> Subquery:
    """The documents filed for each note: 1 where there is one of a kind."""
    kinds = [
        func.max(case((Evidence.kind == item.title, 1), else_=0)).label(item.code) for item in asked
    ]
    filed = select(Evidence.note_id, *kinds).where(Evidence.note_id.is_not(None))
    return filed.group_by(Evidence.note_id).subquery("papers")


def _answered() -> Subquery:
    """The applications for which every due-diligence checklist was answered."""
    rows = select(Proposal.application_id).where(
        Proposal.action == Action.PASS,
        Proposal.state.in_(CHECKLISTS),
        cast(Proposal.checklist, String).not_in(("{}", "[]", "null")),
    )
    rows = rows.group_by(Proposal.application_id)
    return rows.having(func.count(Proposal.state.distinct()) == len(CHECKLISTS)).subquery("done")


def _late(ctx: Context, *only: ColumnElement[bool]) -> dict[int, date]:
    """The oldest due day on which something of each visible note stayed unpaid, by key."""
    rows = (
        select(Instalment.note_id, func.min(Instalment.open_due_on))
        .join(Note, Note.id == Instalment.note_id)
        .where(Instalment.open_due_on < ctx.on, visible_to(ctx.actor, Note), *only)
        .group_by(Instalment.note_id)
    )
    found = ctx.session.execute(rows)
    return {key: due_on for key, due_on in found if due_on is not None}


def _silent(ctx: Context) -> dict[OrganisationKind, list[int]]:
    """The late notes in whose dunning each side left out an interval."""
    contacts: dict[tuple[int, OrganisationKind], list[date]] = {}
    rows = select(DunningEntry.note_id, DunningEntry.side, DunningEntry.on)
    for key, side, on in ctx.session.execute(rows.where(visible_to(ctx.actor, DunningEntry))):
        contacts.setdefault((key, side), []).append(on)
    every_days = ctx.book.at("dunning_interval_days", ctx.on).number

    def is_silent(days: Sequence[date], due_on: date) -> bool:
        return bool(silent_intervals(days, due_on=due_on, until=ctx.on, every_days=every_days))

    late = _late(ctx).items()
    return {
        side: [key for key, due_on in late if is_silent(contacts.get((key, side), ()), due_on)]
        for side in DUNNING.values()
    }


def _as_text(keys: list[int]) -> Any:
    """Keys written into the statement: there may be more of them than it takes parameters."""
    return bindparam("silent", keys, expanding=True, literal_execute=True, unique=True)
