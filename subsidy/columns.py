"""Notes and movements as they were read: whole columns of integers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np

from subsidy.arrays import Integers, Positions

# Kinds of movement beside the core's kinds of event; 0 is one that no interest follows.
DRAWN: Final = -1
EXTENDED: Final = -2
RECOUNTED: Final = -3
REVERSED: Final = -4

NEVER: Final = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class NoteColumns:
    """Notes with their contracts' facts, shape ``(n,)``, int64, in order of ``id``.

    Sentinels are the core's: ``CONTRACT_RATE``, ``NO_CEILING``. ``day_count`` and ``settlement``
    are its codes, ``subsidy_class`` is a position in ``SubsidyClass``, ``individual`` 1 or 0.
    """

    id: Integers
    borrower_id: Integers
    bank_id: Integers
    contract_id: Integers
    principal_fen: Integers
    balance_fen: Integers
    disbursed_on: Integers
    matures_on: Integers
    settlement: Integers
    individual: Integers
    rate_ppm: Integers
    penalty_rate_ppm: Integers
    day_count: Integers
    subsidy_class: Integers
    share_pct: Integers
    base_limit_fen: Integers
    benchmark_ppm: Integers
    ceiling_ppm: Integers
    floor_ppm: Integers
    subsidy_ends_on: Integers
    note_no: Sequence[str]
    policy_version: Sequence[str]

    @staticmethod
    def of(notes: Mapping[str, Any], terms: Mapping[str, Any]) -> "NoteColumns":
        """Notes' own columns beside their contracts' terms, which are in order of ``id``."""
        at = np.searchsorted(terms["id"], notes["contract_id"])
        theirs = {name: _taken(column, at) for name, column in terms.items() if name != "id"}
        return NoteColumns(**notes, **theirs)

    def __len__(self) -> int:
        return len(self.id)

    def take(self, rows: Positions) -> "NoteColumns":
        """These notes, in this order."""
        return NoteColumns(**{f.name: _taken(getattr(self, f.name), rows) for f in fields(self)})


@dataclass(frozen=True, kw_only=True)
class MovementColumns:
    """Movements on the notes of a book, shape ``(m,)``, int64, in order of ``id``.

    ``note`` is the note's position; ``kind`` one of the core's or of this module; ``value`` the
    new rate of a RATE_CHANGED, else an amount; ``until`` the day an extension lasts to, else 0;
    ``reason`` the difference code of a stop, else 0; ``reverses_id`` the movement undone, else 0.
    """

    id: Integers
    note: Integers
    kind: Integers
    on: Integers
    value: Integers
    until: Integers
    reason: Integers
    reverses_id: Integers

    def __len__(self) -> int:
        return len(self.id)

    def take(self, rows: Any) -> "MovementColumns":
        """These movements (positions or flags), in this order."""
        return MovementColumns(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def foreseen(
        self, note: Integers, kind: Integers, on: Integers, value: Integers
    ) -> "MovementColumns":
        """With movements that nobody has recorded: what a plan foresees."""
        first = int(self.id.max(initial=0)) + 1
        own = {"id": first + np.arange(len(note)), "note": note, "kind": kind, "on": on}
        own["value"] = value
        nothing = np.zeros(len(note), np.int64)
        added = {f.name: own.get(f.name, nothing) for f in fields(self)}
        return MovementColumns(
            **{name: np.append(getattr(self, name), column) for name, column in added.items()}
        )

    def undone_by(self) -> Integers:
        """The movement that undid each one; NEVER where it stands, 0 for a reversal itself."""
        found = np.full(len(self), NEVER)
        reversals = np.flatnonzero(self.reverses_id)
        at = np.searchsorted(self.id, self.reverses_id[reversals])
        undone = self.id.take(at, mode="clip") == self.reverses_id[reversals]
        found[at[undone]] = self.id[reversals[undone]]
        found[reversals] = 0
        return found


def _taken(column: Any, rows: Positions) -> Any:
    return column[rows] if isinstance(column, np.ndarray) else [column[i] for i in rows.tolist()]
