"""The units of policy values: what a TOML value may be, and how a person reads it.

A unit is a closed idea, not free text: it says how a raw TOML value becomes a typed, immutable
Python value (or why it cannot), and how that value is shown in Chinese. A rule with a choice
(a rate basis, a hiring window) has a unit of its own, so a book can never name a choice that no
code computes.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from loans.money import fen_to_yuan, ppm_to_percent


class RateBasis(StrEnum):
    """At which rate a subsidy is computed: a closed set."""

    CONTRACT = "contract"
    BENCHMARK = "benchmark"
    MIN_CEILING = "min_ceiling"
    ABOVE_LPR = "above_lpr"


class HireWindow(StrEnum):
    """How “当年新招用” is counted."""

    CALENDAR_YEAR = "calendar_year"
    ROLLING_12M = "rolling_12m"


class CapScope(StrEnum):
    """Whether a borrower's other approved loans use up the cap."""

    BORROWER = "borrower"
    APPLICATION = "application"


class VersionDay(StrEnum):
    """The day whose version of the rules governs a note's subsidy."""

    FIRST_DISBURSEMENT = "first_disbursement"
    SIGNING = "signing"


@dataclass(frozen=True, slots=True)
class Group:
    """A group of people that the opinion favours.

    ``local_hukou`` asks for a household registration in the programme's area;
    ``graduation_years`` (None: no such limit) counts from the day of graduation; ``evidence``
    names the documents that show membership.
    """

    local_hukou: bool
    graduation_years: int | None
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HonourKind:
    """A kind of honour that may raise the cap: the lowest level (a code) that counts."""

    min_level: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the ordered list of honour levels."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Band:
    """A term band: at most so many months (None: every longer term) takes the rate of this key."""

    months: int | None
    rate: str


@dataclass(frozen=True, slots=True)
class FundingSplit:
    """Percent of a subsidy that each level of government pays; they sum to 100."""

    central: int
    province: int
    city: int


@dataclass(frozen=True, slots=True)
class ScoreItem:
    """One line of a scorecard: its points go from 0 to ``weight``."""

    code: str
    title: str
    weight: int


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A comprehensive appraisal as a form: the weights sum to 100, ``pass_mark`` points pass."""

    pass_mark: int
    items: tuple[ScoreItem, ...]


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One line of a due-diligence checklist."""

    code: str
    title: str


class GroundEffect(StrEnum):
    """What a coded ground may do to a request for compensation."""

    REFUSE = "refuse"
    REDUCE = "reduce"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Rung:
    """One class of a ladder: it holds from this many days on."""

    code: str
    name: str
    days: int


@dataclass(frozen=True, slots=True)
class Unit:
    """How a raw value is read (raising ``ValueError`` in Chinese) and shown."""

    read: Callable[[object], object]
    show: Callable[[Any], str]


def _whole(lowest: int, largest: int) -> Callable[[object], object]:
    def read(raw: object) -> object:
        if type(raw) is not int or not lowest <= raw <= largest:
            raise ValueError(f"应为 {lowest} 至 {largest} 的整数，实为 {raw!r}")
        return raw

    return read


def _switch(raw: object) -> object:
    if type(raw) is not bool:
        raise ValueError(f"应为 true 或 false，实为 {raw!r}")
    return raw


def _ppm_or_none(raw: object) -> object:
    return None if raw in ("none", None) else _whole(0, 1_000_000)(raw)


def _matching(pattern: str, meaning: str) -> Callable[[object], object]:
    def read(raw: object) -> object:
        if not isinstance(raw, str) or not re.fullmatch(pattern, raw, re.ASCII):
            raise ValueError(f"应为{meaning}，实为 {raw!r}")
        return raw

    return read


Choice = TypeVar("Choice", bound=StrEnum)


def _one_of(choices: type[Choice]) -> Callable[[object], object]:
    def read(raw: object) -> object:
        if raw not in [choice.value for choice in choices]:
            raise ValueError(f"应为 {'、'.join(choices)} 之一，实为 {raw!r}")
        return choices(raw)

    return read


Shape = TypeVar("Shape")


def _record(shape: type[Shape], **fields: Callable[[object], object]) -> Callable[[object], Shape]:
    """Read a TOML table into a frozen dataclass: its fields and no others."""

    def read(raw: object) -> Shape:
        if isinstance(raw, shape):
            return raw
        if not isinstance(raw, Mapping) or set(raw) - set(fields):
            raise ValueError(f"应为只含 {'、'.join(fields)} 的表，实为 {raw!r}")
        return shape(**{name: reader(raw.get(name)) for name, reader in fields.items()})

    return read


def _list_of(item: Callable[[object], object]) -> Callable[[object], tuple[object, ...]]:
    def read(raw: object) -> tuple[object, ...]:
        if not isinstance(raw, list | tuple) or not raw:
            raise ValueError(f"应为非空的列表，实为 {raw!r}")
        return tuple(item(part) for part in raw)

    return read


def _optional(reader: Callable[[object], object]) -> Callable[[object], object]:
    return lambda raw: None if raw is None else reader(raw)


_text = _matching(r"\S.*", "非空文字")
_split = _record(FundingSplit, **dict.fromkeys(("central", "province", "city"), _whole(0, 100)))


def _funding_split(raw: object) -> object:
    split = _split(raw)
    if split.central + split.province + split.city != 100:
        raise ValueError(f"中央、省、市分担比例之和应为100，实为 {raw!r}")
    return split


def _bands(raw: object) -> object:
    bands = _list_of(_record(Band, months=_optional(_whole(1, 1200)), rate=_text))(raw)
    edges = [band.months for band in bands if isinstance(band, Band)]
    limits = [months for months in edges[:-1] if months is not None]
    if len(limits) != len(edges) - 1 or limits != sorted(set(limits)) or edges[-1] is not None:
        raise ValueError("档次应由短到长，且只有最后一档不限期限")
    return bands


_code = _matching(r"[a-z][a-z0-9_]{0,31}", "由小写字母、数字和下划线组成的代码")
_score_items = _list_of(_record(ScoreItem, code=_code, title=_text, weight=_whole(1, 100)))
_card = _record(Scorecard, pass_mark=_whole(1, 100), items=_score_items)
_check_items = _list_of(_record(CheckItem, code=_code, title=_text))


def _scorecard(raw: object) -> object:
    card = _card(raw)
    _demand_once(item.code for item in card.items)
    if (total := sum(item.weight for item in card.items)) != 100:
        raise ValueError(f"各项分值之和应为100，实为 {total}")
    return card


def _checklist(raw: object) -> object:
    items = _check_items(raw)
    _demand_once(item.code for item in items if isinstance(item, CheckItem))
    return items


_rungs = _list_of(_record(Rung, code=_code, name=_text, days=_whole(0, 36_500)))


def _ladder(raw: object) -> object:
    rungs = [rung for rung in _rungs(raw) if isinstance(rung, Rung)]
    _demand_once(rung.code for rung in rungs)
    days = [rung.days for rung in rungs]
    if days[0] != 0 or days != sorted(set(days)):
        raise ValueError(f"各级天数应从0开始、由少到多，实为 {days}")
    return tuple(rungs)


def _demand_once(codes: Iterable[str]) -> None:
    listed = list(codes)
    if twice := sorted({code for code in listed if listed.count(code) > 1}):
        raise ValueError(f"代码 {'、'.join(twice)} 写了不止一次")


def _show_card(card: Scorecard) -> str:
    items = "、".join(f"{item.title}{item.weight}分" for item in card.items)
    return f"{card.pass_mark}分及以上为通过：{items}"


def _show_group(group: Group) -> str:
    conditions = ["须本市户籍" if group.local_hukou else "不限户籍"]
    if group.graduation_years is not None:
        conditions.append(f"毕业{group.graduation_years}年内")
    return "，".join([*conditions, "凭" + "、".join(group.evidence)])


def _counted(word: str) -> Callable[[Any], str]:
    return lambda value: f"{value}{word}"


def _worded(words: Mapping[object, str]) -> Callable[[Any], str]:
    return lambda value: words[value]


UNITS: dict[str, Unit] = {
    "fen": Unit(_whole(0, 10**15), lambda fen: f"{fen_to_yuan(fen)}元"),
    "ppm": Unit(_whole(0, 1_000_000), lambda ppm: f"{ppm_to_percent(ppm)}%"),
    "ppm_or_none": Unit(
        _ppm_or_none, lambda ppm: "不设" if ppm is None else f"{ppm_to_percent(ppm)}%"
    ),
    "pct": Unit(_whole(0, 100), _counted("%")),
    "years": Unit(_whole(0, 100), _counted("年")),
    "months": Unit(_whole(1, 1200), _counted("个月")),
    "days": Unit(_whole(0, 36_500), _counted("天")),
    "seconds": Unit(_whole(0, 86_400), _counted("秒")),
    "workdays": Unit(_whole(1, 1000), _counted("个工作日")),
    "persons": Unit(_whole(0, 10**6), _counted("人")),
    "times": Unit(_whole(0, 1000), _counted("次")),
    "multiple": Unit(_whole(0, 1000), _counted("倍")),
    "switch": Unit(_switch, _worded({True: "是", False: "否"})),
    "division": Unit(_matching(r"[0-9]{6}([0-9]{3}){0,2}", "6至12位行政区划代码"), str),
    "rate_basis": Unit(
        _one_of(RateBasis),
        _worded(
            {
                RateBasis.CONTRACT: "合同利率",
                RateBasis.BENCHMARK: "基准利率",
                RateBasis.MIN_CEILING: "合同利率与上限孰低",
                RateBasis.ABOVE_LPR: "LPR减点以上部分",
            }
        ),
    ),
    "hire_window": Unit(
        _one_of(HireWindow),
        _worded({HireWindow.CALENDAR_YEAR: "公历年度", HireWindow.ROLLING_12M: "近12个月"}),
    ),
    "cap_scope": Unit(
        _one_of(CapScope),
        _worded({CapScope.BORROWER: "按借款人合并计算", CapScope.APPLICATION: "按每笔申请计算"}),
    ),
    "version_day": Unit(
        _one_of(VersionDay),
        _worded({VersionDay.FIRST_DISBURSEMENT: "首次发放日", VersionDay.SIGNING: "合同签订日"}),
    ),
    "day_count": Unit(_matching(r"act/360|act/365|30/360", "act/360、act/365 或 30/360"), str),
    "settlement": Unit(
        _matching(r"quarterly-20|monthly-20|month-end", "quarterly-20、monthly-20 或 month-end"),
        str,
    ),
    "group": Unit(
        _record(
            Group,
            local_hukou=_switch,
            graduation_years=_optional(_whole(0, 100)),
            evidence=_list_of(_text),
        ),
        _show_group,
    ),
    "honour": Unit(
        _record(HonourKind, min_level=_text, evidence=_list_of(_text)),
        lambda kind: f"级别不低于{kind.min_level}，凭{'、'.join(kind.evidence)}",
    ),
    "levels": Unit(
        _list_of(_record(Level, code=_text, name=_text)),
        lambda levels: " < ".join(level.name for level in levels),
    ),
    "bands": Unit(
        _bands,
        lambda bands: "；".join(
            f"{band.months}个月以内 {band.rate}" if band.months else f"更长 {band.rate}"
            for band in bands
        ),
    ),
    "split": Unit(
        _funding_split,
        lambda split: f"中央{split.central}%、省{split.province}%、市{split.city}%",
    ),
    "ladder": Unit(
        _ladder,
        lambda rungs: "、".join(f"{rung.days}天起{rung.name}" for rung in rungs),
    ),
    "ground": Unit(
        _one_of(GroundEffect),
        _worded(
            {
                GroundEffect.REFUSE: "不予代偿",
                GroundEffect.REDUCE: "核减",
                GroundEffect.BOTH: "不予代偿或核减",
            }
        ),
    ),
    "scorecard": Unit(_scorecard, _show_card),
    "checklist": Unit(_checklist, lambda items: "、".join(item.title for item in items)),
}
