"""Signing in and out with a browser session, and who is signed in."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from app import security
from app.api.callers import COOKIE
from app.api.edge import Caller, Copy, Read
from app.api.journey import PREFIX, Journey, problem_answers
from app.api.route import StrictRoute
from app.api.views import PartyOut
from app.api.wire import Body, Out
from loans.access import OrganisationKind, Role
from loans.models import Organisation
from loans.queries import by_key

# Signing in has no caller yet, signing out needs none: both stand outside the access table.
open_router = APIRouter(prefix=PREFIX, tags=["登录"], route_class=StrictRoute)
journey = Journey("登录")


class SignInBody(Body):
    """登录名与密码。"""

    login: str = Field(min_length=1, max_length=64, examples=["bank-a-maker"])
    password: str = Field(min_length=1, max_length=200, examples=["correct-horse-battery"])
    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")] | None = Field(
        default=None, description="动态码；已启用第二因素的人员必填。", examples=["123456"]
    )


class SignedInOut(Out):
    """登录成功：会话在 Cookie 中，写操作须在 X-CSRF-Token 中附上 csrf。"""

    name: str
    roles: list[Role]
    csrf: str


class MeOut(Out):
    """当前用户。"""

    name: str
    organisation: PartyOut
    kind: OrganisationKind
    roles: list[Role]


@open_router.post(
    "/session",
    response_model=SignedInOut,
    status_code=201,
    summary="登录",
    operation_id="session.sign_in",
    responses=problem_answers(400, 401, 413, 422, 429, 500, 503),
)
def sign_in(
    body: SignInBody, request: Request, installation: Copy, response: Response
) -> SignedInOut:
    address = request.client.host if request.client else ""
    signed_in = security.sign_in(installation, body.login, body.password, body.code, address)
    response.set_cookie(
        COOKIE, signed_in.token, httponly=True, samesite="strict", secure=installation.production
    )
    actor = signed_in.actor
    return SignedInOut(name=actor.name, roles=sorted(actor.roles), csrf=signed_in.csrf)


@open_router.delete(
    "/session",
    status_code=204,
    summary="退出登录",
    operation_id="session.sign_out",
    responses=problem_answers(401, 403, 500, 503),
)
def sign_out(request: Request, _caller: Caller, installation: Copy) -> Response:
    security.sign_out(installation, request.cookies.get(COOKIE, ""))
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


@journey.read("/me", "programme.read", "我是谁")
def me(ctx: Read) -> MeOut:
    actor = ctx.actor
    organisation = by_key(ctx, Organisation, [actor.organisation_id])[actor.organisation_id]
    return MeOut(
        name=actor.name,
        organisation=PartyOut.of(organisation),
        kind=organisation.kind,
        roles=sorted(actor.roles),
    )
