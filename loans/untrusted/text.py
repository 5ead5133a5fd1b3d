"""Read a CSV file as rows of text. Runs only inside the child process.

Encoding: UTF-16 by its BOM; else strict UTF-8 (BOM allowed); else strict GB18030. Most Chinese
UTF-8 texts also decode as GB18030, into other words, so UTF-8 must come first; that the header
row is then found by its names is the proof that the guess was right.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from typing import Any

from loans.untrusted.child import serve
from loans.untrusted.formulas import rearmed
from loans.untrusted.limits import Limits, Refused

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEAD_CHARS = 4096


def decoded(data: bytes) -> str:
    """The file's text; ``Refused`` when it is none."""
    try:
        if data.startswith(_UTF16):
            return data.decode("utf-16")
        if b"\0" in data:
            raise Refused("not-a-table", "文件不是文本：含有空字节；请上传 .xlsx 或 CSV 文件")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return data.decode("gb18030")
    except UnicodeDecodeError as broken:
        raise Refused(
            "unknown-encoding",
            "无法识别文件编码；请以 UTF-8 或 GB18030 编码保存 CSV，或上传 .xlsx",
        ) from broken


def frames(data: bytes, limits: Limits) -> Iterator[dict[str, Any]]:
    """Frames of the one table in a CSV file; row numbers are the table's own, from 1."""
    text = decoded(data)
    head = text[:_HEAD_CHARS]
    if head.lstrip()[:200].lower().startswith(("<html", "<!doctype", "<table", "<?xml")):
        raise Refused("not-a-table", "文件是网页或 XML，不是表格；请另存为 .xlsx 或 CSV 后上传")
    yield {"sheet": "CSV", "epoch": 1900}
    csv.field_size_limit(limits.cell_chars)
    delimiter = max(",\t;", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    batch: list[list[Any]] = []
    try:
        for number, cells in enumerate(reader, start=1):
            if number > limits.rows:
                raise Refused("too-many-rows", f"文件超过 {limits.rows} 行")
            if len(cells) > limits.columns:
                raise Refused("too-many-columns", f"第 {number} 行超过 {limits.columns} 列")
            batch.append([number, False, [_cell(text) if text else None for text in cells]])
            if len(batch) == 1000:
                yield {"rows": batch}
                batch = []
    except csv.Error as broken:
        raise Refused(
            "csv-broken", f"第 {reader.line_num} 行起的 CSV 引号或分隔符有误，无法读取"
        ) from broken
    yield {"rows": batch, "merged": []}


def _cell(text: str) -> str:
    return rearmed(text) if text[0] == "'" else text


if __name__ == "__main__":
    serve(frames)
