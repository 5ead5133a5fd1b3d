"""The register's events beside the reason behind each: what ended a subsidy, what limited it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from subsidy.accrual import SUBSIDISED_CHANGED, SUBSIDY_STOPPED, Events
from subsidy.arrays import Flags, Positions
from subsidy.reconciliation.pairing import Pairs

# Reasons of a stop, in the order of attribution; a stop without reason counts as R13.
STOPS: Final = (18, 17, 16, 13, 12)
UNNAMED_STOP: Final = 13
HIRES: Final = 15


@dataclass(frozen=True)
class Reasoned:
    """The events of ``r`` register notes, a note perhaps several times; columns of shape ``(m,)``.

    ``owner`` is each event's place among the ``r``; ``is_final`` marks the repayment that settles.
    """

    events: Events
    owner: Positions
    reason: npt.NDArray[np.int8]
    is_final: Flags

    @staticmethod
    def of(pairs: Pairs, note: Positions) -> "Reasoned":
        """The events of these notes (positions in the register)."""
        register = pairs.register
        events = register.events.take(note)
        counts = np.diff(events.offsets)
        shift = np.repeat(register.events.offsets[:-1][note] - events.offsets[:-1], counts)
        source = shift + np.arange(len(events))
        owner = np.repeat(np.arange(len(note)), counts)
        return Reasoned(events, owner, register.reason[source], pairs.is_final[source])

    def stopped_by(self, code: int) -> Flags:
        """Which end or suspend a subsidy for the reason of this code."""
        kind = self.events.kind
        unnamed = (self.reason == 0) & (kind == SUBSIDY_STOPPED) & (code == UNNAMED_STOP)
        named = (self.reason == code) & np.isin(kind, (SUBSIDY_STOPPED, SUBSIDISED_CHANGED))
        found: Flags = named | unnamed
        return found

    @cached_property
    def recounted(self) -> Flags:
        """Which change a firm's base because hires left."""
        found: Flags = (self.events.kind == SUBSIDISED_CHANGED) & (self.reason == HIRES)
        return found

    @cached_property
    def capped(self) -> Flags:
        """Which change what the borrower's cap leaves of a note."""
        found: Flags = self.events.kind == SUBSIDISED_CHANGED
        return found & ~np.isin(self.reason, (HIRES, *STOPS))
