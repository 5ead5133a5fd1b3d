"""A policy book as one text, and back: how versions are kept side by side.

The text holds everything but the version, in the files' order; the version is the hash of what it
says, so a book that is restored proves by itself that nothing was changed.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from loans.policy.book import Document, Parameter, PolicyBook, Rule, plain
from loans.policy.units import UNITS


def content_of(book: PolicyBook) -> str:
    """The book's content as JSON."""
    content = {
        "documents": [asdict(document) for document in book.documents],
        "parameters": [
            {
                "key": p.key,
                "title": p.title,
                "unit": p.unit,
                "rules": [asdict(replace(rule, version="")) for rule in p.rules],
            }
            for p in book.parameters.values()
        ],
    }
    return json.dumps(content, ensure_ascii=False, default=plain)


def restored(content: str) -> PolicyBook:
    """The book of a text that ``content_of`` wrote: equal in every value, and so in its version."""
    read = json.loads(content)
    return PolicyBook.of(
        [_document(table) for table in read["documents"]],
        [_parameter(table) for table in read["parameters"]],
    )


def _document(table: Mapping[str, Any]) -> Document:
    return Document(**{**table, "effective_from": date.fromisoformat(table["effective_from"])})


def _parameter(table: Mapping[str, Any]) -> Parameter:
    rules = tuple(_rule(rule, UNITS[table["unit"]].read) for rule in table["rules"])
    return Parameter(table["key"], table["title"], table["unit"], rules)


def _rule(table: Mapping[str, Any], read: Any) -> Rule:
    until = table["until"]
    days = {
        "since": date.fromisoformat(table["since"]),
        "until": date.fromisoformat(until) if until else None,
    }
    typed = {"value": read(table["value"]), "cites": tuple(table["cites"])}
    return Rule(**{**table, **days, **typed})
