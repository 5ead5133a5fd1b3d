"""Signals that several borrowers may be one: the same phone behind them (rules.md §7, R20)."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

Who = TypeVar("Who", bound=Hashable)

# A couple or a parent and a child may share a phone; from three on somebody should look.
FEWEST = 3


def clusters(
    marks: Iterable[tuple[Who, Hashable | None]], *, fewest: int = FEWEST
) -> Mapping[Who, frozenset[Who]]:
    """For everybody in a cluster, the whole cluster. ``marks``: (who, what may be shared).

    >>> clusters([(1, "a"), (2, "a"), (3, "a"), (4, "b"), (5, None)])[1] == {1, 2, 3}
    True
    """
    sharing: dict[Hashable, set[Who]] = defaultdict(set)
    for who, mark in marks:
        if mark is not None:
            sharing[mark].add(who)
    found: dict[Who, frozenset[Who]] = {}
    for together in sharing.values():
        if len(together) >= fewest:
            for who in together:
                found[who] = found.get(who, frozenset()) | frozenset(together)
    return found
