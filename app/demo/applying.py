"""One application's thread: from the bank's counter to the first drawing, or to its end."""

from collections.abc import Generator
from datetime import date
from uuid import UUID

from app.demo.office import APPROVER, AUDITOR, PAYER, REVIEWER, VERIFIER, Loan, Office, login_of
from app.demo.people import BANKS
from app.demo.repaying import life_of
from app.demo.script import Fate, Story, Turn
from app.demo.year import Thread, Year
from loans import applications, decisions, disbursements, reservations
from loans.applications import Asked
from loans.context import Context
from loans.dossier import hires_of
from loans.models import Application, Note
from loans.policy import Group, Scorecard
from loans.queries import instalments_of, one
from loans.schedule import Instalment
from loans.underwriting import CHECKLISTS, Card, Checked, Scored
from loans.workflow import Action, BorrowerKind

RAISED_ABOVE_FEN = 300_000_00
CONSENT = "2019-1"
MISSING = ("经营场所证明",)


def application(year: Year, story: Story) -> Thread:
    """The whole way of one application; see ``script.Fate`` for how it may end."""
    office = year.office
    maker = login_of(story, "maker")
    yield office.workday(story.applies_on)
    application_id = hand_in(office, story)
    yield office.workday(office.today, 1)
    yield from _intake(office, story, application_id)
    if story.fate is Fate.WITHDRAWN:
        yield office.workday(office.today, 1)
        office.do(
            maker,
            "applications.withdraw",
            lambda ctx: applications.withdraw(
                ctx, application_id=application_id, reason="申请人改变计划"
            ),
        )
        return
    if story.kind is BorrowerKind.INDIVIDUAL:
        yield from _guarantee_review(office, story, application_id)
        if story.fate is not Fate.INELIGIBLE:
            yield from _loan_approval(office, story, application_id)
    else:
        yield from _hire_verification(office, story, application_id)
    yield from _after_decision(year, story, application_id)


def _after_decision(year: Year, story: Story, application_id: UUID) -> Thread:
    office = year.office
    if story.fate is Fate.LAPSED:
        days = office.installation.book.at("reservation_days", office.today).number
        yield date.fromordinal(office.today.toordinal() + days)
        desk = (login_of(story, "maker"), login_of(story, "checker"))
        _two_persons(office, desk, application_id, Action.LAPSE, reservations.REASON)
    elif story.fate not in (Fate.INELIGIBLE, Fate.REFUSED_BY_BANK):
        yield from _drawings(year, story, application_id)


# --- intake -------------------------------------------------------------------------------------


def hand_in(office: Office, story: Story) -> UUID:
    """The bank's maker fills in the file and submits it."""
    maker = login_of(story, "maker")
    branch_id = office.branch_ids[story.bank][story.branch]
    asked = Asked(
        kind=story.kind,
        name=story.name,
        id_no=story.id_no,
        phone=story.phone,
        branch_id=branch_id,
        terms=story.terms,
        facts=story.facts,
        consent_version=CONSENT,
        hires=story.hires,
        evidence=tuple(_papers(office, story)),
    )
    created = office.do(
        maker, "applications.create", lambda ctx: applications.create(ctx, asked=asked)
    )
    office.do(
        maker,
        "applications.submit",
        lambda ctx: applications.submit(ctx, application_id=created.public_id),
    )
    return created.public_id


def _papers(office: Office, story: Story) -> list[tuple[str, str]]:
    """The documents that the policy asks for the groups named in the file."""
    book, on = office.installation.book, office.today
    keys = [f"group.{code}" for code in story.facts.categories]
    keys += sorted({f"hire_group.{hire.category}" for hire in story.hires})
    groups = [book.at(key, on).value for key in keys]
    kinds = [kind for group in groups if isinstance(group, Group) for kind in group.evidence]
    return [(kind, f"演示档案-{story.id_no[-6:]}") for kind in dict.fromkeys(kinds)]


def _intake(office: Office, story: Story, application_id: UUID) -> Thread:
    desk = REVIEWER if story.kind is BorrowerKind.INDIVIDUAL else AUDITOR
    if story.fate is Fate.RETURNED_AT_INTAKE:
        office.do(
            desk,
            "applications.send_back",
            lambda ctx: applications.return_at_intake(
                ctx, application_id=application_id, reason="材料不齐", missing=MISSING
            ),
        )
        yield office.workday(office.today, 4)
        _resubmit(office, story, application_id)
        yield office.workday(office.today, 1)
    if story.appraised is not None and story.terms.amount_fen > RAISED_ABOVE_FEN:
        _appraise(office, story, application_id)
    accept(office, story, application_id)


def accept(office: Office, story: Story, application_id: UUID) -> None:
    """The file is complete: the clock starts."""
    office.do(
        REVIEWER if story.kind is BorrowerKind.INDIVIDUAL else AUDITOR,
        "applications.accept",
        lambda ctx: applications.accept(ctx, application_id=application_id),
    )


def _resubmit(office: Office, story: Story, application_id: UUID) -> None:
    office.do(
        login_of(story, "maker"),
        "applications.resubmit",
        lambda ctx: applications.resubmit(ctx, application_id=application_id, reason="材料已补齐"),
    )


def _appraise(office: Office, story: Story, application_id: UUID) -> None:
    passed = bool(story.appraised)
    card = Card.RAISED_CAP if story.terms.amount_fen > RAISED_ABOVE_FEN else Card.HALF
    office.do(
        REVIEWER,
        "applications.appraise",
        lambda ctx: decisions.appraise(
            ctx,
            application_id=application_id,
            card=card,
            items=_scores(ctx, card, passed),
            comment="综合评估通过" if passed else "综合评估未通过",
        ),
    )


def _scores(ctx: Context, card: Card, passed: bool) -> list[Scored]:
    """A card filled with 85 or with 50 points in a hundred."""
    value = ctx.book.at(f"appraisal.{card}", ctx.on).value
    assert isinstance(value, Scorecard)
    pct = 85 if passed else 50
    return [
        Scored(item=item.code, points=-(-item.weight * pct // 100), evidence="演示评估材料")
        for item in value.items
    ]


# --- two institutions, two persons each ---------------------------------------------------------


def _guarantee_review(office: Office, story: Story, application_id: UUID) -> Thread:
    due = office.workday(office.today, story.review_days[0])
    yield office.workday(office.today, 1)
    if story.facts.categories:
        verify_groups(office, story, application_id)
    if story.appraised is not None and story.terms.amount_fen <= RAISED_ABOVE_FEN:
        _appraise(office, story, application_id)
    desk = (REVIEWER, APPROVER)
    if story.fate is Fate.RETURNED_BY_GUARANTOR:
        due = yield from _returned(office, story, application_id, desk)
    yield due
    refused = story.fate is Fate.INELIGIBLE
    _two_persons(office, desk, application_id, Action.REJECT if refused else Action.PASS)


def verify_groups(office: Office, story: Story, application_id: UUID) -> None:
    """人社's word on the groups that the borrower names."""
    results = [(code, story.verified, "登记系统比对") for code in story.facts.categories]
    office.do(
        VERIFIER,
        "applications.verify",
        lambda ctx: decisions.verify(ctx, application_id=application_id, results=results),
    )


def _loan_approval(office: Office, story: Story, application_id: UUID) -> Thread:
    due = office.workday(office.today, story.review_days[1])
    desk = (login_of(story, "maker"), login_of(story, "checker"))
    if story.fate is Fate.RETURNED_BY_BANK:
        yield office.workday(office.today, 1)
        due = yield from _returned(office, story, application_id, desk)
    yield due
    if story.fate is Fate.REFUSED_BY_BANK:
        _two_persons(office, desk, application_id, Action.REJECT, "征信记录不符合本行授信要求")
    else:
        _two_persons(office, desk, application_id, Action.PASS)


def _hire_verification(office: Office, story: Story, application_id: UUID) -> Thread:
    yield office.workday(office.today, story.review_days[0])
    verify_hires(office, application_id)
    yield office.workday(office.today, story.review_days[1])
    refused = story.fate is Fate.INELIGIBLE
    action = Action.REJECT if refused else Action.PASS
    _two_persons(office, (AUDITOR, PAYER), application_id, action)


def verify_hires(office: Office, application_id: UUID) -> None:
    """人社's word on a firm's new hires."""
    hires = office.read(VERIFIER, lambda ctx: hires_of(ctx, one(ctx, Application, application_id)))
    results = [(str(hire.public_id), True, "社会保险参保记录") for hire in hires]
    office.do(
        VERIFIER,
        "applications.verify",
        lambda ctx: decisions.verify(ctx, application_id=application_id, results=results),
    )


def _returned(
    office: Office, story: Story, application_id: UUID, desk: tuple[str, str]
) -> Generator[date, None, date]:
    """补正: the clock stands while the file is with the applicant; gives the new day to decide."""
    _two_persons(office, desk, application_id, Action.SEND_BACK, "请补充经营流水")
    yield office.workday(office.today, 5)
    _resubmit(office, story, application_id)
    return office.workday(office.today, 2)


def _two_persons(
    office: Office,
    desk: tuple[str, str],
    application_id: UUID,
    action: Action,
    reason: str | None = None,
) -> None:
    """One proposes, another decides."""
    propose(office, desk[0], application_id, action, reason)
    decide(office, desk[1], application_id)


def propose(
    office: Office, maker: str, application_id: UUID, action: Action, reason: str | None = None
) -> None:
    """The opinion of the first of two."""
    said = reason or ("符合条件" if action is Action.PASS else "不符合条件")
    office.do(
        maker,
        "applications.propose",
        lambda ctx: decisions.propose(
            ctx,
            application_id=application_id,
            action=action,
            reason=said,
            checklist=_answers(ctx, one(ctx, Application, application_id)),
            missing=("经营流水",) if action is Action.SEND_BACK else (),
        ),
    )


def decide(office: Office, checker: str, application_id: UUID) -> None:
    """The second agrees."""
    office.do(
        checker,
        "applications.decide",
        lambda ctx: decisions.decide(ctx, application_id=application_id, agree=True),
    )


def _answers(ctx: Context, application: Application) -> list[Checked]:
    """The due-diligence checklist of the stage, every line done (9.12)."""
    key = CHECKLISTS.get(application.state)
    items = ctx.book.at(key, ctx.on).value if key else ()
    assert isinstance(items, tuple)
    return [Checked(item=item.code, met=True, evidence="演示调查记录") for item in items]


# --- drawing ------------------------------------------------------------------------------------


def _drawings(year: Year, story: Story, application_id: UUID) -> Thread:
    """One drawing, or two of one contract; each note then lives its own life."""
    office = year.office
    yield office.workday(office.today, 2)
    amount_fen, signed_on = story.terms.amount_fen, office.today
    parts = [amount_fen]
    if story.turn is Turn.TWO_DRAWINGS:
        first_fen = amount_fen * 6 // 10
        parts = [first_fen, amount_fen - first_fen]
    serial = len({loan.contract_no for loan in office.loans.values()}) + 1
    bank = BANKS[story.bank].code
    contract_no = f"{bank}HT-{serial:05d}"
    for no, part_fen in enumerate(parts, 1):
        if no > 1:
            yield office.workday(date.fromordinal(signed_on.toordinal() + story.turns_after))
        loan = _draw(office, story, application_id, contract_no, no, part_fen, signed_on)
        office.loans[loan.note_no] = loan
        year.start(life_of(office, loan))


def _draw(
    office: Office,
    story: Story,
    application_id: UUID,
    contract_no: str,
    no: int,
    amount_fen: int,
    signed_on: date,
) -> Loan:
    note_no = f"{contract_no.replace('HT', 'JJ')}-{no}"
    drawing = office.do(
        login_of(story, "maker"),
        "disbursements.request",
        lambda ctx: disbursements.request(
            ctx,
            application_id=application_id,
            contract_no=contract_no,
            note_no=note_no,
            amount_fen=amount_fen,
            signed_on=signed_on,
            disbursed_on=ctx.on,
        ),
    )
    note = office.do(
        login_of(story, "checker"),
        "disbursements.confirm",
        lambda ctx: disbursements.confirm(ctx, disbursement_id=drawing.public_id),
    )
    return Loan(
        story=story,
        contract_no=contract_no,
        note_no=note_no,
        note_id=note.public_id,
        principal_fen=amount_fen,
        disbursed_on=note.disbursed_on,
        matures_on=note.matures_on,
        plan=office.read(login_of(story, "maker"), lambda ctx: _plan(ctx, note)),
    )


def _plan(ctx: Context, note: Note) -> tuple[Instalment, ...]:
    return tuple(
        Instalment(row.no, row.due_on, row.principal_fen, row.interest_fen, row.balance_after_fen)
        for row in instalments_of(ctx, note)
    )
