"""The columns a table must have, as data: Chinese header, aliases, kind of value.

Headers are compared without white space, in NFKC form (full-width brackets and letters are the
same as half-width ones); a unit in brackets is understood: 贷款金额（万元） is 贷款金额 times
10,000. The order of columns is free, columns nobody asked for are left alone.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
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
_NOTED_UNIT = re.compile(r"单位:?((?:人民币)?[十百千万亿]*元)(?![^)、,;。%])")
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


def noted_unit(
    above: Iterable[list[str]], cells: list[str], places: Mapping[str, Place]
) -> str | None:
    """What is unclear about a unit noted above the header row (“单位：万元”), None if nothing is.

    It is not said of which columns such a note speaks: each must name its own unit.
    """
    texts = [_normal(cell) for row in above for cell in row]
    units = [found[1] for text in texts for found in _NOTED_UNIT.finditer(text)]
    unit = next((unit for unit in units if _EXPONENTS.get(unit) != 0), None)
    bare = [
        place.column.header
        for place in places.values()
        if place.column.kind is Kind.MONEY and not _UNIT.search(_normal(cells[place.index]))
    ]
    if unit is None or not bare:
        return None
    return (
        f"表头上方注明“单位：{unit}”，无法确定各列的单位；请改用元，或在列名中注明，"
        f"如“{bare[0]}（万元）”"
    )


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
