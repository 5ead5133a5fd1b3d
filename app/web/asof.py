"""A page as it stood at the end of an earlier day: ``?on=2019-08-31`` in its address."""

from dataclasses import dataclass, replace
from datetime import date

from app.web.edge import Visit


@dataclass(frozen=True, slots=True)
class AsOf:
    """The day asked for, None for now; and the visit whose context lives on that day."""

    day: date | None
    visit: Visit

    @property
    def kept(self) -> str:
        """What links carry so that the rows behind a figure are those of its day."""
        return f"&on={self.day}" if self.day else ""


def as_of(visit: Visit) -> AsOf:
    """What the address asks for; a day that is not before today, or none, is now."""
    try:
        day = date.fromisoformat(visit.request.query_params.get("on", ""))
    except ValueError:
        return AsOf(None, visit)
    if day >= visit.ctx.on or day.year < 2000:
        return AsOf(None, visit)
    return AsOf(day, replace(visit, ctx=replace(visit.ctx, on=day), as_of=day))
