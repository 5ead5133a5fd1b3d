"""A router whose every operation names the line of the access table that allows it.

``@journey.read`` and ``@journey.write`` note the operation in the OpenAPI document
(``x-operation``); the dependencies of ``app.api.edge`` check the caller against exactly that
name, so no endpoint can forget its check, and the tests draw the access matrix from the document.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter

from app import problems
from app.api.route import StrictRoute
from app.api.wire import Out
from loans.access import ALLOWED

PREFIX = "/api/v1"
OPERATION = "x-operation"
# Marks a POST that only asks: it stores nothing and so needs no key.
ASKS = "x-only-asks"

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def problem_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documented problems of an operation, by status."""
    return {
        status: {
            "description": problems.TITLES[status],
            "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


READ_PROBLEMS = problem_answers(400, 401, 403, 404, 409, 413, 422, 429, 500, 503)
UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "与 If-None-Match 所指相同"}}
WRITE_PROBLEMS = problem_answers(400, 401, 403, 404, 409, 412, 413, 422, 429, 500, 503)


class Journey:
    """The operations of one journey under ``/api/v1``."""

    def __init__(self, tag: str) -> None:
        self.router = APIRouter(prefix=PREFIX, tags=[tag], route_class=StrictRoute)

    def read(
        self, path: str, operation: str, summary: str, **options: Any
    ) -> Callable[[Endpoint], Endpoint]:
        """A GET that changes nothing."""
        return self._route("GET", path, operation, summary, READ_PROBLEMS | UNCHANGED, options)

    def ask(
        self, path: str, operation: str, summary: str, **options: Any
    ) -> Callable[[Endpoint], Endpoint]:
        """A POST that changes nothing: the question is too long for an address."""
        extra = {ASKS: True}
        return self._route("POST", path, operation, summary, READ_PROBLEMS, options, extra)

    def write(
        self,
        method: str,
        path: str,
        operation: str,
        summary: str,
        *,
        out: type[Out],
        status: int = 200,
    ) -> Callable[[Endpoint], Endpoint]:
        """A command: its answer is stored with the caller's key and committed before it leaves."""
        options = {"response_model": out, "status_code": status}
        return self._route(method, path, operation, summary, WRITE_PROBLEMS, options)

    def _route(
        self,
        method: str,
        path: str,
        operation: str,
        summary: str,
        answers: dict[int | str, dict[str, Any]],
        options: dict[str, Any],
        extra: dict[str, Any] | None = None,
    ) -> Callable[[Endpoint], Endpoint]:
        assert operation in ALLOWED, f"{operation} is not in the access table"

        def add(endpoint: Endpoint) -> Endpoint:
            self.router.add_api_route(
                path,
                endpoint,
                methods=[method],
                summary=summary,
                responses=answers,
                openapi_extra={OPERATION: operation} | (extra or {}),
                operation_id=f"{endpoint.__module__.rpartition('.')[2]}.{endpoint.__name__}",
                **options,
            )
            return endpoint

        return add
