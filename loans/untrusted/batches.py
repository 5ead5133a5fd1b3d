"""Rows of cells as column frames: how a table travels from the child process to the parent.

A batch is ``{"numbers": [row numbers], "hidden": [of those], "columns": [[kinds, texts], …]}``:
for each column one text of all its cells, parted by NUL, which no cell can hold, and one letter
a cell that says what it was. Whole columns are what the parent works on; a JSON value for each of
millions of cells would cost more than reading them.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from loans.untrusted.limits import Limits, Refused, too_many_rows

SEPARATOR = "\0"
BATCH_ROWS = 2_000
_BATCH_CHARS = 1_000_000  # enough of them sooner, where a workbook repeats a long text
# What a cell was. A column of texts and blanks alone has no letters at all.
TEXT, BLANK, NUMBER, PERCENT, DAY, TRUTH, FORMULA, ERROR = "s n%dbfe"


def frame(
    numbers: Sequence[int],
    texts: Sequence[Sequence[str]],
    kinds: Sequence[Sequence[str]] = (),
    hidden: Sequence[int] = (),
) -> dict[str, Any]:
    """One batch; blank cells at a row's end may be left out, and kinds where all are texts."""
    letters = ["".join(column) for column in zip_longest(*kinds, fillvalue=BLANK)]
    joined = [SEPARATOR.join(column) for column in zip_longest(*texts, fillvalue="")]
    columns = [
        [own if own.strip(TEXT + BLANK) else "", text]
        for own, text in zip_longest(letters, joined, fillvalue="")
    ]
    return {"numbers": numbers, "hidden": hidden, "columns": columns}


class Batches:
    """Collects rows one by one and gives a frame whenever there are enough of them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._numbers: list[int] = []
        self._hidden: list[int] = []
        self._texts: list[Sequence[str]] = []
        self._kinds: list[Sequence[str]] = []
        self._rows = 0
        self._room = limits.text_chars
        self._batch_room = _BATCH_CHARS

    def add(self, number: int, texts: Sequence[str], kinds: Sequence[str], hidden: bool) -> None:
        """One row."""
        self._rows += 1
        self.check(number)
        # A text that the workbook stores once may stand in any number of cells.
        chars = sum(map(len, texts))
        self._room -= chars
        self._batch_room -= chars
        if self._room < 0:
            raise Refused("file-too-large", "表格文字总量过大，请分批上传")
        self._numbers.append(number)
        if hidden:
            self._hidden.append(number)
        self._texts.append(texts)
        self._kinds.append(kinds)

    def check(self, number: int) -> None:
        """``Refused`` if a row of this number is beyond what is read."""
        if self._rows > self._limits.rows or number > 2 * self._limits.rows:
            raise too_many_rows(self._limits)

    def full(self) -> Iterator[dict[str, Any]]:
        """A frame if there are rows enough."""
        if len(self._numbers) >= BATCH_ROWS or self._batch_room < 0:
            yield self.rest()

    def rest(self) -> dict[str, Any]:
        """A frame of what is left; begins anew."""
        found = frame(self._numbers, self._texts, self._kinds, self._hidden)
        self._numbers, self._hidden, self._texts, self._kinds = [], [], [], []
        self._batch_room = _BATCH_CHARS
        return found
