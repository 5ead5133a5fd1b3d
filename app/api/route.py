"""The route of every operation: whose request it is, its body's one meaning, its answer's tag."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from app.api import callers
from app.api.conditional import conditional
from app.api.strict import FORM, JSON, StrictRequest
from loans.errors import BadFile


class StrictRoute(APIRoute):
    """A route that knows its caller, then reads its body strictly, before anything else happens."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, given a strict request. Its own refusals of a body would be less exact."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            asked = StrictRequest(request.scope, request.receive)
            if self.openapi_extra:  # an operation of the access table: nobody else's is open
                await callers.admit(asked)
            if await asked.body() and not asked.is_form:
                if not asked.headers.get("content-type", "").startswith(JSON):
                    raise BadFile("bad-json", f"请求内容须为 {JSON}，文件用 {FORM} 上传")
                await asked.json()
            return conditional(asked, await handler(asked))

        return strict
