"""Pages of the joint meeting's figures (9.13) on any day; each figure leads to its notes."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from app.web.asof import as_of, first_day
from app.web.edge import Visit, visit_to
from app.web.lists import listed_of
from app.web.render import attachment
from loans.errors import NotFound
from subsidy import exports, statistics
from subsidy.statistics import Dimension, Figures, NoteFacts

router = APIRouter(include_in_schema=False)
Reading = Annotated[Visit, visit_to("statistics.read")]

# Figures of a group, the amount that their notes have, and what they are called.
COUNTS = (
    ("notes", "disbursed", "笔数"),
    ("live", "balance", "存续"),
    ("overdue", "overdue", "逾期"),
)
AMOUNTS = (
    ("disbursed", "发放额"), ("balance", "余额"), ("overdue", "逾期余额"), ("payable", "应付贴息"),
    ("paid", "已付贴息"), ("compensated", "代偿"), ("recovered", "追偿"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for: the day, the grouping, the first day of the time limits."""

    on: date
    by: Dimension
    since: date

    @classmethod
    def of(cls, visit: Visit) -> "Asked":
        """Of the visit's day; what cannot be read is by bank, since the year's first day."""
        params, on = visit.request.query_params, visit.ctx.on
        by = params.get("by", "")
        known = by in {each.value for each in Dimension}
        since = _day(params.get("since", "")) or on.replace(month=1, day=1)
        return cls(on, Dimension(by) if known else Dimension.BANK, min(since, on))

    def address(self, path: str, **more: str) -> str:
        """A page about the same day and grouping."""
        return f"{path}?{urlencode({'on': self.on.isoformat(), 'by': self.by.value} | more)}"


@router.get("/statistics")
def figures(visit: Reading) -> Response:
    """The figures of a day by group, and how the time limits were kept."""
    visit = as_of(visit).visit
    asked = Asked.of(visit)
    rows = statistics.note_facts(visit.ctx, asked.on)
    titles = exports.titles_on(visit.ctx.book, asked.on)
    until = asked.on + timedelta(days=1)
    return visit.show(
        "statistics.html",
        asked=asked,
        first=first_day(visit.ctx.book),
        groups=[_group(asked, each, titles) for each in _groups(rows, asked.by)],
        whole=_group(Asked(asked.on, Dimension.ALL, asked.since), _whole(rows), titles),
        rates=statistics.hit_rates(visit.ctx, asked.since, until),
        counts=COUNTS,
        amounts=AMOUNTS,
        dimensions=list(exports.BY.items()),
    )


@router.get("/statistics/notes")
def notes(visit: Reading) -> Response:
    """The notes behind one figure of one group, and their sum."""
    visit = as_of(visit).visit
    asked, params = Asked.of(visit), visit.request.query_params
    figure, key = params.get("figure", "disbursed"), params.get("key", "")[:100]
    if figure not in dict(AMOUNTS):
        raise NotFound("not-found", "没有这项统计数字，请从统计表中点选")
    rows = statistics.note_facts(visit.ctx, asked.on)
    found = statistics.drill_down(rows, asked.by, key, f"{figure}_fen")
    titles = exports.titles_on(visit.ctx.book, asked.on)
    return visit.show(
        "statistics_notes.html",
        asked=asked,
        figure=dict(AMOUNTS)[figure],
        column=f"{figure}_fen",
        name=exports.label(asked.by, key, titles),
        total_fen=sum(getattr(row, f"{figure}_fen") for row in found),
        count=len(found),
        page=listed_of(visit, found),
        label=lambda by, key: exports.label(Dimension(by), key, titles),
        amounts=AMOUNTS,
    )


@router.get("/statistics/report.{kind}")
def report(visit: Reading, kind: str) -> Response:
    """The same figures to keep: workbook with the notes, CSV, printed form."""
    visit = as_of(visit).visit
    asked = Asked.of(visit)
    rows = statistics.note_facts(visit.ctx, asked.on)
    titles = exports.titles_on(visit.ctx.book, asked.on)
    match kind:
        case "xlsx":
            content = exports.workbook(rows, asked.by, titles)
        case "csv":
            content = exports.csv(rows, asked.by, titles)
        case "pdf":
            content = exports.form(rows, asked.by, titles, asked.on)
        case _:
            raise NotFound("not-found", "没有这种报告，可下载 xlsx、csv 或 pdf")
    return attachment(content, f"statistics-{asked.on}-{asked.by}.{kind}")


def _groups(rows: list[NoteFacts], by: Dimension) -> list[Figures]:
    return [] if by is Dimension.ALL else statistics.figures(rows, by)


def _whole(rows: list[NoteFacts]) -> Figures:
    found = statistics.figures(rows, Dimension.ALL)
    return found[0] if found else statistics.nothing()


def _group(asked: Asked, each: Figures, titles: exports.Titles) -> dict[str, Any]:
    """One row: its name, its figures, and where each leads."""
    return {
        "name": exports.label(asked.by, each.key, titles),
        "figures": each,
        "to": lambda figure: asked.address("/statistics/notes", key=each.key, figure=figure),
    }


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day < date.max else None  # the day after it is needed too
