"""A month computed but not yet locked: its lines as whole columns, their sums and digest."""

import hashlib
from dataclasses import dataclass
from datetime import date

import numpy as np

from subsidy.arrays import Integers, Positions
from subsidy.columns import NoteColumns


@dataclass(frozen=True, kw_only=True)
class MonthLines:
    """Lines as columns, int64, shape ``(n,)``: what ``accrual_line`` says of each.

    ``movement_id`` is the late fact of an adjustment, 0 for a month's own line; ``note`` the
    note's position in ``notes``.
    """

    notes: NoteColumns
    note: Positions
    since: Integers
    until: Integers
    balance_days: Integers
    interest_fen: Integers
    subsidy_fen: Integers
    rate_ppm: Integers
    movement_id: Integers

    def __len__(self) -> int:
        return len(self.note)

    @property
    def borrower_fen(self) -> Integers:
        """What the borrower bears of each line."""
        return self.interest_fen - self.subsidy_fen

    @property
    def subsidy_class(self) -> Integers:
        """Each line's class, as a position in ``SubsidyClass``."""
        return self.notes.subsidy_class[self.note]

    @property
    def note_id(self) -> Integers:
        """Each line's note."""
        return self.notes.id[self.note]


@dataclass(frozen=True)
class MonthRun:
    """A month computed: ``[since, until)``, its lines by note, the adjustments of late facts."""

    since: date
    until: date
    regular: MonthLines
    adjustments: MonthLines
    last_movement_id: int

    @property
    def parts(self) -> tuple[MonthLines, MonthLines]:
        """The month's own lines, then the adjustments."""
        return self.regular, self.adjustments

    def __len__(self) -> int:
        return len(self.regular) + len(self.adjustments)

    def total(self, column: str) -> int:
        """Sum of a money column over all lines."""
        return sum(int(getattr(lines, column).sum()) for lines in self.parts)

    @property
    def sha256(self) -> str:
        """Digest of the lines: the same facts give the same bytes.

        First the month's own lines, then the adjustments, each by note and fact: note_id,
        movement_id (0: none), since, until (days since 1970-01-01), interest_fen and subsidy_fen as
        big-endian 64-bit integers.
        """
        digest = hashlib.sha256()
        for lines in self.parts:
            columns = (lines.note_id, lines.movement_id, lines.since, lines.until,
                       lines.interest_fen, lines.subsidy_fen)  # fmt: skip
            digest.update(np.stack(columns, axis=1).astype(">i8").tobytes())
        return digest.hexdigest()
