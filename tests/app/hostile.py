"""A corpus of hostile JSON: every spelling of a value in every place of a body (F2)."""

import json
from itertools import product
from typing import Any

# Raw JSON for a value; some are no JSON at all, some mean something else to another reader.
VALUES: dict[str, bytes] = {
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "minus Infinity": b"-Infinity",
    "beyond double": b"1e400",
    "minus beyond double": b"-1e400",
    "huge integer": b"1" + b"0" * 400,
    "long fraction": b"0." + b"1" * 400,
    "beyond 64 bits": b"9223372036854775808",
    "minus zero": b"-0.0",
    "hexadecimal": b"0x10",
    "leading zero": b"007",
    "plus sign": b"+1",
    "lone high surrogate": b'"\\ud800"',
    "lone low surrogate": b'"\\udfff"',
    "reversed pair": b'"\\udc00\\ud800"',
    "NUL": b'"\\u0000"',
    "bare NUL": b'"\x00"',
    "bare newline": b'"\n"',
    "not UTF-8": b'"\xff\xfe"',
    "overlong UTF-8": b'"\xc0\xaf"',
    "full-width digits": '"３００.００"'.encode(),
    "Arabic digits": '"٣٠٠"'.encode(),
    "zero-width": '"3\u200b00"'.encode(),
    "right to left": '"\u202e003"'.encode(),
    "BOM inside": '"\ufeff1"'.encode(),
    "long text": b'"' + b"x" * 100_000 + b'"',
    "formula": b'"=1+1"',
    "SQL": b'"\'; DROP TABLE note; --"',
    "deep list": b"[" * 40 + b"]" * 40,
    "wide list": b"[" + b"0," * 5_000 + b"0]",
    "object": b'{"a": {"b": []}}',
    "true": b"true",
    "null": b"null",
    "empty": b'""',
}


def _whole(raw: bytes) -> bytes:
    return raw


def _unknown(raw: bytes) -> bytes:
    return b'{"unknown": ' + raw + b"}"


def _twice(raw: bytes) -> bytes:
    return b'{"reason": ' + raw + b', "reason": ' + raw + b"}"


def _cut(raw: bytes) -> bytes:
    return b'{"reason": ' + raw


WHOLES = {"as the body": _whole, "in an unknown field": _unknown, "twice": _twice, "cut off": _cut}


def corpus(example: Any) -> dict[str, bytes]:
    """By name: the raw bodies for an operation whose well-formed body is ``example``."""
    found = {
        f"{name} {place}": form(raw)
        for (name, raw), (place, form) in product(VALUES.items(), WHOLES.items())
    }
    if isinstance(example, dict):
        for field in example:
            for name, raw in VALUES.items():
                found[f"{name} for {field}"] = _instead(example, field, raw)
    return found


def _instead(example: dict[str, Any], field: str, raw: bytes) -> bytes:
    parts = [
        json.dumps(name).encode() + b": " + (raw if name == field else json.dumps(value).encode())
        for name, value in example.items()
    ]
    return b"{" + b", ".join(parts) + b"}"
