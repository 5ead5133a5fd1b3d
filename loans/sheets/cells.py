"""One cell to one value, exactly; ``CellText`` says in Chinese why it cannot be one.

A number of a workbook comes as text at Excel's own 15 significant digits, so that
917.1299999999999 is 917.13 and no arithmetic is ever done on it.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal

from loans.money import MoneyText, percent_to_ppm, yuan_to_fen
from loans.sheets.columns import Kind, Place
from loans.sheets.reading import Cell
from loans.untrusted.batches import ERROR, FORMULA, PERCENT, SEPARATOR, TEXT, TRUTH

Value = str | int | dt.date | None

_PLAIN_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]*", re.ASCII)
_SPACES = " \u3000\u00a0\n"
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_THOUSANDS = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?", re.ASCII)
_DAY = re.compile(
    r"([0-9]{4})[年/.-]([0-9]{1,2})[月/.-]([0-9]{1,2})日?(?:[T ]00:00(?::00)?(?:\.0+)?)?",
    re.ASCII,
)
_COMPACT_DAY = re.compile(r"(20[0-9]{2})([0-9]{2})([0-9]{2})", re.ASCII)
# Serial numbers of 2000-01-01 and 2100-01-01 in the 1900 system.
_EARLIEST_SERIAL, _LATEST_SERIAL = 36_526, 73_051
_DAYS_BETWEEN_EPOCHS = 1462
_SERIAL_ZERO = dt.date(1899, 12, 30)
_EXACT_DIGITS = 15
# Whole columns in plain form: every cell with the NUL behind it.
_MONEYS = re.compile(r"(?:(?:0|[1-9][0-9]{0,12})\.[0-9]{2}\0)*", re.ASCII)
_WHOLES = re.compile(r"(?:(?:0|[1-9][0-9]{0,8})\0)*", re.ASCII)
_CODES = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9_./-]*\0)*", re.ASCII)
_SPACED = re.compile(r"\0[ \u3000\u00a0\n\0]|[ \u3000\u00a0\n]\0")
_LOWEST_PPM = 2_000  # below 0.2% a rate was surely written as a fraction


class CellText(ValueError):
    """A cell that is not a value of its column's kind; ``code`` is the finding's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def parse_cell(cell: Cell, place: Place, epoch: int) -> Value:
    """Value of one cell; None for an empty one."""
    column = place.column
    if cell.kind == FORMULA:
        raise CellText("formula", f"单元格是公式 {cell.text[:40]}，请粘贴为数值")
    if cell.kind == ERROR:
        raise CellText("cell-error", f"单元格是错误值 {cell.text}")
    if cell.kind == TRUTH:
        raise CellText("not-a-value", "单元格是逻辑值，不是所需内容")
    text = plain_text(cell)
    if not text:
        return None
    match column.kind:
        case Kind.MONEY:
            return _money(text, place.exponent)
        case Kind.RATE:
            return _rate(text, is_fraction=cell.kind == PERCENT)
        case Kind.DAY:
            return _day(text, epoch)
        case Kind.WHOLE:
            return _whole(text)
        case Kind.TEXT:
            return text
        case _:
            return _code(text, cell, column.kind)


def plain_value(text: str, place: Place) -> Value:
    """Value of a text in its column's plainest form, quickly; None for any other text.

    What it accepts ``parse_cell`` accepts with the same value; most cells of a file are so.
    """
    kind = place.column.kind
    if kind is Kind.MONEY:
        whole, _, cents = text.partition(".")
        if place.exponent == 0 and len(cents) == 2 and 0 < len(whole) <= 13:
            digits = whole + cents
            if digits.isdecimal() and digits.isascii() and (whole[0] != "0" or len(whole) == 1):
                return int(digits)
    elif kind is Kind.CODE or kind is Kind.IDENTITY:
        if _PLAIN_CODE.fullmatch(text):
            return text
    elif kind is Kind.TEXT and text[:1] not in _SPACES and text[-1:] not in _SPACES:
        return text
    return None


def plain_column(texts: Sequence[str], place: Place) -> Sequence[Value] | None:
    """Values of a whole column whose every text is in its plainest form; None if one is not.

    One search over all of it instead of one call a cell. What it accepts ``parse_cell`` accepts,
    with the same values.
    """
    kind, joined = place.column.kind, SEPARATOR.join((*texts, ""))
    if kind is Kind.MONEY and place.exponent == 0 and _MONEYS.fullmatch(joined):
        return list(map(int, joined.replace(".", "").split(SEPARATOR)[:-1]))
    if kind is Kind.WHOLE and _WHOLES.fullmatch(joined):
        return list(map(int, texts))
    if kind in (Kind.CODE, Kind.IDENTITY) and _CODES.fullmatch(joined):
        return texts
    if kind is Kind.TEXT and not _SPACED.search(SEPARATOR + joined):
        return texts
    return None


def plain_text(cell: Cell) -> str:
    """What a cell shows, without the spaces around it."""
    return cell.text.strip(_SPACES)


def _money(text: str, exponent: int) -> int:
    compact = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    compact = compact.removeprefix("¥").removesuffix("元")
    if compact.endswith("万"):
        compact, exponent = compact[:-1], 4
    if _THOUSANDS.fullmatch(compact):
        compact = compact.replace(",", "")
    if not _NUMBER.fullmatch(compact):
        raise CellText("not-money", f"“{text[:40]}”不是金额，请写成 300000.00 这样的数字")
    scaled = Decimal(compact).scaleb(exponent)
    shown = format(scaled, "f")
    if "." in shown:
        shown = shown.rstrip("0").rstrip(".")
    try:
        return yuan_to_fen(shown.replace("-0", "0") if scaled == 0 else shown)
    except MoneyText as refused:
        raise CellText("not-money", f"“{text[:40]}”超过两位小数或超出范围，请精确到分") from refused


def _rate(text: str, *, is_fraction: bool) -> int:
    compact = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    has_sign = compact.endswith("%")
    number = compact.removesuffix("%")
    if is_fraction and not has_sign and _NUMBER.fullmatch(number):
        number = format(Decimal(number).scaleb(2).normalize(), "f")
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    try:
        ppm = percent_to_ppm(number)
    except MoneyText as refused:
        raise CellText("not-a-rate", f"“{text[:40]}”不是年利率，请写成 4.35（百分数）") from refused
    if 0 < ppm < _LOWEST_PPM and not is_fraction and not has_sign:
        raise CellText("rate-as-fraction", f"利率“{text}”疑为小数写法，请写成百分数，例如 4.35")
    return ppm


def _day(text: str, epoch: int) -> dt.date:
    compact = unicodedata.normalize("NFKC", text).strip()
    match = _DAY.fullmatch(re.sub(r"\s*([年月日/.-])\s*", r"\1", compact))
    match = match or _COMPACT_DAY.fullmatch(compact)
    try:
        if match:
            return dt.date(int(match[1]), int(match[2]), int(match[3]))
        serial = int(compact) if re.fullmatch(r"[0-9]{5}", compact, re.ASCII) else 0
        serial += _DAYS_BETWEEN_EPOCHS if epoch == 1904 and serial else 0
        if _EARLIEST_SERIAL <= serial < _LATEST_SERIAL:
            return _SERIAL_ZERO + dt.timedelta(days=serial)
    except ValueError as refused:
        raise CellText("not-a-day", f"“{text[:40]}”不是存在的日期") from refused
    raise CellText("not-a-day", f"“{text[:40]}”不是日期，请写成 2019-06-21")


def _whole(text: str) -> int:
    compact = unicodedata.normalize("NFKC", text).strip().removesuffix("天")
    if not re.fullmatch(r"-?[0-9]{1,9}", compact, re.ASCII):
        raise CellText("not-whole", f"“{text[:40]}”不是整数")
    return int(compact)


def _code(text: str, cell: Cell, kind: Kind) -> str:
    is_number = cell.kind != TEXT
    if is_number and (kind is Kind.IDENTITY or len(text) > _EXACT_DIGITS or "." in text):
        raise CellText(
            "number-as-code",
            "以数字格式存储，超过 15 位的部分已失真；请将该列设为文本格式后重新填写",
        )
    # An apostrophe in front is a common way to force text.
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lstrip("'")
