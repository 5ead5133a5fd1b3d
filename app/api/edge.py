"""The two dependencies every operation uses: ``Read`` and ``Write``.

``Read`` is a context over a read-only snapshot, closed before the answer leaves. ``Write`` runs
one command through ``app.commands.execute``, which commits before the answer exists. Both know
the caller, and check the role against the operation that the route names; an operation without a
caller answers 401.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel

from app import problems, security, signing
from app.api.journey import OPERATION
from app.api.strict import StrictRequest
from app.api.wire import AS_DIGITS, Id
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


class MustEnrol(Exception):
    """A session that is good for nothing but setting up the second factor: answered with 403."""


def installation_of(request: Request) -> Installation:
    """The running copy this request came to."""
    installation: Installation = request.app.state.installation
    return installation


Copy = Annotated[Installation, Depends(installation_of)]


def current_actor(request: Request, installation: Copy) -> Actor:
    """Who calls: an API key (sent, or only signed with), or a browser session's cookie."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    cookie = request.cookies.get(COOKIE, "")
    if scheme.lower() == signing.SCHEME:
        assert isinstance(request, StrictRequest)
        actor = signing.actor_of(installation, given, _signed_part(request))
    elif scheme:
        actor = _of_key(installation, scheme, given)
    else:
        with installation.reads() as session:
            actor = _of_cookie(request, security.actor_of_cookie(installation, session, cookie))
    if actor is None:
        raise NotSignedIn
    request.state.person = actor.public_id  # for the log
    if installation.buckets:
        installation.buckets.take(actor.organisation_id)
    if not scheme:
        security.touch(installation, cookie)
    return actor


def _signed_part(request: StrictRequest) -> signing.Part:
    path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope["query_string"]
    return signing.Part(request.method, (path + b"?" + query if query else path), request.read_body)


def _of_key(installation: Installation, scheme: str, key: str) -> Actor | None:
    if scheme.lower() != "bearer":
        return None
    with installation.reads() as session:
        return security.actor_of_key(session, key, installation.clock())


def _of_cookie(request: Request, signed_in: security.SignedIn | None) -> Actor | None:
    if signed_in is None:
        return None
    if request.method not in SAFE_METHODS and not security.same_token(
        request.headers.get(CSRF_HEADER, ""), signed_in.csrf
    ):
        raise Forged
    if signed_in.must_enrol and request.scope["route"].openapi_extra:
        raise MustEnrol
    return signed_in.actor


Caller = Annotated[Actor, Depends(current_actor)]


def operation_of(request: Request) -> str:
    """The line of the access table that the matched route names."""
    operation: str = request.scope["route"].openapi_extra[OPERATION]
    return operation


def reading(request: Request, installation: Copy, actor: Caller) -> Iterator[Context]:
    """A context over one read-only snapshot, for a caller who may read it."""
    access.require(actor, operation_of(request))
    with installation.reads() as session:
        yield installation.context(session, actor)


# scope="function": the session is closed before the answer is sent, not after.
Read = Annotated[Context, Depends(reading, scope="function")]

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=128,
        pattern=r"^[A-Za-z0-9_\-.:]+$",
        description="调用方为每次写操作自拟的唯一键；重试时用同一个键，只会生效一次。",
        examples=["20190410-bank01-000001"],
    ),
]
DryRun = Annotated[
    bool, Query(description="为 true 时走同一程序、给出同样的答复，但什么也不保存。")
]


@dataclass(frozen=True, slots=True)
class Writing:
    """One write operation of one request: run a domain call as one command."""

    request: Request
    installation: Installation
    actor: Actor
    key: str
    dry_run: bool

    def __call__(
        self,
        call: Callable[[Context], Result],
        show: Callable[[Context, Result], BaseModel],
        asked: Any = None,
    ) -> Response:
        """The answer of ``call``, committed; ``asked`` is what was sent, for the fingerprint."""
        content = asked.model_dump(mode="json") if isinstance(asked, BaseModel) else asked
        headers = self.request.headers
        vault, path = self.installation.vault, self.request.url.path
        command = Command(
            operation=operation_of(self.request),
            key=self.key,
            fingerprint=fingerprint_of(vault, path, headers.get("if-match"), content),
            status=self.request.scope["route"].status_code or 200,
            dry_run=self.dry_run,
        )
        answer = execute(
            self.installation,
            self.actor,
            command,
            call,
            lambda ctx, result: show(ctx, result).model_dump(mode="json"),
        )
        replayed = {"Idempotent-Replayed": "true"} if answer.replayed else {}
        media = "application/json" if answer.status < 400 else problems.MEDIA_TYPE
        return Response(answer.body, answer.status, replayed, media)


def writing(
    request: Request,
    installation: Copy,
    actor: Caller,
    key: IdempotencyKey,
    dry_run: DryRun = False,
) -> Writing:
    """The caller's write operation."""
    return Writing(request, installation, actor, key, dry_run)


Write = Annotated[Writing, Depends(writing)]

After = Annotated[Id | None, Query(description="上一页答复中的 next：从它之后继续。")]
Limit = Annotated[int, Query(ge=1, le=200, description="每页条数，最多 200。"), AS_DIGITS]
