"""人民币大写: an amount as it is written on vouchers, from integer fen.

Source: 中国人民银行《支付结算办法》附一《正确填写票据和结算凭证的基本规定》: 到元为止的写“整”，
有分的不写; zeros in the middle, however many, are one 零. Where the rule leaves a choice (整 after
角, 零 between a whole ten of yuan and 角), 整 is written and 零 is not.
"""

from loans.money import FEN_PER_YUAN, LARGEST_FEN

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_UNITS = ((10**8, "亿"), (10**4, "万"), (1000, "仟"), (100, "佰"), (10, "拾"))


def in_capitals(fen: int) -> str:
    """The amount in Chinese capitals; a negative one begins with 负.

    Raises ``ValueError`` beyond 16 digits of fen.

    >>> in_capitals(1_409_50), in_capitals(16_409_02), in_capitals(300_000_00)
    ('壹仟肆佰零玖元伍角整', '壹万陆仟肆佰零玖元零贰分', '叁拾万元整')
    """
    if abs(fen) > LARGEST_FEN:
        raise ValueError("an amount of this programme has at most 16 digits of fen")
    sign = "负" if fen < 0 else ""
    yuan, rest = divmod(abs(fen), FEN_PER_YUAN)
    jiao, last = divmod(rest, 10)
    text = f"{_read(yuan)}元" if yuan or not rest else ""
    if jiao:
        text += f"{_DIGITS[jiao]}角"
    elif last and yuan:
        text += "零"
    return sign + text + (f"{_DIGITS[last]}分" if last else "整")


def _read(number: int) -> str:
    """A whole number: the part above its largest unit, the unit, the rest."""
    for size, unit in _UNITS:
        if number >= size:
            above, below = divmod(number, size)
            gap = "零" if 0 < below < size // 10 else ""
            return _read(above) + unit + (gap + _read(below) if below else "")
    return _DIGITS[number]
