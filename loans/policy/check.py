"""What a policy book must satisfy before anything is computed from it, and the way to load one.

``check`` returns what forbids its use, ``warnings`` what a city should still settle. Both are
lists of Chinese sentences; empty means good.
"""

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

from loans.policy.book import Document, Parameter, PolicyBook, Rule
from loans.policy.files import SHIPPED, read_policy_book, refused
from loans.policy.units import HonourKind, RateBasis

# A subsidy never runs on after these, whatever a book says (rules of the programme, "always").
ALWAYS_ON = ("stop_event.misuse", "stop_event.compensation")

# Families that a city may lengthen or shorten, and the unit of their members.
FAMILIES = {
    "group": "group",
    "hire_group": "group",
    "honour": "honour",
    "benchmark": "ppm",
    "payout_ground": "ground",
}


def load_policy_book(folder: Path | None = None) -> PolicyBook:
    """The checked book of a folder (default: the one shipped with the program).

    Raises ``BadFile`` for an unreadable folder or file, or a book that ``check`` objects to.
    """
    book = read_policy_book(folder)
    if problems := check(book):
        raise refused(folder or SHIPPED, problems)
    return book


def check(book: PolicyBook) -> list[str]:
    """Missing or unread values, uncited ones, gaps and overlaps, misquotations, dead names."""
    problems = list(_shape(book))
    if problems:
        return problems
    for parameter in book.parameters.values():
        problems += _intervals(parameter)
        for rule in parameter.rules:
            problems += _citations(rule, book.documents)
            problems += _names(rule, book)
    return problems


def warnings(book: PolicyBook) -> list[str]:
    """Days that no city has confirmed, and rates of low confidence."""
    found = [
        f"{document.name}：施行日期 {document.effective_from} 未经确认，"
        "请市有关部门确认后在文件头改正"
        for document in book.documents
        if not document.confirmed
    ]
    for parameter in book.parameters.values():
        if doubtful := [rule.since for rule in parameter.rules if rule.confidence.startswith("C")]:
            found.append(f"{parameter.key}：自 {doubtful[0]} 起的数值可信度低，请核对公告")
    return found


@cache
def _units() -> dict[str, str]:
    """The unit of every value that the program reads: those of the shipped files."""
    return {key: parameter.unit for key, parameter in read_policy_book().parameters.items()}


def _shape(book: PolicyBook) -> Iterator[str]:
    """The values of the shipped book, each in its unit, and no value that no rule reads."""
    for key, unit in _units().items():
        if key not in book.parameters and key.rpartition(".")[0] not in FAMILIES:
            yield f"{key}：缺少此项（单位 {unit}）"
    for key, parameter in book.parameters.items():
        if not parameter.rules:
            yield f"{key}：没有任何规定"
        unit = FAMILIES.get(key.rpartition(".")[0]) or _units().get(key, "")
        if not unit:
            yield f"{key}：没有规则读取此项"
        elif parameter.unit != unit:
            yield f"{key}：单位应为 {unit}，实为 {parameter.unit}"


def _intervals(parameter: Parameter) -> Iterator[str]:
    for rule in parameter.rules:
        if rule.until is not None and rule.until <= rule.since:
            yield f"{parameter.key}：自 {rule.since} 起的规定止于 {rule.until}，没有一天有效"
    for earlier, later in pairwise(parameter.rules):
        if earlier.since == later.since or (earlier.until and earlier.until > later.since):
            yield f"{parameter.key}：自 {earlier.since} 和自 {later.since} 起的规定重叠"
        elif earlier.until and earlier.until < later.since:
            yield f"{parameter.key}：{earlier.until} 至 {later.since} 之间没有规定"


def _citations(rule: Rule, documents: tuple[Document, ...]) -> Iterator[str]:
    if not rule.cites or not all(cite.strip() for cite in rule.cites):
        yield f"{rule.key}：自 {rule.since} 起的值没有依据"
    for cite in rule.cites:
        source, _, words = cite.partition("：")
        if not words:
            yield f"{rule.key}：依据“{cite}”应写作“来源：原文”"
        for document in documents:
            if document.text and source.startswith(document.name) and words not in document.text:
                yield f"{rule.key}：{document.name} 中没有“{words}”"


def _names(rule: Rule, book: PolicyBook) -> Iterator[str]:
    """A value that names another parameter, level or choice must find it."""
    if rule.key in ALWAYS_ON and not rule.is_on:
        yield f"{rule.key}：此项不得关闭"
    if isinstance(rule.value, HonourKind) and rule.value.min_level not in _level_codes(book):
        yield f"{rule.key}：级别 {rule.value.min_level} 不在 honour_levels 之内"
    if rule.unit == "bands":
        assert isinstance(rule.value, tuple)
        for band in rule.value:
            if band.rate not in book.parameters:
                yield f"{rule.key}：没有利率 {band.rate}"
    if rule.value is RateBasis.MIN_CEILING and not _has_ceiling(book):
        yield f"{rule.key}：以上限为基础，但 rate_ceiling 未设上限"


def _level_codes(book: PolicyBook) -> set[str]:
    levels = [rule.value for rule in book.rules("honour_levels")]
    return {level.code for listed in levels if isinstance(listed, tuple) for level in listed}


def _has_ceiling(book: PolicyBook) -> bool:
    return any(rule.value is not None for rule in book.rules("rate_ceiling"))
