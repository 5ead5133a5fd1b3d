"""Who calls: an API key, a signed request, or a browser session's cookie with its token.

Asked before a byte of the body is read, so that nobody unknown makes the server read and keep one.
A signature covers the body: of its sender only the key is looked at before, the rest after.
"""

from collections.abc import Callable

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from app import security, signing
from app.api.strict import StrictRequest
from app.deps import Installation
from loans.access import Actor
from loans.models import ApiKey

COOKIE = "fumin_session"
CSRF_HEADER = "x-csrf-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class NotSignedIn(Exception):
    """No caller: answered with 401."""


class Forged(Exception):
    """A write with a cookie but without its anti-forgery token: answered with 403."""


class MustEnrol(Exception):
    """A session that is good for nothing but setting up the second factor: answered with 403."""


async def admit(request: StrictRequest) -> None:
    """Let a request of an operation come to its body, or raise one of the above."""
    await run_in_threadpool(_admit, request)


def _admit(request: StrictRequest) -> None:
    scheme, given = _given(request)
    if scheme != signing.SCHEME:
        request.state.actor = actor_of(request)
    elif not signing.is_expected(_installation(request), given):
        raise NotSignedIn


def actor_of(request: StrictRequest) -> Actor:
    """The caller; costs one request of the organisation's bucket."""
    installation, cookie = _installation(request), request.cookies.get(COOKIE, "")
    scheme, given = _given(request)
    if scheme == signing.SCHEME:
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


def stands(request: StrictRequest, actor: Actor) -> Callable[[Session], bool]:
    """Whether what the caller came with still opens the same, when a command has its turn."""
    scheme, given = _given(request)
    if not scheme:
        return security.session_stands(actor, request.cookies.get(COOKIE, ""))
    if scheme == signing.SCHEME:
        return security.key_stands(actor, signing.key_named(given))
    return security.key_stands(actor, ApiKey.key_hash == security.hash_token(given))


def _installation(request: StrictRequest) -> Installation:
    installation: Installation = request.app.state.installation
    return installation


def _given(request: StrictRequest) -> tuple[str, str]:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower(), given


def _signed_part(request: StrictRequest) -> signing.Part:
    path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope["query_string"]
    return signing.Part(request.method, (path + b"?" + query if query else path), request.read_body)


def _of_key(installation: Installation, scheme: str, key: str) -> Actor | None:
    if scheme != "bearer":
        return None
    with installation.reads() as session:
        return security.actor_of_key(session, key, installation.clock())


def _of_cookie(request: StrictRequest, signed_in: security.SignedIn | None) -> Actor | None:
    if signed_in is None:
        return None
    if request.method not in SAFE_METHODS and not security.same_token(
        request.headers.get(CSRF_HEADER, ""), signed_in.csrf
    ):
        raise Forged
    if signed_in.must_enrol and request.scope["route"].openapi_extra:
        raise MustEnrol
    return signed_in.actor
