"""The two ways into a page: a ``Visit`` reads, a ``Post`` runs one command.

A visit is a context over one read-only snapshot, for a signed-in person who may read this. A post
carries the anti-forgery token of the session and the key of the form it was sent from: sent twice,
it has one effect. Its command runs through ``app.commands.execute``, exactly as the API's.
"""

import json
import re
import secrets
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData

from app import problems, security
from app.commands import Command, execute, fingerprint_of
from app.deps import Installation
from app.security import SignedIn
from app.web.render import render
from loans import access
from loans.access import ALLOWED, Actor
from loans.context import Context
from loans.errors import BadFile, FuminError, NotPermitted
from loans.identity import IdentityText
from loans.models import Organisation
from loans.money import MoneyText

COOKIE = "fumin_session"  # the API accepts the same session
LARGEST_FORM = 20_000_000  # a claim workbook and the form around it
LARGEST_OF_NOBODY = 1_000_000  # nobody makes the server read much
EXPIRED = "form-expired", "页面已过期，请返回上一页刷新后重新提交"
ACCOUNT = "/account"
SIGN_OUT = "/sign-out"
_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)

# What the pages are for, in the order of a loan's life: the entries of each with their address,
# name and the line of the access table that lets people read it.
NAVIGATION = (
    ("", (("/", "首页", "programme.read"),)),
    (
        "申请",
        (
            ("/applications", "申请", "applications.read"),
            ("/candidates", "预评估", "assessments.quote"),
            ("/clocks", "办理时限", "applications.read"),
        ),
    ),
    (
        "贷后",
        (
            ("/notes", "借据", "notes.read"),
            ("/dunning", "催收", "dunning.read"),
            ("/payouts", "代偿追偿", "payouts.read"),
            ("/standing", "风险监测", "standing.read"),
            ("/fund", "担保基金", "fund.read"),
        ),
    ),
    (
        "贴息",
        (
            ("/claims", "贴息申报", "claims.read"),
            ("/cases", "差异处理", "claims.read"),
            ("/remittances", "拨付", "claims.read"),
            ("/months", "月结", "months.read"),
            ("/forecast", "预算测算", "forecast.read"),
        ),
    ),
    (
        "查阅",
        (
            ("/statistics", "统计", "statistics.read"),
            ("/registers", "登记册", "registers.read"),
            ("/branches", "网点", "programme.read"),
            ("/policy", "政策依据", "programme.read"),
        ),
    ),
)
# Pages of an entry that have an address of their own.
BELONGS = {
    "/hires": "/applications",
    "/maturities": "/notes",
    "/readiness": "/dunning",
    "/reveals": "/dunning",
    "/signals": "/standing",
    "/exemptions": "/standing",
    "/reservations": "/fund",
    "/ledger": "/remittances",
    "/budgets": "/remittances",
    "/accounts": "/remittances",
}
# Pages on which the day in the address is not that of the whole workspace.
OWN_DAY = frozenset({"/policy", "/registers/{id}"})


class SignInFirst(Exception):
    """Nobody is signed in: answered with the way to the sign-in page."""


class StaleForm(Exception):
    """A form of an earlier session, or of none of ours: with who sent it."""

    def __init__(self, who: SignedIn, form: FormData) -> None:
        self.who, self.form = who, form


class EnrolFirst(Exception):
    """The second factor must be set up before anything else: answered with the way there."""


def without_day(request: Request) -> str:
    """The address that was asked for, of today."""
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in ("on", "done")]
    return f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path


def address_of(request: Request) -> str:
    """Where a request comes from, for whoever counts attempts; empty where nothing says so."""
    return request.client.host if request.client else ""


def installation_of(request: Request) -> Installation:
    """The running copy this request came to."""
    installation: Installation = request.app.state.installation
    return installation


def signed_in(request: Request) -> SignedIn:
    """Whose browser this is; raises ``SignInFirst``."""
    installation = installation_of(request)
    token = request.cookies.get(COOKIE, "")
    with installation.reads() as session:
        found = security.actor_of_cookie(installation, session, token)
    if found is None:
        raise SignInFirst
    request.state.person = found.actor.public_id  # for the log
    if found.must_enrol and not _is_enrolment(request.url.path):
        raise EnrolFirst
    if installation.buckets:
        installation.buckets.take(found.actor.organisation_id)
    security.touch(installation, token)
    return found


def _is_enrolment(path: str) -> bool:
    """Whether this is one of the pages that a password alone opens."""
    return path in (ACCOUNT, SIGN_OUT) or path.startswith(f"{ACCOUNT}/")


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at a page."""

    request: Request
    installation: Installation
    who: SignedIn
    ctx: Context
    today: date
    as_of: date | None = None  # an earlier day that the page shows; the context lives on it

    @property
    def actor(self) -> Actor:
        return self.who.actor

    @property
    def csrf(self) -> str:
        return self.who.csrf

    @property
    def organisation(self) -> Organisation:
        return self.ctx.session.get_one(Organisation, self.actor.organisation_id)

    @property
    def navigation(self) -> list[tuple[str, list[tuple[str, str, bool]]]]:
        """Of what this person may read, by what it is for: address, name, whether we are there."""
        first = "/" + self.request.url.path.split("/")[1]
        here = BELONGS.get(first, first)
        groups = [
            (
                group,
                [
                    (self.at(path), name, path == here)
                    for path, name, line in entries
                    if self.may(line)
                ],
            )
            for group, entries in NAVIGATION
        ]
        return [(group, entries) for group, entries in groups if entries]

    def may(self, operation: str) -> bool:
        """Whether this person may run the operation."""
        return self.actor.may(operation)

    def new_key(self) -> str:
        """A key for one rendered form."""
        return secrets.token_urlsafe(18)

    @property
    def asked_day(self) -> date | None:
        """The day in the address; None where it names none."""
        try:
            return date.fromisoformat(self.request.query_params.get("on", ""))
        except ValueError:
            return None

    @property
    def day_not_shown(self) -> date | None:
        """The earlier day that the address asks for and this page has no figures of."""
        asked, route = self.asked_day, self.request.scope.get("route")
        if self.as_of or asked == self.today or getattr(route, "path", "") in OWN_DAY:
            return None
        return asked

    def at(self, address: str) -> str:
        """An address of ours, with the earlier day that this page shows, if it shows one."""
        if self.as_of is None:
            return address
        page, hash, place = address.partition("#")
        return f"{page}{'&' if '?' in page else '?'}on={self.as_of}{hash}{place}"

    @property
    def today_instead(self) -> str:
        """The same page of today."""
        return without_day(self.request)

    def show(self, template: str, *, status: int = 200, **content: Any) -> HTMLResponse:
        """The page of this template; ``done`` in the address is said once at its top."""
        done = DONE.get(self.request.query_params.get("done", ""), "")
        html = render(
            template, visit=self, env=self.installation.env, today=self.today, done=done, **content
        )
        return HTMLResponse(html, status)


# What is said after a command, by the name of its act; filled where the acts are declared.
DONE: dict[str, str] = {}


@contextmanager
def visiting(request: Request, who: SignedIn, operation: str) -> Iterator[Visit]:
    """A visit by a person who may read this."""
    access.require(who.actor, operation)
    installation = installation_of(request)
    with installation.reads() as session:
        ctx = installation.context(session, who.actor)
        yield Visit(request, installation, who, ctx, ctx.on)


@contextmanager
def framed(request: Request) -> Iterator[Visit | None]:
    """The workspace of whoever is signed in, around what was refused; None for anybody else."""
    installation = installation_of(request)
    with installation.reads() as session:
        who = security.actor_of_cookie(installation, session, request.cookies.get(COOKIE, ""))
        if who is None or who.must_enrol:
            yield None
        else:
            ctx = installation.context(session, who.actor)
            yield Visit(request, installation, who, ctx, ctx.on)


def visit_to(operation: str) -> Any:
    """Dependency: a visit to what this line of the access table lets people read."""
    assert operation in ALLOWED, f"{operation} is not in the access table"

    def visit(request: Request, who: Annotated[SignedIn, Depends(signed_in)]) -> Iterator[Visit]:
        with visiting(request, who, operation) as found:
            yield found

    # scope="function": the session is closed before the answer is sent, not after.
    return Depends(visit, scope="function")


async def form_of(request: Request) -> AsyncGenerator[FormData, None]:
    """The form that was sent, bounded before it is read."""
    length = request.headers.get("content-length", "")
    largest = LARGEST_FORM if hasattr(request.state, "person") else LARGEST_OF_NOBODY
    if not length.isdigit() or int(length) > largest:
        raise BadFile(
            "too-large", f"提交的内容超过 {largest // 1_000_000} MB，请精简或拆分后再提交"
        )
    async with request.form(max_files=10, max_fields=400, max_part_size=1_000_000) as form:
        if any("\0" in f"{name}{value}" for name, value in form.multi_items()):
            raise BadFile("bad-form", "提交的内容含有无效字符，请删除后重新提交")
        yield form


Form = Annotated[FormData, Depends(form_of)]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a command was not done, as a problem's body."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Post:
    """One form sent by a signed-in person, its anti-forgery token checked."""

    request: Request
    who: SignedIn
    form: FormData

    @property
    def installation(self) -> Installation:
        return installation_of(self.request)

    def run(
        self,
        operation: str,
        call: Callable[[Context], Any],
        to: Callable[[Context, Any], str],
        *,
        dry_run: bool = False,
        content: Any = None,
    ) -> str | Refused:
        """Where to go after ``call`` is committed, or why it was refused."""
        command = Command(
            operation=operation,
            key=f"web-{self._key()}",
            fingerprint=fingerprint_of(
                self.installation.vault, self.request.url.path, content or self._content()
            ),
            dry_run=dry_run,
            stands=security.session_stands(self.who.actor, self.who.token),
        )
        try:
            answer = execute(self.installation, self.who.actor, command, call, to)
        except (IdentityText, MoneyText) as error:
            return Refused(422, problems.body_of(422, "bad-content", str(error)))
        body = json.loads(answer.body)
        return body if answer.status < 400 else Refused(answer.status, body)

    def _key(self) -> str:
        key = str(self.form.get("key", ""))
        if not _KEY.fullmatch(key):
            raise NotPermitted(*EXPIRED)
        return key

    def _content(self) -> list[list[str]]:
        return sorted(
            [name, str(value)]
            for name, value in self.form.multi_items()
            if name not in ("csrf", "key")
        )


def posted(request: Request, who: Annotated[SignedIn, Depends(signed_in)], form: Form) -> Post:
    """Dependency: a form whose token is the session's."""
    if not security.same_token(str(form.get("csrf", "")), who.csrf):
        raise StaleForm(who, form)
    return Post(request, who, form)


Posted = Annotated[Post, Depends(posted)]


def refused(error: FuminError) -> Refused:
    """A refusal that was raised before any command ran."""
    return Refused(*problems.problem(error))


def go(path: str) -> RedirectResponse:
    """Post, redirect, get."""
    return RedirectResponse(path, 303)
