"""What a corrected file changes: line by line against the file that it replaces."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import select

from loans.context import Context
from subsidy.models import Claim, ClaimLine


class ChangeKind(StrEnum):
    """What became of a line."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class Change:
    """One line that differs; amounts [fen] are 0 where the line is not in that file."""

    kind: ChangeKind
    note_no: str
    since: date | None
    columns: tuple[str, ...]  # which cells differ
    claimed_before_fen: int
    claimed_fen: int
    payable_before_fen: int
    payable_fen: int


@dataclass(frozen=True)
class Comparison:
    """All changes in the new file's order, then what was removed."""

    before: Claim | None
    changes: tuple[Change, ...]
    unchanged: int


def compare_with_replaced(ctx: Context, claim: Claim) -> Comparison:
    """Compare a claim with the one it supersedes; empty when there is none."""
    before = ctx.session.get(Claim, claim.supersedes_id) if claim.supersedes_id else None
    if before is None:
        return Comparison(None, (), claim.line_count)
    old = _lines(ctx, before)
    changes: list[Change] = []
    for key, line in _lines(ctx, claim).items():
        was = old.pop(key, None)
        change = _change(was, line)
        if change is not None:
            changes.append(change)
    unchanged = claim.line_count - len(changes)
    changes += [_removed(line) for line in old.values()]
    return Comparison(before, tuple(changes), unchanged)


def _lines(ctx: Context, claim: Claim) -> dict[tuple[str, date | None, int], ClaimLine]:
    """Lines by note, first day and occurrence, so that repeated lines stay apart."""
    found: dict[tuple[str, date | None, int], ClaimLine] = {}
    rows = select(ClaimLine).where(ClaimLine.claim_id == claim.id).order_by(ClaimLine.row)
    for line in ctx.session.scalars(rows):
        nth = 0
        while (line.note_no, line.since, nth) in found:
            nth += 1
        found[line.note_no, line.since, nth] = line
    return found


def _change(was: ClaimLine | None, line: ClaimLine) -> Change | None:
    if was is None:
        return Change(
            ChangeKind.ADDED, line.note_no, line.since, (), 0, line.claimed_fen, 0, line.payable_fen
        )
    names = sorted(was.cells.keys() | line.cells.keys())
    columns = tuple(n for n in names if n != "seq" and was.cells.get(n) != line.cells.get(n))
    if not columns and was.payable_fen == line.payable_fen:
        return None
    return Change(
        ChangeKind.CHANGED,
        line.note_no,
        line.since,
        columns,
        was.claimed_fen,
        line.claimed_fen,
        was.payable_fen,
        line.payable_fen,
    )


def _removed(was: ClaimLine) -> Change:
    return Change(
        ChangeKind.REMOVED, was.note_no, was.since, (), was.claimed_fen, 0, was.payable_fen, 0
    )
