"""Where pages join the application: their routes, and how a problem looks to a person."""

from contextlib import suppress
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app import problems
from app.web import (
    account,
    application_writing,
    applications,
    branches,
    candidates,
    cases,
    claim_filing,
    claims,
    clocks,
    dunning,
    entitlement,
    entry,
    forecast,
    fund,
    hires,
    home,
    maturities,
    months,
    notes,
    payouts,
    programme,
    registers,
    remittances,
    search,
    statistics,
    watch,
)
from app.web.edge import (
    ACCOUNT,
    EXPIRED,
    EnrolFirst,
    SignInFirst,
    StaleForm,
    framed,
    installation_of,
    without_day,
)
from app.web.kept import Kept, is_known_ours
from app.web.render import render
from loans.errors import FuminError, NotPermitted

ADVICE = {
    400: "请核对文件或填写的内容后重新提交。",
    403: "如确需办理，请由具备相应岗位的人员登录后操作；页面放置过久时，请返回上一页刷新后重试。",
    404: "请核对地址或编号；别的银行的业务在这里也显示为没有找到。",
    405: "请从页面上的按钮和链接操作。",
    409: "请返回上一页刷新，看清当前状态后再办理。",
    413: "请精简或拆分文件后再提交。",
    422: "请核对填写的内容后重新提交。",
    429: "请稍等片刻再试。",
    503: "稍等片刻再刷新；同一表单重复提交只会生效一次。",
}
# A page that has nothing of the day that its address asks for.
NOT_THAT_DAY = ("before-the-rules", "day-not-come", "note-not-yet", "policy-gap")
# Refusals after which a person goes on working: shown inside the workspace.
FRAMED = (400, 403, 404, 405, 409, 422)


# In this order: an address that is a word comes before one that is any id.
MODULES = (
    entry, account, entitlement, home, search, candidates, clocks, hires, application_writing,
    applications, notes, maturities, dunning, payouts, watch, fund, claim_filing, claims, cases,
    remittances, registers, months, forecast, statistics, branches, programme,
)  # fmt: skip


def attach(app: FastAPI) -> None:
    """Add the pages' routes."""
    for module in MODULES:
        app.include_router(module.router)
    app.add_exception_handler(SignInFirst, _sign_in_first)
    app.add_exception_handler(StaleForm, _stale_form)
    app.add_exception_handler(EnrolFirst, lambda *_: RedirectResponse(ACCOUNT, 303))


def wants_page(request: Request) -> bool:
    """Whether the caller is a browser looking at pages, and not the API."""
    is_page = not request.url.path.startswith("/api/")
    return is_page and "text/html" in request.headers.get("accept", "")


def problem_page(request: Request, status: int, body: dict[str, Any]) -> Response:
    """A problem as a page: what happened, by which sentence, what to do."""
    if status == 405 and request.method == "GET":
        return RedirectResponse(_above(request), 303)
    advice = ADVICE.get(status, "请稍后重试；仍不行请把请求编号告诉管理员。")
    content = {"body": body, "advice": advice, "today_instead": None}
    if body["code"] in NOT_THAT_DAY and request.method == "GET" and "on" in request.query_params:
        advice, today = "请选择别的日期，或看今天的情况。", without_day(request)
        content |= {"advice": advice, "today_instead": today}
    if status in FRAMED:
        with suppress(SQLAlchemyError), framed(request) as visit:
            if visit is not None:
                return visit.show("problem.html", status=status, framed=True, **content)
    env = installation_of(request).env
    return HTMLResponse(render("problem.html", env=env, framed=False, **content), status)


def _above(request: Request) -> str:
    """The page over the address of an act: where a filter or a reload of a refused form leads."""
    path = request.url.path.rpartition("/")[0]
    while path and not any(
        route.matches({**request.scope, "path": path})[0] is Match.FULL
        for route in request.app.routes
    ):
        path = path.rpartition("/")[0]
    return f"{path or '/'}?{request.url.query}" if request.url.query else path or "/"


def _stale_form(request: Request, error: Exception) -> Response:
    """A page that lay open while its person signed in anew: sent again only by their own click."""
    assert isinstance(error, StaleForm)
    kept = Kept.of(request, error.form) if is_known_ours(request) else None
    if kept is None:
        return problem_page(request, *problems.problem(NotPermitted(*EXPIRED)))
    env = installation_of(request).env
    return HTMLResponse(render("kept.html", env=env, kept=kept, who=error.who), 403)


async def _sign_in_first(request: Request, _error: Exception) -> Response:
    if request.method == "POST":
        with suppress(FuminError, HTTPException):  # a form that cannot be read cannot be kept
            return await entry.session_ended(request)
    return to_sign_in(request)


def to_sign_in(request: Request) -> Response:
    """The way to the sign-in page, and back to the page that was wanted."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    wanted = here if request.method == "GET" else "/"
    return RedirectResponse(f"/sign-in?next={quote(wanted)}" if wanted != "/" else "/sign-in", 303)
