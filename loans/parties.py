"""Commands: the programme's organisations, branches, and borrowers.

Source: （九）9.9a 增加经办银行和经办网点 (banks and branches are data), 9.14 (the bureaus).
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from loans.access import OrganisationKind
from loans.context import Context
from loans.errors import Conflict, NotFound, NotPermitted
from loans.identity import (
    canonical_credit_code,
    canonical_id,
    gender_of,
    mask_id,
    mask_name,
    mask_phone,
)
from loans.models import (
    Borrower,
    BorrowerContact,
    Branch,
    BusinessDate,
    Note,
    Organisation,
    Reveal,
)
from loans.queries import one, organisation_of
from loans.second_person import accounts_of
from loans.wall import every_bank
from loans.workflow import BorrowerKind

ACCOUNT, NAME, ID_NO, PHONE = "organisation.account", "name", "id_no", "phone"
ADDRESS, REPAYS_FROM = "address", "account"


@dataclass(frozen=True, slots=True)
class Contact:
    """A borrower's contact in the clear."""

    name: str
    phone: str | None
    address: str | None


def register_organisation(
    ctx: Context, *, kind: OrganisationKind, code: str, name: str, account: str | None = None
) -> Organisation:
    """A bank, the guarantee company or a bureau joins the programme."""
    taken = select(Organisation).where((Organisation.code == code) | (Organisation.name == name))
    if ctx.session.scalars(taken).first():
        raise Conflict("organisation-exists", f"机构代码 {code} 或名称“{name}”已经登记")
    row = Organisation(
        public_id=ctx.new_id(),
        kind=kind,
        code=code,
        name=name,
        account_sealed=ctx.vault.seal(ACCOUNT, account) if account else None,
        registered_on=ctx.on,
    )
    ctx.session.add(row)
    return row


def register_branch(ctx: Context, *, bank_id: UUID, code: str, name: str) -> Branch:
    """A bank opens a branch that takes applications."""
    bank = organisation_of(ctx, bank_id, OrganisationKind.BANK)
    if ctx.actor.bank_id not in (None, bank.id):
        raise NotPermitted("other-bank", "只能登记本行的网点")
    taken = select(Branch).where(Branch.bank_id == bank.id, Branch.code == code)
    if ctx.session.scalars(taken).first():
        raise Conflict("branch-exists", f"{bank.name} 的网点代码 {code} 已经登记")
    row = Branch(public_id=ctx.new_id(), bank_id=bank.id, code=code, name=name)
    ctx.session.add(row)
    return row


def set_business_date(ctx: Context, *, on: date) -> BusinessDate:
    """Live on another day than today; the edge refuses it in production. It never goes back."""
    row = ctx.session.get(BusinessDate, 1)
    if row is None:
        row = BusinessDate(id=1, on=on)
        ctx.session.add(row)
    if row.on > on:
        raise Conflict("business-date-backwards", f"业务日期已是 {row.on}，不能倒回 {on}")
    row.on = on
    return row


def borrower_for(
    ctx: Context,
    *,
    kind: BorrowerKind,
    name: str,
    id_no: str,
    phone: str | None,
    address: str | None = None,
    account: str | None = None,
) -> Borrower:
    """The borrower with this ID number or credit code, registered now if new.

    How to reach the borrower is the bank's own: what it was told last, never what another knows.

    One person is one row whatever the spelling of the number (threat T12): the number is made
    canonical first. Raises ``ValueError`` subclasses of ``loans.identity`` on a bad number.
    """
    number = (
        canonical_id(id_no, on=ctx.on)
        if kind is BorrowerKind.INDIVIDUAL
        else canonical_credit_code(id_no)
    )
    index = ctx.vault.index(ID_NO, number)
    with every_bank(ctx):  # another bank's borrower may be the same person
        found = ctx.session.scalars(
            select(Borrower).where(Borrower.id_index == index)
        ).one_or_none()
        if found is not None and ctx.vault.open(NAME, found.name_sealed) != name:
            raise Conflict(
                "name-differs", "该证件号已登记在另一个姓名（名称）之下，请核对证件后重新填写"
            )
        row = found or _new_borrower(ctx, kind, name, number)
        ctx.session.flush()
    assert ctx.actor.bank_id is not None, "banks take in applications"
    _reach(ctx, row.id, ctx.actor.bank_id, phone, address, account)
    return row


def _new_borrower(ctx: Context, kind: BorrowerKind, name: str, number: str) -> Borrower:
    row = Borrower(
        public_id=ctx.new_id(),
        kind=kind,
        name_sealed=ctx.vault.seal(NAME, name),
        name_masked=mask_name(name) if kind is BorrowerKind.INDIVIDUAL else name,
        id_sealed=ctx.vault.seal(ID_NO, number),
        id_index=ctx.vault.index(ID_NO, number),
        id_masked=mask_id(number),
        gender=gender_of(number) if kind is BorrowerKind.INDIVIDUAL else None,
    )
    ctx.session.add(row)
    return row


def reveal(ctx: Context, *, note_id: UUID, purpose: str) -> Reveal:
    """Ask to see the contact of a note's borrower; the asking itself stays on record (9.10)."""
    note = one(ctx, Note, note_id)
    most = ctx.book.at("reveals_per_day", ctx.on)
    asked = select(func.count(Reveal.id)).where(
        Reveal.person_id.in_(accounts_of(ctx.actor.person_id)), Reveal.on == ctx.on
    )
    if ctx.session.scalars(asked).one() >= most.number:
        raise Conflict(
            "reveals-used-up", f"{most.title} {most.shown}，今日已用完", cites=most.cites
        )
    row = Reveal(
        public_id=ctx.new_id(),
        note_id=note.id,
        bank_id=note.bank_id,
        borrower_id=note.borrower_id,
        person_id=ctx.actor.person_id,
        purpose=purpose,
        on=ctx.on,
        at=ctx.at,
    )
    ctx.session.add(row)
    return row


def contact_of(ctx: Context, reveal_id: UUID) -> Contact:
    """The contact that was asked for: for the person who asked, on the day of asking."""
    row = one(ctx, Reveal, reveal_id)
    if (row.person_id, row.on) != (ctx.actor.person_id, ctx.on):
        raise NotFound("not-found", "没有找到这条记录，请核对编号")
    borrower = ctx.session.get_one(Borrower, row.borrower_id)
    known = _known(ctx, row.borrower_id, row.bank_id)
    return Contact(
        name=ctx.vault.open(NAME, borrower.name_sealed),
        phone=_opened(ctx, PHONE, known.phone_sealed) if known else None,
        address=_opened(ctx, ADDRESS, known.address_sealed) if known else None,
    )


def masked_phones(ctx: Context, notes: Iterable[Note]) -> dict[int, str | None]:
    """By note, the phone at which its bank reaches the borrower, as lists show it."""
    rows = list(notes)
    told = select(BorrowerContact).where(
        BorrowerContact.borrower_id.in_([note.borrower_id for note in rows])
    )
    phones = {
        (row.borrower_id, row.bank_id): _opened(ctx, PHONE, row.phone_sealed)
        for row in ctx.session.scalars(told)
    }
    found = {note.id: phones.get((note.borrower_id, note.bank_id)) for note in rows}
    return {key: mask_phone(phone) if phone else None for key, phone in found.items()}


def _known(ctx: Context, borrower_id: int, bank_id: int) -> BorrowerContact | None:
    """How a bank reaches a borrower, if it was told."""
    own = (BorrowerContact.borrower_id == borrower_id) & (BorrowerContact.bank_id == bank_id)
    return ctx.session.scalars(select(BorrowerContact).where(own)).one_or_none()


def _opened(ctx: Context, field: str, sealed: bytes | None) -> str | None:
    return ctx.vault.open(field, sealed) if sealed is not None else None


def _reach(
    ctx: Context,
    borrower_id: int,
    bank_id: int,
    phone: str | None,
    address: str | None,
    account: str | None,
) -> None:
    """Keep what the bank was told of how the borrower is reached and repays; nothing said, kept."""
    if not (phone or address or account):
        return
    row = _known(ctx, borrower_id, bank_id)
    if row is None:
        row = BorrowerContact(borrower_id=borrower_id, bank_id=bank_id)
        ctx.session.add(row)
    if phone:
        row.phone_sealed, row.phone_index = _sealed(ctx, PHONE, phone)
    if address:
        row.address_sealed, row.address_index = _sealed(ctx, ADDRESS, address)
    if account:
        row.account_sealed, row.account_index = _sealed(ctx, REPAYS_FROM, account)
    ctx.session.flush()


def _sealed(ctx: Context, field: str, text: str) -> tuple[bytes, bytes]:
    """Sealed as written; found by its canonical form: no width, case or spaces."""
    canonical = "".join(unicodedata.normalize("NFKC", text).upper().split())
    return ctx.vault.seal(field, text), ctx.vault.index(field, canonical)
