"""Reads: one object, lists with filters and keyset pages; and the one place of row scoping.

A bank sees its own rows, everyone else of the programme sees all of them. What is not visible is
not found, with the same words as what does not exist.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, true
from sqlalchemy.orm import Session

from loans.access import Actor, OrganisationKind
from loans.context import Context
from loans.errors import Conflict, NotFound
from loans.models import (
    Agreement,
    Application,
    ApplicationStep,
    Appraisal,
    BankStanding,
    Branch,
    Clock,
    Contract,
    Disbursement,
    Evidence,
    ExemptionCase,
    ExtensionRequest,
    FundEntry,
    GuaranteeFund,
    Hire,
    Instalment,
    Keyed,
    Movement,
    Note,
    Organisation,
    Payout,
    Person,
    Verification,
)

Row = TypeVar("Row", bound=Keyed)

LARGEST_PAGE = 200


def visible_to(actor: Actor, model: Any) -> ColumnElement[bool]:
    """The rows of ``model`` (it has a ``bank_id``) that this actor may see."""
    return true() if actor.bank_id is None else model.bank_id == actor.bank_id


def within(column: Any, period: tuple[date, date]) -> Any:
    """Whether a day, in SQL or in hand, lies in a half-open period."""
    return (column >= period[0]) & (column < period[1])


def ping(session: Session) -> None:
    """Ask the database for a sign of life; raises what the driver raises."""
    session.execute(select(1))


def one(ctx: Context, model: type[Row], public_id: UUID, *, lock: bool = False) -> Row:
    """The visible row with this public id; ``NotFound`` otherwise, with no hint why."""
    query = select(model).where(model.public_id == public_id)
    if hasattr(model, "bank_id"):
        query = query.where(visible_to(ctx.actor, model))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = ctx.session.scalars(query).one_or_none()
    if row is None:
        raise _unknown()
    return row


@dataclass(frozen=True, slots=True)
class Counted:
    """How many rows there are, and the first of them."""

    count: int
    rows: list[Any]


def counted(ctx: Context, rows: Any, limit: int) -> Counted:
    """The first rows of a query, and how many there are, in one statement."""
    found = ctx.session.execute(rows.add_columns(func.count().over()).limit(limit)).all()
    return Counted(found[0][-1] if found else 0, [row[:-1] for row in found])


def by_key(ctx: Context, model: type[Row], keys: Iterable[int | None]) -> dict[int, Row]:
    """The rows that other rows refer to by internal key, in one query: no scoping, no new ids."""
    wanted = {key for key in keys if key is not None}
    if not wanted:
        return {}
    return {row.id: row for row in ctx.session.scalars(select(model).where(model.id.in_(wanted)))}


def organisation_of(
    ctx: Context, public_id: UUID, kind: OrganisationKind | None = None
) -> Organisation:
    """An organisation of the programme, of one kind if asked: they are known to everyone."""
    row = ctx.session.scalars(
        select(Organisation).where(Organisation.public_id == public_id)
    ).one_or_none()
    if row is None or (kind is not None and row.kind is not kind):
        raise NotFound("not-found", "没有找到这家机构，请核对编号")
    return row


def organisation_by_code(ctx: Context, code: str) -> Organisation:
    """An organisation by the code that people use for it."""
    row = ctx.session.scalars(select(Organisation).where(Organisation.code == code)).one_or_none()
    if row is None:
        raise NotFound("not-found", f"没有代码为 {code} 的机构，请核对")
    return row


def branch_of(ctx: Context, public_id: UUID, bank_id: int) -> Branch:
    """A branch of this bank."""
    row = ctx.session.scalars(
        select(Branch).where(Branch.public_id == public_id, Branch.bank_id == bank_id)
    ).one_or_none()
    if row is None:
        raise NotFound("not-found", "没有找到本行的这个网点，请核对编号")
    return row


def agreement_in_force(ctx: Context, bank_id: int, on: date) -> Agreement:
    """The bank's agreement with the guarantee company on a day (9.11); ``Conflict`` without one."""
    row = ctx.session.scalars(
        select(Agreement).where(
            Agreement.bank_id == bank_id,
            Agreement.since <= on,
            or_(Agreement.until.is_(None), Agreement.until > on),
        )
    ).one_or_none()
    if row is None:
        raise Conflict(
            "no-agreement",
            f"经办银行在 {on} 没有生效的风险分担协议，请先由担保公司登记协议",
            details={"on": on.isoformat()},
        )
    return row


def organisations(ctx: Context, **equals: Any) -> Select[Any]:
    """The programme's organisations: they are known to everyone."""
    return _filtered(select(Organisation), equals)


def branches(ctx: Context, **equals: Any) -> Select[Any]:
    """Branches of banks (9.9a): known to everyone."""
    return _filtered(select(Branch), equals)


def people(ctx: Context, **equals: Any) -> Select[Any]:
    """The people with a login."""
    return _filtered(select(Person), equals)


def agreements(ctx: Context, **equals: Any) -> Select[Any]:
    """Visible agreements on the bank's share."""
    return _filtered(select(Agreement).where(visible_to(ctx.actor, Agreement)), equals)


def contract_of(ctx: Context, application: Application) -> Contract | None:
    """The contract signed for an application, if it has been drawn."""
    return ctx.session.scalars(
        select(Contract).where(Contract.application_id == application.id)
    ).one_or_none()


def notes_of_application(ctx: Context, application: Application) -> list[Note]:
    """The application's notes in order of disbursement, then note number."""
    rows = (
        select(Note)
        .join(Contract, Contract.id == Note.contract_id)
        .where(Contract.application_id == application.id)
        .order_by(Note.disbursed_on, Note.note_no)
    )
    return list(ctx.session.scalars(rows))


def undone() -> Select[Any]:
    """The keys of the movements that a reversal undid, whenever that was recorded."""
    return select(Movement.reverses_id).where(Movement.reverses_id.is_not(None))


def movements_of(ctx: Context, note: Note) -> list[Movement]:
    """All movements of a note in the order they were recorded."""
    rows = select(Movement).where(Movement.note_id == note.id).order_by(Movement.id)
    return list(ctx.session.scalars(rows))


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows, newest first; ``after`` is the public id to continue from."""

    rows: list[Any]
    after: UUID | None


def page(ctx: Context, query: Select[Any], model: Any, *, after: UUID | None, limit: int) -> Page:
    """Keyset page: the cursor is the last row's public id, its key never leaves the database."""
    if after is not None:
        query = query.where(model.id < one(ctx, model, after).id)
    size = min(limit, LARGEST_PAGE)
    rows = list(ctx.session.scalars(query.order_by(model.id.desc()).limit(size + 1)))
    more = len(rows) > size
    rows = rows[:size]
    return Page(rows, rows[-1].public_id if more else None)


def page_of(rows: Sequence[Any], *, after: UUID | None, limit: int) -> Page:
    """The same of rows that were computed, in their order; each has a ``public_id`` of its own."""
    start = 0
    if after is not None:
        start = next((n for n, row in enumerate(rows, 1) if row.public_id == after), 0)
        if start == 0:
            raise _unknown()
    stop = start + min(limit, LARGEST_PAGE)
    shown = list(rows[start:stop])
    return Page(shown, shown[-1].public_id if len(rows) > stop else None)


def applications(ctx: Context, **equals: Any) -> Select[Any]:
    """Visible applications with these column values; a value of None does not filter."""
    return _filtered(select(Application).where(visible_to(ctx.actor, Application)), equals)


def notes(ctx: Context, *, due_before: date | None = None, **equals: Any) -> Select[Any]:
    """Visible notes with these column values; ``due_before`` keeps those maturing earlier."""
    query = _filtered(select(Note).where(visible_to(ctx.actor, Note)), equals)
    return query if due_before is None else query.where(Note.matures_on < due_before)


def instalments_of(ctx: Context, note: Note) -> list[Instalment]:
    """The note's plan."""
    rows = select(Instalment).where(Instalment.note_id == note.id).order_by(Instalment.no)
    return list(ctx.session.scalars(rows))


def steps_of(ctx: Context, application: Application) -> list[ApplicationStep]:
    """Every step of an application, first to last."""
    rows = select(ApplicationStep).where(ApplicationStep.application_id == application.id)
    return list(ctx.session.scalars(rows.order_by(ApplicationStep.no)))


def file_of(ctx: Context, application: Application, model: Any) -> list[Any]:
    """What lies in an application's file, oldest first.

    ``model``: ``Clock``, ``Hire``, ``Evidence``, ``Verification`` or ``Appraisal``.
    """
    assert model in (Clock, Hire, Evidence, Verification, Appraisal)
    rows = select(model).where(model.application_id == application.id).order_by(model.id)
    return list(ctx.session.scalars(rows))


def the_fund(ctx: Context) -> GuaranteeFund:
    """创业担保基金 with its totals."""
    fund = ctx.session.scalars(select(GuaranteeFund)).first()
    if fund is None:
        raise NotFound("no-fund", "尚未设立担保基金，请担保公司先登记基金注资")
    return fund


def fund_entries(ctx: Context, **equals: Any) -> Select[Any]:
    """The fund's entries."""
    return _filtered(select(FundEntry), equals)


def payouts(ctx: Context, **equals: Any) -> Select[Any]:
    """Visible requests for compensation, and what became of them."""
    return _filtered(select(Payout).where(visible_to(ctx.actor, Payout)), equals)


def standings(ctx: Context, **equals: Any) -> Select[Any]:
    """Visible steps in the standing of banks."""
    return _filtered(select(BankStanding).where(visible_to(ctx.actor, BankStanding)), equals)


def own_exemptions(ctx: Context) -> Select[Any]:
    """The exemption cases of the actor's own institution: they are nobody else's."""
    return select(ExemptionCase).where(ExemptionCase.organisation_id == ctx.actor.organisation_id)


def pending_disbursements(ctx: Context) -> Select[Any]:
    """Drawings that wait for a checker."""
    return select(Disbursement).where(
        visible_to(ctx.actor, Disbursement),
        Disbursement.note_id.is_(None),
        Disbursement.withdrawn_at.is_(None),
    )


def open_extension(ctx: Context, note: Note) -> ExtensionRequest | None:
    """The note's extension request that was made by this day and not agreed to by then."""
    agreed_on = ExtensionRequest.agreed_on
    return ctx.session.scalars(
        select(ExtensionRequest).where(
            ExtensionRequest.note_id == note.id,
            ExtensionRequest.made_on <= ctx.on,
            agreed_on.is_(None) | (agreed_on > ctx.on),
        )
    ).first()


def _unknown() -> NotFound:
    return NotFound("not-found", "没有找到这条记录，请核对编号")


def _filtered(query: Select[Any], equals: dict[str, Any]) -> Select[Any]:
    return query.filter_by(**{name: value for name, value in equals.items() if value is not None})
