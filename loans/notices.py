"""Notices of the State Council on holidays, as data: one TOML file each.

The form of a file, here the notice that prolonged the spring holiday of 2020::

    title = "国务院办公厅关于延长2020年春节假期的通知"
    source = "www.gov.cn/…"
    announced_on = 2020-01-27
    years = []                  # the years whose holidays this notice announces
    off = [2020-01-31]          # days off that are no weekend
    work = []                   # weekend days that are worked
    withdrawn = [2020-02-01]    # days named before that follow the ordinary week again
"""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from loans.errors import BadFile

SHIPPED = Path(__file__).with_name("workday_notices")
LARGEST_NOTICE_BYTES = 64 * 1024

_TEXTS = ("title", "source")
_DAYS = ("off", "work", "withdrawn")
_KEYS = frozenset((*_TEXTS, "announced_on", "years", *_DAYS))


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice; days are ascending."""

    title: str
    source: str
    announced_on: date
    years: tuple[int, ...]
    off: tuple[date, ...]
    work: tuple[date, ...]
    withdrawn: tuple[date, ...] = ()


def read_notices(folder: Path | None = None) -> tuple[Notice, ...]:
    """All notices of a folder (the shipped ones by default), oldest first."""
    files = sorted((folder or SHIPPED).glob("*.toml"))
    if not files:
        raise BadFile("no-notices", f"文件夹 {folder or SHIPPED} 中没有节假日安排通知（*.toml）")
    notices = [parse_notice(file.read_bytes(), name=file.name) for file in files]
    return tuple(sorted(notices, key=lambda notice: notice.announced_on))


def parse_notice(content: bytes, *, name: str) -> Notice:
    """The notice in a TOML file; BadFile says in Chinese what is wrong with file ``name``."""
    table = _table(content, name)
    _demand(not (odd := set(table) - _KEYS), name, f"有不认识的项目 {'、'.join(sorted(odd))}")
    announced_on = table.get("announced_on")
    _demand(_is_day(announced_on), name, "缺少发文日期 announced_on，例如 2026-11-10")
    for key in _TEXTS:
        value = table.get(key)
        _demand(isinstance(value, str) and value.strip() != "", name, f"缺少文字 {key}")
    notice = Notice(
        title=table["title"],
        source=table["source"],
        announced_on=table["announced_on"],
        years=_years(table, name),
        **{key: _days(table, key, name) for key in _DAYS},
    )
    _check(notice, name)
    return notice


def _table(content: bytes, name: str) -> dict[str, Any]:
    _demand(len(content) <= LARGEST_NOTICE_BYTES, name, "超过64KB，不像是一份通知")
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except ValueError as error:  # not UTF-8, not TOML, or a day that does not exist
        raise _bad(name, f"不是UTF-8编码的TOML文件：{error}") from None


def _years(table: dict[str, Any], name: str) -> tuple[int, ...]:
    years = table.get("years", [])
    is_years = isinstance(years, list) and all(type(year) is int for year in years)
    _demand(is_years, name, "years 应为年份列表，例如 [2027]")
    return tuple(sorted(years))


def _days(table: dict[str, Any], key: str, name: str) -> tuple[date, ...]:
    days = table.get(key, [])
    _demand(isinstance(days, list) and all(map(_is_day, days)), name, f"{key} 应为日期列表")
    return tuple(sorted(days))


def _check(notice: Notice, name: str) -> None:
    days = [*notice.off, *notice.work, *notice.withdrawn]
    _demand(bool(days), name, "没有写明任何一天")
    twice = sorted({day for day in days if days.count(day) > 1})
    _demand(not twice, name, f"{'、'.join(map(str, twice))} 写了不止一次")
    near = (notice.announced_on.year, notice.announced_on.year + 1)
    far = [year for year in (*notice.years, *(day.year for day in days)) if year not in near]
    if far:
        raise _bad(name, f"发文于 {notice.announced_on}，却写了 {far[0]} 年的安排，请核对年份")


def _is_day(value: object) -> bool:
    return type(value) is date  # a TOML moment is a datetime, which is a date too


def _demand(holds: bool, name: str, problem: str) -> None:
    if not holds:
        raise _bad(name, problem)


def _bad(name: str, problem: str) -> BadFile:
    return BadFile("bad-notice", f"节假日通知 {name} {problem}；请改正后重新加载")
