"""Codes that the policy book does not know are slips of the pen, not facts about a person.

A group that the book knows but that does not serve here (or not on that day) is a finding; a word
that it never heard of is refused with the list of those it knows.
"""

from collections.abc import Iterable

from loans.errors import Conflict
from loans.policy import PolicyBook

FAMILIES = ("group.", "hire_group.")


def demand_known_groups(codes: Iterable[str], *, book: PolicyBook) -> None:
    """``Conflict`` names every group code that the book has at no day, and all that it has."""
    known: dict[str, str] = {}
    for key in book.keys():  # noqa: SIM118 - a book is no dict
        for family in FAMILIES:
            if key.startswith(family):
                known.setdefault(key.removeprefix(family), book.rules(key)[-1].title)
    unknown = [code for code in dict.fromkeys(codes) if code not in known]
    if unknown:
        listed = "、".join(f"{code}（{title}）" for code, title in known.items())
        raise Conflict(
            "unknown-group",
            f"没有“{'”“'.join(unknown)}”这一人群类别，请改填：{listed}",
            details={"unknown": unknown, "known": list(known)},
        )
