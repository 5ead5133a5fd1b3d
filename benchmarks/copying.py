"""Comparator (a): numpy copies the input and the output of the job, and nothing else."""

from dataclasses import fields

import numpy as np

from subsidy.accrual import Events, Lines, Notes


def copy_bytes(notes: Notes, events: Events, lines: Lines) -> int:
    """Copy every column in and out; the bytes copied."""
    columns = [getattr(notes, field.name) for field in fields(notes)[1:]]
    columns += [events.offsets, events.on, events.kind, events.value]
    columns += [lines.interest_fen, lines.subsidy_fen]
    return sum(np.array(column, order="K", copy=True).nbytes for column in columns)
