"""What the programme knows about one bank's notes: the truth a claim is compared with.

The truth is stated in the accrual core's terms, so that there is one calculator: ``notes`` and
``events`` give the subsidy by law; the rest says *why* a day or a yuan does not earn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from subsidy.accrual import Events, Notes
from subsidy.arrays import Integers


@dataclass(frozen=True)
class Span:
    """Days ``[since, until)`` of a note that were claimed before; ``where`` names the claim.

    With ``paid_fen`` it was an under-claim: a later line that covers all these days may claim what
    they are worth less what was paid. Without it, or for a line that covers only some of them, the
    days are taken.
    """

    note_no: str
    since: int
    until: int
    where: str
    paid_fen: int | None = None


@dataclass(frozen=True)
class ElsewhereSpan:
    """Days of a loan another bank claims: same borrower, same contract."""

    borrower: str
    contract_no: str
    since: int
    until: int
    where: str


@dataclass(frozen=True)
class Flag:
    """A finding without money about a note: R14, R20 or R13's changed legal representative."""

    note_no: str
    code: str
    message: str
    since: int = 0  # the first day of it: a claim that ended before is not flagged


@dataclass(frozen=True, kw_only=True)
class Register:
    """All notes of one bank that may earn a subsidy, in any order.

    ``events`` hold each SUBSIDY_STOPPED and SUBSIDISED_CHANGED of the truth; ``reason`` (shape of
    the events, int8) gives the difference code's number behind it: 12 excluded or other
    employment, 13 deregistered, 15 hires, 16 other public subsidy, 17 misuse, 18 compensated; 0
    for an event without reason. ``notes.share_pct`` is the class's share in force, 0 without a
    passed assessment; ``notes.subsidised_fen`` what cap or hires leave of the balance.
    """

    notes: Notes
    events: Events
    reason: npt.NDArray[np.int8]
    contract_no: Sequence[str]
    borrower: Sequence[str]  # an opaque key: the same as in the claim
    last_closing_fen: Integers  # 期末余额 of the claim that ends where this begins, or -1
    earlier: tuple[Span, ...] = ()
    elsewhere: tuple[ElsewhereSpan, ...] = ()
    flags: tuple[Flag, ...] = ()

    def __len__(self) -> int:
        return len(self.notes)

    @staticmethod
    def of(
        notes: Notes,
        events: Events,
        *,
        contract_no: Sequence[str],
        borrower: Sequence[str],
        reason: npt.NDArray[np.int8] | None = None,
        last_closing_fen: Integers | None = None,
        earlier: tuple[Span, ...] = (),
        elsewhere: tuple[ElsewhereSpan, ...] = (),
        flags: tuple[Flag, ...] = (),
    ) -> "Register":
        """A register whose optional columns default to "nothing known"."""
        unknown = np.full(len(notes), -1, np.int64)
        return Register(
            notes=notes,
            events=events,
            reason=np.zeros(len(events), np.int8) if reason is None else reason,
            contract_no=contract_no,
            borrower=borrower,
            last_closing_fen=unknown if last_closing_fen is None else last_closing_fen,
            earlier=earlier,
            elsewhere=elsewhere,
            flags=flags,
        )


@dataclass(frozen=True)
class Period:
    """The days ``[since, until)`` a claim is for."""

    since: int
    until: int
    name: str = "本期"
