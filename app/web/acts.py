"""An act: one command a person may run on one object, as a form on the object's page.

Acts are declared as data (title, operation of the access table, fields, domain call); which of
them are offered now is decided beside the object's page, and the domain decides again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.web.edge import DONE, Post, Refused
from app.web.fields import Choices, Field, Filled, read, texts_of
from loans.context import Context
from loans.errors import NotFound

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """``call(ctx, id, values)`` runs it; ``to`` says where to go then (default: the same page).

    An act without an object is given no id.
    """

    name: str
    title: str
    operation: str
    call: Callable[[Context, Any, Values], Any]
    done: str
    fields: tuple[Field, ...] = ()
    hint: str = ""
    to: Callable[[Context, Any], str] | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """An act that may be done now, with what its inputs start with and the choices of the day."""

    act: Act
    path: str
    filled: Filled = field(default_factory=Filled)
    choices: Mapping[str, Choices] = field(default_factory=dict)
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """An act that was refused, to be shown at its form again."""

    name: str
    status: int
    filled: Filled


def table(*acts: Act) -> dict[str, Act]:
    """Acts by name; what is said after each is known to every page."""
    for act in acts:
        DONE[f"{act.operation}.{act.name}"] = act.done
    return {act.name: act for act in acts}


def run(
    post: Post, acts: Mapping[str, Act], name: str, target: UUID | None, page: str
) -> str | Failed:
    """Run the named act on an object: where to go, or what to show at its form."""
    act = acts.get(name)
    if act is None:
        raise NotFound("not-found", "没有这项操作，请返回上一页")
    texts = texts_of(act.fields, post.form)
    reading = read(act.fields, post.form)
    if reading.faults:
        return Failed(name, 422, Filled(texts, reading.faults))

    def to(ctx: Context, result: Any) -> str:
        path = act.to(ctx, result) if act.to else page
        return f"{path}?done={act.operation}.{act.name}"

    result = post.run(act.operation, lambda ctx: act.call(ctx, target, reading.values), to)
    if isinstance(result, Refused):
        return Failed(name, result.status, Filled(texts, {}, result.body))
    return result


def with_failure(offers: list[Offer], failed: Failed | None) -> list[Offer]:
    """The offers, the refused one open with what was typed and why it was refused."""
    if failed is None:
        return offers
    return [
        Offer(offer.act, offer.path, failed.filled, offer.choices, True)
        if offer.act.name == failed.name
        else offer
        for offer in offers
    ]
