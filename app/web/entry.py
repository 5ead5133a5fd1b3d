"""The door: sign in, sign out; and the files that every page needs."""

from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from app import security
from app.security import SignInRefused
from app.web.edge import (
    COOKIE,
    DONE,
    SIGN_OUT,
    Form,
    Posted,
    address_of,
    form_of,
    installation_of,
)
from app.web.kept import Kept, is_ours
from app.web.render import render, static_files
from loans.errors import NotFound, NotPermitted

router = APIRouter(include_in_schema=False)

# The address carries the content's digest, so a new content has a new address.
FOREVER = "public, max-age=31536000, immutable"
REFUSED = (
    "登录名、密码或动态码不正确；连续多次输错会锁定 15 分钟。请核对后重试，仍不行请联系安全管理员。"
)

ENDED = "登录已过期，刚才提交的内容还没有办理。请重新登录，再继续提交。"


@router.get("/static/{name}")
def static(name: str) -> Response:
    """The style sheet, the script, the mark."""
    if name not in static_files():
        raise NotFound("not-found", "没有这个文件")
    content, media = static_files()[name]
    return Response(content, media_type=media, headers={"Cache-Control": FOREVER})


@router.get("/sign-in")
def ask(request: Request, next: str = "/") -> Response:
    """The sign-in form."""
    return _door(request, next=next)


def same_origin(request: Request) -> None:
    """A form that another site sent is refused: there is no session token to ask for yet."""
    if not is_ours(request):
        raise NotPermitted("foreign-form", "登录请求来自其他网站，已拒绝；请从本平台的登录页登录")


@router.post("/sign-in")
def sign_in(request: Request, form: Form, _: Annotated[None, Depends(same_origin)]) -> Response:
    """Check login and password; go on to where the person wanted to go, or with what was sent."""
    login, password = str(form.get("login", ""))[:64], str(form.get("password", ""))[:200]
    next, kept = str(form.get("next", "/")), Kept.read(str(form.get("kept", "")))
    installation = installation_of(request)
    try:
        code = str(form.get("code", "")).strip()[:6]
        signed_in = security.sign_in(installation, login, password, code, address_of(request))
    except SignInRefused:
        return _door(request, next=next, login=login, problem=REFUSED, status=401, kept=kept)
    answer: Response = RedirectResponse(_local(next), 303)
    if kept is not None and not signed_in.must_enrol:
        answer = HTMLResponse(render("kept.html", env=installation.env, kept=kept, who=signed_in))
    answer.set_cookie(
        COOKIE,
        signed_in.token,
        httponly=True,
        samesite="strict",
        secure=installation.production,
        path="/",
    )
    return answer


@router.post(SIGN_OUT)
def sign_out(post: Posted) -> Response:
    """End the session here and on the server."""
    security.sign_out(post.installation, post.who.token)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


async def session_ended(request: Request) -> Response:
    """The way in for a form whose session had ended; it is carried along where that can be."""
    async with aclosing(form_of(request)) as forms:
        kept = Kept.of(request, await anext(forms))
    if kept is None:
        return RedirectResponse("/sign-in", 303)
    return _door(request, next="/", problem=ENDED, status=401, kept=kept)


def _door(
    request: Request,
    *,
    next: str,
    login: str = "",
    problem: str = "",
    status: int = 200,
    kept: Kept | None = None,
) -> Response:
    env, done = installation_of(request).env, DONE.get(request.query_params.get("done", ""), "")
    html = render(
        "sign_in.html",
        env=env,
        next=_local(next),
        login=login,
        problem=problem,
        done=done,
        kept=kept.model_dump_json() if kept else "",
    )
    return HTMLResponse(html, status)


def _local(path: str) -> str:
    """A path of this site, else the first screen."""
    is_local = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if is_local and path.isprintable() else "/"
