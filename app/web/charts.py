"""What the chart macros draw: bars as integers with the words for people, each with its rows."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its height as an integer, what it stands for, the amount as it is said.

    ``short`` and ``below`` stand under a column; ``href`` leads to the rows behind it, where
    there are any.
    """

    label: str
    short: str
    height: int
    shown: str
    href: str = ""
    below: str = ""


def month_bar(month: date, fen: int, *, unit_fen: int = 100, href: str = "") -> Bar:
    """A month's amount in yuan, or in another unit; a negative one has no height."""
    label = f"{month:%Y-%m}"
    below = str(month.year) if month.month == 1 else ""
    return Bar(label, f"{month.month}月", max(fen, 0), f"{fen // unit_fen:,}", href, below)


def in_yuan(month: date, fen: int, href: str = "") -> Bar:
    """A month's amount in whole yuan."""
    return month_bar(month, fen, href=href)


def in_wan(month: date, fen: int, href: str = "") -> Bar:
    """A month's amount in 万元."""
    return month_bar(month, fen, unit_fen=WAN, href=href)


def row_bar(label: str, fen: int, href: str = "") -> Bar:
    """A bank's or a group's amount in 万元, to two places, cut."""
    shown = f"{fen // WAN:,}.{fen % WAN // 10_000:02d}"
    return Bar(label, label, max(fen, 0), shown, href)


WAN = 1_000_000  # fen in 万元
