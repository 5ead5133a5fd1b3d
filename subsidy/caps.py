"""What each note earns on where borrowers have a cap: in columns, and note by note where it binds.

A person's cap is shared by all their notes, a firm's base by all its live loans; more hires raise a
firm's base from the first drawing of the loan they came with, a re-count changes it from the start
of a claim period. Filled by earliest disbursement, then note number (rules.md §2, （九）9.8).
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import numpy as np

from loans.classes import NoteBalance, subsidised_balances
from subsidy import accrual
from subsidy.accrual import day, to_date
from subsidy.arrays import Integers, Positions
from subsidy.columns import RECOUNTED, MovementColumns, NoteColumns


class Added(NamedTuple):
    """Events made here, int64, shape ``(e,)`` each: note's position, day, kind, value, reason."""

    note: Integers
    on: Integers
    kind: Integers
    value: Integers
    reason: Integers

    @staticmethod
    def all_of(kind: int, note: Positions, on: Integers, value: Integers) -> "Added":
        """Events of one kind without a reason."""
        return Added(note, on, np.full(len(note), kind), value, np.zeros(len(note), np.int64))


HIRES_LEFT = 15  # R15: the difference code behind a base that was re-counted
Told = dict[int, list[tuple[date, int, int]]]  # by note: (day, movement, amount)


def bases(notes: NoteColumns, told: MovementColumns) -> tuple[Integers, Added]:
    """Subsidised principal of each note at disbursement [fen], and its later changes.

    WHOLE_BALANCE where no cap binds. ``told``: what stands of what was reported.
    """
    base = np.full(len(notes), accrual.WHOLE_BALANCE)
    groups = list(_sharing(notes, told, base))
    some = told.take(np.isin(told.note, np.concatenate([*groups, np.empty(0, np.intp)])))
    repaid, recounted = _by_note(some, accrual.PRINCIPAL_REPAID), _by_note(some, RECOUNTED)
    changes: list[tuple[int, int, int, int]] = []
    for sharers in groups:
        counted_again = {on for at in sharers.tolist() for on, _, _ in recounted[at]}
        for note, (first, *later) in _filled(notes, sharers.tolist(), repaid, recounted):
            base[note] = first[1]
            changes += [
                (note, day(on), fen, HIRES_LEFT if on in counted_again else 0) for on, fen in later
            ]
    owner, on, value, reason = np.array(changes, np.int64).reshape(-1, 4).T
    kind = np.full(len(owner), accrual.SUBSIDISED_CHANGED)
    return base, Added(owner, on, kind, value, reason)


def _sharing(notes: NoteColumns, told: MovementColumns, base: Integers) -> Iterator[Positions]:
    """The notes of each borrower whose cap binds over several notes or changes.

    That of a borrower with a single note and a single limit is written into ``base``: the core
    takes the smaller of balance and base.
    """
    if not len(notes):
        return
    limit, recounted = notes.base_limit_fen.copy(), np.zeros(len(notes), np.bool_)
    again = told.take(told.kind == RECOUNTED)
    np.minimum.at(limit, again.note, again.value)
    recounted[again.note] = True

    order = np.argsort(notes.borrower_id, kind="stable")
    who = notes.borrower_id[order]
    first = np.flatnonzero(np.append(True, who[1:] != who[:-1]))
    count = np.diff(np.append(first, len(who)))
    lowest = np.minimum.reduceat(limit[order], first)
    exceeds = np.add.reduceat(notes.principal_fen[order], first) > lowest
    alone = (count == 1) & ~np.logical_or.reduceat(recounted[order], first)
    capped = order[first[exceeds & alone]]
    base[capped] = limit[capped]
    groups = [order[first[at] : first[at] + count[at]] for at in np.flatnonzero(exceeds & ~alone)]
    if not groups:
        return
    most = _most_lent(notes, told, groups)
    yield from (group for group, fen in zip(groups, most, strict=True) if fen > limit[group].min())


def _most_lent(notes: NoteColumns, told: MovementColumns, groups: list[Positions]) -> Integers:
    """The highest balance of each group of notes over all days [fen]."""
    members = np.concatenate(groups)
    of = np.full(len(notes), -1)
    of[members] = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    repaid = told.take((told.kind == accrual.PRINCIPAL_REPAID) & (of[told.note] >= 0))
    who = np.concatenate([of[members], of[repaid.note]])
    change = np.concatenate([notes.principal_fen[members], -repaid.value])
    on = np.concatenate([notes.disbursed_on[members], repaid.on])
    steps = np.lexsort((change, on, who))  # of one day, repayments first
    who, running = who[steps], np.cumsum(change[steps])
    first = np.flatnonzero(np.append(True, who[1:] != who[:-1]))
    before = np.append(0, running[first[1:] - 1])
    most: Integers = np.maximum.reduceat(running, first) - before
    return most


def _by_note(told: MovementColumns, kind: int) -> Told:
    found: Told = defaultdict(list)
    some = told.take(told.kind == kind)
    columns = (some.note, some.on, some.id, some.value)
    for note, on, key, fen in zip(*(column.tolist() for column in columns), strict=True):
        found[note].append((to_date(on), key, fen))
    return found


def _filled(
    notes: NoteColumns, sharers: list[int], repaid: Told, recounted: Told
) -> Iterator[tuple[int, tuple[tuple[date, int], ...]]]:
    """Each note's subsidised principal as steps, the cap filled day by day."""
    # Two banks may use the same note number: the bank's key keeps them apart.
    keys = {at: f"{notes.note_no[at]}\0{notes.bank_id[at]}" for at in sharers}
    balances = [_balance(notes, at, keys[at], repaid[at]) for at in sharers]
    filled = subsidised_balances(balances, _caps(notes, sharers, recounted))
    return ((at, filled[keys[at]]) for at in sharers)


def _balance(
    notes: NoteColumns, at: int, key: str, repaid: list[tuple[date, int, int]]
) -> NoteBalance:
    drawn_on, left = to_date(int(notes.disbursed_on[at])), int(notes.principal_fen[at])
    steps = {drawn_on: left}
    for on, _, fen in sorted(repaid):
        left -= fen
        steps[on] = left
    return NoteBalance(note_no=key, disbursed_on=drawn_on, balances=tuple(steps.items()))


def _caps(notes: NoteColumns, sharers: list[int], recounted: Told) -> list[tuple[date, int]]:
    """The borrower's cap as steps ``(on, cap_fen)``: the highest limit of the loans drawn so far.

    A loan's limit begins with its first note and changes where its hires were re-counted.
    """
    first = {int(notes.contract_id[at]): at for at in reversed(sharers)}
    turns = [
        (to_date(int(notes.disbursed_on[at])), 0, contract, int(notes.base_limit_fen[at]))
        for contract, at in first.items()
    ]
    turns += [
        (on, key, int(notes.contract_id[at]), fen)
        for at in sharers
        for on, key, fen in recounted[at]
    ]
    limits: dict[int, int] = {}
    caps: dict[date, int] = {}
    for on, _, contract, limit in sorted(turns):
        limits[contract] = limit
        caps[on] = max(limits.values())
    return list(caps.items())
