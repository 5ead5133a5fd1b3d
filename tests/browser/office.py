"""A programme in full swing for people to look at: files in every state, notes, months, claims."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select, update

from loans import exemptions
from loans.models import Borrower, Contract, Note, Person
from loans.queries import one
from loans.schedule import Method
from loans.workflow import Action
from subsidy import claims, remittance
from subsidy.detail_sheet import DetailLine, write_detail_sheet
from subsidy.models import Claim, ClaimCase, ClaimLine, Remittance
from subsidy.overview import steps_of_note
from tests import guarantee
from tests.passwords import CHEAP
from tests.programme import Institution, Programme, id_number

PASSWORD = "only-for-tests-2019"
SINCE, UNTIL = date(2019, 6, 21), date(2019, 9, 21)
TODAY = date(2019, 10, 9)


@dataclass(frozen=True)
class Office:
    """The public ids that a test or a picture goes to."""

    programme: Programme
    draft: UUID
    submitted: UUID
    reviewed: UUID
    approved: UUID
    firm: UUID
    note: UUID
    overdue: UUID
    small: UUID
    others_note: UUID
    claim: UUID
    paid_claim: UUID
    sheet: bytes


def open_office(programme: Programme) -> Office:
    """Half a year of work, up to ``TODAY``."""
    give_passwords(programme)
    with programme.at_once():
        notes = _lend(programme)
        _live(programme, notes)
        files = _applications(programme)
        sheet = claim_sheet(programme, programme.bank, errors=True)
        claim = _file_claim(programme, programme.bank, sheet)
        paid = _file_claim(
            programme, programme.other_bank, claim_sheet(programme, programme.other_bank)
        )
        _approve(programme, paid)
    return Office(
        programme=programme,
        note=notes[0],
        overdue=notes[1],
        small=notes[4],
        others_note=notes[-1],
        claim=claim,
        paid_claim=paid,
        sheet=sheet,
        **files,
    )


def claimed(office: Office) -> dict[str, UUID]:
    """The first line of the claim with errors, its case, and the other bank's remittance."""
    programme = office.programme
    claim = programme.row(Claim, office.claim).id
    lines = select(ClaimLine.public_id).where(ClaimLine.claim_id == claim).order_by(ClaimLine.row)
    cases = select(ClaimCase.public_id).where(ClaimCase.claim_id == claim).order_by(ClaimCase.id)
    return {
        "line": programme.rows(lines)[0],
        "case": programme.rows(cases)[0],
        "order": programme.rows(select(Remittance.public_id))[0],
    }


def default(office: Office) -> dict[str, UUID]:
    """The small note's first interest was never paid: its payout is asked for; an exemption."""
    p, note = office.programme, office.small
    with p.at_once():
        p.report(note, "mark_overdue", due_on=date(2019, 6, 20))
        guarantee.dun(p, note, on=date(2019, 7, 1), by=p.bank.maker)
        guarantee.file_documents(p, note)
        silent = [(item, "借款人失联") for item in ("dunning_bank", "dunning_guarantor")]
        payout = guarantee.request(p, note, explanations=silent)
        case = p.do(
            p.bank.maker,
            "exemptions.open",
            lambda ctx: exemptions.open_case(
                ctx, note_id=note, subject="2019年5月贷款审批", norms_kept=True,
                norms_evidence="流程完整", diligent=True, diligence_evidence="清单逐项作答",
            ),
        )  # fmt: skip
    return {"payout": payout, "exemption": case.public_id}


def give_passwords(programme: Programme) -> None:
    """Everybody signs in with the same password."""
    with programme.tampering() as session:
        session.execute(update(Person).values(password_hash=CHEAP.hash(PASSWORD)))


def _lend(programme: Programme) -> list[UUID]:
    """Notes of each method and class, at both banks; the last is the other bank's."""
    ordinary = programme.asked
    half = {"categories": (), "local_hukou": False}
    notes = [
        programme.loan(ordinary(), on=date(2019, 4, 10)),
        programme.loan(ordinary(amount_fen=150_000_00, term_months=5), on=date(2019, 4, 15)),
        programme.loan(
            ordinary(amount_fen=120_000_00, method=Method.EQUAL_INSTALMENT), on=date(2019, 5, 6)
        ),
        programme.loan(
            ordinary(amount_fen=200_000_00, facts=half, rate_ppm=47_850), on=date(2019, 5, 20)
        ),
        programme.loan(ordinary(amount_fen=80_000_00, term_months=6), on=date(2019, 5, 28)),
    ]
    programme.day(date(2019, 6, 3))
    asked = ordinary(bank=programme.other_bank, amount_fen=250_000_00)
    application = programme.approved(asked, bank=programme.other_bank)
    notes.append(programme.draw(application, amount_fen=250_000_00, on=date(2019, 6, 3)))
    return notes


def _live(programme: Programme, notes: list[UUID]) -> None:
    """Repayments, a maturity that is missed, five months closed and one late fact."""
    for month in (4, 5, 6, 7):
        programme.day(max(date(2019, month + 1, 2), date(2019, 6, 4)))
        programme.close(date(2019, month, 1))
    programme.repay(notes[0], 100_000_00, on=date(2019, 7, 15))  # July is locked: an adjustment
    programme.day(date(2019, 9, 2))
    programme.close(date(2019, 8, 1))
    programme.day(date(2019, 9, 25))
    programme.report(notes[1], "mark_overdue", due_on=date(2019, 9, 15))
    programme.report(notes[0], "receive_interest", on=date(2019, 9, 20), amount_fen=260_000)
    programme.day(TODAY - timedelta(days=8))


def _applications(programme: Programme) -> dict[str, UUID]:
    """An application in every stage; the oldest clock is late."""
    under_review = programme.under_review()
    programme.day(TODAY)
    returned = programme.submitted()
    programme.return_at_intake(returned)
    programme.decide(programme.under_review(), programme.guarantor, Action.REJECT)
    programme.guaranteed()
    firm = programme.submitted(programme.asked_firm(hires=3, amount_fen=2_000_000_00))
    programme.accept(firm)
    proposed = programme.under_review()
    programme.propose(proposed, programme.guarantor.maker)
    waiting = programme.approved(programme.asked(amount_fen=60_000_00))
    programme.request(waiting, amount_fen=60_000_00, on=TODAY)
    return {
        "draft": programme.create(programme.asked(facts={"local_hukou": None})),
        "submitted": programme.submitted(programme.asked(amount_fen=500_000_00)),
        "reviewed": under_review,
        "approved": programme.approved(),
        "firm": firm,
    }


def claim_sheet(programme: Programme, bank: Institution, *, errors: bool = False) -> bytes:
    """A bank's detail sheet of the quarter, right to the fen or with two planted errors."""
    lines = claim_lines(programme, bank)
    if errors:
        first, second, *rest = lines
        lines = [
            changed(first, claimed_fen=first.claimed_fen + 45_00, closing_fen=300_000_00),
            changed(second, until=UNTIL, days=92, claimed_fen=1_667_50),
            *rest,
            changed(rest[0], note_no="JJ-99999", contract_no="HT-9"),
        ]
    return write_detail_sheet(lines)


def claim_lines(programme: Programme, bank: Institution) -> list[DetailLine]:
    """The lines of a bank's sheet of the quarter, right to the fen."""
    with programme.reading() as session:
        ctx = programme.installation.context(session, bank.maker)
        mine = session.query(Note).filter_by(bank_id=bank.maker.organisation_id)
        rows = list(mine.order_by(Note.state, Note.id))  # the same on both engines
        return [
            _detail(ctx, note, session.get_one(Contract, note.contract_id),
                    session.get_one(Borrower, note.borrower_id))
            for note in rows
            if note.disbursed_on < UNTIL
        ]  # fmt: skip


def _detail(ctx: object, note: Note, contract: Contract, borrower: Borrower) -> DetailLine:
    since = max(SINCE, note.disbursed_on)
    until = min(UNTIL, note.matures_on)
    steps = steps_of_note(ctx, note, since=since, until=until)  # type: ignore[arg-type]
    claimed = sum(step.subsidy_fen for step in steps if step.start >= since)
    repaid = note.principal_fen - note.balance_fen
    who = next(n for n in range(101, 400) if id_number(n)[-4:] == borrower.id_masked[-4:])
    return DetailLine(
        bank="本行", branch="营业部", contract_no=contract.contract_no, note_no=note.note_no,
        borrower=f"测试{who}", identity=id_number(who), category="失业人员",
        subsidy_class=contract.subsidy_class.upper(), principal_fen=note.principal_fen,
        signed_on=contract.signed_on, disbursed_on=note.disbursed_on, matures_on=note.matures_on,
        rate_ppm=contract.rate_ppm, subsidy_rate_ppm=contract.rate_ppm,
        opening_fen=note.principal_fen, disbursed_fen=0, repaid_fen=repaid,
        closing_fen=note.balance_fen, since=since, until=until, days=(until - since).days,
        interest_paid_fen=sum(step.interest_fen for step in steps if step.start >= since),
        claimed_fen=claimed,
    )  # fmt: skip


def changed(line: DetailLine, **values: object) -> DetailLine:
    """The line with other cells."""
    kept = {name: getattr(line, name) for name in line.__dataclass_fields__}
    return DetailLine(**kept | values)  # type: ignore[arg-type]


def _file_claim(programme: Programme, bank: Institution, sheet: bytes) -> UUID:
    vault = programme.installation.vault
    filing = claims.read_filing(sheet, "贴息申报明细表.xlsx", vault=vault, on=TODAY)
    return programme.do(
        bank.maker,
        "claims.receive",
        lambda ctx: claims.receive(ctx, filing=filing, since=SINCE, until=UNTIL),
    ).public_id


def _approve(programme: Programme, claim: UUID) -> None:
    """Reviewed, approved and ordered: it waits for the payment's confirmation."""
    finance = programme.finance

    def approve(ctx):  # type: ignore[no-untyped-def]
        row = one(ctx, claims.Claim, claim)
        return claims.approve(ctx, claim_id=claim, content_hash=row.content_hash)

    programme.do(
        finance.maker,
        "claims.review",
        lambda ctx: claims.review(ctx, claim_id=claim, comment="差异已逐行核对"),
    )
    programme.do(finance.checker, "claims.approve", approve)
    programme.do(
        finance.maker, "remittances.order", lambda ctx: remittance.order(ctx, claim_id=claim)
    )
