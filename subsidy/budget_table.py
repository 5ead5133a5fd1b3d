"""The subsidy budget as a table of text: for the terminal and for a workbook."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Final

from loans.money import fen_to_yuan
from subsidy.forecast import Pair

HEADERS: Final = (
    "月份", "类别", "笔数", "利息", "贴息", "中央", "省", "市", "假设下贴息", "增减",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sums:
    """Lines added up [fen]; ``supposed_fen`` is the subsidy under the change."""

    interest_fen: int
    subsidy_fen: int
    central_fen: int
    provincial_fen: int
    city_fen: int
    supposed_fen: int

    @classmethod
    def of(cls, lines: Sequence[Pair]) -> "Sums":
        """All lines together."""
        return cls(
            sum(line.interest_fen for line, _ in lines),
            sum(line.subsidy_fen for line, _ in lines),
            sum(line.central_fen for line, _ in lines),
            sum(line.provincial_fen for line, _ in lines),
            sum(line.city_fen for line, _ in lines),
            sum(other.subsidy_fen for _, other in lines),
        )

    @property
    def more_fen(self) -> int:
        """What the change costs; negative where it saves."""
        return self.supposed_fen - self.subsidy_fen


def budget_rows(lines: Sequence[Pair], titles: Mapping[str, str]) -> list[list[str]]:
    """One row a month and class [yuan], without a header; the last is the whole.

    ``titles`` says what the classes are called.
    """
    return [*(_row(pair, titles) for pair in lines), ["合计", "", "", *_amounts(lines)]]


def _row(pair: Pair, titles: Mapping[str, str]) -> list[str]:
    line, _ = pair
    name = titles[line.subsidy_class]
    return [f"{line.month:%Y-%m}", name, str(line.notes), *_amounts([pair])]


def _amounts(lines: Sequence[Pair]) -> list[str]:
    sums = Sums.of(lines)
    return [fen_to_yuan(fen) for fen in (*astuple(sums), sums.more_fen)]
