"""Commands: a bank's quarterly claim, from file to approval.

Every line is recomputed; every difference is kept with its causes. The finance bureau's auditor
reviews, a second person approves, bound to the content both saw; approval makes it payable.
Source: rules.md §7; （九）9.6 财政部门给予全额贴息.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from loans import outbox
from loans.context import Context
from loans.errors import Conflict, NotPermitted
from loans.identity import canonical_credit_code, canonical_id
from loans.models import Organisation
from loans.money import fen_to_yuan
from loans.parties import ID_NO
from loans.queries import one
from loans.sheets import digest
from loans.vault import Vault
from subsidy.accrual import day, to_date
from subsidy.detail_sheet import DetailSheet, read_detail_sheet
from subsidy.models import Claim, ClaimCause, ClaimLine, ClaimState
from subsidy.reconciliation import LineClass, Period, Reconciliation, Register, match
from subsidy.register import register_of
from subsidy.remittance import make_payable

# The file as received names people: it is stored sealed.
FILE = "claim.file"
OPEN = (ClaimState.NOT_ACCEPTED, ClaimState.RECEIVED, ClaimState.REVIEWED)


@dataclass(frozen=True)
class Filing:
    """A file as received and read; reading is done before any transaction is open."""

    name: str
    data: bytes
    sheet: DetailSheet


def read_filing(data: bytes, name: str, *, vault: Vault, on: date) -> Filing:
    """Read a detail sheet; ``BadFile`` if it is none. Identity numbers become blind indexes."""

    def key(number: str) -> str:
        try:
            canonical = canonical_credit_code(number)
        except ValueError:
            canonical = canonical_id(number, on=on)
        return vault.index(ID_NO, canonical).hex()

    return Filing(name, data, read_detail_sheet(data, name, borrower_key=key))


def receive(ctx: Context, *, filing: Filing, since: date, until: date) -> Claim:
    """Take a bank's file for the quarter ``[since, until)``: stored, recomputed, explained.

    A file with bad rows is kept with its findings but not accepted. A new file for a quarter
    that is not approved yet replaces the one before.
    """
    bank_id = ctx.actor.bank_id
    if bank_id is None:
        raise NotPermitted("banks-only", "贴息申报由经办银行报送")
    _check_quarter(ctx, since, until)
    bank = ctx.session.scalars(
        select(Organisation).where(Organisation.id == bank_id).with_for_update()
    ).one()
    for earlier in _open_claims(ctx, bank_id, since, until):
        earlier.state = ClaimState.SUPERSEDED
    ctx.session.flush()
    register, rows = register_of(ctx, bank_id=bank_id)
    found = _compare(ctx, filing.sheet, register, since, until)
    claim = Claim(
        public_id=ctx.new_id(),
        bank_id=bank_id,
        since=since,
        until=until,
        state=ClaimState.RECEIVED if filing.sheet.is_clean else ClaimState.NOT_ACCEPTED,
        file_name=filing.name[:200],
        file=ctx.vault.seal_bytes(FILE, filing.data),
        sha256=digest(filing.data),
        content_hash=_content_hash(found),
        received_on=ctx.on,
        received_at=ctx.at,
        received_by_id=ctx.actor.person_id,
        line_count=len(found),
        claimed_fen=int(found.claimed_fen.sum()),
        expected_fen=int(found.expected_fen.sum()),
        payable_fen=int(found.payable_fen.sum()),
        findings=_file_findings(filing.sheet, found),
    )
    ctx.session.add(claim)
    ctx.session.flush()
    _store_lines(ctx, claim, filing.sheet, found, rows)
    payload = {"claim": str(claim.public_id), "state": claim.state.value}
    outbox.emit(ctx, "claim.received", payload, to=bank.id)
    return claim


def review(ctx: Context, *, claim_id: UUID, comment: str) -> Claim:
    """The auditor has examined the differences; the amounts stand as recomputed."""
    claim = one(ctx, Claim, claim_id, lock=True)
    if claim.state is not ClaimState.RECEIVED:
        raise Conflict("claim-not-received", "只有已接收、尚未审核的申报可以审核")
    claim.state = ClaimState.REVIEWED
    claim.reviewed_by_id, claim.reviewed_on = ctx.actor.person_id, ctx.on
    claim.review_comment = comment
    return claim


def approve(ctx: Context, *, claim_id: UUID, content_hash: str) -> Claim:
    """A second person approves exactly the content named; its lines become payable."""
    claim = one(ctx, Claim, claim_id, lock=True)
    if claim.state is not ClaimState.REVIEWED:
        raise Conflict("claim-not-reviewed", "只有已审核的申报可以批准")
    if claim.reviewed_by_id == ctx.actor.person_id:
        raise NotPermitted("same-person", "审核与批准不能是同一人，请由另一人批准")
    if content_hash != claim.content_hash:
        raise Conflict("content-changed", "所批准的内容与现有内容不一致，请刷新后重新核对")
    _check_days_unpaid(ctx, claim)
    claim.state = ClaimState.APPROVED
    claim.approved_by_id, claim.approved_on = ctx.actor.person_id, ctx.on
    make_payable(ctx, claim)
    return claim


def compare(
    ctx: Context, *, sheet: DetailSheet, bank_id: int, since: date, until: date
) -> Reconciliation:
    """The same comparison without storing anything: for a bank before filing, or a terminal."""
    register, _ = register_of(ctx, bank_id=bank_id)
    return _compare(ctx, sheet, register, since, until)


def _compare(
    ctx: Context, sheet: DetailSheet, register: Register, since: date, until: date
) -> Reconciliation:
    tolerance = ctx.book.at("claim_tolerance", since).number
    period = Period(day(since), day(until), f"{since} 至 {until}（不含）")
    return match(
        sheet.claimed,
        register,
        period,
        tolerance_fen=tolerance,
        file_findings=sheet.file_findings,
    )


def _check_quarter(ctx: Context, since: date, until: date) -> None:
    if not since < until:
        raise Conflict("quarter-empty", f"申报期 {since} 至 {until} 不成立")
    if ctx.on < until:
        raise Conflict("quarter-not-over", f"申报期至 {until} 止，结息日之后才能申报")


def _open_claims(ctx: Context, bank_id: int, since: date, until: date) -> list[Claim]:
    rows = select(Claim).where(
        Claim.bank_id == bank_id,
        Claim.since == since,
        Claim.until == until,
        Claim.state.in_(OPEN),
    )
    return list(ctx.session.scalars(rows))


def _check_days_unpaid(ctx: Context, claim: Claim) -> None:
    """No note-day is payable twice, whatever the files were called (the bank's row is locked)."""
    ctx.session.scalars(
        select(Organisation).where(Organisation.id == claim.bank_id).with_for_update()
    ).one()
    mine = select(ClaimLine).where(ClaimLine.claim_id == claim.id, ClaimLine.payable_fen > 0)
    other = (
        select(ClaimLine)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(
            Claim.bank_id == claim.bank_id,
            Claim.state == ClaimState.APPROVED,
            Claim.id != claim.id,
            ClaimLine.payable_fen > 0,
        )
    )
    paid: dict[int | None, list[ClaimLine]] = {}
    for line in ctx.session.scalars(other):
        paid.setdefault(line.note_id, []).append(line)
    for line in ctx.session.scalars(mine):
        for before in paid.get(line.note_id, []):
            assert line.since and line.until and before.since and before.until
            if line.since < before.until and before.since < line.until:
                raise Conflict(
                    "note-day-paid",
                    f"借据 {line.note_no} 在 {max(line.since, before.since)} 起的贴息日已在另一份"
                    "申报中批准，请银行重新报送",
                )


def _store_lines(
    ctx: Context, claim: Claim, sheet: DetailSheet, found: Reconciliation, rows: list[Any]
) -> None:
    findings: dict[int, list[dict[str, str]]] = {}
    for finding in found.findings:
        findings.setdefault(finding.line, []).append(
            {"code": finding.code, "message": finding.message}
        )
    cells = list(sheet.table.rows())
    for at in range(len(found)):
        note = int(found.note[at])
        bad = found.line_class[at] is LineClass.BAD
        line = ClaimLine(
            public_id=ctx.new_id(),
            claim_id=claim.id,
            row=int(found.row[at]),
            note_id=rows[note].id if note >= 0 else None,
            note_no=found.note_no[at][:64],
            since=None if bad else to_date(int(sheet.claimed.since[at])),
            until=None if bad else to_date(int(sheet.claimed.until[at])),
            subsidy_class=sheet.subsidy_class[at],
            claimed_fen=int(found.claimed_fen[at]),
            expected_fen=int(found.expected_fen[at]),
            payable_fen=int(found.payable_fen[at]),
            line_class=found.line_class[at],
            cells=_cells(cells[at].values),
            findings=findings.get(at, []),
        )
        ctx.session.add(line)
        ctx.session.flush()
        _store_causes(ctx, line, found.causes[at])


def _store_causes(ctx: Context, line: ClaimLine, causes: Any) -> None:
    rows = [
        {
            "line_id": line.id,
            "no": no,
            "code": cause.code,
            "amount_fen": cause.amount_fen,
            "message": cause.message[:500],
            "cites": "；".join(cause.cites)[:500],
        }
        for no, cause in enumerate(causes, 1)
    ]
    if rows:
        ctx.session.execute(insert(ClaimCause), rows)


def _cells(values: Any) -> dict[str, Any]:
    """What the row says, without the borrower's name and number."""
    hidden = ("borrower", "identity")
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
        if name not in hidden and value is not None
    }


def _file_findings(sheet: DetailSheet, found: Reconciliation) -> list[dict[str, Any]]:
    """Everything about the file that is not about one comparable line, ready to be shown."""
    shown: list[dict[str, Any]] = [
        {"kind": "row", "row": f.row, "column": f.column, "code": f.code, "message": f.message}
        for f in sheet.findings
    ]
    shown += [
        {"kind": "file", "code": f.code, "amount": fen_to_yuan(f.amount_fen), "message": f.message}
        for f in found.file_findings
    ]
    shown += [
        {
            "kind": "unclaimed",
            "code": "R08",
            "note_no": u.note_no,
            "amount": fen_to_yuan(u.amount_fen),
            "message": u.message,
        }
        for u in found.unclaimed
    ]
    if found.convention is not None:
        c = found.convention
        shown.append(
            {
                "kind": "convention",
                "code": "R11",
                "convention": c.convention,
                "lines": c.lines,
                "amount": fen_to_yuan(c.amount_fen),
                "message": c.message,
            }
        )
    return shown


def _content_hash(found: Reconciliation) -> str:
    text = "\n".join(
        f"{row},{note_no},{claimed},{payable}"
        for row, note_no, claimed, payable in zip(
            found.row, found.note_no, found.claimed_fen, found.payable_fen, strict=True
        )
    )
    return hashlib.sha256(text.encode()).hexdigest()
