"""JSON as the programme reads it: one meaning per body, and a limit on its size.

Refused with 400: NaN and Infinity, numbers beyond double range, a key given twice, lone
surrogates, NUL, nesting beyond 32; with 413: more bytes than the route takes.
"""

import json
import math
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from loans.errors import BadFile

LARGEST_JSON = 1_000_000
DEEPEST = 32


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
    except ValueError as error:
        raise _bad(str(error)) from error
    _check(value, 0)
    return value


class StrictRequest(Request):
    """A request whose ``json()`` is ``parse``."""

    async def body(self) -> bytes:
        """The whole body, refused as soon as it passes the limit."""
        if not hasattr(self, "_body"):
            chunks, size = [], 0
            async for chunk in self.stream():
                size += len(chunk)
                if size > LARGEST_JSON:
                    raise BodyTooLarge
                chunks.append(chunk)
            self._body = b"".join(chunks)
        return self._body

    async def json(self) -> Any:
        """The body's one meaning."""
        if not hasattr(self, "_json"):
            self._json = parse(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """A route that reads its JSON strictly; file uploads have their own limit."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, given a strict request unless the body is a form."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            if request.headers.get("content-type", "").startswith("multipart/form-data"):
                return await handler(request)
            return await handler(StrictRequest(request.scope, request.receive))

        return strict


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("同一字段出现了两次")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"不接受 {name}")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("数值超出范围")
    return value


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
