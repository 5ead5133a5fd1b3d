"""Finding a borrower, an application or a note by what somebody has in hand: exactly, and masked.

ID numbers, credit codes and phones are found by their blind index. A person's name is sealed
without one: those masked alike are opened and compared, here and nowhere else. What another bank
has is not found.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, or_, select

from loans.context import Context
from loans.identity import IdentityText, canonical_credit_code, canonical_id, mask_name
from loans.models import Application, Borrower, BorrowerContact, Contract, Note
from loans.parties import ID_NO, NAME, PHONE
from loans.queries import visible_to

MOST = 50
MOST_ALIKE = 5_000  # people masked alike that are compared
LONGEST = 100


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, at most ``MOST`` of each; borrowers by key."""

    applications: list[Application]
    notes: list[Note]
    contracts: dict[int, Contract]
    borrowers: dict[int, Borrower]


def find(ctx: Context, text: str) -> Found:
    """By note or contract number, ID number or credit code, phone, or full name."""
    wanted = unicodedata.normalize("NFKC", text).strip()[:LONGEST]
    if not wanted:
        return Found([], [], {}, {})
    people = _borrowers(ctx, wanted)
    numbered = or_(
        Note.note_no == wanted,
        Contract.contract_no == wanted,
        Note.borrower_id.in_(people),
    )
    rows = ctx.session.execute(
        select(Note, Contract)
        .join(Contract, Contract.id == Note.contract_id)
        .where(visible_to(ctx.actor, Note), numbered)
        .order_by(Note.id.desc())
        .limit(MOST)
    ).all()
    contracts = {contract.id: contract for _, contract in rows}
    applications = _applications(ctx, people, contracts.values())
    keys = {row.borrower_id for row in applications} | {note.borrower_id for note, _ in rows}
    borrowers = ctx.session.scalars(select(Borrower).where(Borrower.id.in_(keys)))
    return Found(
        applications, [note for note, _ in rows], contracts, {row.id: row for row in borrowers}
    )


def _applications(
    ctx: Context, people: list[int], contracts: Iterable[Contract]
) -> list[Application]:
    signed = [contract.application_id for contract in contracts]
    rows = select(Application).where(
        visible_to(ctx.actor, Application),
        or_(Application.borrower_id.in_(people), Application.id.in_(signed)),
    )
    return list(ctx.session.scalars(rows.order_by(Application.id.desc()).limit(MOST)))


def _borrowers(ctx: Context, wanted: str) -> list[int]:
    """The keys of the borrowers whom a text names."""
    indexes = [ctx.vault.index(ID_NO, number) for number in _numbers(wanted, ctx.on)]
    phone = ctx.vault.index(PHONE, "".join(wanted.upper().split()))
    if wanted.isascii():
        reached = select(BorrowerContact.borrower_id).where(
            visible_to(ctx.actor, BorrowerContact), BorrowerContact.phone_index == phone
        )
        return _keys(ctx, or_(Borrower.id_index.in_(indexes), Borrower.id.in_(reached)))
    alike = ctx.session.execute(
        select(Borrower.id, Borrower.name_sealed)
        .where(
            _within_reach(ctx),
            or_(Borrower.name_masked == wanted, Borrower.name_masked == mask_name(wanted)),
        )
        .limit(MOST_ALIKE)
    )
    return [key for key, sealed in alike if ctx.vault.open(NAME, sealed) == wanted][:MOST]


def _keys(ctx: Context, condition: ColumnElement[bool]) -> list[int]:
    rows = select(Borrower.id).where(_within_reach(ctx), condition).limit(MOST)
    return list(ctx.session.scalars(rows))


def _within_reach(ctx: Context) -> ColumnElement[bool]:
    """Those with an application that the actor sees: nobody else's fill up the limits."""
    seen = select(Application.borrower_id).where(visible_to(ctx.actor, Application))
    return Borrower.id.in_(seen)


def _numbers(wanted: str, on: date) -> list[str]:
    """The canonical numbers that a text may be."""
    found = []
    for read in (lambda text: canonical_id(text, on=on), canonical_credit_code):
        try:
            found.append(read(wanted))
        except IdentityText:
            continue
    return found
