"""What the chart macros draw: bars as integers with the words for people."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Bar:
    """One month: its height as an integer, and the amount as it is said."""

    month: date
    height: int
    shown: str

    @property
    def label(self) -> str:
        """The month in full, for the table and for a screen reader."""
        return f"{self.month:%Y-%m}"

    @property
    def short(self) -> str:
        """The month below its bar."""
        return f"{self.month.month}月"


def in_yuan(month: date, fen: int) -> Bar:
    """A month's amount in whole yuan; a negative one has no height."""
    return Bar(month, max(fen, 0), f"{fen // 100:,}")


def in_wan(month: date, fen: int) -> Bar:
    """A month's amount in 万元."""
    return Bar(month, max(fen, 0), f"{fen // 1_000_000:,}")
