"""Identity numbers in one canonical spelling, and what may be shown of them.

* Resident ID (GB 11643-1999): 6 digits of region, 8 of birth date, 3 of sequence (odd: male), one
  check character (ISO 7064 mod 11-2). The residence permits of Hong Kong, Macau and Taiwan
  residents (810000, 820000, 830000) and the permanent residence card of foreigners (9…) have the
  same form. A 15-digit number of before 1999 is the same person: it becomes the 18-digit one.
* Unified social credit code (GB 32100-2015): 18 characters, the last a check character mod 31.

A number that fails its check is refused; an unknown region is only a warning, because regions
come and go and a wrongly refused citizen is worse than a wrongly accepted typing slip.
"""

import re
import unicodedata
from datetime import date

EARLIEST_BIRTH = date(1900, 1, 1)

_RESIDENT = re.compile(r"[1-9][0-9]{16}[0-9X]", re.ASCII)
_RESIDENT_OLD = re.compile(r"[1-8][0-9]{14}", re.ASCII)
_RESIDENT_WEIGHTS = tuple(2**power % 11 for power in range(17, 0, -1))
_RESIDENT_CHECKS = "10X98765432"
# In a 15-digit number these sequences were kept for people born in the century before.
_CENTENARIAN = ("996", "997", "998", "999")

_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT = re.compile(rf"[{_CREDIT_ALPHABET}]{{2}}[0-9]{{6}}[{_CREDIT_ALPHABET}]{{10}}", re.ASCII)
_CREDIT_WEIGHTS = tuple(3**power % 31 for power in range(17))

# GB/T 2260: provinces; 8x: permits of residents of Hong Kong, Macau and Taiwan.
_PROVINCES = frozenset(("71", "81", "82", "83")) | frozenset(
    f"{group}{number}"
    for group, numbers in enumerate(("12345", "123", "1234567", "123456", "01234", "12345"), 1)
    for number in numbers
)


class IdentityText(ValueError):
    """Text that is no identity number; the message is Chinese and never repeats the text."""


def canonical_id(text: str, *, on: date) -> str:
    """The 18 upper-case characters of a person's ID number, whatever its spelling.

    Half and full width, ``x`` and ``X``, with or without spaces, 15 or 18 digits: one person, one
    text. The birth date must be real, not before 1900 and not after ``on``. Idempotent.
    Raises ``IdentityText``, in Chinese.

    >>> canonical_id("３２０２８１ １９９００１０１ ００２x", on=date(2019, 1, 1))
    '32028119900101002X'
    >>> canonical_id("320281900101002", on=date(2019, 1, 1))
    '32028119900101002X'
    """
    number = _plain(text, "身份证号")
    if _RESIDENT_OLD.fullmatch(number):
        number = _from_15_digits(number)
    if not _RESIDENT.fullmatch(number):
        raise IdentityText("身份证号应为18位：前17位是数字，末位是数字或X，请核对证件")
    if not EARLIEST_BIRTH <= _birth(number) <= on:
        raise IdentityText(f"身份证号中的出生日期不在 {EARLIEST_BIRTH} 至 {on} 之间，请核对证件")
    if number[17] != _resident_check(number[:17]):
        raise IdentityText("身份证号的校验位不符，通常是输错或颠倒了数字，请对照证件重新输入")
    return number


def canonical_credit_code(text: str) -> str:
    """The 18 upper-case characters of a unified social credit code; idempotent.

    Raises ``IdentityText``, in Chinese.

    >>> canonical_credit_code("９１１１００００ 600037341l")
    '91110000600037341L'
    """
    code = _plain(text, "统一社会信用代码")
    if not _CREDIT.fullmatch(code):
        raise IdentityText(
            "统一社会信用代码应为18位数字或大写字母（不用I、O、S、V、Z），第3至8位是数字，请核对营业执照"
        )
    if code[17] != _credit_check(code[:17]):
        raise IdentityText("统一社会信用代码的校验位不符，请对照营业执照重新输入")
    return code


def born_on(canonical: str) -> date:
    """The birth date in a canonical ID number."""
    return date(int(canonical[6:10]), int(canonical[10:12]), int(canonical[12:14]))


def gender_of(canonical: str) -> str:
    """男 or 女, by the parity of the sequence in a canonical ID number."""
    return "男" if int(canonical[16]) % 2 else "女"


def region_warning(canonical: str) -> str | None:
    """A Chinese warning when a canonical ID number's region is not known, else None."""
    # A foreigner's number is 9, then two digits of province, then three of nationality.
    province = canonical[1:3] if canonical[0] == "9" else canonical[:2]
    if province in _PROVINCES:
        return None
    return f"身份证号开头的地区代码 {canonical[:6]} 不在行政区划表中，请核对证件原件"


def mask_id(canonical: str) -> str:
    """An ID number or credit code without its middle: the birth date stays hidden.

    >>> mask_id("32028119900101123X")
    '320281********123X'
    """
    return f"{canonical[:6]}********{canonical[-4:]}"


def mask_name(name: str) -> str:
    """A person's first character, the rest starred; a single character is hidden.

    >>> mask_name("张三"), mask_name("欧阳小明"), mask_name("张")
    ('张*', '欧***', '*')
    """
    name = name.strip()
    return name[:1] + "*" * (len(name) - 1) if len(name) > 1 else "*"


def mask_phone(phone: str) -> str:
    """A phone number's first three and last four digits; a shorter number only its last two.

    >>> mask_phone("13812341234"), mask_phone("86801234")
    ('138****1234', '******34')
    """
    phone = phone.strip()
    if len(phone) < 11:
        return "*" * (len(phone) - 2) + phone[-2:] if len(phone) > 4 else "*" * len(phone)
    return f"{phone[:3]}{'*' * (len(phone) - 7)}{phone[-4:]}"


def mask_account(account: str) -> str:
    """An account number's last four digits; neither its length nor its bank shows.

    >>> mask_account("6222021103001234567")
    '****4567'
    """
    account = account.strip()
    return f"****{account[-4:]}" if len(account) >= 8 else "****"


def _plain(text: str, what: str) -> str:
    """NFKC, upper case, without spaces; refuses characters that nobody can see."""
    if not isinstance(text, str):
        raise IdentityText(f"{what}应为文本，不能是数字（电子表格会丢失末尾几位），请改为文本格式")
    if any(unicodedata.category(c)[0] == "C" or c in "\u2028\u2029" for c in text):
        raise IdentityText(f"{what}含有换行、零宽等不可见字符，请删除后重新输入")
    return unicodedata.normalize("NFKC", text).replace(" ", "").upper()


def _from_15_digits(number: str) -> str:
    """15 digits carry a two-digit birth year of the 20th century and no check character."""
    if number.endswith(_CENTENARIAN):
        raise IdentityText("15位身份证号的顺序码属于19世纪出生的人，请提供18位身份证号")
    longer = f"{number[:6]}19{number[6:]}"
    return longer + _resident_check(longer)


def _birth(number: str) -> date:
    try:
        return born_on(number)
    except ValueError:
        raise IdentityText("身份证号第7至14位不是真实的出生日期，请对照证件重新输入") from None


def _resident_check(digits: str) -> str:
    total = sum(
        int(digit) * weight for digit, weight in zip(digits, _RESIDENT_WEIGHTS, strict=True)
    )
    return _RESIDENT_CHECKS[total % 11]


def _credit_check(characters: str) -> str:
    total = sum(
        _CREDIT_ALPHABET.index(character) * weight
        for character, weight in zip(characters, _CREDIT_WEIGHTS, strict=True)
    )
    return _CREDIT_ALPHABET[-total % 31]
