"""Hostile and broken files: a clear answer in seconds, nothing written, only ``BadFile``."""

import io
import os
import resource
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from loans.errors import BadFile
from loans.sheets import Column, Kind, TableColumns, read_table, write_workbook
from loans.untrusted.limits import LIMITS, Limits
from tests.loans.sheets.workbooks import sheet, strings, workbook

COLUMNS = TableColumns(
    "测试表", (Column("code", "编号", Kind.CODE), Column("fen", "金额", Kind.MONEY)), key="code"
)
ENTITIES = '<!ENTITY e0 "ha">' + "".join(
    f'<!ENTITY e{n} "&e{n - 1};&e{n - 1};">' for n in range(1, 30)
)


def _zip_of(*parts: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts:
            book.writestr(name, content)
    return target.getvalue()


def _encrypted() -> bytes:
    data = bytearray(workbook())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        begin = data.find(mark)
        while begin >= 0:
            data[begin + at] |= 1
            begin = data.find(mark, begin + 1)
    return bytes(data)


def _with(part: str | zipfile.ZipInfo, content: bytes, how: int = zipfile.ZIP_STORED) -> bytes:
    """A workbook with one part more, however odd."""
    target = io.BytesIO(workbook())
    with warnings.catch_warnings(), zipfile.ZipFile(target, "a") as book:
        warnings.simplefilter("ignore")
        book.writestr(part, content, how)
    return target.getvalue()


def _link(name: str) -> zipfile.ZipInfo:
    link = zipfile.ZipInfo(name)
    link.external_attr = 0o120777 << 16
    return link


def _many(tag: str) -> str:
    """XML that does not pack into nothing."""
    return "<a>" + "".join(f'<{tag} n="{n * 7919 % 999_983}"/>' for n in range(220_000)) + "</a>"


def _lying_sizes() -> bytes:
    """A zip that declares a small size for a large part."""
    data = bytearray(workbook({"xl/big.xml": b"<a>" + b"0" * 9_000_000}))
    at = data.rfind(b"xl/big.xml") - 46
    data[at + 24 : at + 28] = (100).to_bytes(4, "little")
    return bytes(data)


def _cells(count: int) -> str:
    row = '<row r="{r}"><c r="A{r}"><v>1</v></c><c r="B{r}"><v>2</v></c></row>'
    return "".join(row.format(r=r) for r in range(1, count + 1))


HOSTILE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "empty": ("a.xlsx", lambda: b"", "file-empty"),
    "not a zip": ("a.xlsx", lambda: b"PK\x03\x04 nothing", "workbook-broken"),
    "truncated": ("a.xlsx", lambda: workbook()[:-200], "workbook-broken"),
    "flipped bytes": ("a.xlsx", lambda: workbook()[:300] + b"\xff" * 40 + workbook()[340:], ""),
    "a zip of something else": ("a.xlsx", lambda: _zip_of(("a.txt", b"x")), "workbook-broken"),
    "a csv called xlsx": ("a.xlsx", lambda: "编号,金额\n1,2\n".encode(), "file-kind"),
    "a workbook called csv": ("a.csv", workbook, "file-kind"),
    "html called xls": ("a.xls", lambda: b"<html><table></table></html>", "file-kind"),
    "html called csv": ("a.csv", lambda: b"<html><table></table></html>", "not-a-table"),
    "old xls": ("a.xlsx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"0" * 512,
                "workbook-encrypted"),
    "xlsm by name": ("a.xlsm", workbook, "file-kind"),
    "macros": ("a.xlsx", lambda: workbook({"xl/vbaProject.bin": b"x"}), "workbook-macros"),
    "macro-enabled type": (
        "a.xlsx", lambda: workbook({"x.xml": "<a>macroEnabled</a>"}), "workbook-macros"),
    "external links": (
        "a.xlsx", lambda: workbook({"xl/externalLinks/externalLink1.xml": "<a/>"}),
        "workbook-links"),
    "connections": ("a.xlsx", lambda: workbook({"xl/connections.xml": "<a/>"}), "workbook-links"),
    "embedded object": (
        "a.xlsx", lambda: workbook({"xl/embeddings/o.bin": b"x"}), "workbook-objects"),
    "nested zip": ("a.xlsx", lambda: workbook({"xl/media/i.png": workbook()}), "workbook-objects"),
    "encrypted entries": ("a.xlsx", _encrypted, "workbook-encrypted"),
    "zip slip": ("a.xlsx", lambda: workbook({"../../etc/x.xml": "<a/>"}), "workbook-broken"),
    "absolute path": ("a.xlsx", lambda: workbook({"/etc/x.xml": "<a/>"}), "workbook-broken"),
    "backslash path": ("a.xlsx", lambda: workbook({"..\\x.xml": "<a/>"}), "workbook-broken"),
    "too many parts": (
        "a.xlsx", lambda: workbook({f"x{n}.xml": "<a/>" for n in range(600)}),
        "workbook-too-large"),
    "zip bomb": (
        "a.xlsx", lambda: workbook({"xl/big.xml": b"<a>" + b"0" * 300_000_000}),
        "workbook-too-large"),
    "lying sizes": ("a.xlsx", _lying_sizes, ""),
    "entity expansion": (
        "a.xlsx",
        lambda: workbook({"xl/worksheets/sheet1.xml":
                          f"<!DOCTYPE a [{ENTITIES}]>" + sheet("&e29;")}),
        "workbook-broken"),
    "external entity": (
        "a.xlsx",
        lambda: workbook({"xl/sharedStrings.xml":
                          '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
                          + strings("<si><t>&x;</t></si>")}),
        "workbook-broken"),
    "utf-16 xml": (
        "a.xlsx", lambda: workbook({"xl/worksheets/sheet1.xml": sheet("").encode("utf-16")}),
        "workbook-broken"),
    "broken xml": ("a.xlsx", lambda: workbook({"xl/worksheets/sheet1.xml": "<worksheet"}),
                   "file-broken"),
    "one cell at XFD1048576": (
        "a.xlsx",
        lambda: workbook({"xl/worksheets/sheet1.xml":
                          sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')}),
        "too-many-rows"),
    "a cell in column 200": (
        "a.xlsx",
        lambda: workbook({"xl/worksheets/sheet1.xml":
                          sheet('<row r="1"><c r="GR1"><v>1</v></c></row>')}),
        "too-many-columns"),
    "too many rows": (
        "a.xlsx", lambda: workbook({"xl/worksheets/sheet1.xml": sheet(_cells(210_000))}), ""),
    "shared string that is not there": (
        "a.xlsx",
        lambda: workbook({"xl/worksheets/sheet1.xml":
                          sheet('<row r="1"><c r="A1" t="s"><v>99</v></c></row>')}),
        "file-broken"),
    "cells out of order": (
        "a.xlsx",
        lambda: workbook({"xl/worksheets/sheet1.xml":
                          sheet('<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>')}),
        "workbook-broken"),
    "shared-string bomb": (
        "a.xlsx",
        lambda: workbook({
            "xl/sharedStrings.xml": strings(f"<si><t>{'x' * 30_000}</t></si>"),
            "xl/worksheets/sheet1.xml": sheet("".join(
                f'<row r="{r}"><c r="A{r}" t="s"><v>0</v></c></row>' for r in range(1, 20_000)))}),
        ""),
    "no header": ("a.xlsx", workbook, "header-missing"),
    "null bytes": ("a.csv", lambda: "编号,金额\n1,\0\n".encode(), "not-a-table"),
    "no known encoding": ("a.csv", lambda: b"\xff\xff\xff,\x81\n", "unknown-encoding"),
    "half a utf-16 pair": ("a.csv", lambda: b"\xff\xfe\x00\xd8,", "unknown-encoding"),
    "an open quote": ("a.csv", lambda: '编号,金额\n"1,2\n'.encode(), "csv-broken"),
    "text after a quote": ("a.csv", lambda: '编号,金额\n"1"x,2\n'.encode(), "csv-broken"),
    "a csv of many columns": ("a.csv", lambda: b"," * 5_000, "too-many-columns"),
    "a csv of many rows": ("a.csv", lambda: b"1,2\n" * 300_000, "too-many-rows"),
    "a huge csv cell": ("a.csv", lambda: b"x" * 5_000_000, "csv-broken"),
    "a picture": ("a.csv", lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "not-a-table"),
    "json": ("a.csv", lambda: b'{"a": 1}', "header-missing"),
    "utf-32": ("a.csv", lambda: "编号,金额\n".encode("utf-32"), "not-a-table"),
    "two encodings": (
        "a.csv", lambda: "编号,金额\n".encode() + "张三,1\n".encode("gb18030"), "header-missing"),
    "half a pair in utf-8": (
        "a.csv", lambda: "编号,金额\n".encode() + b"\xed\xa0\x80,1\n", "unknown-encoding"),
    "a header twice": ("a.csv", lambda: "编号,金额,编号\n1,2,3\n".encode(), "header-unclear"),
    "a gzip": ("a.csv", lambda: b"\x1f\x8b\x08" + b"\0" * 50, "not-a-table"),
    "a programme": ("a.csv", lambda: b"MZ" + b"\0" * 200, "not-a-table"),
    "ever more quotes": (
        "a.csv", lambda: "编号,金额\n".encode() + b'"' * 5_000_001, "csv-broken"),
    "a part twice": ("a.xlsx", lambda: _with("xl/workbook.xml", b"<a/>"), "workbook-broken"),
    "a link instead of a part": (
        "a.xlsx", lambda: _with(_link("xl/worksheets/sheet2.xml"), b"/etc/passwd"),
        "workbook-broken"),
    "another compression": (
        "a.xlsx", lambda: _with("x.xml", b"<a/>", zipfile.ZIP_LZMA), "workbook-broken"),
    "number formats without end": (
        "a.xlsx", lambda: workbook({"xl/styles.xml": _many("numFmt")}),
        "workbook-too-large"),
    "names without end": (
        "a.xlsx", lambda: workbook({"xl/workbook.xml": _many("definedName")}),
        "workbook-too-large"),
    "relations without end": (
        "a.xlsx", lambda: workbook({"xl/_rels/workbook.xml.rels": _many("Relationship")}),
        "workbook-too-large"),
    "a number that is none": (
        "a.xlsx",
        lambda: workbook({"xl/worksheets/sheet1.xml":
                          sheet('<row r="1"><c r="A1"><v>NaN</v></c></row>')}),
        "file-broken"),
    "a cell of another row": (
        "a.xlsx",
        lambda: workbook({"xl/worksheets/sheet1.xml":
                          sheet('<row r="1"><c r="A7"><v>1</v></c></row>')}),
        "workbook-broken"),
    "larger than any claim": ("a.csv", lambda: b"1" * (LIMITS.file_bytes + 1), "file-too-large"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_within_seconds(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, make, code = HOSTILE[kind]
    data = make()
    monkeypatch.chdir(tmp_path)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)

    with pytest.raises(BadFile) as refused:
        read_table(data, name, COLUMNS)

    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert not code or refused.value.code == code
    assert any("\u4e00" <= letter <= "\u9fff" for letter in refused.value.message)
    assert now.ru_utime + now.ru_stime - spent.ru_utime - spent.ru_stime < 6
    assert list(tmp_path.iterdir()) == []


def test_a_child_that_takes_too_long_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [["编号", "金额"], *([str(n), "1.00"] for n in range(2_000))]
    monkeypatch.setattr(Limits, "wall_seconds", lambda self, size: 0.05)

    with pytest.raises(BadFile) as refused:
        read_table(write_workbook({"表": rows}), "a.xlsx", COLUMNS)

    assert refused.value.code == "file-too-costly"


def test_the_sender_s_file_name_is_shown_without_its_path_and_never_used() -> None:
    name = "../../etc/" + "名" * 300 + ".csv"

    with pytest.raises(BadFile) as refused:
        read_table(b"", name, COLUMNS)

    assert "etc" not in refused.value.message
    assert len(refused.value.message) < 120


def test_the_child_knows_nothing_of_the_parent_s_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONSTARTUP", "/nowhere")
    monkeypatch.setenv("PYTHONPATH", "/nowhere" + os.pathsep)

    table = read_table("编号,金额\nA1,2.00\n".encode(), "a.csv", COLUMNS)

    assert table.columns == {"code": ["A1"], "fen": [200]}
