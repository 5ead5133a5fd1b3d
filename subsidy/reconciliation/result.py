"""What a comparison finds: every line in one class, every difference with its causes."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from subsidy.arrays import Flags, Integers


class LineClass(StrEnum):
    """Each line of a claim is in exactly one of these."""

    MATCHED = "matched"
    ROUNDING = "rounding"  # a difference of at most 0.01: listed, not charged
    UNDER = "under"  # less than recomputed: paid as claimed
    DIFFERS = "differs"  # more than recomputed
    UNKNOWN = "unknown"  # the note is not in the register
    DUPLICATE = "duplicate"  # every claimed day is already claimed
    BAD = "bad"  # the line could not be read


@dataclass(frozen=True)
class Cause:
    """One named part of a line's difference (claimed − expected), with the sentence behind it."""

    code: str  # R01 … R20
    amount_fen: int
    message: str
    cites: tuple[str, ...]


@dataclass(frozen=True)
class LineFinding:
    """Something about a line that changes no amount (R08, R09, R13, R14, R20)."""

    line: int  # position in the claim, from 0
    code: str
    message: str
    cites: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """One line, for people; ``note`` is its position in the register, or -1."""

    row: int
    note_no: str
    note: int
    line_class: LineClass
    claimed_fen: int
    expected_fen: int
    payable_fen: int
    causes: tuple[Cause, ...]
    findings: tuple[LineFinding, ...]

    @property
    def difference_fen(self) -> int:
        """claimed − expected; the causes' amounts sum to it."""
        return self.claimed_fen - self.expected_fen


@dataclass(frozen=True)
class Unclaimed:
    """A note (or days of one) that earns in the period and is in no line: R08."""

    note: int
    note_no: str
    amount_fen: int
    has_line: bool  # other days of it were claimed
    message: str


@dataclass(frozen=True)
class ConventionFinding:
    """One convention that explains the bank's differences: R11, said once."""

    convention: str  # a name of subsidy.conventions
    lines: int
    amount_fen: int
    message: str


@dataclass(frozen=True)
class FileFinding:
    """Something about the file as a whole: R19."""

    code: str
    column: str
    amount_fen: int
    message: str


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """The whole comparison. Columns have one entry a line, in the claim's order.

    Sums agree both ways: the lines' ``claimed_fen`` add up over the classes, and for every note
    ``earned_fen`` = what its lines recomputed inside the period + ``unclaimed``.
    """

    row: Integers
    note_no: Sequence[str]
    note: Integers  # position in the register, or -1
    line_class: Sequence[LineClass]
    claimed_fen: Integers
    expected_fen: Integers
    payable_fen: Integers
    deducted_fen: Integers  # paid before for days of an under-claim that the line corrects
    causes: Sequence[tuple[Cause, ...]]
    findings: tuple[LineFinding, ...]
    unclaimed: tuple[Unclaimed, ...]
    is_claimed: Flags  # per register note: some line names it
    earned_fen: Integers  # per register note: subsidy of the period not claimed before it
    convention: ConventionFinding | None
    file_findings: tuple[FileFinding, ...] = ()

    def __len__(self) -> int:
        return len(self.row)

    def line(self, at: int) -> Line:
        """One line with everything found about it."""
        return Line(
            row=int(self.row[at]),
            note_no=self.note_no[at],
            note=int(self.note[at]),
            line_class=self.line_class[at],
            claimed_fen=int(self.claimed_fen[at]),
            expected_fen=int(self.expected_fen[at]),
            payable_fen=int(self.payable_fen[at]),
            causes=self.causes[at],
            findings=tuple(finding for finding in self.findings if finding.line == at),
        )

    def amount_by_code(self) -> dict[str, int]:
        """Sum of the causes' amounts by code, fen."""
        amounts: dict[str, int] = {}
        for causes in self.causes:
            for cause in causes:
                amounts[cause.code] = amounts.get(cause.code, 0) + cause.amount_fen
        return dict(sorted(amounts.items()))

    def count_by_class(self) -> dict[LineClass, int]:
        """Number of lines in each class; every class is there."""
        return {name: sum(found is name for found in self.line_class) for name in LineClass}
