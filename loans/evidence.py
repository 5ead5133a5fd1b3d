"""What a request for compensation must prove, and what of it is missing: from day one.

The items are the policy's ``payout_evidence``. Four of them the programme knows by itself: the
application's file, the due-diligence checklists, and both institutions' dunning; every other item
is a document filed for the note. Source: （九）9.10, 9.11, 9.12.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from loans.access import OrganisationKind
from loans.arrears import silent_intervals
from loans.context import Context
from loans.dues import Account
from loans.errors import Conflict
from loans.models import Application, Contract, DunningEntry, Evidence, Note, Proposal
from loans.policy import CheckItem
from loans.queries import by_key, one
from loans.underwriting import CHECKLISTS
from loans.workflow import STATE_NAMES, Action, State

KEY = "payout_evidence"
DUNNING: dict[str, OrganisationKind] = {
    "dunning_bank": OrganisationKind.BANK,
    "dunning_guarantor": OrganisationKind.GUARANTOR,
}
KNOWN_BY_ITSELF = frozenset({"application_file", "due_diligence", *DUNNING})


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the checklist for one note: held or missing, and what shows it."""

    code: str
    title: str
    held: bool
    detail: str


def items(ctx: Context) -> tuple[CheckItem, ...]:
    """The checklist in force today."""
    value = ctx.book.at(KEY, ctx.on).value
    assert isinstance(value, tuple)
    return value


def file(
    ctx: Context, *, note_id: UUID, item: str, reference: str, sha256: str | None = None
) -> Evidence:
    """A document of the checklist is filed for a note; a later one stands beside it."""
    note = one(ctx, Note, note_id, lock=True)
    asked = next((row for row in items(ctx) if row.code == item), None)
    if asked is None or item in KNOWN_BY_ITSELF:
        codes = "、".join(row.code for row in items(ctx) if row.code not in KNOWN_BY_ITSELF)
        raise Conflict("no-such-document", f"代偿材料清单中可以归档的是：{codes}，没有“{item}”")
    contract = ctx.session.get_one(Contract, note.contract_id)
    row = Evidence(
        public_id=ctx.new_id(),
        application_id=contract.application_id,
        note_id=note.id,
        kind=asked.title,
        reference=reference,
        sha256=sha256,
        by_person_id=ctx.actor.person_id,
        on=ctx.on,
    )
    ctx.session.add(row)
    return row


def checklist(ctx: Context, account: Account, *, due_on: date | None) -> tuple[Item, ...]:
    """The items for one note, with the dunning judged since ``due_on`` (None: nothing is due)."""
    note, contract = account.note, account.contract
    files = Files(ctx, [(note, contract)])
    return tuple(files.item(asked, note, contract, due_on) for asked in items(ctx))


class Files:
    """What lies in the files behind some notes, in four reads."""

    def __init__(self, ctx: Context, found: Sequence[tuple[Note, Contract]]) -> None:
        self._ctx = ctx
        self._interval = ctx.book.at("dunning_interval_days", ctx.on)
        keys = [contract.application_id for _, contract in found]
        notes = [note.id for note, _ in found]
        self._applications = by_key(ctx, Application, keys)
        self._stages = self._checked_stages(keys)
        self._documents = self._filed(notes)
        self._contacts = self._dunning(notes)

    def item(self, asked: CheckItem, note: Note, contract: Contract, due_on: date | None) -> Item:
        """One item as it stands for one note."""
        if asked.code == "application_file":
            held, detail = self._file(contract)
        elif asked.code == "due_diligence":
            held, detail = self._diligence(contract)
        elif asked.code in DUNNING:
            held, detail = self._silence(note, DUNNING[asked.code], due_on)
        else:
            references = self._documents.get((note.id, asked.title), [])
            held, detail = bool(references), "、".join(references) or "尚未归档"
        return Item(asked.code, asked.title, held, detail)

    def _file(self, contract: Contract) -> tuple[bool, str]:
        on = self._applications[contract.application_id].accepted_on
        # Acceptance is refused while a document is missing.
        return (True, f"{on} 受理时材料齐全") if on else (False, "申请未经受理")

    def _diligence(self, contract: Contract) -> tuple[bool, str]:
        held = self._stages.get(contract.application_id, set())
        lacking = [STATE_NAMES[stage] for stage in CHECKLISTS if stage not in held]
        return (False, f"缺：{'、'.join(lacking)}") if lacking else (True, "两机构均已作答")

    def _silence(self, note: Note, side: OrganisationKind, due_on: date | None) -> tuple[bool, str]:
        if due_on is None:
            return True, "没有逾期"
        days = self._contacts.get((note.id, side), [])
        silent = silent_intervals(
            days, due_on=due_on, until=self._ctx.on, every_days=self._interval.number
        )
        if silent:
            gaps = "、".join(f"{a} 起 {(b - a).days} 天" for a, b in silent)
            return False, f"没有催收：{gaps}（{self._interval.title} {self._interval.shown}）"
        return True, f"逾期以来催收 {len([day for day in days if day > due_on])} 次"

    def _checked_stages(self, keys: Sequence[int]) -> Mapping[int, set[State]]:
        rows = select(Proposal.application_id, Proposal.state, Proposal.checklist).where(
            Proposal.application_id.in_(keys), Proposal.action == Action.PASS
        )
        return _grouped_set(
            (key, state) for key, state, answers in self._ctx.session.execute(rows) if answers
        )

    def _filed(self, notes: Sequence[int]) -> Mapping[tuple[int | None, str], list[str]]:
        rows = select(Evidence.note_id, Evidence.kind, Evidence.reference).where(
            Evidence.note_id.in_(notes)
        )
        found: dict[tuple[int | None, str], list[str]] = {}
        for note_id, kind, reference in self._ctx.session.execute(rows.order_by(Evidence.id)):
            found.setdefault((note_id, kind), []).append(reference)
        return found

    def _dunning(self, notes: Sequence[int]) -> Mapping[tuple[int, OrganisationKind], list[date]]:
        rows = select(DunningEntry.note_id, DunningEntry.side, DunningEntry.on).where(
            DunningEntry.note_id.in_(notes)
        )
        found: dict[tuple[int, OrganisationKind], list[date]] = {}
        for note_id, side, on in self._ctx.session.execute(rows.order_by(DunningEntry.on)):
            found.setdefault((note_id, side), []).append(on)
        return found


def _grouped_set(pairs: Iterable[tuple[int, State]]) -> dict[int, set[State]]:
    found: dict[int, set[State]] = {}
    for key, state in pairs:
        found.setdefault(key, set()).add(state)
    return found
