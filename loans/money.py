"""Money is integer fen, rates are integer ppm, shares are integer percent.

This module is the only place where text becomes fen or ppm and back, and holds the only
rounding of the programme. Everything takes and gives plain ``int``; ``half_up`` also takes
int64 arrays, because it is written with ``//`` alone.

>>> yuan_to_fen("300000.00"), fen_to_yuan(-5)
(30000000, '-0.05')
>>> percent_to_ppm("4.785"), ppm_to_percent(43500)
(47850, '4.35')
"""

import re
from collections.abc import Sequence
from typing import TypeVar

from loans.errors import Conflict

FEN_PER_YUAN = 100
PPM_PER_PERCENT = 10_000
# BIGINT holds 9.2e18; the programme's largest sums stay far below 10^15 fen.
LARGEST_FEN = 10**15

# int, or an int64 array: half_up is the same sentence for both.
Integers = TypeVar("Integers")

_YUAN = re.compile(r"-?(?:0|[1-9][0-9]{0,12})(?:\.[0-9]{1,2})?", re.ASCII)
_PERCENT = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,4})?", re.ASCII)


class MoneyText(ValueError):
    """Text that is not an amount or a rate in the programme's form."""


def yuan_to_fen(text: object) -> int:
    """Fen of a yuan decimal text with at most two places; refuses everything else.

    >>> yuan_to_fen("0.1")
    10
    """
    if not isinstance(text, str) or not _YUAN.fullmatch(text):
        raise MoneyText(
            f"金额“{str(text)[:40]}”不是以元为单位、最多两位小数的十进制文本，例如 300000.00"
        )
    sign = -1 if text.startswith("-") else 1
    yuan, _, decimals = text.lstrip("-").partition(".")
    return sign * (int(yuan) * FEN_PER_YUAN + int(decimals.ljust(2, "0")))


def fen_to_yuan(fen: int) -> str:
    """Yuan text with two places, without thousands separators."""
    sign = "-" if fen < 0 else ""
    yuan, rest = divmod(abs(int(fen)), FEN_PER_YUAN)
    return f"{sign}{yuan}.{rest:02d}"


def positive(amount_fen: int, what: str) -> int:
    """The amount [fen]; ``Conflict`` where it is none. ``what`` names it and its record."""
    if amount_fen <= 0:
        raise Conflict(
            "amount-not-positive",
            f"{what}填为 {fen_to_yuan(amount_fen)} 元，须大于 0.00 元；请核对金额后重新提交",
            details={"amount": fen_to_yuan(amount_fen)},
        )
    return amount_fen


def percent_to_ppm(text: object) -> int:
    """Ppm of a percent text with at most four places; refuses everything else."""
    if not isinstance(text, str) or not _PERCENT.fullmatch(text):
        raise MoneyText(f"利率“{str(text)[:40]}”不是最多四位小数的百分数文本，例如 4.35")
    whole, _, decimals = text.partition(".")
    return int(whole) * PPM_PER_PERCENT + int(decimals.ljust(4, "0"))


def ppm_to_percent(ppm: int) -> str:
    """Shortest percent text of a rate.

    >>> ppm_to_percent(50000), ppm_to_percent(0)
    ('5', '0')
    """
    whole, rest = divmod(int(ppm), PPM_PER_PERCENT)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".")


def half_up(numerator: Integers, denominator: int) -> Integers:
    """Round ``numerator / denominator`` half up (towards +∞ on a tie), exactly.

    Works on ``int`` and on int64 arrays. ``2·|numerator| + denominator`` must fit: callers with
    arrays assert their bound.

    >>> half_up(36250, 2000), half_up(36249, 2000)
    (18, 18)
    >>> half_up(5, 2)
    3
    """
    return (2 * numerator + denominator) // (2 * denominator)  # type: ignore[operator,return-value]


def ceil_share(amount_fen: int, share_pct: int) -> int:
    """``share_pct`` percent of an amount, rounded **up** to the fen (a bank's minimum share)."""
    return -(-amount_fen * share_pct // 100)


def split_by_weight(amount_fen: int, weights: Sequence[int]) -> list[int]:
    """Split an amount in proportion by largest remainder; ties go to the later party.

    Raises ``ValueError`` for a weight below zero, or none above.

    >>> split_by_weight(1, [20, 80]), split_by_weight(100, [1, 1, 1])
    ([0, 1], [33, 33, 34])
    """
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise ValueError("weights must be non-negative and not all zero")
    parts = [amount_fen * weight // total for weight in weights]
    by_remainder = sorted(
        range(len(weights)),
        key=lambda i: (amount_fen * weights[i] % total, i),
        reverse=True,
    )
    for i in by_remainder[: amount_fen - sum(parts)]:
        parts[i] += 1
    return parts
