"""账号安全: a person's own second factor and password."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Response

from app import security
from app.web.edge import (
    ACCOUNT,
    DONE,
    Post,
    Posted,
    Refused,
    Visit,
    address_of,
    go,
    visit_to,
    visiting,
)
from loans import logins, totp
from loans.logins import SECOND_FACTOR
from loans.models import Person

router = APIRouter(include_in_schema=False)

ISSUER = "富民贷款平台"
SHORTEST_PASSWORD = 12
DONE |= {
    "second_factor.confirm": "动态码已启用，请用密码和动态码重新登录。",
    "passwords.change": "密码已更改，请用新密码重新登录；别处的登录也已失效。",
}


@router.get(ACCOUNT)
def show(visit: Annotated[Visit, visit_to("programme.read")]) -> Response:
    """What this account is protected by."""
    return _page(visit)


@router.post(f"{ACCOUNT}/second-factor")
def begin(post: Posted) -> Response:
    """A new secret for the app; the page shows it until the first right code."""
    secret = secrets.token_bytes(totp.SECRET_BYTES)
    return _done(
        post,
        post.run(
            "second_factor.begin",
            lambda ctx: logins.begin_second_factor(ctx, secret=secret),
            lambda *_: ACCOUNT,
        ),
    )


@router.post(f"{ACCOUNT}/second-factor/confirm")
def confirm(post: Posted) -> Response:
    """The first right code: from now on every session begins with one."""
    code = str(post.form.get("code", "")).strip()[:6]
    return _done(
        post,
        post.run(
            "second_factor.confirm",
            lambda ctx: logins.confirm_second_factor(ctx, code=code),
            lambda *_: "/sign-in?done=second_factor.confirm",
        ),
    )


@router.post(f"{ACCOUNT}/password")
def change_password(post: Posted) -> Response:
    """A new password, for who knows the old one."""
    old, new = (str(post.form.get(name, ""))[:200] for name in ("old", "new"))
    if len(new) < SHORTEST_PASSWORD:
        return _refused(post, f"新密码至少 {SHORTEST_PASSWORD} 个字符，请重新填写")
    address = address_of(post.request)
    if not security.password_is(post.installation, post.who.actor, old, address):
        return _refused(post, "原密码不正确，请重新填写")
    password_hash = security.hash_password(new)
    return _done(
        post,
        post.run(
            "passwords.change",
            lambda ctx: logins.change_password(ctx, password_hash=password_hash),
            lambda *_: "/sign-in?done=passwords.change",
        ),
    )


def _done(post: Post, result: str | Refused) -> Response:
    return go(result) if isinstance(result, str) else _refused(post, result.body["detail"])


def _refused(post: Post, problem: str) -> Response:
    with visiting(post.request, post.who, "programme.read") as visit:
        return _page(visit, problem)


def _page(visit: Visit, problem: str = "") -> Response:
    person = visit.ctx.session.get_one(Person, visit.actor.person_id)
    secret = None
    if person.totp_since is None and person.totp_sealed is not None:
        secret = visit.ctx.vault.open_bytes(SECOND_FACTOR, person.totp_sealed)
    return visit.show(
        "account.html",
        status=409 if problem else 200,
        person=person,
        problem=problem,
        must_enrol=visit.who.must_enrol,
        secret=totp.shown_secret(secret) if secret else "",
        uri=totp.enrolment_uri(secret, issuer=ISSUER, login=person.login) if secret else "",
        shortest=SHORTEST_PASSWORD,
    )
