"""What a policy book must satisfy before anything is computed from it.

``check`` returns what forbids its use, ``warnings`` what a city should still settle. Both are
lists of Chinese sentences; empty means good.
"""

from collections.abc import Iterator
from itertools import pairwise

from loans.policy.book import Document, Parameter, PolicyBook, Rule
from loans.policy.units import HonourKind, RateBasis

# A subsidy never runs on after these, whatever a book says (rules of the programme, "always").
ALWAYS_ON = ("stop_event.misuse", "stop_event.compensation")


def check(book: PolicyBook) -> list[str]:
    """Uncited values, gaps and overlaps, words that the document does not contain, dead names."""
    problems: list[str] = []
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
    levels = book.parameters.get("honour_levels")
    rules = levels.rules if levels else ()
    return {level.code for rule in rules if isinstance(rule.value, tuple) for level in rule.value}


def _has_ceiling(book: PolicyBook) -> bool:
    ceiling = book.parameters.get("rate_ceiling")
    return ceiling is not None and any(rule.value is not None for rule in ceiling.rules)
