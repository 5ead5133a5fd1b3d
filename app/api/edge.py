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

from app import problems
from app.api import callers
from app.api.journey import OPERATION
from app.api.strict import StrictRequest
from app.api.wire import AS_DIGITS, Id
from app.commands import Command, execute, fingerprint_of
from app.deps import Installation
from loans import access
from loans.access import Actor
from loans.context import Context

Result = TypeVar("Result")


def installation_of(request: Request) -> Installation:
    """The running copy this request came to."""
    installation: Installation = request.app.state.installation
    return installation


Copy = Annotated[Installation, Depends(installation_of)]


def current_actor(request: Request) -> Actor:
    """Who calls; a route of an operation knew it before it read the body."""
    assert isinstance(request, StrictRequest)
    known: Actor | None = getattr(request.state, "actor", None)
    return known or callers.actor_of(request)


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
    bool, Query(description="为 true 时走同一程序、给出同样的答复，但除审计记录外什么也不保存。")
]


@dataclass(frozen=True, slots=True)
class Writing:
    """One write operation of one request: run a domain call as one command."""

    request: StrictRequest
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
            stands=callers.stands(self.request, self.actor),
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
    assert isinstance(request, StrictRequest)
    return Writing(request, installation, actor, key, dry_run)


Write = Annotated[Writing, Depends(writing)]

After = Annotated[Id | None, Query(description="上一页答复中的 next：从它之后继续。")]
Limit = Annotated[int, Query(ge=1, le=200, description="每页条数，最多 200。"), AS_DIGITS]
