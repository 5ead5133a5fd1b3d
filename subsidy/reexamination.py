"""A claim computed again: what was recorded since it was received may have changed its lines.

The comparison is the one of the day it was filed, from the cells it was stored with, against the
facts of today. Source: rules.md §7 (every line is checked by recomputation), §4 (backdated facts).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select

from loans.context import Context
from loans.money import fen_to_yuan
from subsidy.accrual import day
from subsidy.detail_sheet import SHARE_BY_CLASS
from subsidy.filing import cause_rows, later_findings, refresh
from subsidy.models import CaseComment, CaseState, Claim, ClaimCase, ClaimCause, ClaimLine
from subsidy.reconciliation import UNSTATED, Claimed, LineClass, Period, Reconciliation, match
from subsidy.register import BankFacts, bank_facts, register_before, tolerance

UNEXCEPTIONAL = (LineClass.MATCHED, LineClass.ROUNDING)
_MOST_SHOWN = 5


@dataclass(frozen=True)
class Again:
    """A claim's lines beside what they come to today; entry ``at`` of both is one line."""

    claim: Claim
    lines: Sequence[ClaimLine]
    found: Reconciliation

    def changed(self) -> list[int]:
        """Positions of the lines whose amounts or class are other ones now."""
        expected, deducted = self.found.expected_fen.tolist(), self.found.deducted_fen.tolist()
        now = zip(expected, deducted, self.found.line_class, strict=True)
        return [
            at
            for at, (line, found) in enumerate(zip(self.lines, now, strict=True))
            if found != (line.expected_fen, line.deducted_fen, line.line_class)
        ]


def computed_again(ctx: Context, claim: Claim, facts: BankFacts | None = None) -> Again:
    """Compare a stored claim with the facts of today; nothing is changed."""
    facts = facts or bank_facts(ctx, bank_id=claim.bank_id)
    rows = select(ClaimLine).where(ClaimLine.claim_id == claim.id).order_by(ClaimLine.row)
    lines = ctx.session.scalars(rows).all()
    found = match(
        Claimed.of([_record(line) for line in lines]),
        register_before(ctx, facts, claim),
        Period(day(claim.since), day(claim.until), f"{claim.since} 至 {claim.until}（不含）"),
        tolerance_fen=tolerance(ctx, claim.since).number,
    )
    return Again(claim, lines, found)


def told(again: Again) -> str:
    """The changed lines in words, the first few of them; empty if there is none."""
    texts = [
        f"借据 {line.note_no} 由 {fen_to_yuan(line.expected_fen)} 元改为 "
        f"{fen_to_yuan(int(again.found.expected_fen[at]))} 元"
        for at, line in ((at, again.lines[at]) for at in again.changed())
    ]
    more = f"等共 {len(texts)} 行" if len(texts) > _MOST_SHOWN else ""
    return "；".join(texts[:_MOST_SHOWN]) + more


def take_up(ctx: Context, again: Again) -> None:
    """Store what the lines come to today. Where a line has changed, its case is open (again): what
    was decided rested on other facts, and is kept as a remark."""
    claim, found = again.claim, again.found
    changed = again.changed()
    for at in changed:
        line = again.lines[at]
        _reopen(ctx, claim, line, found.line_class[at])
        line.expected_fen = int(found.expected_fen[at])
        line.payable_fen = int(found.payable_fen[at])
        line.deducted_fen = int(found.deducted_fen[at])
        line.line_class = found.line_class[at]
    ids = [again.lines[at].id for at in changed]
    ctx.session.execute(delete(ClaimCause).where(ClaimCause.line_id.in_(ids)))
    causes = [row for at in changed for row in cause_rows(again.lines[at].id, found.causes[at])]
    if causes:
        ctx.session.execute(insert(ClaimCause), causes)
    # Unreadable rows and totals are the file's; what is unclaimed and the convention are facts.
    kept = [each for each in claim.findings if each["kind"] in ("row", "file")]
    claim.findings = [*kept, *later_findings(found)]
    claim.expected_fen = sum(line.expected_fen for line in again.lines)
    ctx.session.flush()
    refresh(ctx, claim)


def _reopen(ctx: Context, claim: Claim, line: ClaimLine, line_class: LineClass) -> None:
    case = ctx.session.scalars(select(ClaimCase).where(ClaimCase.line_id == line.id)).one_or_none()
    if case is None:
        if line_class not in UNEXCEPTIONAL:
            ctx.session.add(
                ClaimCase(
                    public_id=ctx.new_id(),
                    bank_id=claim.bank_id,
                    claim_id=claim.id,
                    line_id=line.id,
                    note_no=line.note_no,
                    state=CaseState.OPEN,
                    opened_on=ctx.on,
                )
            )
        return
    if case.state is not CaseState.OPEN:
        decided = f"原结论（{case.state.value}，{fen_to_yuan(case.allowed_fen or 0)} 元）"
        text = f"收到申报后登记的事实改变了本行的重算额，{decided}须重新作出"
        ctx.session.add(
            CaseComment(
                public_id=ctx.new_id(),
                case_id=case.id,
                by_person_id=ctx.actor.person_id,
                on=ctx.on,
                at=ctx.at,
                text=text,
                evidence="",
            )
        )
    case.state, case.allowed_fen, case.reason, case.cites = CaseState.OPEN, None, None, None
    case.decided_by_id, case.decided_on = None, None


def _record(line: ClaimLine) -> dict[str, Any]:
    """A stored line as the comparison reads one; who the borrower is was compared on receipt."""
    cells = line.cells
    is_bad = line.since is None or line.until is None
    numbers = {
        name: cells.get(name, 0)
        for name in (
            "rate_ppm", "subsidy_rate_ppm", "opening_fen", "disbursed_fen", "repaid_fen",
            "closing_fen", "days", "interest_paid_fen",
        )
    }  # fmt: skip
    return numbers | {
        "row": line.row,
        "note_no": line.note_no,
        "contract_no": cells.get("contract_no", ""),
        "borrower": "",
        "share_pct": SHARE_BY_CLASS.get(line.subsidy_class or "", UNSTATED),
        "since": _day(line.since),
        "until": _day(line.until),
        "claimed_fen": line.claimed_fen,
        "is_bad": is_bad,
    }


def _day(on: date | None) -> int:
    return day(on) if on else 0
