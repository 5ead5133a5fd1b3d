"""Run the child process on an uploaded file and collect the sheets it saw."""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from threading import Thread, Timer
from typing import IO, Any, NamedTuple

from loans.errors import BadFile
from loans.untrusted.batches import BLANK, SEPARATOR, TEXT
from loans.untrusted.limits import LIMITS, MEGABYTE


class Cell(NamedTuple):
    """One cell as the child tells it; ``kind`` is a letter of ``loans.untrusted.batches``."""

    text: str
    kind: str = TEXT


@dataclass
class GridColumn:
    """One column of a sheet: a text and a kind for each row; no kinds where all are texts."""

    texts: list[str] = field(default_factory=list)
    kinds: str = ""

    def cell(self, at: int) -> Cell:
        """The cell in a row; a blank text is an empty cell."""
        return Cell(self.texts[at], self.kinds[at] if self.kinds else TEXT)

    def extend(self, before: int, texts: list[str], kinds: str) -> None:
        """Append cells after ``before`` rows, of which this column may have fewer."""
        missing = before - len(self.texts)
        if kinds or self.kinds:
            own = self.kinds or TEXT * len(self.texts)
            self.kinds = own + BLANK * missing + (kinds or TEXT * len(texts))
        self.texts += [""] * missing
        self.texts += texts


# openpyxl uses numpy only for its number types: without it the child starts in half the time.
_PROGRAM = """
import runpy, sys
sys.modules["numpy"] = None
runpy.run_module(sys.argv[1], run_name="__main__")
"""
_PACKAGE_ROOT = str(Path(__file__).resolve().parents[2])
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SPENT = "读取文件超出时间上限，文件过大或结构异常；请删去多余工作表和格式、分批上传"


@dataclass(frozen=True)
class Sheet:
    """One visible sheet, column by column, nothing understood yet.

    Row ``at`` of every column is the row ``numbers[at]`` of the file.
    """

    title: str
    epoch: int  # 1900 or 1904: what day Excel's serial number 0 is
    numbers: list[int] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)  # numbers of rows nobody sees
    columns: list[GridColumn] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)  # merged areas, "A1:C1"

    def row(self, at: int) -> list[Cell]:
        """All cells of one row."""
        return [column.cell(at) for column in self.columns]

    def extend(self, frame: dict[str, Any]) -> None:
        """Append a batch of rows (``loans.untrusted.batches``)."""
        before, count = len(self.numbers), len(frame["numbers"])
        self.numbers.extend(frame["numbers"])
        self.hidden.update(frame["hidden"])
        self.merged.extend(frame.get("merged", ()))
        while len(self.columns) < len(frame["columns"]):
            self.columns.append(GridColumn())
        for column, sent in zip_longest(self.columns, frame["columns"]):
            kinds, texts = sent or ("", SEPARATOR * (count - 1))
            if count:
                column.extend(before, texts.split(SEPARATOR), kinds)


def read_grid(data: bytes, name: str) -> list[Sheet]:
    """All visible sheets of a workbook, or the one table of a CSV file.

    ``name`` is the file's name as the sender gave it: used for messages only, never on disk.
    ``BadFile`` for everything that cannot be read safely.
    """
    sheets: list[Sheet] = []
    ended = False
    with closing(_frames(_reader_for(data, name), data, name)) as frames:
        for frame in frames:
            if "refused" in frame:
                code, message = frame["refused"]
                raise _bad(code, message, name)
            if "sheet" in frame:
                sheets.append(Sheet(frame["sheet"], frame["epoch"]))
            elif "numbers" in frame:
                sheets[-1].extend(frame)
            ended = "end" in frame
    if not ended:
        raise _bad("file-broken", "文件损坏，读取中断；请另存后重新上传", name)
    return sheets


def _reader_for(data: bytes, name: str) -> str:
    """Which child reads it: the content decides, and a name that says otherwise is refused."""
    if not data.strip():
        raise _bad("file-empty", "文件是空的", name)
    if len(data) > LIMITS.file_bytes:
        megabytes = LIMITS.file_bytes // MEGABYTE
        raise _bad("file-too-large", f"文件超过 {megabytes} MB，请分批上传", name)
    if data.startswith(_OLE):
        raise _bad(
            "workbook-encrypted",
            "文件是加密的工作簿或旧版 .xls；请取消密码并另存为 .xlsx 后重新上传",
            name,
        )
    is_workbook, ending = data.startswith(b"PK"), os.path.splitext(name)[1].lower()
    if ending in (".xlsm", ".xlsb", ".xls", ".xltx", ".xltm"):
        raise _bad("file-kind", f"不接受 {ending} 文件；请另存为 .xlsx 或 CSV 后重新上传", name)
    if is_workbook and ending in (".csv", ".txt"):
        raise _bad("file-kind", "文件名是 CSV，内容却是工作簿；请改用正确的文件名", name)
    if not is_workbook and ending == ".xlsx":
        raise _bad("file-kind", "文件名是 .xlsx，内容却不是工作簿；请在 Excel 中另存后上传", name)
    return "loans.untrusted.workbook" if is_workbook else "loans.untrusted.text"


def _frames(module: str, data: bytes, name: str) -> Generator[dict[str, Any]]:
    """What the child says, as it says it; it is killed when its time is over."""
    environment = {
        "PYTHONPATH": _PACKAGE_ROOT,
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENPYXL_LXML": "False",
    }
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", _PROGRAM, module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        close_fds=True,
    )
    assert child.stdin is not None and child.stdout is not None
    feeder = Thread(target=_feed, args=(child.stdin, data), daemon=True)
    watch = Timer(LIMITS.wall_seconds(len(data)), child.kill)
    try:
        feeder.start()
        watch.start()
        for line in child.stdout:
            if line.endswith(b"\n"):  # else it was cut off in the middle of it
                yield json.loads(line)
        ended_well = child.wait() >= 0
    finally:
        child.kill()
        child.wait()
        watch.cancel()
        feeder.join()
        child.stdout.close()
    if not ended_well:
        raise _bad("file-too-costly", _SPENT, name)


def _feed(stdin: IO[bytes], data: bytes) -> None:
    """The whole file in one breath: a child that has seen enough may stop listening."""
    with suppress(BrokenPipeError), stdin:
        stdin.write(data)


def _bad(code: str, message: str, name: str) -> BadFile:
    shown = os.path.basename(name.replace("\\", "/"))[:80]
    return BadFile(code, f"文件“{shown}”：{message}", details={"file": shown})
