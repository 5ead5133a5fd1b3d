"""Exceptions as cases: who looks after one, what both sides say, what is decided and why.

Every line that is an exception opens a case. A corrected file continues the case of the file it
replaces (its age goes on); what nobody has decided when the next quarter is filed is carried to
it. A decision changes what is payable, never above the claim, and with it the content that an
approval is bound to. Source: rules.md §7; the detail sheet's 结转.
"""

from uuid import UUID

from sqlalchemy import insert, select

from loans import outbox
from loans.context import Context
from loans.errors import Conflict, NotPermitted
from loans.models import Person
from loans.money import fen_to_yuan
from loans.queries import one
from subsidy.filing import refresh
from subsidy.models import (
    CaseComment,
    CaseState,
    Claim,
    ClaimCase,
    ClaimCause,
    ClaimLine,
    ClaimState,
)
from subsidy.payable import allow_later
from subsidy.reconciliation import LineClass

UNEXCEPTIONAL = (LineClass.MATCHED, LineClass.ROUNDING)
# Days of these causes are not the bank's to be paid for, whatever is decided.
NEVER_ALLOWED = ("R07", "R08")
DECIDED = (CaseState.ALLOWED, CaseState.DISALLOWED, CaseState.RETURNED)
UNDECIDED_CLAIMS = (ClaimState.RECEIVED, ClaimState.REVIEWED)


def open_cases(ctx: Context, claim: Claim, replaced: list[Claim]) -> None:
    """A case for every exception of a claim just received; earlier ones go on or are carried."""
    before = _closed_by(ctx, claim, replaced)
    lines = ctx.session.scalars(
        select(ClaimLine).where(ClaimLine.claim_id == claim.id).order_by(ClaimLine.row)
    )
    rows = []
    for line in lines:
        if line.line_class in UNEXCEPTIONAL and not line.findings:
            continue
        earlier = before.pop((line.note_no, line.since), None)
        rows.append(
            {
                "public_id": ctx.new_id(),
                "bank_id": claim.bank_id,
                "claim_id": claim.id,
                "line_id": line.id,
                "note_no": line.note_no,
                "state": CaseState.OPEN,
                "opened_on": earlier.opened_on if earlier else ctx.on,
                "owner_id": earlier.owner_id if earlier else None,
                "continues_id": earlier.id if earlier else None,
            }
        )
    if rows:
        ctx.session.execute(insert(ClaimCase), rows)
    _carry(ctx, claim)


def assign(ctx: Context, *, case_id: UUID, owner_login: str) -> ClaimCase:
    """Somebody of the bureau looks after a case."""
    case = _open_case(ctx, case_id)
    owner = ctx.session.scalars(
        select(Person).where(
            Person.login == owner_login,
            Person.organisation_id == ctx.actor.organisation_id,
            Person.active,
        )
    ).one_or_none()
    if owner is None:
        raise Conflict("no-such-person", f"本单位没有登录名为 {owner_login} 的在岗人员")
    case.owner_id = owner.id
    return case


def owners(ctx: Context) -> list[Person]:
    """Who of the actor's own institution may look after a case, by name."""
    rows = select(Person).where(Person.organisation_id == ctx.actor.organisation_id, Person.active)
    return list(ctx.session.scalars(rows.order_by(Person.name, Person.id)))


def comment(ctx: Context, *, case_id: UUID, text: str, evidence: str = "") -> CaseComment:
    """A remark of the bank or of the bureau, with the evidence it rests on."""
    case = _open_case(ctx, case_id)
    row = CaseComment(
        public_id=ctx.new_id(),
        case_id=case.id,
        by_person_id=ctx.actor.person_id,
        on=ctx.on,
        at=ctx.at,
        text=text,
        evidence=evidence,
    )
    ctx.session.add(row)
    return row


def decide(
    ctx: Context,
    *,
    case_id: UUID,
    decision: CaseState,
    reason: str,
    cites: str = "",
    amount_fen: int | None = None,
) -> ClaimCase:
    """Allow (the claim, or an amount below it), disallow with the sentence it rests on (down to
    the recomputed amount or the one given), or return the line to the bank (nothing is paid).

    On a claim that is approved already the decision only concerns what was withheld: an amount
    allowed late becomes a payable entry of its own.
    """
    case = _open_case(ctx, case_id)
    claim = ctx.session.scalars(
        select(Claim)
        .where(Claim.id == case.claim_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    line = ctx.session.get_one(ClaimLine, case.line_id)
    if decision not in DECIDED:
        raise Conflict("not-a-decision", "决定只能是认可、核减或退回银行")
    if decision is CaseState.DISALLOWED and not cites:
        raise Conflict("no-citation", "核减须写明所依据的条款")
    payable_fen = _decided_fen(ctx, line, decision, amount_fen)
    if claim.state in UNDECIDED_CLAIMS:
        line.payable_fen = payable_fen
        # Reviewed content has changed: it is reviewed again.
        claim.state = ClaimState.RECEIVED
    elif claim.state is not ClaimState.APPROVED:
        raise Conflict("claim-not-open", "该申报未被接收或已被替换，不再逐笔决定")
    elif decision is CaseState.ALLOWED and payable_fen < line.payable_fen:
        raise Conflict("already-payable", "该行已批准的金额不能在此减少，请登记事实后自动调整")
    elif decision is CaseState.ALLOWED:
        allow_later(ctx, line, payable_fen - line.payable_fen, reason)
    case.state, case.reason, case.cites = decision, reason, cites
    case.allowed_fen = payable_fen
    case.decided_by_id, case.decided_on = ctx.actor.person_id, ctx.on
    ctx.session.flush()
    if claim.state is ClaimState.RECEIVED:
        refresh(ctx, claim)
    payload = {"case": str(case.public_id), "decision": decision.value}
    outbox.emit(ctx, "claim.case-decided", payload, to=claim.bank_id)
    return case


def age_days(ctx: Context, case: ClaimCase) -> int:
    """Working days since the case was opened, up to its decision or today."""
    return ctx.calendar.workdays_between(case.opened_on, case.decided_on or ctx.on)


def ceiling_fen(ctx: Context, line: ClaimLine) -> int:
    """The most that may be allowed: the claim without days claimed twice or of unknown notes."""
    rows = select(ClaimCause.amount_fen).where(
        ClaimCause.line_id == line.id, ClaimCause.code.in_(NEVER_ALLOWED)
    )
    lost = sum(amount for amount in ctx.session.scalars(rows) if amount > 0)
    return max(line.claimed_fen - lost, 0) if line.note_id is not None else 0


def _decided_fen(ctx: Context, line: ClaimLine, decision: CaseState, amount_fen: int | None) -> int:
    ceiling = ceiling_fen(ctx, line)
    if decision is CaseState.RETURNED or line.since is None:
        most = 0
    elif decision is CaseState.ALLOWED:
        most = ceiling
    else:
        most = min(line.expected_fen, ceiling)
    if amount_fen is None:
        return most
    if not 0 <= amount_fen <= most:
        raise Conflict(
            "amount-above-limit",
            f"认定额须在 0 与 {fen_to_yuan(most)} 元之间：不得超过申报额，"
            "重复或未登记的部分不予支付",
        )
    return amount_fen


def _open_case(ctx: Context, case_id: UUID) -> ClaimCase:
    case = one(ctx, ClaimCase, case_id, lock=True)
    if case.state is not CaseState.OPEN:
        raise Conflict("case-closed", "该差异已有结论，不能再更改；如有新事实请另行登记")
    if ctx.actor.bank_id not in (None, case.bank_id):
        raise NotPermitted("other-bank", "只能处理本行的差异")
    return case


def _closed_by(
    ctx: Context, claim: Claim, replaced: list[Claim]
) -> dict[tuple[str, object], ClaimCase]:
    """Open cases of the files that this claim replaces, by note and first day; now superseded."""
    rows = ctx.session.execute(
        select(ClaimCase, ClaimLine.since)
        .join(ClaimLine, ClaimLine.id == ClaimCase.line_id)
        .where(
            ClaimCase.claim_id.in_([old.id for old in replaced]),
            ClaimCase.state == CaseState.OPEN,
        )
        .order_by(ClaimCase.id)
    )
    found: dict[tuple[str, object], ClaimCase] = {}
    for case, since in rows:
        case.state, case.decided_on = CaseState.SUPERSEDED, ctx.on
        case.carried_to_id = claim.id
        found.setdefault((case.note_no, since), case)
    return found


def _carry(ctx: Context, claim: Claim) -> None:
    """Open cases of the bank's earlier quarters go along with this one (结转)."""
    rows = (
        select(ClaimCase)
        .join(Claim, Claim.id == ClaimCase.claim_id)
        .where(
            ClaimCase.bank_id == claim.bank_id,
            ClaimCase.state == CaseState.OPEN,
            Claim.until <= claim.since,
        )
    )
    for case in ctx.session.scalars(rows):
        case.carried_to_id = claim.id
