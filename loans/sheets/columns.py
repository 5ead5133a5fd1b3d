"""The columns a table must have, as data: Chinese header, aliases, kind of value.

Headers are compared without white space, in NFKC form (full-width brackets and letters are the
same as half-width ones); a unit in brackets is understood: 贷款金额（万元） is 贷款金额 times
10,000. The order of columns is free, columns nobody asked for are left alone.
"""

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Kind(StrEnum):
    """What the cells of a column hold, and the Python value they become."""

    TEXT = "text"  # str, spaces around it removed
    CODE = "code"  # str, NFKC, no white space: contract, note and identity numbers
    IDENTITY = "identity"  # as CODE, but a number cell is refused: its last digits are lost
    MONEY = "money"  # int fen
    RATE = "rate"  # int ppm
    DAY = "day"  # datetime.date
    WHOLE = "whole"  # int


@dataclass(frozen=True)
class Column:
    """One column. ``needed``: the header must be there; ``may_be_blank``: a cell may be empty."""

    name: str
    header: str
    kind: Kind
    needed: bool = True
    may_be_blank: bool = False
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableColumns:
    """A header set. ``key`` names the column without which a line is no data row."""

    title: str
    columns: tuple[Column, ...]
    key: str

    def column(self, name: str) -> Column:
        """The column of this name; ``KeyError`` when there is none."""
        return {column.name: column for column in self.columns}[name]


@dataclass(frozen=True)
class Place:
    """Where a column stands in a sheet, from 0, and by which power of ten its money is scaled."""

    column: Column
    index: int
    exponent: int = 0


_UNIT = re.compile(r"\((?:单位[::]?)?([^()]*)\)$")
_EXPONENTS = {"元": 0, "人民币元": 0, "万元": 4, "人民币万元": 4, "%": 0, "百分数": 0, "天": 0}


def load_columns(path: Path) -> TableColumns:
    """Read a header set from its TOML file."""
    with path.open("rb") as file:
        raw = tomllib.load(file)
    columns = tuple(
        Column(
            name=name,
            header=entry["header"],
            kind=Kind(entry["kind"]),
            needed=entry.get("needed", True),
            may_be_blank=entry.get("may_be_blank", False),
            aliases=tuple(entry.get("aliases", ())),
        )
        for name, entry in raw["columns"].items()
    )
    return TableColumns(title=raw["title"], columns=columns, key=raw["key"])


def find_places(
    wanted: TableColumns, cells: list[str]
) -> tuple[dict[str, Place], list[str], str | None]:
    """Places of the wanted columns in a header row, the headers that are missing, and what is
    unclear about the row: a column named twice, or in a unit that is not understood."""
    by_header = {
        _normal(header): column
        for column in wanted.columns
        for header in (column.header, *column.aliases)
    }
    places: dict[str, Place] = {}
    problem: str | None = None
    for index, cell in enumerate(cells):
        column, exponent, unknown_unit = _column_of(_normal(cell), by_header)
        if column is None:
            continue
        if unknown_unit:
            problem = f"表头“{cell.strip()}”的单位无法识别，金额请用元或万元"
        if column.name in places:
            problem = f"表头“{column.header}”出现了两次（“{cell.strip()}”），请只保留一列"
        places[column.name] = Place(column, index, exponent)
    missing = [c.header for c in wanted.columns if c.needed and c.name not in places]
    return places, missing, problem


def _column_of(header: str, by_header: dict[str, Column]) -> tuple[Column | None, int, bool]:
    """The column a header names, the power of ten of its unit, whether the unit is unknown."""
    if header in by_header:
        return by_header[header], 0, False
    unit = _UNIT.search(header)
    column = by_header.get(header[: unit.start()]) if unit else None
    if unit is None or column is None:
        return None, 0, False
    exponent = _EXPONENTS.get(unit[1])
    is_unknown = exponent is None or (exponent > 0 and column.kind is not Kind.MONEY)
    return column, exponent or 0, is_unknown


def _normal(header: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", header)).casefold()
