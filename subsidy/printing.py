"""Printable forms: a report's tables set by typst, which gets them as data, never as markup.

An extra (``pip install fumin[forms]``); without it the workbook is there all the same.
"""

import importlib
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from loans.errors import Conflict
from subsidy.reports import ClaimReport

_FORMS: Final = Path(__file__).with_name("forms")
_MOST_ROWS: Final = 5_000  # a form is for reading; the workbook holds the rest


def difference_form(report: ClaimReport) -> bytes:
    """The difference report of one claim as a PDF."""
    claim, rows = report.claim, report.differences[1:]
    data = {
        "bank": report.bank,
        "since": claim.since.isoformat(),
        "until": claim.until.isoformat(),
        "content_hash": claim.content_hash,
        "summary": report.summary,
        "by_code": report.by_code,
        "headers": report.differences[0],
        "rows": rows[:_MOST_ROWS],
        "left_out": str(max(len(rows) - _MOST_ROWS, 0)),
    }
    return printed("differences.typ", data)


def statistics_form(on: date, by: str, figures: Sequence[Sequence[str]]) -> bytes:
    """The joint meeting's figures of one day as a PDF; ``figures`` with their header row."""
    data = {"on": on.isoformat(), "by": by, "figures": [list(row) for row in figures]}
    return printed("statistics.typ", data)


def printed(form: str, data: dict[str, Any]) -> bytes:
    """A form of this package set from its data."""
    try:
        typst = importlib.import_module("typst")
    except ImportError as missing:
        raise Conflict(
            "forms-not-installed", "未安装打印组件，请安装 fumin[forms] 后重试，或下载工作簿"
        ) from missing
    pdf: bytes = typst.compile(
        str(_FORMS / form),
        format="pdf",
        font_paths=_fonts(),
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )
    return pdf


def _fonts() -> list[str]:
    """The folder of the packaged Chinese font; without it the system's are used."""
    try:
        font = importlib.import_module("noto_cjk_sans_otc")
    except ImportError:
        return []
    return [str(Path(font.FONT_FILE if hasattr(font, "FONT_FILE") else font.FONT_PATH).parent)]
