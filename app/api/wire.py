"""What travels: amounts as yuan text, rates as percent text, days as ISO text, never a number.

The types refuse what JSON would let through: numbers for money, a third decimal, full-width
digits, control characters, lone surrogates.
"""

from datetime import date
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from loans.money import (
    fen_to_yuan,
    percent_to_ppm,
    ppm_to_percent,
    yuan_to_fen,
)

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


def _amount(value: Any) -> int:
    fen = yuan_to_fen(value)
    if fen < 0:
        raise ValueError("金额不能为负数")
    return fen


def _rate(value: Any) -> int:
    ppm = percent_to_ppm(value)
    if ppm >= 1_000_000:
        raise ValueError("利率须低于 100%")
    return ppm


def _day(value: Any) -> Any:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or len(value) != 10 or not value.isascii():
        raise ValueError("日期须为 YYYY-MM-DD 形式的文本，例如 2019-06-20")
    return value


def _in_programme_years(value: date) -> date:
    if not 1900 <= value.year <= 2199:
        raise ValueError("日期应在 1900 年至 2199 年之间")
    return value


def _clean(value: str) -> str:
    if any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) <= 0xDFFF for c in value):
        raise ValueError("文本含有控制字符")
    return value.strip()


Yuan = Annotated[
    int,
    BeforeValidator(_amount),
    PlainSerializer(fen_to_yuan, return_type=str),
    WithJsonSchema(_YUAN_SCHEMA),
]
SignedYuan = Annotated[
    int,
    BeforeValidator(yuan_to_fen),
    PlainSerializer(fen_to_yuan, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["-0.01"]}),
]
Percent = Annotated[
    int,
    BeforeValidator(_rate),
    PlainSerializer(ppm_to_percent, return_type=str),
    WithJsonSchema(_PERCENT_SCHEMA),
]
Day = Annotated[date, BeforeValidator(_day), AfterValidator(_in_programme_years)]
Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_clean)]
Reason = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_clean)]
Number = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_\-./]*$")
]


class Body(BaseModel):
    """A request's body: unknown fields are refused, nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, str_max_length=2000)


class Out(BaseModel):
    """An answer's body; built from rows by ``of``."""

    model_config = ConfigDict(from_attributes=True, serialize_by_alias=True)
