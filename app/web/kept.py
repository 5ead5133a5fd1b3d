"""A form that came after its session had ended, or in a newer one: carried on, not lost.

Nothing of it is stored here: the sign-in page holds what was typed, and the page after it asks the
person to send it again, with the new session's token and the form's own key, so that a form that
was sent twice still has one effect. Files are not carried. A form without the token of a session is
carried only where the browser says that it comes from a page of ours.
"""

import json
from typing import Self
from urllib.parse import urlsplit

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile

from app.web.edge import ACCOUNT, SIGN_OUT

# Characters of what was typed: whatever they are, the sign-in page can send them as nobody's form.
LONGEST = 80_000
# What holds a password, and what nobody would want done again.
NEVER = (ACCOUNT, SIGN_OUT, "/sign-in")


def is_ours(request: Request) -> bool:
    """Whether the request says of itself that it comes from a page of this site, or nothing."""
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")
    return not foreign and site in ("same-origin", "none")


def is_known_ours(request: Request) -> bool:
    """Whether the browser itself says that the request comes from a page of this site."""
    told = "origin" in request.headers or "sec-fetch-site" in request.headers
    return told and is_ours(request)


class Kept(BaseModel):
    """The address a form was sent to, its texts in their order, and whether files came along."""

    path: str
    texts: list[tuple[str, str]]
    files: bool

    @classmethod
    def of(cls, request: Request, form: FormData) -> Self | None:
        """The form, if it may be sent again from another page."""
        path = request.url.path
        if not is_ours(request) or path.startswith(NEVER):
            return None
        sent = [pair for pair in form.multi_items() if pair[0] != "csrf"]
        texts = [(name, value) for name, value in sent if isinstance(value, str)]
        files = [value for _, value in sent if isinstance(value, UploadFile) and value.filename]
        if sum(len(name) + len(value) for name, value in texts) > LONGEST:
            return None
        return cls(path=path, texts=texts, files=bool(files))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What a sign-in page held; None where it held nothing that can be sent again."""
        try:
            kept = cls.model_validate(json.loads(text))
        except (ValueError, ValidationError, RecursionError):
            return None
        ours = kept.path.startswith("/") and not kept.path.startswith(("//", *NEVER))
        return kept if ours and "\\" not in kept.path and kept.path.isprintable() else None
