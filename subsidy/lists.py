"""Lists of months, claims and remittances with filters, for pages of an answer.

Scoped like all rows: a bank sees its own, in a closed month too, where totals are those of the
lines it may see. A claim's or remittance's file never comes along.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Select, String, cast, func, or_, select
from sqlalchemy.orm import aliased, defer

from loans.context import Context
from loans.errors import NotFound
from loans.models import Borrower, Movement, Note
from loans.queries import visible_to
from subsidy.models import (
    AccountChange,
    AccrualLine,
    CaseComment,
    CaseState,
    Claim,
    ClaimCase,
    ClaimCause,
    ClaimLine,
    LineKind,
    MonthLock,
    RegisterEntry,
    RegisterFile,
    RegisterKind,
    Remittance,
)
from subsidy.reconciliation import LineClass


def months() -> Select[Any]:
    """Closed months."""
    return select(MonthLock)


def month(ctx: Context, since: date) -> MonthLock:
    """The closed month that begins on a day."""
    row = ctx.session.scalars(select(MonthLock).where(MonthLock.since == since)).one_or_none()
    if row is None:
        raise NotFound("month-open", f"{since:%Y-%m} 尚未关账")
    return row


def totals_of(ctx: Context, rows: Iterable[MonthLock]) -> dict[int, Any]:
    """Visible lines, interest, subsidy and borrower's share [fen] of some months, by key."""
    found = (
        select(
            AccrualLine.month_id,
            func.count().label("lines"),
            func.sum(AccrualLine.interest_fen).label("interest_fen"),
            func.sum(AccrualLine.subsidy_fen).label("subsidy_fen"),
            func.sum(AccrualLine.borrower_fen).label("borrower_fen"),
        )
        .join(Note, Note.id == AccrualLine.note_id)
        .where(AccrualLine.month_id.in_([row.id for row in rows]), visible_to(ctx.actor, Note))
        .group_by(AccrualLine.month_id)
    )
    return {row.month_id: row for row in ctx.session.execute(found)}


def month_lines(
    ctx: Context,
    locked: MonthLock,
    *,
    limit: int,
    skip: int = 0,
    after: UUID | None = None,
    kind: LineKind | None = None,
) -> list[tuple[AccrualLine, Note]]:
    """Visible lines of a closed month beside their notes. They never change: skipping is safe.

    ``after``: the ``line_place`` of the line after which to go on.
    """
    rows = (
        select(AccrualLine, Note)
        .join(Note, Note.id == AccrualLine.note_id)
        .where(AccrualLine.month_id == locked.id, visible_to(ctx.actor, Note))
        .order_by(AccrualLine.id)
    )
    if after is not None:
        rows = rows.where(AccrualLine.id > _line_at(ctx, rows, after))
    if kind is not None:
        rows = rows.where(AccrualLine.kind == kind)
    found = ctx.session.execute(rows.offset(skip).limit(limit))
    return [(line, note) for line, note in found]


def line_place(note_id: UUID, movement_id: UUID | None) -> UUID:
    """Names a line among those of its month: a month's own by its note, an adjustment by its note
    and its fact together, since one fact may move several notes."""
    return note_id if movement_id is None else uuid5(movement_id, str(note_id))


def _line_at(ctx: Context, rows: Select[AccrualLine, Note], place: UUID) -> int:
    """The key of the line of that place."""
    own = rows.where(AccrualLine.movement_id.is_(None), Note.public_id == place)
    found = ctx.session.scalars(own).first()
    if found is not None:
        return found.id
    late = rows.join(Movement, Movement.id == AccrualLine.movement_id)
    names = late.with_only_columns(AccrualLine.id, Note.public_id, Movement.public_id)
    for key, note_id, movement_id in ctx.session.execute(names):
        if line_place(note_id, movement_id) == place:
            return int(key)
    raise NotFound("not-found", "没有找到这条记录，请核对编号")


def accruals_of(ctx: Context, note: Note) -> list[AccrualLine]:
    """A note's accrual lines, oldest first."""
    rows = select(AccrualLine).where(AccrualLine.note_id == note.id)
    return list(ctx.session.scalars(rows.order_by(AccrualLine.until, AccrualLine.id)))


def claims(ctx: Context, **equals: Any) -> Select[Any]:
    """Visible claims with these column values; None does not filter."""
    return _of(Claim, ctx, equals)


def remittances(ctx: Context, **equals: Any) -> Select[Any]:
    """Visible remittances with these column values; None does not filter."""
    return _of(Remittance, ctx, equals)


def registers(*, kind: RegisterKind | None = None) -> Select[Any]:
    """Loaded lists of one kind, replaced ones too."""
    rows = select(RegisterFile)
    return rows if kind is None else rows.where(RegisterFile.kind == kind)


def registers_in_force(ctx: Context) -> list[RegisterFile]:
    """The lists that every claim line is checked against now, by kind and source."""
    rows = select(RegisterFile).where(RegisterFile.replaced_by_id.is_(None))
    return list(ctx.session.scalars(rows.order_by(RegisterFile.kind, RegisterFile.source)))


def register_entries(
    ctx: Context, file: RegisterFile, *, on: date | None, ours: bool, skip: int, limit: int
) -> list[tuple[RegisterEntry, Borrower | None, Borrower | None]]:
    """Entries of a list (those in force on a day) beside whom of the programme they name.

    Numbers are kept as blind indexes only: whoever is not a borrower stays unnamed.
    """
    second = aliased(Borrower)
    rows = (
        select(RegisterEntry, Borrower, second)
        .outerjoin(Borrower, Borrower.id_index == RegisterEntry.subject_index)
        .outerjoin(second, second.id_index == RegisterEntry.other_index)
        .where(RegisterEntry.file_id == file.id)
    )
    if on is not None:
        rows = rows.where(
            RegisterEntry.since <= on,
            or_(RegisterEntry.until.is_(None), RegisterEntry.until > on),
        )
    if ours:
        rows = rows.where(or_(Borrower.id.is_not(None), second.id.is_not(None)))
    rows = rows.order_by(RegisterEntry.row).offset(skip).limit(limit)
    return [(entry, who, other) for entry, who, other in ctx.session.execute(rows)]


def claims_by_key(ctx: Context, keys: Iterable[int | None]) -> dict[int, Claim]:
    """Visible claims that other rows refer to by internal key, without their files."""
    wanted = {key for key in keys if key is not None}
    rows = claims(ctx).where(Claim.id.in_(wanted))
    return {row.id: row for row in ctx.session.scalars(rows)}


def cases(ctx: Context, *, code: str | None = None, **equals: Any) -> Select[Any]:
    """Visible cases with these column values, of lines with this code; None does not filter."""
    asked = {name: value for name, value in equals.items() if value is not None}
    rows = select(ClaimCase).where(visible_to(ctx.actor, ClaimCase)).filter_by(**asked)
    if code is None:
        return rows
    lines = select(ClaimLine.id).where(_says(code))
    return rows.where(ClaimCase.line_id.in_(lines))


def cases_of(ctx: Context, lines: Iterable[ClaimLine]) -> dict[int, ClaimCase]:
    """The cases of some lines, by the line's key."""
    rows = select(ClaimCase).where(ClaimCase.line_id.in_([line.id for line in lines]))
    return {row.line_id: row for row in ctx.session.scalars(rows)}


def open_cases(ctx: Context, claims: Iterable[Claim]) -> dict[int, int]:
    """How many exceptions of some claims nobody has decided, by the claim's key."""
    rows = (
        select(ClaimCase.claim_id, func.count())
        .where(
            ClaimCase.claim_id.in_([claim.id for claim in claims]),
            ClaimCase.state == CaseState.OPEN,
        )
        .group_by(ClaimCase.claim_id)
    )
    return {claim_id: count for claim_id, count in ctx.session.execute(rows)}  # noqa: C416 - rows


def comments_of(ctx: Context, cases: Iterable[ClaimCase]) -> dict[int, list[CaseComment]]:
    """What was said about some cases, by the case's key, oldest first."""
    found: dict[int, list[CaseComment]] = {case.id: [] for case in cases}
    rows = select(CaseComment).where(CaseComment.case_id.in_(found)).order_by(CaseComment.id)
    for comment in ctx.session.scalars(rows):
        found[comment.case_id].append(comment)
    return found


def account_changes(ctx: Context) -> Select[Any]:
    """Visible changes of banks' accounts."""
    return select(AccountChange).where(visible_to(ctx.actor, AccountChange))


def claim_lines(
    ctx: Context,
    claim: Claim,
    *,
    code: str | None,
    line_class: LineClass | None,
    after: int,
    limit: int,
    residual: bool = False,
) -> list[ClaimLine]:
    """Lines of a claim in the file's order, from the row after ``after``.

    ``residual``: only lines with a difference that no convention (R11) explains.
    """
    rows = select(ClaimLine).where(ClaimLine.claim_id == claim.id, ClaimLine.row > after)
    if line_class is not None:
        rows = rows.where(ClaimLine.line_class == line_class)
    if code is not None:
        rows = rows.where(_says(code))
    if residual:
        rows = rows.where(ClaimLine.claimed_fen != ClaimLine.expected_fen, ~_caused_by("R11"))
    return list(ctx.session.scalars(rows.order_by(ClaimLine.row).limit(limit)))


def _says(code: str) -> Any:
    """Lines with a cause or a finding of this code."""
    return or_(_caused_by(code), cast(ClaimLine.findings, String).contains(f'"{code}"'))


def _caused_by(code: str) -> Any:
    return ClaimLine.id.in_(select(ClaimCause.line_id).where(ClaimCause.code == code))


def causes_of(ctx: Context, lines: Iterable[ClaimLine]) -> dict[int, list[ClaimCause]]:
    """Causes of some lines by the line's key, in the order they were corrected."""
    found: dict[int, list[ClaimCause]] = {line.id: [] for line in lines}
    rows = select(ClaimCause).where(ClaimCause.line_id.in_(found))
    for cause in ctx.session.scalars(rows.order_by(ClaimCause.line_id, ClaimCause.no)):
        found[cause.line_id].append(cause)
    return found


def classes_of(ctx: Context, claim: Claim) -> list[Any]:
    """Lines of a claim by class: ``line_class, lines, claimed_fen, expected_fen, payable_fen``."""
    rows = (
        select(
            ClaimLine.line_class,
            func.count().label("lines"),
            func.sum(ClaimLine.claimed_fen).label("claimed_fen"),
            func.sum(ClaimLine.expected_fen).label("expected_fen"),
            func.sum(ClaimLine.payable_fen).label("payable_fen"),
        )
        .where(ClaimLine.claim_id == claim.id)
        .group_by(ClaimLine.line_class)
    )
    order = list(LineClass)
    return sorted(ctx.session.execute(rows), key=lambda row: order.index(row.line_class))


def codes_of(ctx: Context, claim: Claim) -> list[Any]:
    """Causes of a claim's differences by code: ``code, lines, amount_fen``."""
    rows = (
        select(
            ClaimCause.code,
            func.count().label("lines"),
            func.sum(ClaimCause.amount_fen).label("amount_fen"),
        )
        .join(ClaimLine, ClaimLine.id == ClaimCause.line_id)
        .where(ClaimLine.claim_id == claim.id)
        .group_by(ClaimCause.code)
        .order_by(ClaimCause.code)
    )
    return list(ctx.session.execute(rows))


def codes_by_claim(ctx: Context, claims: Iterable[Claim]) -> dict[int, dict[str, int]]:
    """Of several claims, by key: the sum [fen] of the causes of each code."""
    rows = (
        select(ClaimLine.claim_id, ClaimCause.code, func.sum(ClaimCause.amount_fen))
        .join(ClaimLine, ClaimLine.id == ClaimCause.line_id)
        .where(ClaimLine.claim_id.in_([claim.id for claim in claims]))
        .group_by(ClaimLine.claim_id, ClaimCause.code)
        .order_by(ClaimCause.code)
    )
    found: dict[int, dict[str, int]] = {}
    for claim_id, code, fen in ctx.session.execute(rows):
        found.setdefault(claim_id, {})[code] = int(fen)
    return found


def _of(model: Any, ctx: Context, equals: dict[str, Any]) -> Select[Any]:
    asked = {name: value for name, value in equals.items() if value is not None}
    visible = select(model).where(visible_to(ctx.actor, model)).filter_by(**asked)
    return visible.options(defer(model.file, raiseload=True))
