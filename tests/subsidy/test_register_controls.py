"""R13–R15 and R20 on the lines of a quarter: other bureaus' lists, and what borrowers share.

N1 and N2: 300000.00 at 4.35% FULL and HALF, N4: 100000.00 FULL from 10 July; N3: a firm with 3
hires, base 300000.00 at the benchmark, HALF. 300000.00 FULL earns 36.25 a day.
"""

from datetime import date
from typing import Any

from sqlalchemy import select, update

from loans import headcount
from loans.models import Application, Borrower, BorrowerContact, Contract, Hire, Note
from loans.parties import ID_NO
from loans.sheets import write_csv
from subsidy import registers
from subsidy.models import RegisterKind
from tests.programme import Programme, credit_code
from tests.subsidy.bank_files import careful_lines, causes_of, file_claim, lines_of

D = date
ANOTHER_FIRM = credit_code(9_900)


def _load(p: Programme, kind: RegisterKind, *rows: tuple[str, ...]) -> None:
    header = [column.header for column in registers.COLUMNS[kind].columns]
    listed = registers.read_list(
        write_csv([header, *rows]), "名单.csv", kind=kind, vault=p.installation.vault, on=p.today
    )
    p.do(
        p.finance.maker,
        "registers.load",
        lambda ctx: registers.load(ctx, listed=listed, source="市场监管局"),
    )


def _number(p: Programme, note_no: str) -> str:
    """The borrower's number of one of the first bank's notes."""
    (sealed,) = p.rows(
        select(Borrower.id_sealed)
        .join(Note, Note.borrower_id == Borrower.id)
        .where(Note.note_no == note_no, Note.bank_id == p.bank.maker.organisation_id)
    )
    return p.installation.vault.open(ID_NO, sealed)


def _flags(p: Programme, claim: Any) -> dict[str, list[str]]:
    return {
        line.note_no: sorted({finding["code"] for finding in line.findings})
        for line in lines_of(p, claim)
        if line.findings
    }


def test_a_business_struck_off_stops_the_subsidy_of_the_firm_and_of_its_owner(
    quarter: Programme,
) -> None:
    """From 1 August 51 of 92 days are lost: 51 × 36.25 = 1848.75."""
    p = quarter
    lines = careful_lines(p)
    owner = (_number(p, "N1"), ANOTHER_FIRM, "法定代表人", "2018-01-01")
    _load(p, RegisterKind.OWNERS, (*owner, "2019-07-31"))
    _load(p, RegisterKind.DEREGISTERED, (ANOTHER_FIRM, "2019-08-01", ""))
    assert causes_of(p, file_claim(p, lines, as_csv=True)) == {}, "no longer theirs"
    _load(p, RegisterKind.OWNERS, (*owner, "2019-08-01"))
    claim = file_claim(p, lines, as_csv=True)
    assert causes_of(p, claim) == {"N1": {"R13": 51 * 36_25}}
    # Struck off on the loan's own days only: the firm's note stops as well.
    _load(p, RegisterKind.DEREGISTERED, (_number(p, "N3"), "2019-07-01", ""))
    claim = file_claim(p, lines, as_csv=True)
    assert set(causes_of(p, claim)) == {"N3"}
    assert set(causes_of(p, claim)["N3"]) == {"R13"}


def test_spouses_owners_a_new_representative_and_what_borrowers_share_are_flagged_without_money(
    quarter: Programme,
) -> None:
    p = quarter
    one, two, firm, four = (_number(p, name) for name in ("N1", "N2", "N3", "N4"))
    _load(p, RegisterKind.SPOUSES, (one, two, "2018-01-01", "", ""))
    _load(
        p,
        RegisterKind.OWNERS,
        (four, firm, "出资人", "2018-01-01", ""),
        (one, firm, "法定代表人", "2019-08-01", ""),
    )
    shared = p.installation.vault.index(ID_NO, "x")
    with p.tampering() as session:
        own = select(Note.borrower_id).where(Note.note_no.in_(("N1", "N2", "N4")))
        known = update(BorrowerContact).where(BorrowerContact.borrower_id.in_(own))
        session.execute(known.values(phone_index=shared))

    claim = file_claim(p, careful_lines(p), as_csv=True)

    assert causes_of(p, claim) == {}
    flags = _flags(p, claim)
    assert flags["N3"] == ["R13", "R14"], "a new representative; a person beside their own firm"
    for one_of_three in ("N1", "N2", "N4"):  # three borrowers behind one phone
        assert flags[one_of_three] == ["R14", "R20"]
    assert claim.payable_fen == claim.claimed_fen


def test_a_hire_who_left_counts_out_once_whether_listed_reported_or_both(
    quarter: Programme,
) -> None:
    """Base 300000.00 → 200000.00 from 21 June: a third of the quarter's subsidy."""
    p = quarter
    lines = careful_lines(p)
    (application,) = p.rows(
        select(Application)
        .join(Contract, Contract.application_id == Application.id)
        .join(Note, Note.contract_id == Contract.id)
        .where(Note.note_no == "N3")
    )
    gone = p.rows(select(Hire).where(Hire.application_id == application.id).order_by(Hire.id))[0]
    number = p.installation.vault.open(ID_NO, gone.id_sealed)
    _load(p, RegisterKind.HIRES_LEFT, (number, _number(p, "N3"), "2019-06-10", ""))
    claimed = next(line.claimed_fen for line in lines if line.note_no == "N3")

    def third() -> int:
        causes = causes_of(p, file_claim(p, lines, as_csv=True))
        assert set(causes) == {"N3"} and set(causes["N3"]) <= {"R15", "R05"}
        return sum(causes["N3"].values())

    listed = third()
    assert abs(3 * listed - claimed) <= 2
    with p.at_once():
        p.do(
            p.bank.maker,
            "applications.hire_left",
            lambda ctx: headcount.leave(
                ctx,
                application_id=application.public_id,
                hire_id=gone.public_id,
                left_on=D(2019, 6, 10),
            ),
        )
    assert third() == listed, "listed and reported is one departure"
    _load(p, RegisterKind.HIRES_LEFT)
    assert third() == listed, "reported alone is the same"
