"""Organisations, people and borrowers: one person is one row, and no byte of the file says who."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url, select

from loans import parties
from loans.access import OrganisationKind, Role
from loans.errors import Conflict, NotFound, NotPermitted
from loans.finding import find
from loans.identity import IdentityText
from loans.models import Borrower, BorrowerContact, Hire
from loans.parties import ID_NO, NAME, PHONE
from tests.databases import Databases
from tests.programme import Programme, Seeded, id_number
from tests.subsidy.bank_files import UNTIL, approve, careful_lines, file_claim, order, review


def test_one_person_is_one_borrower_whatever_the_spelling(programme: Programme) -> None:
    asked = programme.asked(who=2)
    number = asked.id_no
    for spelling in (number, number.lower(), f" {number[:6]} {number[6:]}", _wide(number)):
        programme.create(replace(asked, id_no=spelling))
    (borrower,) = programme.rows(select(Borrower))
    vault = programme.installation.vault
    assert vault.open(ID_NO, borrower.id_sealed) == number
    assert vault.open(NAME, borrower.name_sealed) == asked.name
    (contact,) = programme.rows(select(BorrowerContact))
    assert vault.open(PHONE, contact.phone_sealed) == asked.phone
    assert (borrower.id_masked, borrower.name_masked) == (
        f"{number[:6]}********{number[-4:]}", "测**",
    )  # fmt: skip


def test_a_bank_reaches_a_borrower_by_what_it_was_told_itself(programme: Programme) -> None:
    p, phones = programme, ("13811110001", "13822220002", "13833330003")
    with p.at_once():
        own = p.loan(replace(p.asked(who=2, amount_fen=100_000_00), phone=phones[0]))
        theirs = replace(p.asked(who=2, bank=p.other_bank), phone=phones[1], address="另一处")
        p.create(theirs, bank=p.other_bank)
        p.create(replace(p.asked(who=2), phone=phones[2]))  # the number was wrong, or is new
        p.create(replace(p.asked(who=2), phone=None))

    asked = p.do(
        p.bank.maker,
        "borrowers.reveal",
        lambda ctx: parties.reveal(ctx, note_id=own, purpose="催收"),
    )
    with p.reading() as session:
        ctx = p.installation.context(session, p.bank.maker)
        known = parties.contact_of(ctx, asked.public_id)
        assert (known.phone, known.address) == (phones[2], None)
        for institution, finds in ((p.bank, [0, 0, 3]), (p.other_bank, [0, 1, 0])):
            ctx = p.installation.context(session, institution.maker)
            assert [len(find(ctx, phone).applications) for phone in phones] == finds


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) for c in text)


def test_a_number_that_cannot_exist_or_has_another_name_is_refused(programme: Programme) -> None:
    asked = programme.asked(who=2)
    programme.create(asked)
    with pytest.raises(Conflict) as other:
        programme.create(replace(asked, name="另一人"))
    assert other.value.code == "name-differs"
    assert asked.id_no not in other.value.message
    wrong = asked.id_no[:-1] + ("0" if asked.id_no[-1] != "0" else "1")
    with pytest.raises(IdentityText) as refused:
        programme.create(replace(asked, id_no=wrong))
    assert wrong not in str(refused.value)


def test_codes_names_logins_and_branches_are_given_once(programme: Programme) -> None:
    p = programme
    for code, name in (("B1", "新银行"), ("B9", "bank B1")):
        with pytest.raises(Conflict) as taken:
            p.do(
                p.system,
                "organisations.register",
                lambda ctx, code=code, name=name: parties.register_organisation(
                    ctx, kind=OrganisationKind.BANK, code=code, name=name
                ),
            )
        assert taken.value.code == "organisation-exists"
    with pytest.raises(Conflict) as login:
        p.person(p.bank.id, "B1-maker", Role.BANK_MAKER)
    assert login.value.code == "login-taken"
    with pytest.raises(Conflict) as branch:
        p.do(
            p.system,
            "branches.register",
            lambda ctx: parties.register_branch(ctx, bank_id=p.bank.id, code="001", name="又一"),
        )
    assert branch.value.code == "branch-exists"


def test_a_person_has_offices_of_their_own_kind_of_organisation_only(programme: Programme) -> None:
    p = programme
    for roles in ((Role.GUARANTEE_APPROVER,), (Role.BANK_MAKER, Role.FINANCE_APPROVER), ()):
        with pytest.raises(Conflict) as refused:
            p.person(p.bank.id, "neu", *roles)
        assert refused.value.code == "roles-not-of-organisation"


def test_a_bank_opens_branches_of_its_own_only(programme: Programme) -> None:
    p = programme

    def branch(bank: object, code: str) -> None:
        p.do(
            p.bank.checker,
            "branches.register",
            lambda ctx: parties.register_branch(ctx, bank_id=bank.id, code=code, name="城东"),  # type: ignore[attr-defined]
        )

    branch(p.bank, "002")
    with pytest.raises(NotPermitted):
        branch(p.other_bank, "002")
    with pytest.raises(NotFound):
        p.create(replace(p.asked(), branch_id=p.branches[p.other_bank.id]))


def test_the_business_date_never_goes_back(programme: Programme) -> None:
    with pytest.raises(Conflict) as refused:
        programme.day(programme.today - timedelta(days=1))
    assert refused.value.code == "business-date-backwards"


# --- the canary -----------------------------------------------------------------------------------

NAMES = ("欧阳金丝雀", "慕容金丝雀")
PHONES = ("13987654321", "13912345678")


@pytest.fixture
def file(databases: Databases, seeded: Seeded) -> Iterator[Path]:
    """The SQLite file of a programme in which named people applied, borrowed, were claimed for."""
    original, programme = seeded["sqlite"]
    with databases.copy(original) as database:
        with programme.moved(database) as p:
            _live(p)
        yield Path(str(make_url(database.url).database))


def _live(p: Programme) -> None:
    p.day(date(2019, 4, 10))
    person = replace(p.asked(who=901), name=NAMES[0], phone=PHONES[0])
    note = p.draw(p.approved(person), amount_fen=300_000_00, on=p.today)
    p.repay(note, 1_00, on=p.today)
    firm = p.asked_firm()
    hire = replace(firm.hires[0], name=NAMES[1], id_no=id_number(902))
    p.approved(replace(firm, hires=(hire,)))
    refused = replace(p.asked(who=901), name="冒名金丝雀", phone=PHONES[1])
    with pytest.raises(Conflict):
        p.create(refused)
    p.day(UNTIL)
    lines = careful_lines(p)
    claim = file_claim(p, lines, as_csv=True)
    review(p, claim)
    approve(p, claim)
    order(p, claim)
    file_claim(p, [replace(lines[0], identity=id_number(902)[:-1] + "?")], as_csv=True)
    assert p.rows(select(Hire.name_masked)) == ["慕****"]


def test_no_byte_of_the_file_names_a_person(file: Path) -> None:
    data = b"".join(part.read_bytes() for part in sorted(file.parent.iterdir()))
    assert len(data) > 100_000
    assert "营业部".encode() in data, "the search works on what is stored plain"
    canaries = [*NAMES, *PHONES, "金丝雀", id_number(901), id_number(902), id_number(902)[:-1]]
    for canary in canaries:
        for encoding in ("utf-8", "utf-16-le", "gb18030"):
            assert canary.encode(encoding) not in data, canary
