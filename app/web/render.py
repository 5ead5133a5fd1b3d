"""Templates and what they may call: amounts, rates, days and words as people read them."""

import hashlib
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Response
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from app.deps import PROGRAMME_ZONE
from app.web import words
from loans.capitals import in_capitals
from loans.money import fen_to_yuan, half_up, ppm_to_percent, yuan_to_fen

STATIC = Path(__file__).with_name("static")
MEDIA = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
DOWNLOADS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "pdf": "application/pdf",
}
WEEKDAYS = "一二三四五六日"


def yuan(fen: int | None) -> str:
    """Yuan with thousands separators and two places; a dash where there is no amount."""
    if fen is None:
        return "—"
    whole, _, decimals = fen_to_yuan(fen).partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.lstrip('-')):,}.{decimals}"


def grouped(text: str) -> str:
    """An amount that comes as text, with thousands separators; other text as it is."""
    return yuan(yuan_to_fen(text)) if text else ""


def signed_yuan(fen: int) -> str:
    """An amount that is a difference: always with its sign, a zero without."""
    return f"+{yuan(fen)}" if fen > 0 else yuan(fen)


def percent(ppm: int | None) -> str:
    """A rate in percent; a dash where there is none."""
    return "—" if ppm is None else f"{ppm_to_percent(ppm)}%"


def part_of(part: int, whole: int) -> str:
    """How much of a whole, in percent, half up to two places; a dash where there is none."""
    return percent(half_up(10_000 * part, whole) * 100 if whole else None)


def shown_day(day: date | str | None) -> str:
    """A day as ISO text; a dash where there is none."""
    return "—" if day is None else str(day)


def with_weekday(day: date) -> str:
    """A day with its weekday, for headings."""
    return f"{day} 星期{WEEKDAYS[day.weekday()]}"


def day_before(until: date) -> date:
    """The last day of a half-open period, as people say it (贴息止日)."""
    return until - timedelta(days=1)


def moment(at: datetime) -> str:
    """A moment in the programme's zone, to the minute."""
    return f"{at.astimezone(PROGRAMME_ZONE):%Y-%m-%d %H:%M}"


def attachment(content: bytes, name: str) -> Response:
    """A file to keep, by the ending of its name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    media = DOWNLOADS[name.rpartition(".")[2]]
    return Response(content, headers=headers, media_type=media)


@cache
def static_files() -> dict[str, tuple[bytes, str]]:
    """The style sheet, the script and the mark: name -> content, media type."""
    return {
        path.name: (path.read_bytes(), MEDIA[path.suffix])
        for path in STATIC.iterdir()
        if path.suffix in MEDIA
    }


@cache
def static(name: str) -> str:
    """The address of a static file, new whenever its content is."""
    return f"/static/{name}?v={hashlib.sha256(static_files()[name][0]).hexdigest()[:12]}"


@cache
def templates() -> Environment:
    """The one environment: everything escaped, a misspelt name an error."""
    found = Environment(
        loader=PackageLoader("app.web"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "yuan": yuan,
        "grouped": grouped,
        "signed": signed_yuan,
        "percent": percent,
        "part_of": part_of,
        "day": shown_day,
        "weekday": with_weekday,
        "moment": moment,
        "day_before": day_before,
        "word": words.word,
        "capitals": in_capitals,
        "settlement": words.settlement,
    }
    found.globals |= {
        "static": static,
        "tone": lambda member: words.TONES.get(member, "busy"),
        "classes": words.SUBSIDY_CLASSES,
        "day_counts": words.DAY_COUNTS,
        "cards": words.CARDS,
        "outcomes": words.OUTCOMES,
        "topics": words.TOPICS,
    }
    return found


def render(template: str, **content: Any) -> str:
    """The page's HTML."""
    return templates().get_template(template).render(**content)
