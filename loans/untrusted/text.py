"""Read a CSV file as rows of text. Runs only inside the child process.

Encoding: UTF-16 by its BOM; else strict UTF-8 (BOM allowed); else strict GB18030. Most Chinese
UTF-8 texts also decode as GB18030, into other words, so UTF-8 must come first; that the header
row is then found by its names is the proof that the guess was right.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import Any

from loans.untrusted.batches import BATCH_ROWS, frame
from loans.untrusted.child import serve
from loans.untrusted.formulas import rearmed
from loans.untrusted.limits import Limits, Refused, too_many_rows

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEAD_CHARS = 4096
_PIECE = 1 << 16


def encoding_of(data: bytes) -> str:
    """The name of the encoding the whole file is in; ``Refused`` when it is no text."""
    if data.startswith(_UTF16):
        candidates: tuple[str, ...] = ("utf-16",)
    elif b"\0" in data:
        raise _no_text()
    else:
        candidates = ("utf-8-sig", "gb18030")
    for name in candidates:
        if _decodes(data, name):
            return name
    raise Refused(
        "unknown-encoding",
        "无法识别文件编码；请以 UTF-8 或 GB18030 编码保存 CSV，或上传 .xlsx",
    )


def _decodes(data: bytes, name: str) -> bool:
    """Whether every byte is text in this encoding, looked at piece by piece."""
    decoder = codecs.getincrementaldecoder(name)()
    try:
        for begin in range(0, len(data), _PIECE):
            if "\0" in decoder.decode(data[begin : begin + _PIECE]):
                raise _no_text()
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def frames(data: bytes, limits: Limits) -> Iterator[dict[str, Any]]:
    """Frames of the one table in a CSV file; row numbers are the table's own, from 1."""
    source = io.TextIOWrapper(io.BytesIO(data), encoding=encoding_of(data), newline="")
    head = source.read(_HEAD_CHARS)
    source.seek(0)
    if head.lstrip()[:200].lower().startswith(("<html", "<!doctype", "<table", "<?xml")):
        raise Refused("not-a-table", "文件是网页或 XML，不是表格；请另存为 .xlsx 或 CSV 后上传")
    yield {"sheet": "CSV", "epoch": 1900}
    csv.field_size_limit(limits.cell_chars)
    reader = csv.reader(source, delimiter=max(",\t;", key=head.count), strict=True)
    # Only a file with an apostrophe can hold a cell that was disarmed.
    may_be_disarmed = b"'" in data
    number = 0
    try:
        while rows := list(islice(reader, BATCH_ROWS)):
            numbers = range(number + 1, number + 1 + len(rows))
            number = numbers[-1]
            if number > limits.rows:
                raise too_many_rows(limits)
            if max(map(len, rows)) > limits.columns:
                raise Refused("too-many-columns", f"表格超过 {limits.columns} 列")
            if may_be_disarmed:
                rows = [list(map(rearmed, cells)) for cells in rows]
            yield frame(list(numbers), rows)
    except csv.Error as broken:
        raise Refused(
            "csv-broken", f"第 {reader.line_num} 行起的 CSV 引号或分隔符有误，无法读取"
        ) from broken


def _no_text() -> Refused:
    return Refused("not-a-table", "文件不是文本：含有空字节；请上传 .xlsx 或 CSV 文件")


if __name__ == "__main__":
    serve(frames)
