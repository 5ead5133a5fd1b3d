"""What the chart macros draw: bars as integers with the words for people, each with its rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.web.render import yuan
from loans.money import half_up, split_by_weight

WAN = 1_000_000  # fen in 万元


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its height as an integer, what it stands for, the amount as it is said.

    ``short`` and ``below`` stand under a column; ``href`` leads to the rows behind it, where
    there are any; ``share_pct`` is its part of all the rows beside it.
    """

    label: str
    short: str
    height: int
    shown: str
    href: str = ""
    below: str = ""
    share_pct: int = 0


def in_yuan(month: date, fen: int, href: str = "") -> Bar:
    """A month's amount in whole yuan."""
    return _month_bar(month, fen, 100, href)


def in_wan(month: date, fen: int, href: str = "") -> Bar:
    """A month's amount in whole 万元."""
    return _month_bar(month, fen, WAN, href)


def _month_bar(month: date, fen: int, unit_fen: int, href: str) -> Bar:
    """A month's amount in a unit, rounded half up; a negative one has no height."""
    below = str(month.year) if month.month == 1 else ""
    shown = f"{half_up(fen, unit_fen):,}"
    return Bar(f"{month:%Y-%m}", f"{month.month}月", max(fen, 0), shown, href, below)


def row_bars(rows: Iterable[tuple[str, int, str]]) -> list[Bar]:
    """Banks or groups (name, amount [fen], address) in 万元 to two places, the largest first.

    Amounts are rounded half up, each for itself; shares by largest remainder, so they sum to 100.
    """
    ordered = sorted(rows, key=lambda row: (-row[1], row[0]))
    heights = [max(fen, 0) for _, fen, _ in ordered]
    shares = split_by_weight(100, heights) if any(heights) else [0] * len(heights)
    return [
        Bar(name, name, height, yuan(half_up(fen, WAN // 100)), href, share_pct=share)
        for (name, fen, href), height, share in zip(ordered, heights, shares, strict=True)
    ]
