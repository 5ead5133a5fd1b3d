"""Commands: what a bank reports about a note after disbursement (rules.md §4 Events).

Every report is one movement with its value date; the note's position is folded anew from all of
them, and a change of principal gives back (or takes again) the fund's guarantee.
"""

from collections.abc import Collection
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select

from loans.access import OrganisationKind
from loans.context import Context
from loans.errors import Conflict, NotFound, NotPermitted
from loans.ledger import ACTIONS
from loans.models import Contract, ExtensionRequest, Instalment, Movement, MovementKind, Note
from loans.money import positive
from loans.movements import record
from loans.queries import movements_of, one, open_extension
from loans.schedule import add_months, plausible_rate
from loans.second_person import second_person
from loans.versions import book_of_note
from loans.workflow import (
    COMPENSATED_NOTE_STATES,
    LIVE_NOTE_STATES,
    NOTE_STATE_NAMES,
    REPAYABLE_NOTE_STATES,
    NoteState,
)

NOT_REVERSIBLE = (
    MovementKind.DISBURSED,
    MovementKind.REVERSED,
    MovementKind.HIRES_RECOUNTED,
    *ACTIONS,  # a step of a payout is undone by the payout, never alone
)

# After a payout nothing before it may change: what it paid was computed from that.
UNCOMPENSATED = frozenset(NoteState) - COMPENSATED_NOTE_STATES

# What may stop a subsidy (§2.5); each has its switch in the policy book.
STOP_REASONS: dict[str, str] = {
    "deregistered": "经营主体注销",
    "other_employment": "借款人另行就业",
    "legal_representative": "法定代表人变更",
    "misuse": "贷款挪用",
}


def repay(ctx: Context, *, note_id: UUID, on: date, amount_fen: int) -> Movement:
    """Principal came back on a value date: an instalment, a prepayment or the last of it."""
    note = _note_in(ctx, note_id, REPAYABLE_NOTE_STATES)
    positive(amount_fen, f"借据 {note.note_no} {on} 归还本金")
    return record(ctx, note, MovementKind.PRINCIPAL_REPAID, on=on, amount_fen=amount_fen)


def receive_interest(ctx: Context, *, note_id: UUID, on: date, amount_fen: int) -> Movement:
    """The borrower paid interest; interest not paid when a claim is filed is not claimable."""
    note = _note_in(ctx, note_id, UNCOMPENSATED)
    positive(amount_fen, f"借据 {note.note_no} {on} 实收利息")
    return record(ctx, note, MovementKind.INTEREST_RECEIVED, on=on, amount_fen=amount_fen)


def reprice(ctx: Context, *, note_id: UUID, on: date, rate_ppm: int) -> Movement:
    """A new rate holds from a day on."""
    note, rate_ppm = _note_in(ctx, note_id), plausible_rate(rate_ppm)
    return record(ctx, note, MovementKind.RATE_CHANGED, on=on, rate_ppm=rate_ppm)


def mark_overdue(ctx: Context, *, note_id: UUID, due_on: date) -> Movement:
    """What was due on a day stayed unpaid at its end.

    Overdue from the next day; after maturity from the maturity day itself (§2.4). ``Conflict`` for
    a day on which nothing was due, or that is not over.
    """
    note = _note_in(ctx, note_id)
    matures_on = note.extended_to or note.matures_on
    is_due_day = ctx.session.scalars(
        select(Instalment.no).where(Instalment.note_id == note.id, Instalment.due_on == due_on)
    ).first()
    if is_due_day is None and due_on != matures_on:
        raise Conflict(
            "not-a-due-day",
            f"{due_on} 不是借据 {note.note_no} 的应还款日，不能据此登记逾期；请核对还款计划",
            details={"on": due_on.isoformat()},
        )
    since = due_on if due_on >= matures_on else due_on + timedelta(days=1)
    if since > ctx.on:
        raise Conflict("not-yet-overdue", f"应还款日 {due_on} 当日终了前不能登记逾期")
    return record(ctx, note, MovementKind.OVERDUE_FROM, on=since, reason=due_on.isoformat())


def cure(ctx: Context, *, note_id: UUID, on: date) -> Movement:
    """The arrears were paid: from this day on the note is no longer overdue."""
    return record(ctx, _note_in(ctx, note_id), MovementKind.OVERDUE_CURED, on=on)


def stop_subsidy(ctx: Context, *, note_id: UUID, on: date, reason: str) -> Movement:
    """An event that ends the subsidy from its day, where its switch says so; else it is flagged."""
    stops = book_of_note(ctx, one(ctx, Note, note_id)).at(f"stop_event.{reason}", on).is_on
    kind = MovementKind.SUBSIDY_STOPPED if stops else MovementKind.FLAGGED
    return record(ctx, one(ctx, Note, note_id, lock=True), kind, on=on, reason=reason)


def request_extension(ctx: Context, *, note_id: UUID, until: date, reason: str) -> ExtensionRequest:
    """The bank asks to extend a note; nothing changes before the guarantee company agrees.

    ``Conflict`` for a second extension, and for one longer than the law's years (9.4, default).
    """
    note = _note_in(ctx, note_id)
    if note.extended_to is not None or open_extension(ctx, note) is not None:
        raise Conflict(
            "already-extended", f"借据 {note.note_no} 已展期或已有待审的展期申请，只能展期一次"
        )
    years = book_of_note(ctx, note).at("extension_max_years", ctx.on)
    latest = add_months(note.matures_on, 12 * years.number)
    if not note.matures_on < until <= latest:
        raise Conflict(
            "extension-too-long",
            f"展期至 {until} 不在原到期日 {note.matures_on} 之后、{latest} 之前（含）："
            f"{years.title} {years.shown}",
            cites=years.cites,
        )
    row = ExtensionRequest(
        public_id=ctx.new_id(),
        note_id=note.id,
        until=until,
        reason=reason,
        made_by_id=ctx.actor.person_id,
        made_on=ctx.on,
    )
    ctx.session.add(row)
    return row


def agree_extension(ctx: Context, *, note_id: UUID) -> Movement:
    """The guarantee company (for a loan without guarantee: the bank's checker) agrees.

    ``Conflict`` where nobody asked, ``NotPermitted`` for the other institution.
    """
    note = _note_in(ctx, note_id)
    request = open_extension(ctx, note)
    if request is None:
        raise Conflict("no-extension-request", f"借据 {note.note_no} 没有待审的展期申请")
    guaranteed = ctx.session.get_one(Contract, note.contract_id).guaranteed
    by = OrganisationKind.GUARANTOR if guaranteed else OrganisationKind.BANK
    if ctx.actor.organisation_kind is not by:
        raise NotPermitted(
            "wrong-institution", "有担保的贷款展期由担保公司同意，无担保的由经办银行复核同意"
        )
    second_person(ctx, request.made_by_id)
    request.agreed_by_id, request.agreed_on = ctx.actor.person_id, ctx.on
    return record(
        ctx, note, MovementKind.EXTENDED, on=ctx.on, until=request.until, reason=request.reason
    )


def reverse(ctx: Context, *, note_id: UUID, movement_id: UUID, reason: str) -> Movement:
    """Undo one wrongly reported movement, once, by a second person; both stay on record.

    ``NotFound`` for another note's movement; ``Conflict`` for one that was undone already or cannot
    be: drawings, reversals, counted hires.
    """
    note = _note_in(ctx, note_id, UNCOMPENSATED)
    movements = movements_of(ctx, note)
    wrong = next((m for m in movements if m.public_id == movement_id), None)
    if wrong is None:
        raise NotFound("not-found", f"借据 {note.note_no} 没有这笔记录，请核对编号")
    if wrong.kind in NOT_REVERSIBLE:
        raise Conflict(
            "not-reversible", "放款、冲正和人数核定不能冲正；离职日登记有误的，请重新登记离职日"
        )
    if any(m.reverses_id == wrong.id for m in movements):
        raise Conflict("already-reversed", "这笔记录已经冲正过，不能重复冲正")
    second_person(ctx, wrong.by_person_id)
    return record(
        ctx, note, MovementKind.REVERSED, on=wrong.on, reason=reason, reverses_id=wrong.id
    )


def _note_in(ctx: Context, note_id: UUID, states: Collection[NoteState] = LIVE_NOTE_STATES) -> Note:
    note = one(ctx, Note, note_id, lock=True)
    if note.state not in states:
        raise Conflict(
            "note-not-live",
            f"借据 {note.note_no} 当前状态为“{NOTE_STATE_NAMES[note.state]}”，不能再登记此项；"
            "代偿以后收回的款项请登记为追偿",
            details={"state": note.state.value},
        )
    return note
