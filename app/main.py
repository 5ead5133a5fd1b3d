"""``create_app``: the wiring of API and pages over one installation. No rule, no SQL."""

import logging
import time
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from app import __version__, link, metrics, problems
from app.api import routers
from app.api.callers import Forged, MustEnrol, NotSignedIn
from app.api.document import DESCRIPTION, complete
from app.api.strict import BodyTooLarge
from app.commands import Busy, Ended
from app.deps import Installation
from app.limits import TooMany
from app.logs import bound, configure, log
from app.security import SignInRefused
from app.settings import Environment, read_settings
from app.start import open_installation
from app.web import pages
from loans.errors import FuminError
from loans.identity import IdentityText
from loans.money import MoneyText

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}


def create_app(installation: Installation) -> FastAPI:
    """API and pages of one running copy."""
    app = FastAPI(
        title="富民创业担保贷款",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        # A signature covers the path as sent, and a redirect behind the proxy would lose https.
        redirect_slashes=False,
    )
    app.state.installation = installation
    app.middleware("http")(_dress)
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)
    for router in routers():
        app.include_router(router)
    complete(app)
    app.include_router(metrics.router)
    pages.attach(app)
    return app


async def _dress(request: Request, call_next: Any) -> Response:
    """Give every answer its request id and the security headers; count and log it."""
    given = request.headers.get("x-request-id", "")
    request_id = given if given.isascii() and given.isprintable() and 0 < len(given) <= 64 else ""
    request.state.request_id = request_id or str(uuid4())
    began = time.perf_counter()
    with bound(request_id=request.state.request_id):
        try:
            with link.bounded():
                answer: Response = await call_next(request)
        except Exception as error:
            answer = _unexpected(request, error)
        _tell(request, answer.status_code, time.perf_counter() - began)
    for name, value in SECURITY_HEADERS.items():
        answer.headers.setdefault(name, value)
    if request.url.scheme == "https":
        answer.headers["Strict-Transport-Security"] = "max-age=31536000"
    answer.headers["X-Request-Id"] = request.state.request_id
    return answer


def _tell(request: Request, status: int, seconds: float) -> None:
    """Count and log an answer by its route's pattern: an address as sent may name a borrower."""
    route = getattr(request.scope.get("route"), "path", "-")
    method = request.method if request.method in METHODS else "-"
    metrics.count(method, route, status, seconds)
    told = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000)}
    who = getattr(request.state, "person", None)
    log.info("answered", extra=told | ({"person": str(who)} if who else {}))


def _answer(request: Request, status: int, body: dict[str, Any]) -> Response:
    if pages.wants_page(request):
        return pages.problem_page(request, status, body)
    return JSONResponse(body, status, media_type=problems.MEDIA_TYPE)


def _domain(request: Request, error: Exception) -> Response:
    """A domain error outside of a command: of a read, or before a transaction is open."""
    assert isinstance(error, FuminError)
    return _answer(request, *problems.problem(error))


def _shape(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        {"where": ".".join(str(part) for part in fault["loc"]), "what": problems.words(fault)}
        for fault in error.errors()
    ]
    if pages.wants_page(request) and all(fault["where"].startswith("path.") for fault in faults):
        return _http(request, HTTPException(404))  # to a person an address of nothing is no form
    missing_key = any(fault["where"] == "header.Idempotency-Key" for fault in faults)
    status, code = (400, "idempotency-key") if missing_key else (422, "bad-content")
    detail = "；".join(f"{fault['where']}：{fault['what']}" for fault in faults[:5])
    body = problems.body_of(status, code, f"请求内容不符合要求：{detail}")
    return _answer(request, status, body | {"faults": faults})


def _bad_value(request: Request, error: Exception) -> Response:
    """A value that only a command could judge (an ID number) has not the form it should have."""
    return _answer(request, 422, problems.body_of(422, "bad-content", str(error)))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    codes = {404: "not-found", 405: "method-not-allowed"}
    code = codes.get(error.status_code, "refused")
    message = problems.TITLES.get(error.status_code, "请求未成功")
    answer = _answer(request, error.status_code, problems.body_of(error.status_code, code, message))
    answer.headers.update(error.headers or {})
    if error.status_code == 405:  # the router names the methods of its first route only
        route = request.scope.get("route")
        documented = request.app.openapi()["paths"].get(getattr(route, "path_format", ""), {})
        if documented:
            answer.headers["Allow"] = ", ".join(sorted(method.upper() for method in documented))
    return answer


def _not_signed_in(request: Request, _error: Exception) -> Response:
    if pages.wants_page(request):
        return pages.to_sign_in(request)
    body = problems.body_of(401, "not-signed-in", "请先登录，或在 Authorization 中提供有效的密钥")
    answer = _answer(request, 401, body)
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _sign_in_refused(request: Request, _error: Exception) -> Response:
    message = "登录名、密码或动态码不正确，或登录已暂时锁定；请核对后再试"
    return _answer(request, 401, problems.body_of(401, "sign-in-refused", message))


def _forged(request: Request, _error: Exception) -> Response:
    return _answer(request, 403, problems.body_of(403, "csrf", "页面已过期，请刷新后重新提交"))


def _too_many(request: Request, error: Exception) -> Response:
    assert isinstance(error, TooMany)
    message = f"请求过于频繁，请在 {error.wait_s} 秒后用同一个键重试"
    answer = _answer(request, 429, problems.body_of(429, "too-many", message))
    answer.headers["Retry-After"] = str(error.wait_s)
    return answer


def _must_enrol(request: Request, _error: Exception) -> Response:
    message = "尚未启用动态码：请先在网页“账号安全”中设置，再重新登录"
    return _answer(request, 403, problems.body_of(403, "second-factor-needed", message))


def _too_large(request: Request, _error: Exception) -> Response:
    return _answer(request, 413, problems.body_of(413, "too-large", "请求内容过大"))


def _database_away(request: Request, _error: Exception) -> Response:
    body = problems.body_of(503, "busy", "数据库暂时繁忙或不可用，请稍后用同一个键重试")
    answer = _answer(request, 503, body)
    answer.headers["Retry-After"] = "2"
    return answer


def _unexpected(request: Request, error: Exception) -> Response:
    log.error("failed", exc_info=error)
    body = problems.body_of(500, "internal", "系统内部错误，未作任何更改；请将请求编号告知管理员")
    return _answer(request, 500, body | {"request_id": request.state.request_id})


_HANDLERS: dict[type[Exception], Any] = {
    FuminError: _domain,
    RequestValidationError: _shape,
    HTTPException: _http,
    IdentityText: _bad_value,
    MoneyText: _bad_value,
    NotSignedIn: _not_signed_in,
    Ended: _not_signed_in,
    SignInRefused: _sign_in_refused,
    Forged: _forged,
    MustEnrol: _must_enrol,
    TooMany: _too_many,
    BodyTooLarge: _too_large,
    OperationalError: _database_away,
    PoolTimeout: _database_away,
    Busy: _database_away,
}


def from_environment() -> FastAPI:
    """The application of the settings in the environment: what a server process runs."""
    settings = read_settings()
    is_production = settings.env is Environment.PRODUCTION
    configure(logging.INFO if is_production else logging.WARNING)
    return create_app(open_installation(settings).installation)
