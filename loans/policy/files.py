"""Policy files: a folder of TOML becomes a policy book, or one ``BadFile`` naming every fault.

A file opens with its document (``document``, ``title``, ``issued_by``, ``effective_from``,
``confirmed``, and ``text`` with the words it quotes). Then come its parameters: a table with
``title``, ``unit`` and ``rules``; a table without ``rules`` is a family of such tables. A later
document adds rules under the same key and leaves the older file alone. ``since`` may say
``"effective_from"``: the day at the head of the file.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import Any

from loans.errors import BadFile
from loans.policy.book import Document, Parameter, PolicyBook, Rule
from loans.policy.units import UNITS

SHIPPED = Path(__file__).parent

_Table = Mapping[str, Any]
_HEADER = {
    "document",
    "title",
    "issued_by",
    "effective_from",
    "effective_with",
    "confirmed",
    "text",
}
_PARAMETER = {"title", "unit", "cites", "rules"}
_RULE = {"since", "until", "value", "cites", "confidence"}


def read_policy_book(folder: Path | None = None) -> PolicyBook:
    """The book of a folder, of the right form but not yet checked; raises ``BadFile``."""
    folder = folder or SHIPPED
    reading = _Reading()
    files = _tables(folder, reading.problems)
    if not files and not reading.problems:
        reading.problems.append("没有政策文件（*.toml）")
    documents = _documents(folder, files, reading.problems)
    for name, table in files.items():
        if name in documents:
            own = {key: value for key, value in table.items() if key not in _HEADER}
            reading.read(own, documents[name], where=name)
    parameters = reading.parameters()
    if reading.problems:
        raise refused(folder, reading.problems)
    return PolicyBook.of(documents.values(), parameters)


def refused(folder: Path, problems: list[str]) -> BadFile:
    """The refusal of a folder, with every reason."""
    return BadFile(
        "policy-files-invalid",
        f"政策文件夹“{folder.name}”不能使用，请改正后重新载入：" + "；".join(problems),
        details={"problems": problems},
    )


def _tables(folder: Path, problems: list[str]) -> dict[str, _Table]:
    tables: dict[str, _Table] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            tables[path.name] = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:  # TOMLDecodeError and bad UTF-8 are ValueErrors
            problems.append(f"{path.name}：不是可读的 TOML 文件（{error}）")
    return tables


def _documents(
    folder: Path, files: Mapping[str, _Table], problems: list[str]
) -> dict[str, Document]:
    """The documents by file name; one that has no day of its own takes it from another."""
    dated = {str(t.get("document")): t for t in files.values() if "effective_from" in t}
    documents = {}
    for name, table in files.items():
        day = dated.get(str(table.get("effective_with")), table)
        try:
            documents[name] = _document(folder, table, day)
        except (KeyError, TypeError, OSError, ValueError) as error:
            problems.append(f"{name}：文件头不完整（{error}）")
    return documents


def _document(folder: Path, table: _Table, day: _Table) -> Document:
    name, title, issued_by = table["document"], table["title"], table["issued_by"]
    if not all(isinstance(text, str) and text for text in (name, title, issued_by)):
        raise TypeError("document、title、issued_by 应为文字")
    if type(day["effective_from"]) is not date or type(day["confirmed"]) is not bool:
        raise TypeError("effective_from 应为日期，confirmed 应为 true 或 false")
    # Whoever confirms the document that gives the day confirms it here too, once.
    confirmed = day["confirmed"] or day is not table
    text = ""
    if "text" in table:
        text = (folder / Path(table["text"]).name).read_text(encoding="utf-8")
    return Document(name, title, issued_by, day["effective_from"], confirmed, text)


@dataclass
class _Reading:
    """What has been read so far: the heads and rules by key, and every fault found."""

    heads: dict[str, _Table] = field(default_factory=dict)
    found: dict[str, list[tuple[Document, _Table, str]]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def read(self, table: _Table, document: Document, *, where: str, prefix: str = "") -> None:
        for name, inner in table.items():
            key = f"{prefix}{name}"
            if not isinstance(inner, Mapping):
                self.problems.append(f"{where}：不认识的条目 {key}")
            elif "rules" not in inner:
                self.read(inner, document, where=where, prefix=f"{key}.")
            else:
                self._keep(key, inner, document, where)

    def _keep(self, key: str, table: _Table, document: Document, where: str) -> None:
        if unknown := set(table) - _PARAMETER:
            self.problems.append(f"{where}：{key} 有不认识的项目 {'、'.join(sorted(unknown))}")
        rules = table["rules"]
        if not isinstance(rules, list) or not all(isinstance(rule, Mapping) for rule in rules):
            self.problems.append(f"{where}：{key} 的 rules 应为表的列表")
            return
        if "unit" in table or "title" in table:
            if key in self.heads:
                self.problems.append(f"{where}：{key} 的名称和单位在别处已有")
            self.heads[key] = table
        self.found.setdefault(key, []).extend(
            (document, {"cites": table.get("cites", []), **rule}, where) for rule in rules
        )

    def parameters(self) -> list[Parameter]:
        return [parameter for key in self.found for parameter in self._parameter(key)]

    def _parameter(self, key: str) -> Iterator[Parameter]:
        head = self.heads.get(key, {})
        title, unit = head.get("title"), head.get("unit")
        if not isinstance(title, str) or not isinstance(unit, str) or unit not in UNITS:
            self.problems.append(f"{key}：缺少名称，或单位 {unit!r} 不在单位表内")
            return
        rules = [rule for found in self.found[key] for rule in self._rule(key, title, unit, found)]
        rules.sort(key=lambda rule: rule.since)
        yield Parameter(key, title, unit, tuple(_ended(rules)))

    def _rule(
        self, key: str, title: str, unit: str, found: tuple[Document, _Table, str]
    ) -> Iterator[Rule]:
        document, table, where = found
        since = table.get("since")
        since = document.effective_from if since == "effective_from" else since
        until, cites = table.get("until"), table["cites"]
        if set(table) - _RULE or type(since) is not date or type(until) not in (date, type(None)):
            self.problems.append(f"{where}：{key} 的一条规定的起止日期或项目不对")
        elif not isinstance(cites, list) or not all(isinstance(cite, str) for cite in cites):
            self.problems.append(f"{where}：{key} 的依据应为文字列表")
        else:
            try:
                value = UNITS[unit].read(table.get("value"))
            except ValueError as error:
                self.problems.append(f"{where}：{key} 自 {since} 起的值{error}")
                return
            confidence = str(table.get("confidence", ""))
            yield Rule(key, title, unit, value, since, until, tuple(cites), confidence=confidence)


def _ended(rules: list[Rule]) -> Iterator[Rule]:
    """A rule without an end of its own ends where the next begins."""
    for rule, following in zip_longest(rules, rules[1:]):
        if rule.until is None and following is not None:
            yield replace(rule, until=following.since)
        else:
            yield rule
