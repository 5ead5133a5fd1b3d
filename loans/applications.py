"""Commands: an application from draft to decision, as the bank and the intake desk drive it.

Source: （九）9.2–9.9; the way itself is the table in ``loans.workflow``.
"""

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from loans import fund
from loans.access import OrganisationKind
from loans.context import Context
from loans.dossier import (
    as_json,
    asked_hash,
    assess_application,
    bind,
    hires_of,
    hires_stated,
)
from loans.errors import Conflict, NotPermitted
from loans.identity import canonical_id, mask_id, mask_name
from loans.models import Application, Borrower, Evidence, Hire
from loans.money import positive
from loans.parties import ID_NO, NAME, borrower_for
from loans.progress import move, not_now, send_back
from loans.queries import branch_of, one
from loans.schedule import LONGEST_TERM, Method, plausible_rate
from loans.underwriting import demand_known_groups
from loans.versions import book_for, remember
from loans.workflow import Action, BorrowerKind, State

EDITABLE = frozenset({State.DRAFT, State.RETURNED})
# Stages that build on what another institution decided: a file they return is bound to it.
BOUND = frozenset({State.LOAN_APPROVAL, State.SUBSIDY_APPROVAL})


# What the applicant's written consent covers: by whom the data may be processed, and what for.
CONSENT_SCOPE = (
    "经办银行、担保公司：受理、担保审核、贷款审批与贷后管理",
    "人社部门：人群身份核实",
    "财政部门：贴息核对、拨付与监督检查",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanTerms:
    """The loan asked for. Empty ``day_count`` and ``settlement`` mean the policy's defaults."""

    amount_fen: int
    term_months: int
    rate_ppm: int
    penalty_rate_ppm: int
    method: Method
    every_months: int = 1
    day_count: str | None = None
    settlement: str | None = None
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The applicant's circumstances as stated; None where nobody has said yet."""

    business_division: str | None = None
    local_hukou: bool | None = None
    categories: tuple[str, ...] = ()
    graduated_on: str | None = None
    employees: int | None = None
    honours: tuple[dict[str, Any], ...] = ()
    is_small_firm: bool | None = None
    spouse_has_loan: bool | None = None
    own_firm_subsidised: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HireFact:
    """A newly hired person as the firm names them (9.8)."""

    name: str
    id_no: str
    category: str
    local_hukou: bool | None
    graduated_on: date | None
    contract_from: date
    contract_until: date | None
    open_ended: bool | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A document that was shown as a file: its kind, name and digest; the bank keeps the file."""

    kind: str
    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an application says: borrower, terms, facts, hires, consent, documents."""

    kind: BorrowerKind
    name: str
    id_no: str
    phone: str | None
    branch_id: UUID
    terms: LoanTerms
    facts: Facts
    consent_version: str
    address: str | None = None
    account: str | None = None
    hires: tuple[HireFact, ...] = ()
    evidence: tuple[tuple[str, str], ...] = field(default=())
    uploads: tuple[Upload, ...] = ()


def create(ctx: Context, *, asked: Asked) -> Application:
    """A draft at the maker's bank. The borrower is registered if new."""
    bank_id = ctx.actor.bank_id
    if bank_id is None:
        raise NotPermitted("banks-only", "申请由经办银行的经办人员录入")
    branch_of(ctx, asked.branch_id, bank_id)  # before the person: an unknown branch tells nothing
    application = Application(
        public_id=ctx.new_id(),
        bank_id=bank_id,
        kind=asked.kind,
        state=State.DRAFT,
        round=1,
        version=1,
        created_on=ctx.on,
        content_hash="",
    )
    borrower = _borrower(ctx, asked)
    application.borrower_id = borrower.id
    _fill(ctx, application, asked)
    return application


def edit(ctx: Context, *, application_id: UUID, asked: Asked, version: int) -> Application:
    """Replace a draft's (or a returned file's) content; voids every opinion on the old one.

    The facts and the hires are frozen at acceptance (9.8: later hires count only by a new
    application), and what another institution has passed or verified is the content it saw: after
    that a returned file takes further documents only.
    """
    application = one(ctx, Application, application_id, lock=True)
    if application.state not in EDITABLE:
        raise Conflict("not-editable", "只有草稿或退回补正的申请可以修改")
    if application.version != version:
        raise Conflict("version-changed", "该申请已被他人修改，请重新打开后再改")
    branch_of(ctx, asked.branch_id, application.bank_id)
    borrower = _borrower(ctx, asked)
    if (asked.kind, borrower.id) != (application.kind, application.borrower_id):
        raise Conflict("borrower-fixed", "申请人不能更换；请撤回本申请，为另一申请人新建申请")
    application.version += 1
    stated = hires_of(ctx, application)
    before = asked_hash(application, stated)
    frozen = application.facts, hires_stated(stated)
    is_frozen = application.accepted_on is not None
    if not is_frozen:
        for hire in stated:
            ctx.session.delete(hire)
        ctx.session.flush()
    hires = _fill(ctx, application, asked, keep_hires=is_frozen)
    if is_frozen and (application.facts, hires_stated(hires)) != frozen:
        raise Conflict(
            "facts-frozen",
            f"申请人情况与新招用人员自 {application.accepted_on} 受理起冻结，不能修改；"
            "情况有变请撤回后重新申请",
        )
    if application.returned_from in BOUND and asked_hash(application, hires) != before:
        raise Conflict(
            "content-bound",
            "前一环节已按原内容通过，退回后只能补充材料；要改变贷款内容请撤回后重新申请",
        )
    return application


def submit(ctx: Context, *, application_id: UUID, reason: str = "") -> Application:
    """Hand the file in. An ineligible one is taken too: it is told why, and decided."""
    application = one(ctx, Application, application_id, lock=True)
    move(ctx, application, Action.SUBMIT, reason=reason)
    application.submitted_on = ctx.on
    application.assessment = as_json(assess_application(ctx, application, on=ctx.on))
    return application


def accept(ctx: Context, *, application_id: UUID, reason: str = "") -> Application:
    """受理: the file is complete; facts are frozen, findings are those of this day (9.1)."""
    application = one(ctx, Application, application_id, lock=True)
    _own_desk(ctx, application)
    assessment = assess_application(ctx, application, on=ctx.on)
    if assessment.documents:  # what the authorities still do (核验, 评估) is no missing document
        missing = "、".join(assessment.documents)
        raise Conflict(
            "file-incomplete",
            f"材料不齐，尚不能受理，请退回补正：{missing}",
            details={"needs": list(assessment.documents)},
        )
    move(ctx, application, Action.ACCEPT, reason=reason)
    application.accepted_on = ctx.on
    application.assessment = as_json(assessment)
    application.policy_version = remember(ctx, ctx.book).version
    return application


def return_at_intake(
    ctx: Context, *, application_id: UUID, reason: str, missing: tuple[str, ...]
) -> Application:
    """补正 before acceptance: one list of all that is missing; no clock runs yet."""
    application = one(ctx, Application, application_id, lock=True)
    _own_desk(ctx, application)
    if application.state is not State.SUBMITTED:
        raise not_now(ctx, application, "在受理环节退回", "待受理的申请可以在受理环节退回")
    send_back(ctx, application, missing, reason=reason)
    return application


def resubmit(ctx: Context, *, application_id: UUID, reason: str = "") -> Application:
    """The file comes back to the stage that returned it; its clock resumes."""
    application = one(ctx, Application, application_id, lock=True)
    move(ctx, application, Action.RESUBMIT, reason=reason)
    on = application.accepted_on or ctx.on
    application.assessment = as_json(assess_application(ctx, application, on=on))
    return application


def withdraw(ctx: Context, *, application_id: UUID, reason: str) -> Application:
    """The applicant takes it back before approval; reserved capacity is released."""
    application = one(ctx, Application, application_id, lock=True)
    move(ctx, application, Action.WITHDRAW, reason=reason)
    if application.kind is BorrowerKind.INDIVIDUAL and application.approved_fen is not None:
        fund.lapse(ctx, application, "撤回")
    application.decided_on = ctx.on
    return application


def _borrower(ctx: Context, asked: Asked) -> Borrower:
    return borrower_for(
        ctx,
        kind=asked.kind,
        name=asked.name,
        id_no=asked.id_no,
        phone=asked.phone,
        address=asked.address,
        account=asked.account,
    )


def _own_desk(ctx: Context, application: Application) -> None:
    """Persons are taken in by the guarantee company, firms by the finance bureau."""
    desk = (
        OrganisationKind.GUARANTOR
        if application.kind is BorrowerKind.INDIVIDUAL
        else OrganisationKind.FINANCE
    )
    if ctx.actor.organisation_kind is not desk:
        raise NotPermitted(
            "wrong-institution", "个人申请由担保公司受理，小微企业申请由财政部门受理"
        )


def _fill(
    ctx: Context, application: Application, asked: Asked, *, keep_hires: bool = False
) -> list[Hire]:
    """Take over what is asked; the hires as they are stated now."""
    groups = [*asked.facts.categories, *(hire.category for hire in asked.hires)]
    demand_known_groups(groups, book=book_for(ctx, application))
    terms = asked.terms
    application.branch_id = branch_of(ctx, asked.branch_id, application.bank_id).id
    application.amount_fen = positive(terms.amount_fen, "申请金额")
    if not 1 <= terms.term_months <= LONGEST_TERM:
        raise Conflict("term-outside", f"期限应在 1 至 {LONGEST_TERM} 个月之间，请更正")
    application.term_months = terms.term_months
    application.rate_ppm = plausible_rate(terms.rate_ppm)
    application.penalty_rate_ppm = terms.penalty_rate_ppm
    application.method = terms.method.value
    application.every_months = terms.every_months
    application.day_count = terms.day_count or ctx.book.at("day_count", ctx.on).text
    application.settlement = _settlement(ctx, terms)
    application.purpose = terms.purpose
    application.facts = asdict(asked.facts) | {
        "categories": list(asked.facts.categories),
        "honours": list(asked.facts.honours),
    }
    application.consent = {
        "version": asked.consent_version,
        "on": ctx.on.isoformat(),
        "at": ctx.at.isoformat(),
        "scope": list(CONSENT_SCOPE),
    }
    ctx.session.add(application)
    ctx.session.flush()
    hires = [_hire(ctx, application, hire) for hire in asked.hires]
    _demand_each_once(hires)
    if not keep_hires:
        ctx.session.add_all(hires)
    papers: list[tuple[str, str, str | None]] = [(*paper, None) for paper in asked.evidence]
    papers += [(paper.kind, paper.name, paper.sha256) for paper in asked.uploads]
    for kind, reference, digest in papers:
        ctx.session.add(
            Evidence(
                public_id=ctx.new_id(),
                application_id=application.id,
                kind=kind,
                reference=reference,
                sha256=digest,
                by_person_id=ctx.actor.person_id,
                on=ctx.on,
            )
        )
    ctx.session.flush()
    bind(ctx, application)
    return hires


def _settlement(ctx: Context, terms: LoanTerms) -> str:
    """结息 as agreed (only a BULLET loan can agree on one), else the policy's default.

    The other methods bring their own rule with each note (``schedule.settlement_for``).
    """
    return terms.settlement or ctx.book.at("settlement", ctx.on).text


def _hire(ctx: Context, application: Application, fact: HireFact) -> Hire:
    number = canonical_id(fact.id_no, on=ctx.on)
    return Hire(
        public_id=ctx.new_id(),
        application_id=application.id,
        name_sealed=ctx.vault.seal(NAME, fact.name),
        name_masked=mask_name(fact.name),
        id_sealed=ctx.vault.seal(ID_NO, number),
        id_index=ctx.vault.index(ID_NO, number),
        id_masked=mask_id(number),
        category=fact.category,
        local_hukou=fact.local_hukou,
        graduated_on=fact.graduated_on,
        contract_from=fact.contract_from,
        contract_until=fact.contract_until,
        open_ended=_open_ended(fact),
    )


def _demand_each_once(hires: list[Hire]) -> None:
    """9.8: one hire supports 10万 once; ``Conflict`` names whoever is listed again."""
    listed: set[bytes] = set()
    for hire in hires:
        if hire.id_index in listed:
            raise Conflict(
                "hire-twice",
                f"新招用人员 {hire.name_masked}（{hire.id_masked}）列入了不止一次，"
                "请删去重复的一行",
            )
        listed.add(hire.id_index)


def _open_ended(fact: HireFact) -> bool | None:
    if fact.open_ended and fact.contract_until is not None:
        raise Conflict(
            "contract-end-twice",
            f"{mask_name(fact.name)} 的劳动合同既写明无固定期限、又有最后一天 "
            f"{fact.contract_until}，请核对后只填一项",
        )
    return fact.open_ended
