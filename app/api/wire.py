"""What travels: amounts as yuan text, rates as percent text, days as ISO text, never a number.

The types refuse what JSON would let through: numbers for money, a third decimal, full-width
digits, control characters, lone surrogates. A request's body is a ``Body``, an answer an ``Out``.
"""

import re
import unicodedata
from datetime import date
from typing import Annotated, Any, Self, TypeVar
from uuid import UUID

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import core_schema

from loans.money import fen_to_yuan, percent_to_ppm, ppm_to_percent, yuan_to_fen

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,9}", re.ASCII)

_YUAN_SCHEMA = {
    "type": "string",
    "pattern": r"^(0|[1-9][0-9]{0,12})(\.[0-9]{1,2})?$",
    "examples": ["300000.00"],
}
_PERCENT_SCHEMA = {
    "type": "string",
    "pattern": r"^(0|[1-9][0-9]?)(\.[0-9]{1,4})?$",
    "examples": ["4.35"],
}
_DAY_SCHEMA = {
    "type": "string",
    "format": "date",
    "pattern": "^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}$",
    "examples": ["2019-04-10"],
}
_CONTROL = "\\x00-\\x1f\\x7f-\\x9f"
_CLEAN_PATTERN = f"^[^{_CONTROL}]*[^\\s{_CONTROL}][^{_CONTROL}]*$"


def _amount(value: Any) -> int:
    if value is None:
        raise ValueError("金额不能为 null，须为以元为单位的文本，例如 300000.00")
    fen = yuan_to_fen(value)
    if fen < 0:
        raise ValueError("金额不能为负数")
    return fen


def _rate(value: Any) -> int:
    if value is None:
        raise ValueError("利率不能为 null，须为百分数的文本，例如 4.35")
    ppm = percent_to_ppm(value)
    if ppm >= 1_000_000:
        raise ValueError("利率须低于 100%")
    return ppm


def _day(value: Any) -> date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("日期须为 YYYY-MM-DD 形式的文本，例如 2019-06-20")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"没有 {value} 这一天") from None
    if not 1900 <= day.year <= 2199:
        raise ValueError("日期应在 1900 年至 2199 年之间")
    return day


def _id(value: Any) -> UUID:
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise ValueError("不是有效的编号")
    return UUID(value)


def _whole(value: Any) -> Any:
    """An integer, or in an address its ASCII digits; never a text in JSON."""
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        raise ValueError("须为整数")
    return value


def _clean(value: str) -> str:
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in value):
        raise ValueError("文本含有控制字符")
    if not (kept := value.strip()):
        raise ValueError("不能为空")
    return kept


class _Clean:
    """Text without control characters and blank ends; the document says so by a pattern."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Checked after the length."""
        return core_schema.no_info_after_validator_function(_clean, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The schema with the pattern."""
        return handler(schema) | {"pattern": _CLEAN_PATTERN}


Yuan = Annotated[
    int,
    BeforeValidator(_amount),
    PlainSerializer(fen_to_yuan, return_type=str),
    WithJsonSchema(_YUAN_SCHEMA),
]
Percent = Annotated[
    int,
    BeforeValidator(_rate),
    PlainSerializer(ppm_to_percent, return_type=str),
    WithJsonSchema(_PERCENT_SCHEMA),
]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema(_DAY_SCHEMA)]
Id = Annotated[
    UUID, BeforeValidator(_id), WithJsonSchema({"type": "string", "format": "uuid"})
]  # fmt: skip
AS_DIGITS = BeforeValidator(_whole)  # stands after the limits, or the document loses them
MOST_ROWS = 999_999_999
CLEAN = _Clean()
Text = Annotated[str, Field(min_length=1, max_length=100), CLEAN]
Reason = Annotated[str, Field(min_length=1, max_length=200), CLEAN]
Number = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_\-./]*$")
]
Member = TypeVar("Member")
# A member of an enum by its text, in a body that otherwise converts nothing.
OneOf = Annotated[Member, Field(strict=False)]

# Of answers: what the database holds, shown as it travels.
YuanOut = Annotated[
    int,
    PlainSerializer(fen_to_yuan, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["300000.00"]}),
]
PercentOut = Annotated[
    int,
    PlainSerializer(ppm_to_percent, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["4.35"]}),
]
PublicId = Annotated[UUID, Field(validation_alias="public_id")]


def fen(column: str) -> Any:
    """The amount in the column of this name."""
    return Field(validation_alias=f"{column}_fen")


def ppm(column: str) -> Any:
    """The rate in the column of this name."""
    return Field(validation_alias=f"{column}_ppm")


class Body(BaseModel):
    """A request's body: unknown fields are refused, nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, str_max_length=2000)


class Out(BaseModel):
    """An answer's body, built by ``of`` from a row and what is looked up beside it."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def of(cls, row: Any, **beside: Any) -> Self:
        """The answer made of a row's columns; ``beside`` adds or replaces fields by name."""
        return cls.model_validate(_Joined(row, beside))


class _Joined:
    """A row whose attributes are completed by others."""

    def __init__(self, row: Any, beside: dict[str, Any]) -> None:
        self.__dict__.update(beside)
        self._row = row

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)
