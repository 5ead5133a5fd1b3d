"""What is kept of a claim: its lines, their causes, what was found about the file; and its digest.

Stored in a few statements whatever the number of lines.
"""

import hashlib
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import insert, select

from loans.context import Context
from loans.money import fen_to_yuan
from subsidy.accrual import to_date
from subsidy.detail_sheet import DetailSheet
from subsidy.models import CaseState, Claim, ClaimCase, ClaimCause, ClaimLine
from subsidy.reconciliation import Cause, LineClass, Reconciliation


def store_lines(
    ctx: Context, claim: Claim, sheet: DetailSheet, found: Reconciliation, notes: list[Any]
) -> None:
    """Lines and causes of a claim; ``notes`` are the rows behind the register's positions."""
    findings: dict[int, list[dict[str, str]]] = {}
    for finding in found.findings:
        findings.setdefault(finding.line, []).append(
            {"code": finding.code, "message": finding.message}
        )
    lines = [
        _line(ctx, claim, sheet, found, notes, at) | {"findings": findings.get(at, [])}
        for at in range(len(found))
    ]
    for at, row in enumerate(sheet.table.rows()):
        lines[at]["cells"] = _cells(row.values)
    if not lines:
        return
    ids = ctx.session.scalars(
        insert(ClaimLine).returning(ClaimLine.id, sort_by_parameter_order=True), lines
    ).all()
    causes = [row for at, own in enumerate(found.causes) for row in cause_rows(ids[at], own)]
    if causes:
        ctx.session.execute(insert(ClaimCause), causes)


def cause_rows(line_id: int, causes: Iterable[Cause]) -> list[dict[str, Any]]:
    """The causes of one line as they are stored."""
    return [
        {
            "line_id": line_id,
            "no": no,
            "code": cause.code,
            "amount_fen": cause.amount_fen,
            "message": cause.message[:500],
            "cites": "；".join(cause.cites)[:500],
        }
        for no, cause in enumerate(causes, 1)
    ]


def digest_of(lines: Iterable[tuple[Any, ...]]) -> str:
    """Digest of (row, note number, claimed, payable, decision) of every line in the file's order:
    what an approval is bound to."""
    text = "\n".join(",".join(map(str, line)) for line in lines)
    return hashlib.sha256(text.encode()).hexdigest()


def refresh(ctx: Context, claim: Claim) -> None:
    """Total and digest again after a decision on a line."""
    rows = ctx.session.execute(
        select(
            ClaimLine.row,
            ClaimLine.note_no,
            ClaimLine.claimed_fen,
            ClaimLine.payable_fen,
            ClaimCase.state,
            ClaimCase.reason,
            ClaimCase.cites,
        )
        .outerjoin(ClaimCase, ClaimCase.line_id == ClaimLine.id)
        .where(ClaimLine.claim_id == claim.id)
        .order_by(ClaimLine.row)
    ).all()
    claim.payable_fen = sum(row.payable_fen for row in rows)
    claim.content_hash = digest_of((*row[:4], _decision(*row[4:])) for row in rows)


def _decision(state: CaseState | None, reason: str | None, cites: str | None) -> str:
    if state in (None, CaseState.OPEN):
        return ""
    return "/".join((state.value, reason or "", cites or ""))


def _line(
    ctx: Context,
    claim: Claim,
    sheet: DetailSheet,
    found: Reconciliation,
    notes: list[Any],
    at: int,
) -> dict[str, Any]:
    note = int(found.note[at])
    bad = found.line_class[at] is LineClass.BAD
    return {
        "public_id": ctx.new_id(),
        "claim_id": claim.id,
        "row": int(found.row[at]),
        "note_id": notes[note].id if note >= 0 else None,
        "note_no": found.note_no[at][:64],
        "since": None if bad else to_date(int(sheet.claimed.since[at])),
        "until": None if bad else to_date(int(sheet.claimed.until[at])),
        "subsidy_class": sheet.subsidy_class[at],
        "claimed_fen": int(found.claimed_fen[at]),
        "expected_fen": int(found.expected_fen[at]),
        "payable_fen": int(found.payable_fen[at]),
        "deducted_fen": int(found.deducted_fen[at]),
        "line_class": found.line_class[at],
    }


def _cells(values: Any) -> dict[str, Any]:
    """What the row says, without the borrower's name and number."""
    hidden = ("borrower", "identity")
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
        if name not in hidden and value is not None
    }


def file_findings(sheet: DetailSheet, found: Reconciliation) -> list[dict[str, Any]]:
    """Everything about the file that is not about one comparable line, ready to be shown."""
    shown: list[dict[str, Any]] = [
        {"kind": "row", "row": f.row, "column": f.column, "code": f.code, "message": f.message}
        for f in sheet.findings
    ]
    shown += [
        {"kind": "file", "code": f.code, "amount": fen_to_yuan(f.amount_fen), "message": f.message}
        for f in found.file_findings
    ]
    return shown + later_findings(found)


def later_findings(found: Reconciliation) -> list[dict[str, Any]]:
    """What the facts say of the claim as a whole: notes not claimed, the bank's convention."""
    shown: list[dict[str, Any]] = [
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
