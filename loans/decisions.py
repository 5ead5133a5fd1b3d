"""Commands: verification, appraisal, and the two-person decisions of each institution.

A maker proposes, a checker of the same institution (another person) decides; the proposal is
bound to the content it saw. A pass is refused where a rule says no, with the rule's sentence.
Source: （九）9.5 and 9.7 经综合评估后, 9.9 担保审核、贷款审批, 9.12 尽职免责, 9.14.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from loans import fund, reservations
from loans.access import needs_role
from loans.context import Context
from loans.dossier import as_json, assess_application, bind, hires_of
from loans.errors import Conflict, NotFound, NotPermitted
from loans.models import Application, Appraisal, Borrower, Person, Proposal, Verification
from loans.money import fen_to_yuan
from loans.progress import demand_list, move, not_now, send_back, step_of
from loans.queries import one
from loans.second_person import second_person
from loans.underwriting import (
    CHECKLISTS,
    Assessment,
    Card,
    Checked,
    Outcome,
    Scored,
    checked,
    score,
)
from loans.versions import law_of, remember
from loans.workflow import Action, BorrowerKind, State

VERIFIABLE = frozenset({State.GUARANTEE_REVIEW, State.HIRE_VERIFICATION})
DECISIONS = frozenset({Action.PASS, Action.SEND_BACK, Action.REJECT, Action.LAPSE})
# The rule whose sentence hands a stage its judgement: cited where no finding refuses.
JUDGED_BY = {
    State.GUARANTEE_REVIEW: "guarantee_review_workdays",
    State.LOAN_APPROVAL: "loan_approval_workdays",
    State.HIRE_VERIFICATION: "firm_per_hire",
    State.SUBSIDY_APPROVAL: "firm_per_hire",
}
# What a card may agree to at most.
TIERS = {Card.RAISED_CAP: "individual_raised_cap", Card.HALF: "individual_cap"}
APPRAISABLE = frozenset({State.SUBMITTED, State.GUARANTEE_REVIEW})


def verify(
    ctx: Context, *, application_id: UUID, results: Sequence[tuple[str, bool, str]]
) -> Application:
    """人社's word on claimed categories (persons) or on every hire (firms).

    ``results``: (category code or hire id, passed, evidence). When all hires of a firm have been
    examined the file goes on.
    """
    application = one(ctx, Application, application_id, lock=True)
    if application.state not in VERIFIABLE:
        raise not_now(ctx, application, "核验", "担保审核中或吸纳人员核验中的申请由人社部门核验")
    subjects = _subjects(ctx, application)
    for subject, passed, evidence in results:
        if subject not in subjects:
            raise NotFound("not-found", f"申请中没有“{subject}”这一核验对象，请核对")
        ctx.session.add(
            Verification(
                public_id=ctx.new_id(),
                application_id=application.id,
                subject=subject,
                passed=passed,
                evidence=evidence,
                by_person_id=ctx.actor.person_id,
                on=ctx.on,
                at=ctx.at,
            )
        )
    ctx.session.flush()
    bind(ctx, application)  # an opinion given before this word saw another file
    if application.kind is BorrowerKind.SMALL_FIRM and not _unverified(ctx, application):
        move(ctx, application, Action.VERIFY, reason="吸纳人员核验完毕")
    _reassess(ctx, application)
    return application


def appraise(
    ctx: Context,
    *,
    application_id: UUID,
    card: Card,
    items: Sequence[Scored],
    approvable_fen: int | None = None,
    comment: str = "",
) -> Appraisal:
    """综合评估 on one card; a later one of its kind stands beside it, the latest counts.

    The card is that of the application's policy version; its items give score and result. The
    appraiser may agree to less than the tier allows, never to more.
    """
    application = one(ctx, Application, application_id, lock=True)
    if application.state not in APPRAISABLE or application.kind is not BorrowerKind.INDIVIDUAL:
        raise not_now(ctx, application, "综合评估", "个人申请在担保审核结束之前评估")
    book, on = law_of(ctx, application)
    found = score(book.at(f"appraisal.{card}", on), items)
    most = book.at(TIERS[card], on)
    if approvable_fen is not None and not 0 < approvable_fen <= most.number:
        raise Conflict(
            "over-tier",
            f"评估认可金额 {fen_to_yuan(approvable_fen)} 元应大于 0.00 元、不超过 {most.shown}",
            cites=most.cites,
        )
    row = Appraisal(
        public_id=ctx.new_id(),
        application_id=application.id,
        card=card.value,
        policy_version=remember(ctx, book).version,
        passed=found.passed,
        score=found.points,
        approvable_fen=approvable_fen,
        items=found.items,
        comment=comment,
        by_person_id=ctx.actor.person_id,
        on=ctx.on,
        at=ctx.at,
    )
    ctx.session.add(row)
    ctx.session.flush()
    bind(ctx, application)
    _reassess(ctx, application)
    return row


def propose(
    ctx: Context,
    *,
    application_id: UUID,
    action: Action,
    reason: str,
    approved_fen: int | None = None,
    checklist: Sequence[Checked] = (),
    missing: Sequence[str] = (),
) -> Proposal:
    """The maker's opinion at the present stage, for another person to decide on.

    A pass that is a credit decision comes with the stage's checklist, answered in full (9.12); a
    return (补正) with the one list of all that is missing; a lapse follows a reservation's end.
    """
    application = one(ctx, Application, application_id, lock=True)
    step = step_of(ctx, application, action)
    if action not in DECISIONS or step.proposed_by is None:
        raise Conflict("no-proposal-here", "当前环节不需要经办意见")
    if step.proposed_by not in ctx.actor.roles:
        raise needs_role(ctx.actor, step.proposed_by)
    if action is Action.PASS:
        _check_pass(ctx, application, _amount(application, approved_fen))
    if action is Action.SEND_BACK:
        demand_list(missing)
    if action is Action.LAPSE:
        reservations.must_have_ended(ctx, application)
    earlier = select(func.count()).where(
        Proposal.application_id == application.id,
        Proposal.state == application.state,
        Proposal.round == application.round,
    )
    row = Proposal(
        public_id=ctx.new_id(),
        application_id=application.id,
        state=application.state,
        round=application.round,
        no=ctx.session.scalars(earlier).one() + 1,
        action=action,
        approved_fen=_amount(application, approved_fen) if action is Action.PASS else None,
        by_person_id=ctx.actor.person_id,
        on=ctx.on,
        at=ctx.at,
        content_hash=application.content_hash,
        reason=reason,
        checklist=_diligence(ctx, application, checklist) if action is Action.PASS else {},
        missing=list(missing) if action is Action.SEND_BACK else [],
    )
    ctx.session.add(row)
    return row


def decide(ctx: Context, *, application_id: UUID, agree: bool, reason: str = "") -> Application:
    """The checker decides on the latest opinion: agree and take the step, or refuse it.

    Refusing begins a new round of the stage: this opinion is used up, a new one is needed; the
    refusal is on the audit record.
    """
    application = one(ctx, Application, application_id, lock=True)
    proposal = latest_proposal(ctx, application)
    if proposal is None:
        raise Conflict("no-proposal", "尚无经办意见，请先由经办人员提出意见")
    second_person(ctx, proposal.by_person_id)
    if proposal.content_hash != application.content_hash:
        raise Conflict("content-changed", "意见提出后申请内容已变动，意见作废，请重新提出")
    _same_institution(ctx, proposal)
    if not agree:
        application.round += 1
        application.version += 1
        return application
    if proposal.action is Action.PASS:
        _pass(ctx, application, proposal)
    elif proposal.action is Action.REJECT:
        _reject(ctx, application)
    said = reason or proposal.reason
    if proposal.action is Action.LAPSE:
        reservations.give_back(ctx, application, proposal, said)
    elif proposal.action is Action.SEND_BACK:
        send_back(ctx, application, proposal.missing, reason=said, proposal=proposal)
    else:
        rejects = proposal.action is Action.REJECT
        details = {"cites": _citations(ctx, application) if rejects else []}
        move(ctx, application, proposal.action, reason=said, proposal=proposal, details=details)
    return application


def decide_verification(
    ctx: Context, *, application_id: UUID, action: Action, reason: str, missing: Sequence[str] = ()
) -> Application:
    """人社 returns or rejects a firm's file: the hires cannot be verified as they are."""
    application = one(ctx, Application, application_id, lock=True)
    if application.state is not State.HIRE_VERIFICATION or action not in (
        Action.SEND_BACK,
        Action.REJECT,
    ):
        raise not_now(
            ctx, application, "在核验环节退回或驳回", "吸纳人员核验中的申请由人社部门决定"
        )
    if action is Action.SEND_BACK:
        send_back(ctx, application, missing, reason=reason)
    else:
        details = {"cites": _citations(ctx, application)}
        move(ctx, application, action, reason=reason, details=details)
        application.decided_on = ctx.on
    return application


def latest_proposal(ctx: Context, application: Application) -> Proposal | None:
    """The newest opinion of this stage and round that no decision has used."""
    return ctx.session.scalars(
        select(Proposal)
        .where(
            Proposal.application_id == application.id,
            Proposal.state == application.state,
            Proposal.round == application.round,
        )
        .order_by(Proposal.no.desc())
    ).first()


def _pass(ctx: Context, application: Application, proposal: Proposal) -> None:
    amount_fen = proposal.approved_fen
    assert amount_fen is not None
    # Two banks may decide on one borrower at the same moment: the borrower's row is the lock.
    ctx.session.scalars(
        select(Borrower).where(Borrower.id == application.borrower_id).with_for_update()
    ).one()
    assessment = _check_pass(ctx, application, amount_fen)
    if application.state is State.GUARANTEE_REVIEW:
        fund.reserve(ctx, application, amount_fen)
    elif application.state is State.LOAN_APPROVAL:
        fund.shrink(ctx, application, amount_fen)
    if application.state is not State.GUARANTEE_REVIEW:
        application.decided_on = ctx.on
    application.approved_fen = amount_fen
    application.assessment = as_json(assessment)
    application.subsidy_class = assessment.subsidy_class.value
    application.share_pct = assessment.share_pct


def _reject(ctx: Context, application: Application) -> None:
    if application.state is State.LOAN_APPROVAL:
        fund.lapse(ctx, application, "驳回")
    application.decided_on = ctx.on


def _check_pass(ctx: Context, application: Application, amount_fen: int) -> Assessment:
    """The assessment under the law of the acceptance day, if it lets this amount pass."""
    assert application.accepted_on is not None
    on = application.accepted_on
    assessment = assess_application(ctx, application, on=on, amount_fen=amount_fen)
    for finding in assessment.decisive:
        raise Conflict(
            "not-eligible",
            f"不符合条件：{finding.sentence}",
            cites=finding.cites,
            details={"rule": finding.rule},
        )
    if assessment.eligible is Outcome.UNKNOWN:
        raise Conflict("file-incomplete", f"尚缺材料：{'、'.join(assessment.needs)}")
    if application.kind is BorrowerKind.INDIVIDUAL:
        if waiting := _unverified(ctx, application):
            raise Conflict(
                "not-verified",
                f"人群类别尚未经人社部门核验：{'、'.join(waiting)}，核验后方可通过",
            )
    elif not assessment.base_fen:
        book, on = law_of(ctx, application)
        cites = book.at("firm_per_hire", on).cites
        raise Conflict(
            "no-qualifying-hire", "没有符合条件的新招用人员，贴息基数为 0.00 元", cites=cites
        )
    return assessment


def _diligence(
    ctx: Context, application: Application, answers: Sequence[Checked]
) -> dict[str, Any]:
    """The answered checklist of a credit decision (9.12); other passes have none."""
    key = CHECKLISTS.get(application.state)
    book, on = law_of(ctx, application)
    return {} if key is None else checked(book.at(key, on), answers)


def _amount(application: Application, approved_fen: int | None) -> int:
    asked = application.approved_fen or application.amount_fen
    amount = asked if approved_fen is None else approved_fen
    if not 0 < amount <= asked:
        raise Conflict("amount-outside", f"批准金额应大于 0.00 元、不超过 {fen_to_yuan(asked)} 元")
    return amount


def _subjects(ctx: Context, application: Application) -> set[str]:
    if application.kind is BorrowerKind.INDIVIDUAL:
        return set(application.categories)
    return {str(hire.public_id) for hire in hires_of(ctx, application)}


def _unverified(ctx: Context, application: Application) -> list[str]:
    rows = select(Verification.subject).where(Verification.application_id == application.id)
    return sorted(_subjects(ctx, application) - set(ctx.session.scalars(rows)))


def _same_institution(ctx: Context, proposal: Proposal) -> None:
    maker = ctx.session.get_one(Person, proposal.by_person_id)
    if maker.organisation_id != ctx.actor.organisation_id:
        raise NotPermitted("wrong-institution", "该意见由另一机构提出，须由该机构复核")


def _citations(ctx: Context, application: Application) -> list[str]:
    """What a rejection rests on: the sentences that refuse, else the one the stage judges by."""
    findings = (application.assessment or {}).get("findings", [])
    refusing = [
        cite
        for finding in findings
        if finding["topic"] == "eligibility" and finding["outcome"] == Outcome.NO.value
        for cite in finding["cites"]
    ]
    if refusing:
        return list(dict.fromkeys(refusing))
    book, on = law_of(ctx, application)
    return list(book.at(JUDGED_BY[application.state], on).cites)


def _reassess(ctx: Context, application: Application) -> None:
    on = application.accepted_on or ctx.on
    application.assessment = as_json(assess_application(ctx, application, on=on))
