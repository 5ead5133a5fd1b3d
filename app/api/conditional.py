"""Reads that answer 304 when the caller has the answer already: ETag and If-None-Match.

The tag is a digest of the whole answer, so it changes whenever anything shown does. Where a record
has a version, the version comes first: the same tag serves as If-Match of an edit.
"""

import hashlib
import re

from fastapi import Request, Response

_TAG = re.compile(r'(?:W/)?("[^"]*")')
_VERSION = re.compile(r'"([0-9]{1,9})(?:-[0-9a-f]{24})?"', re.ASCII)


def conditional(request: Request, answer: Response) -> Response:
    """The answer with its tag, or 304 without content if the caller named that tag."""
    if request.method != "GET" or answer.status_code != 200 or not hasattr(answer, "body"):
        return answer
    digest = hashlib.sha256(bytes(answer.body)).hexdigest()[:24]
    version = _VERSION.fullmatch(answer.headers.get("etag", ""))
    tag = f'"{version[1]}-{digest}"' if version else f'"{digest}"'
    answer.headers["ETag"] = tag
    given = request.headers.get("if-none-match", "")
    if tag in _TAG.findall(given) or given.strip() == "*":
        return Response(status_code=304, headers={"ETag": tag})
    return answer


def version_of(tag: str) -> int:
    """The version that a well-formed If-Match names."""
    found = _VERSION.fullmatch(tag)
    assert found is not None, "the route has checked its form"
    return int(found[1])
