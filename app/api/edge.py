"""The two dependencies every operation uses: ``Read`` and ``Write``.

``Read`` is a context over a read-only session, closed before the answer leaves. ``Write`` runs one
command through ``app.commands.execute``, which commits before the answer exists. Both know the
caller; an operation without one answers 401.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel

from app import problems, security
from app.commands import Command, execute, fingerprint_of
from app.deps import Installation
from loans import access
from loans.access import Actor
from loans.context import Context

COOKIE = "fumin_session"
CSRF_HEADER = "x-csrf-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

Result = TypeVar("Result")


class NotSignedIn(Exception):
    """No caller: answered with 401."""


class Forged(Exception):
    """A write with a cookie but without its anti-forgery token: answered with 403."""


def installation_of(request: Request) -> Installation:
    """The running copy this request came to."""
    installation: Installation = request.app.state.installation
    return installation


def current_actor(request: Request) -> Actor:
    """Who calls: an API key in ``Authorization: Bearer``, or a browser session's cookie."""
    installation = installation_of(request)
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    cookie = request.cookies.get(COOKIE, "")
    with installation.reads() as session:
        at = installation.clock()
        if scheme:
            actor = security.actor_of_key(session, key, at) if scheme.lower() == "bearer" else None
        else:
            actor = _of_cookie(request, security.actor_of_cookie(session, cookie, at))
    if actor is None:
        raise NotSignedIn
    return actor


def _of_cookie(request: Request, signed_in: security.SignedIn | None) -> Actor | None:
    if signed_in is None:
        return None
    if request.method not in SAFE_METHODS and not security.same_token(
        request.headers.get(CSRF_HEADER, ""), signed_in.csrf
    ):
        raise Forged
    return signed_in.actor


Caller = Annotated[Actor, Depends(current_actor)]


@dataclass(frozen=True, slots=True)
class Reading:
    """A context to read with, after ``may`` has checked the caller's role."""

    context: Context

    def may(self, operation: str) -> Context:
        """The context, if the caller's role allows the operation."""
        access.require(self.context.actor, operation)
        return self.context


def reading(request: Request, actor: Caller) -> Iterator[Reading]:
    """A context over one read-only snapshot."""
    installation = installation_of(request)
    with installation.reads() as session:
        yield Reading(installation.context(session, actor))


# scope="function": the session is closed before the answer is sent, not after.
Read = Annotated[Reading, Depends(reading, scope="function")]

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=128,
        pattern=r"^[A-Za-z0-9_\-.:]+$",
        description="调用方为每次写操作自拟的唯一键；重试时用同一个键，只会生效一次。",
    ),
]
DryRun = Annotated[
    bool, Query(description="为 true 时走同一程序、给出同样的答复，但什么也不保存。")
]


@dataclass(frozen=True, slots=True)
class Writing:
    """One write operation of one request: run a domain call as one command."""

    request: Request
    actor: Actor
    key: str
    dry_run: bool

    def __call__(
        self,
        operation: str,
        call: Callable[[Context], Result],
        render: Callable[[Result], BaseModel],
        *,
        body: Any = None,
        status: int = 200,
    ) -> Response:
        """The answer of ``call``, committed; ``body`` is what the key's fingerprint is made of."""
        content = body.model_dump(mode="json") if isinstance(body, BaseModel) else body
        command = Command(
            operation=operation,
            key=self.key,
            fingerprint=fingerprint_of(self.request.url.path, content),
            status=status,
            dry_run=self.dry_run,
        )
        answer = execute(
            installation_of(self.request),
            self.actor,
            command,
            call,
            lambda result: render(result).model_dump(mode="json"),
        )
        headers = {"Idempotent-Replayed": "true"} if answer.replayed else {}
        media = "application/json" if answer.status < 400 else problems.MEDIA_TYPE
        return Response(answer.body, answer.status, headers, media)


def writing(
    request: Request, actor: Caller, key: IdempotencyKey, dry_run: DryRun = False
) -> Writing:
    """The caller's write operation."""
    return Writing(request, actor, key, dry_run)


Write = Annotated[Writing, Depends(writing)]

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": title,
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, title in problems.TITLES.items()
    if status not in (405, 500)
}

After = Annotated[
    UUID | None, Query(description="上一页答复中的 next：从它之后继续。", alias="after")
]
Limit = Annotated[int, Query(ge=1, le=200, description="每页条数，最多 200。")]
