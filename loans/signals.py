"""Signals: what somebody should look at. Each names its rule and its rows; none decides anything.

Source: rules.md §7 (R20); （九）9.11 for the splitting of loans at the threshold. The figures are
policy values (``signal.*``).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import func, select

from loans.context import Context
from loans.daycount import add_months
from loans.models import (
    Application,
    ApplicationStep,
    Borrower,
    BorrowerContact,
    Contract,
    Movement,
    MovementKind,
    Note,
    Proposal,
)
from loans.policy import Rule
from loans.queries import by_key, undone
from loans.workflow import Action

# The rule behind each kind of signal, and what the kind is called.
RULES = {
    "signal.sharing": "多名借款人共用联系方式或账户",
    "signal.structuring_days": "疑似拆分贷款",
    "signal.early_overdue_months": "放款后不久逾期",
    "signal.quick_approval_seconds": "复核过快",
}
# What several borrowers may share, by its blind index: the value itself stays sealed.
MARKS = {
    "联系电话": BorrowerContact.phone_index,
    "地址": BorrowerContact.address_index,
    "还款账户": BorrowerContact.account_index,
}


@dataclass(frozen=True, slots=True)
class Subject:
    """One row behind a signal: ``kind`` is borrower, contract, note or application."""

    kind: str
    public_id: UUID
    shown: str


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing to look at: the rule that says so, in words, and the rows it is about."""

    rule: str
    title: str
    detail: str
    cites: tuple[str, ...]
    subjects: tuple[Subject, ...]

    @property
    def public_id(self) -> UUID:
        """The same whenever the same rows give the same signal, and no other one's."""
        rows = ",".join(str(subject.public_id) for subject in self.subjects)
        return uuid5(NAMESPACE_OID, f"{self.rule} {self.detail} {rows}")


@dataclass(frozen=True, slots=True)
class Shared:
    """Borrowers behind one phone, address or account."""

    what: str
    people: tuple[Borrower, ...]


@dataclass(frozen=True, slots=True)
class Lent:
    """A loan as the pattern of splitting sees it."""

    who: int
    signed_on: date
    principal_fen: int
    contract: Any = None


def split_loans(
    loans: Iterable[Lent], *, threshold_fen: int, margin_fen: int, days: int
) -> list[tuple[Lent, ...]]:
    """Runs of one person's loans, each just up to the threshold, together above it.

    Just up to: ``threshold − margin < principal <= threshold``; the first and the last of a run
    are at most ``days`` apart.
    """
    near = [
        loan for loan in loans if threshold_fen - margin_fen < loan.principal_fen <= threshold_fen
    ]
    found = []
    ordered = sorted(near, key=lambda loan: (loan.who, loan.signed_on))
    for _, mine in groupby(ordered, key=lambda loan: loan.who):
        rest = list(mine)
        while rest:
            last = rest[0].signed_on + timedelta(days=days)
            run = tuple(loan for loan in rest if loan.signed_on <= last)
            if len(run) > 1 and sum(loan.principal_fen for loan in run) > threshold_fen:
                found.append(run)
                rest = rest[len(run) :]
            else:
                rest = rest[1:]
    return found


def is_early(disbursed_on: date, overdue_on: date, *, months: int) -> bool:
    """Whether a note was overdue within so many months of its disbursement, that day included."""
    return overdue_on <= add_months(disbursed_on, months)


def is_quick(proposed_at: datetime, decided_at: datetime, *, seconds: int) -> bool:
    """Whether the checker passed within so many seconds of the opinion, the last included."""
    return decided_at - proposed_at <= timedelta(seconds=seconds)


def found(ctx: Context) -> list[Signal]:
    """Everything to look at today, rule by rule."""
    return [*_sharing(ctx), *_structuring(ctx), *_early_overdue(ctx), *_quick_approvals(ctx)]


def sharing(ctx: Context, *, with_notes: bool = False) -> list[Shared]:
    """Borrowers behind one phone, address or account, at whatever banks (R20).

    A couple or a parent and a child may share a phone; how many are too many is the policy's.
    """
    fewest = ctx.book.at("signal.sharing", ctx.on).number
    found = []
    for what, column in MARKS.items():
        who = BorrowerContact.borrower_id
        query = select(who, column)  # one borrower may be reached alike by two banks
        if with_notes:
            query = query.where(who.in_(select(Note.borrower_id)))
        often = query.with_only_columns(column).where(column.is_not(None))
        often = often.group_by(column).having(func.count(who.distinct()) >= fewest)
        marks = [(key, mark) for key, mark in ctx.session.execute(query.where(column.in_(often)))]
        for together in clusters(marks, fewest=fewest):
            people = by_key(ctx, Borrower, together)
            found.append(Shared(what, tuple(people[key] for key in together)))
    return found


def clusters(marks: Iterable[tuple[int, bytes | None]], *, fewest: int) -> list[tuple[int, ...]]:
    """Everybody behind one mark, where they are enough. ``marks``: (who, what may be shared).

    >>> clusters([(1, b"a"), (2, b"a"), (3, b"a"), (4, b"b"), (5, b"b")], fewest=3)
    [(1, 2, 3)]
    """
    behind: dict[bytes, set[int]] = defaultdict(set)
    for who, mark in marks:
        if mark is not None:
            behind[mark].add(who)
    return sorted(tuple(sorted(who)) for who in behind.values() if len(who) >= fewest)


def _sharing(ctx: Context) -> Iterable[Signal]:
    rule = ctx.book.at("signal.sharing", ctx.on)
    for shared in sharing(ctx):
        subjects = [_borrower(row) for row in shared.people]
        yield _signal(rule, f"{len(subjects)} 名借款人的{shared.what}相同", subjects)


def _structuring(ctx: Context) -> Iterable[Signal]:
    threshold = ctx.book.at("bank_share_threshold", ctx.on)
    margin = ctx.book.at("signal.structuring_margin", ctx.on)
    rule = ctx.book.at("signal.structuring_days", ctx.on)
    near = select(Contract).where(
        Contract.guaranteed.is_(True),
        Contract.principal_fen > threshold.number - margin.number,
        Contract.principal_fen <= threshold.number,
    )
    several = select(Contract.borrower_id).group_by(Contract.borrower_id).having(func.count() > 1)
    rows = ctx.session.scalars(near.where(Contract.borrower_id.in_(several)))
    loans = [Lent(row.borrower_id, row.signed_on, row.principal_fen, row) for row in rows]
    for run in split_loans(
        loans, threshold_fen=threshold.number, margin_fen=margin.number, days=rule.number
    ):
        subjects = [
            Subject("contract", loan.contract.public_id, loan.contract.contract_no) for loan in run
        ]
        detail = (
            f"同一借款人 {rule.number} 天内有 {len(run)} 笔略低于 {threshold.shown} 的贷款"
            f"（{margin.title} {margin.shown}）"
        )
        yield _signal(rule, detail, subjects, also=margin)


def _early_overdue(ctx: Context) -> Iterable[Signal]:
    rule = ctx.book.at("signal.early_overdue_months", ctx.on)
    rows = (
        select(Note, Movement.on)
        .join(Movement, Movement.note_id == Note.id)
        .where(Movement.kind == MovementKind.OVERDUE_FROM, Movement.id.not_in(undone()))
        .order_by(Note.id, Movement.on)
    )
    told = set()
    for note, on in ctx.session.execute(rows):
        if is_early(note.disbursed_on, on, months=rule.number) and note.id not in told:
            told.add(note.id)
            detail = f"{note.disbursed_on} 放款，{on} 起逾期"
            yield _signal(rule, detail, [Subject("note", note.public_id, note.note_no)])


def _quick_approvals(ctx: Context) -> Iterable[Signal]:
    rule = ctx.book.at("signal.quick_approval_seconds", ctx.on)
    rows = (
        select(
            Application.public_id,
            Application.purpose,
            Borrower.name_masked,
            ApplicationStep.at,
            Proposal.at,
        )
        .join(Borrower, Borrower.id == Application.borrower_id)
        .join(ApplicationStep, ApplicationStep.application_id == Application.id)
        .join(Proposal, Proposal.id == ApplicationStep.proposal_id)
        .where(ApplicationStep.action == Action.PASS)
        .order_by(ApplicationStep.id)
    )
    for public_id, purpose, name, decided_at, proposed_at in ctx.session.execute(rows):
        if is_quick(proposed_at, decided_at, seconds=rule.number):
            seconds = (decided_at - proposed_at) // timedelta(seconds=1)
            subject = Subject("application", public_id, f"{name} {purpose}")
            yield _signal(rule, f"提出意见 {seconds} 秒后复核通过", [subject])


def _borrower(row: Borrower) -> Subject:
    return Subject("borrower", row.public_id, f"{row.name_masked} {row.id_masked}")


def _signal(
    rule: Rule, detail: str, subjects: Sequence[Subject], also: Rule | None = None
) -> Signal:
    cites = rule.cites if also is None else (*rule.cites, *also.cites)
    return Signal(rule.key, RULES[rule.key], detail, tuple(dict.fromkeys(cites)), tuple(subjects))
