"""What several journeys show: parties by public id and name, pages, problems. Masked throughout."""

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import Field

from app.api.wire import Out, PublicId
from loans.access import OrganisationKind
from loans.context import Context
from loans.models import Borrower, Branch, Organisation, Person
from loans.queries import Page, by_key, organisation_of

Item = TypeVar("Item", bound=Out)


class ProblemOut(Out):
    """RFC 9457：出错时的答复。"""

    type: str = Field(examples=["urn:fumin:problem:not-eligible"])
    title: str = Field(examples=["与当前状态或规则冲突"])
    status: int = Field(examples=[409])
    code: str = Field(examples=["not-eligible"], description="稳定的代码，供程序判断。")
    detail: str = Field(description="中文说明：何事、哪条记录、哪一天、如何处理。")
    cites: list[str] | None = Field(default=None, description="作出判断所依据的政策原文。")
    details: dict[str, Any] | None = Field(default=None, description="有关的编号、日期等。")
    faults: list[dict[str, str]] | None = Field(default=None, description="逐项的格式错误。")
    request_id: str | None = None


class PartyOut(Out):
    """A bank, branch or bureau by its id and name."""

    id: PublicId
    name: str


class ByOut(Out):
    """Who did it: a person of an organisation."""

    name: str
    organisation: str


class BorrowerOut(Out):
    """借款人（脱敏）。"""

    name: str = Field(validation_alias="name_masked", examples=["张*"])
    id_no: str = Field(validation_alias="id_masked", examples=["320281********123X"])


class PageOut(Out, Generic[Item]):
    """一页；除另有说明外新的在前。"""

    items: list[Item]
    next: UUID | None = Field(description="还有下一页时：下一次查询的 after。")


def paged(page: Page, show: Callable[[list[Any]], list[Item]]) -> PageOut[Item]:
    """A page of rows as it travels."""
    return PageOut[Any](items=show(page.rows), next=page.after)


def plainly(item: type[Item]) -> Callable[[list[Any]], list[Item]]:
    """Shows rows whose columns say everything."""
    return lambda rows: [item.of(row) for row in rows]


class Parties:
    """The parties that some rows refer to, read in one query a kind."""

    def __init__(self, ctx: Context, rows: Iterable[Any]) -> None:
        rows = list(rows)
        self.organisations = by_key(ctx, Organisation, _keys(rows, "bank_id"))
        self.branches = by_key(ctx, Branch, _keys(rows, "branch_id"))
        self.borrowers = by_key(ctx, Borrower, _keys(rows, "borrower_id"))

    def of(self, row: Any) -> dict[str, Any]:
        """The parties of one row, by the name of the field that shows them."""
        shown: dict[str, Any] = {}
        if getattr(row, "bank_id", None) is not None:
            shown["bank"] = PartyOut.of(self.organisations[row.bank_id])
        if hasattr(row, "branch_id"):
            shown["branch"] = PartyOut.of(self.branches[row.branch_id])
        if hasattr(row, "borrower_id"):
            shown["borrower"] = BorrowerOut.of(self.borrowers[row.borrower_id])
        return shown


class Persons:
    """The people behind some rows' ``…_id`` columns."""

    def __init__(self, ctx: Context, keys: Iterable[int | None]) -> None:
        self.people = by_key(ctx, Person, keys)
        self.organisations = by_key(
            ctx, Organisation, (person.organisation_id for person in self.people.values())
        )

    def by(self, key: int | None) -> ByOut | None:
        """Who this is; None for nobody."""
        if key is None:
            return None
        person = self.people[key]
        organisation = self.organisations[person.organisation_id]
        return ByOut(name=person.name, organisation=organisation.name)


def bank_key(ctx: Context, bank: UUID | None) -> int | None:
    """The internal key of a bank asked for by its public id."""
    return organisation_of(ctx, bank, OrganisationKind.BANK).id if bank else None


def _keys(rows: list[Any], column: str) -> set[int | None]:
    return {getattr(row, column, None) for row in rows}
