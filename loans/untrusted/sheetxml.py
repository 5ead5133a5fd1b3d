"""The rows of one worksheet, and the shared strings, straight from expat.

Rows that are really there are told (one cell at XFD1048576 does not become a million empty rows);
a formula stays a formula whatever value is stored beside it; cells must come in order. Nothing is
kept of a sheet but the row being read.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Final
from xml.parsers import expat

from loans.untrusted.batches import BLANK, DAY, ERROR, FORMULA, NUMBER, TEXT, TRUTH, Batches
from loans.untrusted.limits import Limits, Refused

_PIECE: Final = 1 << 14  # few rows at a time: each may repeat a long shared text
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "
ROW, CELL, VALUE, FORMULA_TAG, INLINE, TEXT_TAG, PHONETIC, ITEM, MERGED = (
    _MAIN + name for name in ("row", "c", "v", "f", "is", "t", "rPh", "si", "mergeCell")
)
_TEXTS: Final = frozenset((VALUE, FORMULA_TAG, TEXT_TAG))
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_KIND_BY_TYPE: Final = {
    "n": NUMBER, "s": TEXT, "str": TEXT, "inlineStr": TEXT, "b": TRUTH, "e": ERROR, "d": DAY,
}  # fmt: skip
_MOST_FORMULA_CHARS: Final = 200

# Turns the text of a number cell and its style into a kind and a text.
Numbers = Callable[[str, int], tuple[str, str]]


class _Texts:
    """What both readers share: the text inside v, f and t, without phonetic hints."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._phonetic = 0
        parser = self._parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if name in _TEXTS:
            self._pieces = []
            self._parser.CharacterDataHandler = self._pieces.append
        elif name == PHONETIC:
            self._phonetic += 1

    def _end(self, name: str) -> None:
        if name in _TEXTS:
            self._parser.CharacterDataHandler = None
        elif name == PHONETIC:
            self._phonetic -= 1

    def _feed(self, source: IO[bytes]) -> Iterator[None]:
        """Parse piece by piece; control comes back after each."""
        while piece := source.read(_PIECE):
            self._parser.Parse(piece, False)
            yield
        self._parser.Parse(b"", True)


class SharedStrings(_Texts):
    """The workbook's table of texts."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._item: list[str] = []

    def read(self, source: IO[bytes]) -> Sequence[str]:
        """All texts in order."""
        for _ in self._feed(source):
            pass
        return self.texts

    def _end(self, name: str) -> None:
        super()._end(name)
        if name == TEXT_TAG and not self._phonetic:
            self._item += self._pieces
        elif name == ITEM:
            self.texts.append(unescaped("".join(self._item)))
            self._item = []


class SheetRows(_Texts):
    """Puts the rows of one worksheet into batches."""

    def __init__(
        self, title: str, strings: Sequence[str], numbers: Numbers, limits: Limits
    ) -> None:
        super().__init__()
        self.merged: list[str] = []
        self.batches = Batches(limits)
        self._title, self._strings, self._numbers, self._limits = title, strings, numbers, limits
        self._columns: dict[str, int] = {}
        self._number = 0
        self._is_hidden = False
        self._texts: list[str] = []
        self._kinds: list[str] = []
        self._cell: dict[str, str] = {}
        self._value: str | None = None
        self._formula: str | None = None
        self._inline: list[str] = []

    def read(self, source: IO[bytes]) -> Iterator[None]:
        """Read on; after each piece ``batches`` may hold a frame."""
        return self._feed(source)

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == CELL:
            self._cell, self._value, self._formula, self._inline = attributes, None, None, []
        elif name == ROW:
            self._number = int(attributes.get("r", self._number + 1))
            self._is_hidden = attributes.get("hidden") in ("1", "true")
            self._texts, self._kinds = [], []
        elif name == MERGED:
            self.merged.append(attributes["ref"])
        else:
            super()._begin(name, attributes)

    def _end(self, name: str) -> None:
        if name == CELL:
            self._end_cell()
        elif name == VALUE:
            self._parser.CharacterDataHandler = None
            self._value = "".join(self._pieces)
        elif name == ROW:
            if self._texts or self._is_hidden:  # a row that is only formatted is nothing
                self.batches.add(self._number, self._texts, self._kinds, self._is_hidden)
        else:
            super()._end(name)
            if name == FORMULA_TAG:
                self._formula = "".join(self._pieces)
            elif name == TEXT_TAG and not self._phonetic:
                self._inline += self._pieces

    def _end_cell(self) -> None:
        kind, text = self._content()
        if not text:
            return
        if not self._texts:
            self.batches.check(self._number)
        at = self._column(self._cell.get("r"))
        gap = at - len(self._texts)
        if gap < 0:
            raise Refused("workbook-broken", f"工作表“{self._title}”的单元格次序错乱，文件不可信")
        if gap:
            self._texts += [""] * gap
            self._kinds += BLANK * gap
        self._texts.append(text)
        self._kinds.append(kind)

    def _content(self) -> tuple[str, str]:
        cell, value = self._cell, self._value
        if self._formula is not None:
            return FORMULA, ("=" + self._formula)[:_MOST_FORMULA_CHARS]
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return TEXT, unescaped("".join(self._inline))
        if not value:
            return BLANK, ""
        if kind == "s":
            if not value.isdecimal():
                raise ValueError(value)
            return TEXT, self._strings[int(value)]
        if kind == "n":
            return self._numbers(value, int(cell.get("s", 0)))
        return _KIND_BY_TYPE[kind], unescaped(value) if kind == "str" else value

    def _column(self, reference: str | None) -> int:
        """Position of a cell like B12 in its row, from 0."""
        if reference is None:
            return len(self._texts)
        letters = reference.rstrip("0123456789")
        at = self._columns.get(letters)
        if at is None:
            at = self._columns[letters] = self._new_column(letters)
        if reference[len(letters) :] != str(self._number):
            raise Refused("workbook-broken", f"工作表“{self._title}”的单元格次序错乱，文件不可信")
        return at

    def _new_column(self, letters: str) -> int:
        if not re.fullmatch("[A-Z]{1,3}", letters):
            raise ValueError(letters)
        at = 0
        for letter in letters:
            at = 26 * at + ord(letter) - ord("A") + 1
        if at > self._limits.columns:
            raise Refused(
                "too-many-columns", f"工作表“{self._title}”超过 {self._limits.columns} 列"
            )
        return at - 1


def unescaped(text: str) -> str:
    """A workbook writes characters that XML cannot hold as ``_x000D_``."""
    return _ESCAPED.sub(_character, text) if "_x" in text else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return match[0] if code == 0 or 0xD800 <= code < 0xE000 else chr(code)
