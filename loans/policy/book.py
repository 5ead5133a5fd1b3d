"""The policy book: every number of the law, with the day it holds from and the sentence it is from.

``book.at(key, on)`` is the only way to a value. Versions of a rule live side by side under one
key; a rule ends where the next one begins, or at its own ``until``. A day without a rule is a
``PolicyGap``, never a default. The book's ``version`` is the hash of its content.
"""

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import TypeVar

from loans.errors import PolicyGap
from loans.policy.units import UNITS, HonourKind

Key = TypeVar("Key")
Found = TypeVar("Found")

MOST_KEPT = 4096  # answers a book remembers before it begins afresh


@dataclass(frozen=True, slots=True)
class Document:
    """A source of law: ``text`` holds the words that its rules quote ("" if not at hand).

    ``confirmed`` is False until a city confirms the day from which the document holds.
    """

    name: str
    title: str
    issued_by: str
    effective_from: date
    confirmed: bool
    text: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One value in force in ``[since, until)``; ``until`` None: until further notice.

    ``value`` is of the type its unit says (``loans.policy.units``); ``version`` is that of the
    book; ``confidence`` grades a rate that was compiled, not enacted.
    """

    key: str
    title: str
    unit: str
    value: object
    since: date
    until: date | None
    cites: tuple[str, ...]
    version: str = ""
    confidence: str = ""

    @property
    def code(self) -> str:
        """Last part of the key: ``graduate`` of ``group.graduate``."""
        return self.key.rpartition(".")[2]

    @property
    def number(self) -> int:
        assert type(self.value) is int, f"{self.key} is not a number"
        return self.value

    @property
    def is_on(self) -> bool:
        assert type(self.value) is bool, f"{self.key} is not a switch"
        return self.value

    @property
    def text(self) -> str:
        assert isinstance(self.value, str), f"{self.key} is not a text"
        return self.value

    @property
    def shown(self) -> str:
        """The value in Chinese, with its unit."""
        return UNITS[self.unit].show(self.value)


@dataclass(frozen=True, slots=True)
class Parameter:
    """All versions of one value, oldest first."""

    key: str
    title: str
    unit: str
    rules: tuple[Rule, ...]

    def at(self, on: date) -> Rule | None:
        """The newest rule that begins on or before ``on``, unless it has ended."""
        newest = bisect_right(self.rules, on, key=lambda rule: rule.since) - 1
        if newest < 0:
            return None
        rule = self.rules[newest]
        return rule if rule.until is None or on < rule.until else None


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """Documents and parameters, addressed by key and day. Build one with ``PolicyBook.of``."""

    documents: tuple[Document, ...]
    parameters: Mapping[str, Parameter]
    version: str
    # What was looked up before: a list of candidates asks the same few questions 10,000 times.
    _rules: dict[tuple[str, date], Rule] = field(default_factory=dict, compare=False, repr=False)
    _families: dict[tuple[str, date], tuple[Rule, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )

    @classmethod
    def of(cls, documents: Iterable[Document], parameters: Iterable[Parameter]) -> "PolicyBook":
        """A book whose rules carry the version that their content gives it."""
        documents, parameters = tuple(documents), tuple(parameters)
        version = _content_hash(documents, parameters)
        stamped = {
            parameter.key: replace(
                parameter,
                rules=tuple(replace(rule, version=version) for rule in parameter.rules),
            )
            for parameter in parameters
        }
        return cls(documents, MappingProxyType(stamped), version)

    def at(self, key: str, on: date) -> Rule:
        """The rule in force on a day; raises ``PolicyGap`` where there is none."""
        known = self._rules.get((key, on))
        if known is None:
            known = self._found(key, on)
            _keep(self._rules, (key, on), known)
        return known

    def _found(self, key: str, on: date) -> Rule:
        parameter = self.parameters.get(key)
        rule = parameter.at(on) if parameter else None
        if rule is None:
            title = parameter.title if parameter else key
            raise PolicyGap(
                "policy-gap",
                f"“{title}”（{key}）在 {on.isoformat()} 没有有效的规定；"
                "请核对日期，或载入该日有效的政策文件",
                details={"key": key, "on": on.isoformat(), "version": self.version},
            )
        return rule

    def shown(self, rule: Rule, on: date) -> str:
        """A rule's value as people read it: an honour's level by its name, not by its code."""
        if not isinstance(rule.value, HonourKind):
            return rule.shown
        levels = self.at("honour_levels", on).value
        assert isinstance(levels, tuple)
        (name,) = (level.name for level in levels if level.code == rule.value.min_level)
        return replace(rule, value=replace(rule.value, min_level=name)).shown

    def family(self, prefix: str, on: date) -> tuple[Rule, ...]:
        """All rules in force under ``prefix.``, as ordered in the files; empty if none."""
        known = self._families.get((prefix, on))
        if known is None:
            members = (p for key, p in self.parameters.items() if key.startswith(prefix + "."))
            known = tuple(rule for member in members if (rule := member.at(on)) is not None)
            _keep(self._families, (prefix, on), known)
        return known

    def keys(self) -> tuple[str, ...]:
        """All keys, as ordered in the files."""
        return tuple(self.parameters)

    def rules(self, key: str) -> tuple[Rule, ...]:
        """All versions of one value, oldest first."""
        return self.parameters[key].rules

    def replaced(self, key: str, value: object) -> "PolicyBook":
        """A book in which every version of one value is another: a "what if", or a test."""
        old = self.parameters[key]
        read = UNITS[old.unit].read(value)
        new = replace(old, rules=tuple(replace(rule, value=read) for rule in old.rules))
        return PolicyBook.of(self.documents, {**self.parameters, key: new}.values())


def _keep(known: dict[Key, Found], key: Key, found: Found) -> None:
    if len(known) >= MOST_KEPT:
        known.clear()
    known[key] = found


def _content_hash(documents: tuple[Document, ...], parameters: tuple[Parameter, ...]) -> str:
    """SHA-256 of the canonical JSON of everything but the version itself."""
    content = [
        [asdict(document) for document in documents],
        sorted(
            (p.key, p.title, p.unit, [asdict(replace(r, version="")) for r in p.rules])
            for p in parameters
        ),
    ]
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, default=plain)
    return hashlib.sha256(canonical.encode()).hexdigest()


def plain(value: object) -> object:
    """What JSON does not know, as it is written there: days as text, records as tables."""
    if isinstance(value, date):
        return value.isoformat()
    assert is_dataclass(value) and not isinstance(value, type)
    return asdict(value)
