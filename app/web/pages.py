"""Where pages join the application; until there are any, every answer is JSON."""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from app import problems


def attach(app: FastAPI) -> None:
    """Add the pages' routes."""


def wants_page(request: Request) -> bool:
    """Whether the caller is a browser looking at pages, and not the API."""
    return False


def problem_page(request: Request, status: int, body: dict[str, Any]) -> Response:
    """A problem as a page."""
    return JSONResponse(body, status, media_type=problems.MEDIA_TYPE)


def to_sign_in(request: Request) -> Response:
    """The way to the sign-in page."""
    return problem_page(request, 401, problems.body_of(401, "not-signed-in", "请先登录"))
