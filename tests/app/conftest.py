"""The programme behind HTTP: a seeded installation, and a caller for each of its people."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.main import create_app
from loans.access import OrganisationKind, Role
from tests.browser.office import Office, open_office
from tests.databases import Database, Databases
from tests.programme import Programme

MOMENT = datetime(2020, 1, 1, tzinfo=UTC)
PREFIX = "/api/v1"
OfficeOn = Callable[[str], AbstractContextManager[Office]]


@dataclass(frozen=True)
class Caller:
    """One person's API: paths below ``/api/v1``; every write brings a fresh key."""

    client: TestClient
    headers: dict[str, str]

    def send(self, method: str, path: str, *, key: str | None = None, **more: Any) -> Any:
        """The bare answer."""
        headers = self.headers | {"Idempotency-Key": key or str(uuid4())} | more.pop("headers", {})
        return self.client.request(method, PREFIX + path, headers=headers, **more)

    def get(self, path: str, *, status: int = 200, **params: Any) -> Any:
        """The content of a read; ``status`` is what must be answered."""
        return _content(self.send("GET", path, params=params), status)

    def post(self, path: str, body: Any = None, *, status: int | None = None, **more: Any) -> Any:
        """The content of a write; without ``status`` it must succeed."""
        return _content(self.send("POST", path, json=body or {}, **more), status)

    def put(self, path: str, body: Any, *, status: int | None = None, **more: Any) -> Any:
        """The content of a replacement."""
        return _content(self.send("PUT", path, json=body, **more), status)


@dataclass
class Api:
    """The running application and its callers by login, e.g. ``api.as_("B1-maker")``."""

    programme: Programme
    app: FastAPI
    client: TestClient
    keys: dict[str, str] = field(default_factory=dict)

    def as_(self, login: str) -> Caller:
        """The API as this person's machine calls it."""
        if login not in self.keys:
            self.keys[login] = f"fumin_{login}"
            self.programme.key(login, self.keys[login])
        return Caller(self.client, {"Authorization": f"Bearer {self.keys[login]}"})

    def repeatable(self, seed: str) -> None:
        """What the next write draws, ids and moments, is drawn again after the same seed."""
        ids = Random(seed)
        self.app.state.installation = replace(
            self.programme.installation,
            clock=lambda: MOMENT,
            new_id=lambda: UUID(int=ids.getrandbits(128), version=4),
        )

    @property
    def anybody(self) -> Caller:
        """Somebody without credentials."""
        return Caller(self.client, {})

    def day(self, on: str) -> None:
        """Live on another day."""
        self.as_("system").put("/business-date", {"on": on})


@pytest.fixture
def api(programme: Programme) -> Iterator[Api]:
    """The programme over HTTP, with an observer beside the institutions that act."""
    with programme.at_once():
        bureau = programme._organisation(OrganisationKind.OBSERVER, "O")
        programme.person(bureau, "O-reader", Role.OBSERVER)
        programme.person(programme.bank.id, "B1-reader", Role.BANK_READER)
    app = create_app(programme.installation)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Api(programme, app, client)


@pytest.fixture(scope="session")
def office_on(databases: Databases) -> Iterator[OfficeOn]:
    """A copy of an office in full swing on an engine; the original is opened once a process."""
    with ExitStack() as until_the_end:

        @cache
        def opened(kind: str) -> tuple[Database, Office]:
            database = until_the_end.enter_context(databases.fresh(kind))
            with Programme.begin(database) as programme:
                return database, open_office(programme)

        @contextmanager
        def copied(kind: str) -> Iterator[Office]:
            original, office = opened(kind)
            with databases.copy(original) as own, office.programme.moved(own) as programme:
                yield replace(office, programme=programme)

        yield copied


def _content(answer: Any, status: int | None) -> Any:
    expected = range(200, 300) if status is None else (status,)
    assert answer.status_code in expected, answer.text
    return answer.json() if answer.content else None
