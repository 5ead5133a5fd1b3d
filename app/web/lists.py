"""Lists: filters from the address, one keyset page, the address of the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import Select

from app.web.edge import Visit
from loans import queries
from loans.access import OrganisationKind
from loans.models import Keyed, Organisation

ROWS = 50


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of a list: what was chosen, and what can be."""

    name: str
    label: str
    value: str | None
    choices: list[tuple[str, str]]
    key: int | None = None

    @classmethod
    def of(
        cls, visit: Visit, name: str, label: str, choices: list[tuple[str, str]], start: str = ""
    ) -> "Filter":
        """A filter by one of the choices, ``start`` where the address says nothing of it; anything
        else in the address does not filter."""
        asked = visit.request.query_params.get(name, start)
        return cls(name, label, asked if asked in dict(choices) else None, choices)

    @classmethod
    def banks(cls, visit: Visit) -> "Filter":
        """A filter by bank; a bank sees its own rows anyway, so it is offered none."""
        if visit.actor.bank_id is not None:
            return cls("bank", "银行", None, [])
        query = queries.organisations(visit.ctx, kind=OrganisationKind.BANK)
        rows = list(visit.ctx.session.scalars(query.order_by(Organisation.code)))
        found = cls.of(visit, "bank", "银行", [(str(row.public_id), row.name) for row in rows])
        keys = {str(row.public_id): row.id for row in rows}
        return cls("bank", "银行", found.value, found.choices, keys.get(found.value or ""))


@dataclass(frozen=True, slots=True)
class Shown:
    """One page of rows; the addresses of the next, if any, and of the first, if that is another."""

    rows: list[Any]
    next: str | None
    first: str | None = None


def listed(visit: Visit, query: Select[Any], model: type[Keyed]) -> Shown:
    """The page that the address asks for."""
    after = _after(visit)
    return _shown(visit, queries.page(visit.ctx, query, model, after=after, limit=ROWS))


def listed_of(visit: Visit, rows: Sequence[Any]) -> Shown:
    """The same of rows that were computed."""
    return _shown(visit, queries.page_of(rows, after=_after(visit), limit=ROWS))


def first(visit: Visit, rows: Sequence[Any], **its_own: str) -> Shown:
    """The first page of one list among several; the parameters ``its_own`` lead to it alone."""
    page = queries.page_of(rows, after=None, limit=ROWS)
    more = address(visit, **its_own, after=str(page.after)) if page.after else None
    return Shown(page.rows, more)


def _after(visit: Visit) -> UUID | None:
    try:
        return UUID(visit.request.query_params["after"])
    except (KeyError, ValueError):
        return None


def _shown(visit: Visit, page: queries.Page) -> Shown:
    more = address(visit, after=str(page.after)) if page.after else None
    return Shown(page.rows, more, address(visit, after=None) if _after(visit) else None)


@dataclass(frozen=True, slots=True)
class Part:
    """A page of rows that are found by skipping: they are only ever added to."""

    skip: int
    number: int

    @classmethod
    def asked(cls, visit: Visit) -> "Part":
        """The page that ``page`` in the address names; the first where it names none."""
        text = visit.request.query_params.get("page", "1")
        number = max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else 1
        return cls((number - 1) * ROWS, number)

    def of(self, visit: Visit, rows: list[Any]) -> Shown:
        """``rows`` (one more than a page was asked for) as the page."""
        more = len(rows) > ROWS
        next = address(visit, page=str(self.number + 1)) if more else None
        return Shown(rows[:ROWS], next, address(visit, page=None) if self.number > 1 else None)


def address(visit: Visit, **changed: str | None) -> str:
    """This page's address with some parameters changed, or with None taken away."""
    kept = {k: v for k, v in visit.request.query_params.items() if k not in ("done", *changed)}
    asked = kept | {name: value for name, value in changed.items() if value is not None}
    return f"{visit.request.url.path}?{urlencode(asked)}" if asked else visit.request.url.path
