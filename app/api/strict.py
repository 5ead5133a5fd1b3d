"""Bodies as the programme reads them: JSON with one meaning, and a limit on every size.

Refused with 400: NaN and Infinity, numbers beyond double range, a key given twice, lone
surrogates, NUL, nesting beyond 32; with 413: more bytes than the route takes.
"""

import json
import math
from typing import Any

from fastapi import Request
from starlette.formparsers import MultiPartParser

from loans.errors import BadFile

LARGEST_JSON = 1_000_000
LARGEST_FORM = 20_000_000  # a claim workbook and the form around it
DEEPEST = 32
# What a bank uploads is never laid on a disk: nobody finds it there, and no full disk refuses it.
MultiPartParser.spool_max_size = LARGEST_FORM
FORM = "multipart/form-data"
JSON = "application/json"


class BodyTooLarge(Exception):
    """More bytes than this route takes: answered with 413."""


def parse(raw: bytes) -> Any:
    """The value of a JSON text that has exactly one meaning; ``BadFile`` otherwise."""
    try:
        text = raw.decode("utf-8")
        value = json.loads(
            text,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_small_integer,
            object_pairs_hook=_unique,
        )
    except RecursionError as error:
        raise _bad("嵌套过深") from error
    except json.JSONDecodeError as error:
        raise _bad(f"第 {error.lineno} 行第 {error.colno} 个字符处无法读取") from error
    except UnicodeDecodeError as error:
        raise _bad("不是 UTF-8 编码") from error
    except ValueError as error:
        raise _bad(str(error)) from error
    _check(value, 0)
    return value


class StrictRequest(Request):
    """A request whose body is bounded and whose ``json()`` is ``parse``."""

    @property
    def is_form(self) -> bool:
        """Whether the body is a form with files."""
        return self.headers.get("content-type", "").startswith(FORM)

    async def body(self) -> bytes:
        """The whole body, refused as soon as it passes the limit."""
        if not hasattr(self, "_body"):
            limit = LARGEST_FORM if self.is_form else LARGEST_JSON
            chunks, size = [], 0
            async for chunk in self.stream():
                size += len(chunk)
                if size > limit:
                    raise BodyTooLarge
                chunks.append(chunk)
            self._body = b"".join(chunks)
        return self._body

    @property
    def read_body(self) -> bytes:
        """The body, once it was read; a strict route reads it before anything else."""
        return getattr(self, "_body", b"")

    async def json(self) -> Any:
        """The body's one meaning."""
        if not hasattr(self, "_json"):
            self._json = parse(await self.body())
        return self._json


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("同一字段出现了两次")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"不接受 {name}")


def _finite(text: str) -> float:
    """A finite number; one without a fraction is an integer (12.0 is 12 in a JSON schema)."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("数值超出范围")
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _small_integer(text: str) -> int:
    if len(text) > 18:
        raise ValueError("整数超出范围")
    return int(text)


def _check(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise _bad("嵌套过深")
    if isinstance(value, str) and any(c == "\0" or 0xD800 <= ord(c) <= 0xDFFF for c in value):
        raise _bad("文本含有无效字符")
    if isinstance(value, dict):
        for key, item in value.items():
            _check(key, depth + 1)
            _check(item, depth + 1)
    if isinstance(value, list):
        for item in value:
            _check(item, depth + 1)


def _bad(why: str) -> BadFile:
    return BadFile("bad-json", f"请求内容不是有效的 JSON：{why}")
