"""The detail sheet of a careful bank: every figure right, by the independent oracle."""

from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import select

from loans.models import Borrower, Contract, MovementKind, Note
from loans.parties import ID_NO, NAME
from subsidy import claims, remittance
from subsidy.detail_sheet import DetailLine, write_detail_csv, write_detail_sheet
from subsidy.models import Claim, ClaimCause, ClaimLine
from tests.programme import QUARTER_BEGINS, QUARTER_ENDS, Institution, Programme
from tests.subsidy.histories import Stored

SINCE, UNTIL = QUARTER_BEGINS, QUARTER_ENDS
PLENTY = 10**9


def careful_lines(
    p: Programme,
    *,
    bank: Institution | None = None,
    since: date = SINCE,
    until: date = UNTIL,
) -> list[DetailLine]:
    """One line for each of the bank's notes that earns in ``[since, until)``, by note number."""
    bank = bank or p.bank
    stored = Stored.of(p)
    booked = stored.booked([since, until])
    lines = []
    for note, contract in sorted(stored.notes, key=lambda pair: pair[0].note_no):
        earned = booked[note.id][until][1] - booked[note.id][since][1]
        if earned and note.bank_id == bank.maker.organisation_id:
            lines.append(_line(p, stored, note, contract, since, until, earned))
    return lines


def _line(
    p: Programme,
    stored: Stored,
    note: Note,
    contract: Contract,
    since: date,
    until: date,
    earned: int,
) -> DetailLine:
    (borrower,) = p.rows(select(Borrower).where(Borrower.id == note.borrower_id))
    vault = p.installation.vault
    repaid = [
        (m.on, m.amount_fen)
        for m in stored.standing(note)
        if m.kind is MovementKind.PRINCIPAL_REPAID
    ]
    is_new = note.disbursed_on >= since
    opening = 0 if is_new else note.principal_fen - sum(fen for on, fen in repaid if on < since)
    back = sum(fen for on, fen in repaid if since <= on < until)
    first = max(since, note.disbursed_on)
    end = min(until, note.matures_on, note.settled_on or until)
    return DetailLine(
        bank="B1",
        branch="营业部",
        contract_no=contract.contract_no,
        note_no=note.note_no,
        borrower=vault.open(NAME, borrower.name_sealed),
        identity=vault.open(ID_NO, borrower.id_sealed),
        category=contract.category or "其他",
        subsidy_class=contract.subsidy_class.upper(),
        principal_fen=note.principal_fen,
        signed_on=contract.signed_on,
        disbursed_on=note.disbursed_on,
        matures_on=note.matures_on,
        rate_ppm=contract.rate_ppm,
        subsidy_rate_ppm=contract.benchmark_ppm or contract.rate_ppm,
        opening_fen=opening,
        disbursed_fen=note.principal_fen if is_new else 0,
        repaid_fen=back,
        closing_fen=opening + (note.principal_fen if is_new else 0) - back,
        since=first,
        until=end,
        days=(end - first).days,
        interest_paid_fen=PLENTY,
        claimed_fen=earned,
    )


def replace_claimed(lines: list[DetailLine], fen: int) -> list[DetailLine]:
    """The same lines, each claiming another amount."""
    return [replace(line, claimed_fen=fen) for line in lines]


# --- filing one -----------------------------------------------------------------------------------


def file_claim(
    p: Programme,
    lines: list[DetailLine] | bytes,
    *,
    bank: Institution | None = None,
    since: date = SINCE,
    until: date = UNTIL,
    as_csv: bool = False,
) -> Claim:
    """A bank files a detail sheet."""
    if isinstance(lines, bytes):
        data = lines
    else:
        data = write_detail_csv(lines)[0] if as_csv else write_detail_sheet(lines)
    name = "明细.csv" if as_csv else "明细.xlsx"
    filing = claims.read_filing(data, name, vault=p.installation.vault, on=p.today)
    return p.do(
        (bank or p.bank).maker,
        "claims.receive",
        lambda ctx: claims.receive(ctx, filing=filing, since=since, until=until),
    )


def review(p: Programme, claim: Claim, *, by: Any = None) -> Claim:
    """The auditor has examined it."""
    return p.do(
        by or p.finance.maker,
        "claims.review",
        lambda ctx: claims.review(ctx, claim_id=claim.public_id, comment="核对无误"),
    )


def approve(p: Programme, claim: Claim, *, by: Any = None, content_hash: str = "") -> Claim:
    """A second person approves what both saw."""
    return p.do(
        by or p.finance.checker,
        "claims.approve",
        lambda ctx: claims.approve(
            ctx, claim_id=claim.public_id, content_hash=content_hash or claim.content_hash
        ),
    )


def order(p: Programme, claim: Claim, *, by: Any = None) -> Any:
    """拨付."""
    return p.do(
        by or p.finance.maker,
        "remittances.order",
        lambda ctx: remittance.order(ctx, claim_id=claim.public_id),
    )


def confirm(p: Programme, ordered: Any, *, by: Any = None, paid_on: date | None = None) -> Any:
    """A second person confirms the payment."""
    day = paid_on or p.today
    return p.do(
        by or p.finance.checker,
        "remittances.confirm",
        lambda ctx: remittance.confirm(
            ctx, remittance_id=ordered.public_id, paid_on=day, reference="国库 1"
        ),
    )


def lines_of(p: Programme, claim: Claim) -> list[ClaimLine]:
    """A claim's lines in the file's order."""
    return p.rows(select(ClaimLine).where(ClaimLine.claim_id == claim.id).order_by(ClaimLine.row))


def causes_of(p: Programme, claim: Claim) -> dict[str, dict[str, int]]:
    """By note number: the named causes with their fen."""
    found: dict[str, dict[str, int]] = {}
    query = (
        select(ClaimLine.note_no, ClaimCause.code, ClaimCause.amount_fen)
        .join(ClaimLine, ClaimLine.id == ClaimCause.line_id)
        .where(ClaimLine.claim_id == claim.id)
        .order_by(ClaimCause.id)
    )
    for note_no, code, amount in p.rows(query):
        found.setdefault(note_no, {})[code] = amount
    return found
