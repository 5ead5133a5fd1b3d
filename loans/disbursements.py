"""Commands: drawing an approved loan. The maker asks, the checker confirms; then it is a note.

The first drawing signs the contract and pins the law it lives under: the version in force at the
first disbursement (9.1), the subsidy's terms (9.6–9.8), the bank's share of a loss (9.11).
"""

from datetime import date
from uuid import UUID

from sqlalchemy import select

from loans import fund, outbox
from loans.agreements import share_rules
from loans.classes import SubsidyClass, subsidy_terms
from loans.context import Context
from loans.daycount import DayCount, add_months
from loans.dues import Account, keep_open_days
from loans.errors import Conflict
from loans.headcount import recount
from loans.models import (
    Application,
    Contract,
    Disbursement,
    Instalment,
    Movement,
    MovementKind,
    Note,
)
from loans.money import fen_to_yuan, positive
from loans.policy import LprTenor
from loans.progress import called
from loans.queries import agreement_in_force, contract_of, notes_of_application, one
from loans.riskshare import bank_share_pct
from loans.schedule import Method, plan, settlement_for
from loans.second_person import second_person
from loans.underwriting import Outcome, firm_base_limit_fen
from loans.versions import book_for, remember
from loans.workflow import (
    COMPENSATED_NOTE_STATES,
    NOTE_STATE_NAMES,
    STATE_NAMES,
    BorrowerKind,
    NoteState,
    State,
)


def request(
    ctx: Context,
    *,
    application_id: UUID,
    contract_no: str,
    note_no: str,
    amount_fen: int,
    signed_on: date,
    disbursed_on: date,
) -> Disbursement:
    """A drawing within the approved amount; matures after the approved term."""
    application = one(ctx, Application, application_id, lock=True)
    _must_be_approved(ctx, application)
    _check_number(ctx, application, note_no)
    asked = select(Disbursement.amount_fen).where(
        Disbursement.application_id == application.id, Disbursement.withdrawn_at.is_(None)
    )
    _check_no_default(notes_of_application(ctx, application))
    _check_days(ctx, application, contract_no, signed_on, disbursed_on)
    _check_amount(ctx, application, amount_fen, drawn_fen=sum(ctx.session.scalars(asked)))
    row = Disbursement(
        public_id=ctx.new_id(),
        application_id=application.id,
        bank_id=application.bank_id,
        contract_no=contract_no,
        note_no=note_no,
        amount_fen=amount_fen,
        signed_on=signed_on,
        disbursed_on=disbursed_on,
        matures_on=add_months(disbursed_on, application.term_months),
        made_by_id=ctx.actor.person_id,
        made_at=ctx.at,
    )
    ctx.session.add(row)
    return row


def confirm(ctx: Context, *, disbursement_id: UUID) -> Note:
    """A second person confirms the drawing: contract (if the first), note, plan, guarantee."""
    drawing = _open_drawing(ctx, disbursement_id)
    second_person(ctx, drawing.made_by_id)
    application = ctx.session.scalars(
        select(Application).where(Application.id == drawing.application_id).with_for_update()
    ).one()
    _must_be_approved(ctx, application)
    # What was not drawn by the reservation's end is given back, also under an open request.
    notes = notes_of_application(ctx, application)
    drawn_fen = sum(note.principal_fen for note in notes)
    _check_amount(ctx, application, drawing.amount_fen, drawn_fen=drawn_fen)
    _check_no_default(notes)
    contract = contract_of(ctx, application) or _sign(ctx, application, drawing)
    note = _note(ctx, application, contract, drawing)
    if application.kind is BorrowerKind.SMALL_FIRM:
        recount(ctx, application)  # hires may have left since the approval
    drawing.note_id, drawing.confirmed_at = note.id, ctx.at
    drawing.confirmed_by_id = ctx.actor.person_id
    if contract.guaranteed:
        fund.commit(ctx, application, note)
    payload = {"note": str(note.public_id), "amount": fen_to_yuan(note.principal_fen)}
    outbox.emit(ctx, "note.disbursed", payload, to=note.bank_id)
    return note


def withdraw(ctx: Context, *, disbursement_id: UUID) -> Disbursement:
    """The bank takes back a drawing that it asked for wrongly; its note number is free again."""
    drawing = _open_drawing(ctx, disbursement_id)
    drawing.withdrawn_by_id, drawing.withdrawn_at = ctx.actor.person_id, ctx.at
    return drawing


def _open_drawing(ctx: Context, disbursement_id: UUID) -> Disbursement:
    drawing = one(ctx, Disbursement, disbursement_id, lock=True)
    if drawing.note_id is not None:
        raise Conflict(
            "already-confirmed",
            f"借据 {drawing.note_no} 的放款已于 {drawing.disbursed_on} 复核，请到该借据办理",
        )
    if drawing.withdrawn_at is not None:
        raise Conflict(
            "drawing-withdrawn", f"借据 {drawing.note_no} 的放款登记已撤回，请重新登记后再复核"
        )
    return drawing


def _must_be_approved(ctx: Context, application: Application) -> None:
    if application.state is not State.APPROVED:
        raise Conflict(
            "not-approved",
            f"{called(ctx, application)}当前状态为"
            f"“{STATE_NAMES[application.state]}”，只有已批准的申请可以放款；请先办结审批",
            details={"state": application.state.value},
        )


def _check_number(ctx: Context, application: Application, note_no: str) -> None:
    taken = ctx.session.scalars(
        select(Disbursement).where(
            Disbursement.bank_id == application.bank_id,
            Disbursement.note_no == note_no,
            Disbursement.withdrawn_at.is_(None),
        )
    ).one_or_none()
    if taken is not None:
        raise Conflict(
            "already-exists",
            f"借据号 {note_no} 已登记放款 {fen_to_yuan(taken.amount_fen)} 元"
            f"（{taken.disbursed_on}）；请核对借据号，登记有误且未复核的可先撤回",
            details={"note_no": note_no},
        )


def _check_amount(
    ctx: Context, application: Application, amount_fen: int, *, drawn_fen: int
) -> None:
    assert application.approved_fen is not None
    positive(amount_fen, f"{called(ctx, application)}的放款金额")
    left_fen = application.approved_fen - drawn_fen
    if amount_fen > left_fen:
        book = book_for(ctx, application)
        cap = "individual_cap" if application.kind is BorrowerKind.INDIVIDUAL else "firm_cap"
        raise Conflict(
            "over-approved",
            f"{called(ctx, application)}于 {application.decided_on} 批准 "
            f"{fen_to_yuan(application.approved_fen)} 元，已登记放款 {fen_to_yuan(drawn_fen)} 元，"
            f"本次 {fen_to_yuan(amount_fen)} 元超过尚可放款的 {fen_to_yuan(max(left_fen, 0))} 元；"
            "请改小金额，或撤回登记有误的放款",
            cites=book.at(cap, application.accepted_on or ctx.on).cites,
            details={"left": fen_to_yuan(max(left_fen, 0))},
        )


def _check_no_default(notes: list[Note]) -> None:
    """Nothing more is drawn on a loan for which the guarantee was, or is to be, called."""
    called = COMPENSATED_NOTE_STATES | {NoteState.PAYOUT_REQUESTED}
    for note in notes:
        if note.state in called:
            raise Conflict(
                "loan-in-default",
                f"同一贷款的借据 {note.note_no} 为“{NOTE_STATE_NAMES[note.state]}”，不能再放款",
            )


def _check_days(
    ctx: Context,
    application: Application,
    contract_no: str,
    signed_on: date,
    disbursed_on: date,
) -> None:
    assert application.decided_on is not None
    if not application.decided_on <= signed_on <= disbursed_on <= ctx.on:
        raise Conflict(
            "days-out-of-order",
            f"批准日 {application.decided_on}、签订日 {signed_on}、放款日 {disbursed_on}、"
            f"今日 {ctx.on} 须依次不早于前一个",
        )
    contract = contract_of(ctx, application)
    if contract and (contract.contract_no, contract.signed_on) != (contract_no, signed_on):
        raise Conflict(
            "other-contract",
            f"该申请的合同为 {contract.contract_no}（{contract.signed_on} 签订），"
            f"后续放款须用同一合同",
        )


def _sign(ctx: Context, application: Application, drawing: Disbursement) -> Contract:
    subsidy_class = SubsidyClass(application.subsidy_class or SubsidyClass.NONE)
    firm = application.kind is BorrowerKind.SMALL_FIRM
    terms = subsidy_terms(
        subsidy_class,
        signed_on=drawing.signed_on,
        first_disbursed_on=drawing.disbursed_on,
        matures_on=drawing.matures_on,
        lpr_tenor=_lpr_tenor(drawing),
        book=ctx.book,
    )
    assert application.approved_fen is not None
    contract = Contract(
        public_id=ctx.new_id(),
        bank_id=application.bank_id,
        application_id=application.id,
        borrower_id=application.borrower_id,
        kind=application.kind,
        contract_no=drawing.contract_no,
        signed_on=drawing.signed_on,
        principal_fen=application.approved_fen,
        matures_on=drawing.matures_on,
        method=application.method,
        every_months=application.every_months,
        rate_ppm=application.rate_ppm,
        penalty_rate_ppm=application.penalty_rate_ppm,
        day_count=application.day_count,
        guaranteed=not firm,
        bank_share_pct=0 if firm else _bank_share(ctx, application, drawing.signed_on),
        policy_version=remember(ctx, ctx.book).version,
        first_disbursed_on=drawing.disbursed_on,
        category=_category(application),
        subsidy_class=subsidy_class.value,
        # The class was settled with the approval; a version may still set another share.
        share_pct=terms.share_pct if application.share_pct else 0,
        base_limit_fen=_base_limit(ctx, application),
        benchmark_ppm=terms.benchmark_ppm,
        ceiling_ppm=terms.ceiling_ppm,
        floor_ppm=terms.floor_ppm,
        subsidy_ends_on=terms.subsidy_ends_on,
    )
    ctx.session.add(contract)
    ctx.session.flush()
    return contract


def _category(application: Application) -> str:
    """The group that the loan counts under: the first that was found, else the first claimed."""
    claimed = application.categories
    findings = (application.assessment or {}).get("findings", [])
    found = {row["subject"] for row in findings if row["outcome"] == Outcome.YES.value}
    return next((code for code in claimed if code in found), next(iter(claimed), ""))


def _base_limit(ctx: Context, application: Application) -> int:
    """Up to which principal the borrower's loans together earn a subsidy.

    For a firm min(10万·n, 300万) over all its live loans (9.8), for a person the tier (9.3, 9.5).
    """
    assessment = application.assessment
    assert assessment is not None and application.accepted_on is not None
    book = book_for(ctx, application)
    if application.kind is BorrowerKind.SMALL_FIRM:
        return firm_base_limit_fen(
            assessment["hires_counted"], on=application.accepted_on, book=book
        )
    tiers = {limit["rule"] for limit in assessment["limits"]}
    raised = "individual_raised_cap" in tiers
    key = "individual_raised_cap" if raised else "individual_cap"
    return book.at(key, application.accepted_on).number


def _lpr_tenor(drawing: Disbursement) -> LprTenor:
    """The LPR the contract follows where a later rule asks for one: five years and more, or one."""
    five_years = add_months(drawing.disbursed_on, 60)
    return LprTenor.FIVE_YEARS if drawing.matures_on >= five_years else LprTenor.ONE_YEAR


def _bank_share(ctx: Context, application: Application, signed_on: date) -> int:
    """The bank's share of a loss under this contract: as agreed, never below the minimum (9.11)."""
    assert application.approved_fen is not None
    threshold, minimum = share_rules(ctx.book, signed_on)
    return bank_share_pct(
        principal_fen=application.approved_fen,
        agreed_pct=agreement_in_force(ctx, application.bank_id, signed_on).bank_share_pct,
        threshold_fen=threshold.number,
        minimum_pct=minimum.number,
    )


def _note(
    ctx: Context, application: Application, contract: Contract, drawing: Disbursement
) -> Note:
    method = Method(contract.method)
    note = Note(
        public_id=ctx.new_id(),
        contract_id=contract.id,
        bank_id=contract.bank_id,
        branch_id=application.branch_id,
        borrower_id=contract.borrower_id,
        note_no=drawing.note_no,
        category=contract.category,
        state=NoteState.ACTIVE,
        version=1,
        principal_fen=drawing.amount_fen,
        balance_fen=drawing.amount_fen,
        disbursed_on=drawing.disbursed_on,
        matures_on=drawing.matures_on,
        settlement=settlement_for(
            method, disbursed_on=drawing.disbursed_on, agreed=application.settlement
        ),
    )
    ctx.session.add(note)
    ctx.session.flush()
    rows = plan(
        method=method,
        principal_fen=note.principal_fen,
        rate_ppm=contract.rate_ppm,
        disbursed_on=note.disbursed_on,
        matures_on=note.matures_on,
        every_months=contract.every_months,
        day_count=DayCount(contract.day_count),
        settlement=note.settlement,
    )
    instalments = [
        Instalment(
            note_id=note.id,
            no=row.no,
            due_on=row.due_on,
            principal_fen=row.principal_fen,
            interest_fen=row.interest_fen,
            balance_after_fen=row.balance_after_fen,
        )
        for row in rows
    ]
    keep_open_days(Account(note, contract, instalments, ()))
    ctx.session.add_all(instalments)
    ctx.session.add(
        Movement(
            public_id=ctx.new_id(),
            note_id=note.id,
            kind=MovementKind.DISBURSED,
            on=note.disbursed_on,
            amount_fen=note.principal_fen,
            reason="放款",
            recorded_on=ctx.on,
            recorded_at=ctx.at,
            by_person_id=ctx.actor.person_id,
        )
    )
    return note
