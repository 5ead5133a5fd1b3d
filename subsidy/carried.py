"""A portfolio carried to a settlement day: later months without the years before them.

On a settlement day nothing of a note's past matters but its state: balance, rate, subsidised
principal, whether it is overdue, when its subsidy ends. ``carried`` returns the notes as if they
were disbursed that day in that state, with the events still to come. Lines from that day on are
the same as those from the whole history, to the fen, and a month costs a month.
"""

from dataclasses import replace

import numpy as np

from subsidy.arrays import Flags
from subsidy.daycount import to_date
from subsidy.notes import OVERDUE_FROM, Events, Notes
from subsidy.settlement import settlement_days
from subsidy.timeline import check_events, timeline


def carried(notes: Notes, events: Events, on: int) -> tuple[Notes, Events]:
    """The notes alive at the start of day ``on``, in their order, and their events from then on.

    Notes disbursed later come as they are. ``on`` must be a settlement day of every note, which no
    day is for notes that settle at maturity: ValueError. Conflict where events cannot be.
    """
    for settlement in np.unique(notes.settlement).tolist():
        if on not in settlement_days(settlement, on, on + 1):
            raise ValueError(f"{to_date(on)} is no settlement day of rule {settlement}")
    check_events(notes, events, np.repeat(np.arange(len(notes)), np.diff(events.offsets)))
    time = timeline(notes, events)
    # Each note's last row before the day; its first row if the note is not disbursed yet.
    rows_before = np.add.reduceat(time.on < on, time.first) if len(notes) else time.first
    at = time.first + np.maximum(rows_before, 1) - 1
    began = notes.disbursed_on < on
    alive = np.flatnonzero(~began | (time.balance_fen[at] > 0))
    at, began = at[alive], began[alive]
    standing = replace(
        notes.take(alive),
        principal_fen=time.balance_fen[at],
        disbursed_on=np.maximum(notes.disbursed_on[alive], on).astype(np.int32),
        rate_ppm=time.rate_ppm[at].astype(np.int32),
        subsidised_fen=time.subsidised_fen[at],
        subsidy_ends_on=np.maximum(time.ends_on[alive], on).astype(np.int32),
    )
    return standing, _still_to_come(events.take(alive), began & time.overdue[at], on)


def _still_to_come(events: Events, overdue: Flags, on: int) -> Events:
    """Events from ``on``; a note that is overdue already becomes so on that day."""
    owner = np.repeat(np.arange(len(overdue)), np.diff(events.offsets))
    later, late = events.on >= on, np.flatnonzero(overdue)
    return Events.sorted(
        len(overdue),
        owner=np.concatenate([late, owner[later]]),
        on=np.concatenate([np.full(len(late), on, np.int32), events.on[later]]),
        kind=np.concatenate([np.full(len(late), OVERDUE_FROM, np.int8), events.kind[later]]),
        value=np.concatenate([np.zeros(len(late), np.int64), events.value[later]]),
    )
