"""A book accrued slab by slab: pages of lines and totals by class, with flat memory.

A book may be cut into parts, sub-folders that are books of their own: each part needs nothing but
its two files, so parts may be accrued on any machine that sees the folder, and their pages put one
after the other in order of their names are the pages of the whole.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from subsidy.accrual import Events, Lines, Notes
from subsidy.arrays import Integers
from subsidy.book import CLASSES, Book, note_numbers, read_book
from subsidy.book_files import Problem
from subsidy.lines import Page, Rows, rows_of
from subsidy.notes import Column

SLAB: Final = 16_384  # notes accrued at a time

Accrue = Callable[[Notes, Events, Sequence[int]], Lines]


@dataclass(frozen=True)
class Job:
    """What to compute of each part; all of it can travel to another process."""

    settlement: int
    cuts: Sequence[int]
    accrue: Accrue
    encode: Callable[[Rows], Page]


def part_folders(folder: Path) -> list[Path]:
    """The parts of a book: the folder itself, or else its sub-folders by name."""
    if any(folder.glob("loans.*")) or any(folder.glob("events.*")):
        return [folder]
    return sorted(path for path in folder.iterdir() if path.is_dir()) or [folder]


@dataclass(frozen=True)
class Part:
    """A part's note numbers as far as they can be read, and its pages with their totals by class:
    no page where the part has problems."""

    note_no: Sequence[str]
    pages: Iterable[tuple[Page, Integers]]
    problems: Sequence[Problem] = ()


def read_part(folder: Path, job: Job) -> Part:
    """One part, its pages computed as they are asked for; or all its problems."""
    book = read_book(folder, settlement=job.settlement)
    if isinstance(book, Book):
        return Part(book.notes.note_no, _pages(book, job))
    return Part(note_numbers(folder), (), book)


def accrued_part(folder: Path, job: Job) -> Part:
    """One part with all its pages: the pure function that a cluster runs."""
    part = read_part(folder, job)
    return replace(part, pages=list(part.pages))


def _pages(book: Book, job: Job) -> Iterator[tuple[Page, Integers]]:
    """Each slab's page and its totals: notes, interest, subsidy by class, shape ``(4, 3)``."""
    for start in range(0, len(book.notes), SLAB):
        some = slice(start, min(start + SLAB, len(book.notes)))
        notes = book.notes.take(some)
        lines = job.accrue(notes, book.events.take(some), job.cuts)
        yield job.encode(rows_of(notes.note_no, lines)), _totals(book.subsidy_class[some], lines)


def _totals(subsidy_class: Column, lines: Lines) -> Integers:
    interest, subsidy = lines.interest_fen.sum(axis=1), lines.subsidy_fen.sum(axis=1)
    mine = subsidy_class == np.arange(len(CLASSES))[:, None]
    return np.stack([mine.sum(axis=1), mine @ interest, mine @ subsidy], axis=1)
