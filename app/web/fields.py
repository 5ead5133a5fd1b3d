"""Form fields: declared once, rendered by one macro, read by one function.

A field's text is read as the API reads it: yuan and percent text, ISO days. What cannot be read
is a fault at its field, said in Chinese with what to do, and the text stays in the form.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from starlette.datastructures import FormData, UploadFile

from app.uploads import name_of
from loans.money import MoneyText, percent_to_ppm, ppm_to_percent, yuan_to_fen


class Kind(StrEnum):
    """How a field is shown and read."""

    TEXT = "text"
    LONG = "long"
    LINES = "lines"  # one text a line
    MONEY = "money"
    RATE = "rate"
    DAY = "day"
    WHOLE = "whole"
    CHOICE = "choice"
    CHECKS = "checks"  # any of the choices
    TRUTH = "truth"  # yes, no or not known
    ID = "id"
    DUE_DAY = "due_day"  # a day out of the page's choices
    HIDDEN = "hidden"
    VERDICTS = "verdicts"  # for each subject yes or no, and the evidence
    SCORES = "scores"  # for each subject points, and the evidence
    AMOUNTS = "amounts"  # for some subjects an amount or none, and the reason
    ROWS = "rows"  # any number of rows, each with the field's columns
    FILE = "file"  # only in a row: the file's name and digest, its content is not kept


# Fields that ask about each subject of a list that comes with the page.
PER_SUBJECT = frozenset({Kind.VERDICTS, Kind.SCORES, Kind.AMOUNTS})


Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One input with its label.

    ``choices`` (value, label) may also come with the page; of ``VERDICTS`` they are the words for
    yes and no, the subjects come with the page.
    """

    name: str
    label: str
    kind: Kind = Kind.TEXT
    hint: str = ""
    needed: bool = True
    choices: Choices = ()
    start: str = ""
    longest: int = 100
    columns: "tuple[Field, ...]" = ()
    most: int = 0  # of rows
    bounds: tuple[int, int] = (0, 999_999)  # of a whole number, or of a rate [ppm]


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file that was sent: its name and the digest of its content."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a form said: values by name, and the faults by the name of the field."""

    values: dict[str, Any]
    faults: dict[str, str]


@dataclass(frozen=True, slots=True)
class Filled:
    """What the inputs show: texts by name, faults by name, and a refusal of the whole."""

    texts: Mapping[str, Any] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    problem: Mapping[str, Any] | None = None


def texts_of(fields: Iterable[Field], form: FormData) -> dict[str, Any]:
    """What was typed, to show it again."""
    found: dict[str, Any] = {}
    for item in fields:
        if item.kind is Kind.CHECKS:
            found[item.name] = [str(value) for value in form.getlist(item.name)]
        elif item.kind in PER_SUBJECT:
            mine = (f"{item.name}.", f"{item.name}-evidence.")
            found |= {name: str(form[name]) for name in form if name.startswith(mine)}
        elif item.kind is Kind.ROWS:
            found |= rows_typed(item, form)
        else:
            found[item.name] = str(form.get(item.name, ""))
    return found


def read(fields: Iterable[Field], form: FormData) -> Reading:
    """The form's values; a field that cannot be read is a fault."""
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for item in fields:
        if item.kind is Kind.ROWS:
            values[item.name] = _rows(item, form, faults)
            continue
        try:
            values[item.name] = _value(item, form)
        except (MoneyText, ValueError) as fault:
            faults[item.name] = str(fault)
    return Reading(values, faults)


def _value(item: Field, form: FormData) -> Any:
    if item.kind is Kind.CHECKS:
        return tuple(_one_of(item, str(value)) for value in form.getlist(item.name))
    if item.kind is Kind.AMOUNTS:
        return _amounts(item, form)
    if item.kind in PER_SUBJECT:
        return _per_subject(item, form)
    if item.kind is Kind.FILE:
        return _file(item, form.get(item.name))
    text = str(form.get(item.name, "")).replace("\r\n", "\n").strip()
    if not text:
        if item.needed:
            raise ValueError(f"请填写“{item.label}”")
        return _EMPTY.get(item.kind)
    return _READERS[item.kind](item, text)


def rows_typed(item: Field, form: FormData) -> dict[str, str]:
    """What was typed into the rows, and how many of them the page shows."""
    asked = str(form.get(f"{item.name}.rows", ""))
    shown = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 4 else 0
    found = {f"{item.name}.rows": str(min(max(shown, 1), item.most))}
    for name in form:
        if name.startswith(f"{item.name}.") and isinstance(form[name], str):
            found.setdefault(name, str(form[name]))
    return found


def _rows(item: Field, form: FormData, faults: dict[str, str]) -> list[dict[str, Any]]:
    """The rows in which anything was filled in; a fault is at its cell."""
    found = []
    for at in range(item.most):
        cells = [replace(cell, name=f"{item.name}.{at}.{cell.name}") for cell in item.columns]
        if not any(_is_filled(cell, form.get(cell.name)) for cell in cells):
            continue
        reading = read(cells, form)
        faults |= {name: f"第 {at + 1} 行：{what}" for name, what in reading.faults.items()}
        found.append({
            cell.name: reading.values.get(name.name)
            for cell, name in zip(item.columns, cells, strict=True)
        })  # fmt: skip
    return found


def _is_filled(cell: Field, given: Any) -> bool:
    """A choice that starts chosen fills no row."""
    if isinstance(given, UploadFile):
        return bool(given.filename)
    return bool(given) and cell.kind not in (Kind.CHOICE, Kind.TRUTH)


def _file(item: Field, given: Any) -> Uploaded | None:
    if isinstance(given, UploadFile) and given.filename:
        return Uploaded(
            name_of(given, "file")[-100:], hashlib.sha256(given.file.read()).hexdigest()
        )
    if item.needed:
        raise ValueError(f"请选择“{item.label}”")
    return None


def _text(item: Field, text: str) -> str:
    if len(text) > item.longest:
        raise ValueError(f"“{item.label}”最多 {item.longest} 字")
    if any((ord(c) < 32 and c != "\n") or ord(c) == 127 for c in text):
        raise ValueError(f"“{item.label}”含有不可见字符，请删除后重新输入")
    return text


def _money(item: Field, text: str) -> int:
    # People write thousands separators; the core does not.
    fen = yuan_to_fen(text.replace(",", "").replace("，", ""))
    if fen < 0:
        raise ValueError(f"“{item.label}”不能为负数")
    return fen


def _day(item: Field, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"“{item.label}”须为日期，例如 2019-06-20") from None
    if not 1900 <= day.year <= 2199 or len(text) != 10:
        raise ValueError(f"“{item.label}”应在 1900 年至 2199 年之间，写作 2019-06-20")
    return day


def _whole(item: Field, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise ValueError(f"“{item.label}”须为整数")
    least, most = item.bounds
    if not least <= int(text) <= most:
        raise ValueError(f"“{item.label}”应在 {least} 至 {most} 之间")
    return int(text)


def _rate(item: Field, text: str) -> int:
    ppm = percent_to_ppm(text.removesuffix("%"))
    least, most = item.bounds
    if not least <= ppm <= most:
        bounds = f"{ppm_to_percent(least)}% 至 {ppm_to_percent(most)}%"
        raise ValueError(f"“{item.label}”应在 {bounds} 之间，请核对小数点")
    return ppm


def _one_of(item: Field, text: str) -> str:
    if item.choices and text not in dict(item.choices):
        raise ValueError(f"请从列表中选择“{item.label}”")
    return text


def _truth(item: Field, text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(f"请从列表中选择“{item.label}”")
    return text == "yes"


def _id(item: Field, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ValueError(f"请从列表中选择“{item.label}”") from None


def _lines(item: Field, text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in _text(item, text).split("\n") if line.strip())


def _per_subject(item: Field, form: FormData) -> list[tuple[str, Any, str]]:
    """(subject, verdict or points, evidence) of each subject that was answered."""
    found = []
    for name in form:
        subject, text = name.removeprefix(f"{item.name}."), str(form[name]).strip()
        if subject == name or not text:
            continue
        answer = _truth(item, text) if item.kind is Kind.VERDICTS else _whole(item, text)
        evidence = str(form.get(f"{item.name}-evidence.{subject}", "")).strip()
        found.append((subject, answer, evidence[:200]))
    if item.needed and not found:
        raise ValueError(f"请至少填写一项“{item.label}”")
    return found


def _amounts(item: Field, form: FormData) -> list[tuple[str, int, str]]:
    """(subject, amount [fen] or 0, reason) of each subject where anything was filled in."""
    found = []
    for name in form:
        subject, text = name.removeprefix(f"{item.name}."), str(form[name]).strip()
        reason = str(form.get(f"{item.name}-evidence.{subject}", "")).strip()
        if subject != name and (text or reason):
            found.append((subject, _money(item, text) if text else 0, reason[:200]))
    return found


_EMPTY: dict[Kind, Any] = {Kind.TEXT: "", Kind.LONG: "", Kind.LINES: ()}
_READERS: dict[Kind, Callable[[Field, str], Any]] = {
    Kind.TEXT: _text,
    Kind.LONG: _text,
    Kind.LINES: _lines,
    Kind.MONEY: _money,
    Kind.RATE: _rate,
    Kind.DAY: _day,
    Kind.DUE_DAY: _day,
    Kind.WHOLE: _whole,
    Kind.CHOICE: _one_of,
    Kind.TRUTH: _truth,
    Kind.ID: _id,
    Kind.HIDDEN: _text,
}
