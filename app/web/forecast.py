"""贴息预算测算: what the live loans will cost by month and class, and what a change would."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Response
from starlette.datastructures import FormData

from app.web.charts import Bar, in_yuan
from app.web.edge import Visit, visit_to
from app.web.fields import Field, Filled, Kind, read, texts_of
from app.web.figures import period_of
from app.web.render import attachment
from app.web.words import SUBSIDY_CLASSES
from loans.errors import Conflict
from loans.sheets import write_workbook
from subsidy.budget_table import HEADERS, Sums, budget_rows
from subsidy.forecast import LONGEST_MONTHS, NO_CHANGE, SHARED, Pair, WhatIf, budget

router = APIRouter(include_in_schema=False)
Reading = Annotated[Visit, visit_to("forecast.read")]

SHEET = "贴息预算测算"
MOST_BARS = 36
FIELDS = (
    Field(name="months", label="月数", kind=Kind.WHOLE, start="12", bounds=(1, LONGEST_MONTHS)),
    *(
        Field(
            name=name,
            label=f"假设“{SUBSIDY_CLASSES[name]}”贴（%）",
            kind=Kind.WHOLE,
            needed=False,
            bounds=(0, 100),
        )
        for name in SHARED
    ),
    Field(name="cap", label="假设个人贴息本金上限（元）", kind=Kind.MONEY, needed=False),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; months and change only where every field can be read."""

    since: date
    filled: Filled
    months: int = 0
    what_if: WhatIf = NO_CHANGE

    @classmethod
    def of(cls, visit: Visit) -> "Asked":
        """A year from this month on, where the address says nothing."""
        params = visit.request.query_params
        period = period_of(params.get("since", ""))
        since = (period[0] if period else visit.ctx.on).replace(day=1)
        form = FormData({field.name: params.get(field.name, field.start) for field in FIELDS})
        reading = read(FIELDS, form)
        filled = Filled(texts_of(FIELDS, form), reading.faults)
        if reading.faults:
            return cls(since, filled)
        values = reading.values
        shares = {name: values[name] for name in SHARED if values[name] is not None}
        return cls(since, filled, values["months"], WhatIf(share_pct=shares, cap_fen=values["cap"]))

    def lines(self, visit: Visit) -> list[Pair]:
        """The budget and the supposed, month by month."""
        return budget(visit.ctx, since=self.since, months=self.months, what_if=self.what_if)


@router.get("/forecast")
def show(visit: Reading) -> Response:
    """The budget with its sums; a field that cannot be read is said at its place."""
    asked = Asked.of(visit)
    if asked.filled.faults:
        return _page(visit, asked, status=422)
    lines = asked.lines(visit)
    return _page(visit, asked, lines=lines, sums=Sums.of(lines), bars=_bars(lines))


@router.get("/forecast/report.xlsx")
def report(visit: Reading) -> Response:
    """The same figures to keep."""
    asked = Asked.of(visit)
    if asked.filled.faults:
        raise Conflict("forecast-not-asked", "；".join(asked.filled.faults.values()))
    rows = budget_rows(asked.lines(visit), SUBSIDY_CLASSES)
    content = write_workbook({SHEET: [list(HEADERS), *rows]})
    return attachment(content, f"forecast-{asked.since:%Y-%m}.xlsx")


def _page(visit: Visit, asked: Asked, status: int = 200, **content: object) -> Response:
    nothing: dict[str, object] = {"lines": [], "sums": None, "bars": []}
    rule = visit.ctx.book.at("funding_split", asked.since)
    return visit.show(
        "forecast.html",
        status=status,
        asked=asked,
        fields=FIELDS,
        report=f"/forecast/report.xlsx?{visit.request.url.query}",
        tried=asked.what_if != NO_CHANGE,
        cites=rule.cites,
        most_bars=MOST_BARS,
        **(nothing | content),
    )


def _bars(lines: list[Pair]) -> list[Bar]:
    """The subsidy of the first months."""
    months: dict[date, int] = defaultdict(int)
    for line, _ in lines:
        months[line.month] += line.subsidy_fen
    return [in_yuan(month, fen) for month, fen in list(months.items())[:MOST_BARS]]
