"""A caller of the story whose every new write first dies at its boundaries, each in a copy.

After each death the copy must be as before the write or as after it. While it is as before, the
same request with the same key is sent again and dies further on; in the end it must give the same
answer and leave the same rows, audit chain and all, as a write that nothing disturbed. The same
holds where the process lives, but its COMMIT or the answer to it is lost: it says 503, which
promises nothing.

A death on SQLite leaves the files as they are at that moment, so all deaths are seen in one life of
the write: at every boundary its files are kept, and what they hold is examined like any death's
(`remains.py`). At a drawn share of the boundaries it dies besides, and must leave the same.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import psycopg
from sqlalchemy import Engine, event, make_url
from starlette.testclient import TestClient

from app import link
from app.main import create_app
from loans import audit
from tests.app.conftest import PREFIX, Api, Caller
from tests.app.operations import operation_at
from tests.databases import Database, Databases
from tests.faults.boundaries import Boundaries, dying_at, in_a_child
from tests.faults.conftest import Faults
from tests.faults.images import in_postgresql, in_sqlite
from tests.faults.losses import Links, links_to
from tests.faults.proxy import Fault
from tests.faults.remains import Remains
from tests.programme import Programme

Sent = tuple[int, bytes]
ALONE = """
    SELECT count(*) = 0 FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@dataclass
class Undisturbed:
    """A write that nothing disturbed: what there was before, after, what it was answered.

    ``remains`` are what a death at each of its boundaries leaves, where files can tell.
    """

    before: str
    after: str
    answer: Sent
    boundaries: int
    remains: Remains


@dataclass
class Crashes(Api):
    """The story's API on ``database``; at ``share`` of the boundaries of every write it dies."""

    databases: Databases = field(kw_only=True)
    database: Database = field(kw_only=True)
    faults: Faults = field(kw_only=True)
    share: float = field(kw_only=True)
    links: Links = field(kw_only=True)
    covered: dict[str, int] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def on(
        cls,
        original: tuple[Database, Programme],
        databases: Databases,
        faults: Faults,
        *,
        share: float,
    ) -> Iterator["Crashes"]:
        """On a copy of a seeded programme. No thread outlives a request: a child is a true copy."""
        with ExitStack() as stack:
            database = stack.enter_context(databases.copy(original[0]))
            programme = stack.enter_context(original[1].moved(database))
            links = stack.enter_context(links_to(database))
            app = create_app(programme.installation)
            client = TestClient(app, raise_server_exceptions=False)
            made = cls(
                programme,
                app,
                client,
                databases=databases,
                database=database,
                faults=faults,
                share=share,
                links=links,
            )
            linked = event.contains(made.engine, "do_connect", link.connect)
            if linked:  # it connects, and what is heard after it never is
                event.remove(made.engine, "do_connect", link.connect)
            event.listen(made.engine, "do_connect", made._redirect)
            if linked:
                event.listen(made.engine, "do_connect", link.connect)
            yield made

    def __post_init__(self) -> None:
        self._at = self.database
        self._watching: Any = None

    def as_(self, login: str) -> Caller:
        """A caller whose writes die first."""
        return CrashingCaller(self.client, super().as_(login).headers, self)

    @property
    def engine(self) -> Engine:
        """The one engine, for what it has compiled: it is led to a copy and back."""
        return self.programme.engine

    def _redirect(
        self, _dialect: Any, _record: Any, args: list[Any], named: dict[str, Any]
    ) -> None:
        name = make_url(self._at.url).database
        if self.database.kind == "sqlite":
            args[0] = name
        else:
            named |= {"dbname": name} | self.links.way

    @contextmanager
    def copied(self) -> Iterator[None]:
        """Inside, the engine leads to a copy of the story's database as it is now."""
        if self.database.kind == "sqlite":  # let the file hold everything
            with self.engine.connect() as connection:
                link: Any = connection.connection.dbapi_connection
                link.rollback()
                link.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.engine.dispose()
        with self.databases.copy(self.database) as copy, self.led_to(copy):
            yield

    @contextmanager
    def led_to(self, database: Database) -> Iterator[None]:
        """Inside, the engine leads to this database.

        What PostgreSQL holds is asked over one link of the parent's own, which knows the question
        after the first time; it is the owner's, before whom no wall stands. SQLite's last link
        tidies the files up: there every look has its own.
        """
        self._at = database
        try:
            if database.kind == "postgresql":
                with psycopg.connect(
                    _plain(database.owner_url), prepare_threshold=0, autocommit=True
                ) as self._watching:
                    yield
            else:
                yield
        finally:
            self.engine.dispose()
            self._at = self.database

    @property
    def file(self) -> Path | None:
        """The file that the engine leads to; None on PostgreSQL."""
        name = make_url(self._at.url).database
        return Path(str(name)) if self.database.kind == "sqlite" else None

    def holds(self) -> bool:
        """Whether the audit chain holds."""
        with self.programme.reading() as session:
            return audit.first_broken(session, self.programme.installation.vault) is None

    def image(self) -> str:
        """What the database holds."""
        if self.database.kind == "postgresql":
            return in_postgresql(self._watching)
        with self.engine.connect() as connection:
            return in_sqlite(connection.connection.dbapi_connection)

    def alone(self) -> None:
        """Wait until PostgreSQL noticed the death: until then the transaction is open."""
        alone = self.database.kind == "sqlite"
        while not alone:
            (alone,) = self._watching.execute(ALONE).fetchone()


@dataclass(frozen=True)
class CrashingCaller(Caller):
    """See the module's text."""

    api: Crashes

    def send(self, method: str, path: str, *, key: str | None = None, **more: Any) -> Any:
        api = self.api
        operation = operation_at(api.app, method, PREFIX + path)
        if operation.writes and operation.name not in api.covered:
            key = str(uuid4())

            def request() -> Sent:
                api.repeatable(key)
                answer = super(CrashingCaller, self).send(method, path, key=key, **more)
                return answer.status_code, answer.content

            with TemporaryDirectory(dir=api.databases.folder) as kept:
                told = _undisturbed(api, request, Path(kept))
                _examine(api, request, told)
            api.covered[operation.name] = told.boundaries
            accidents = _accidents(api, operation.name, request, told)
            while accidents:
                with api.copied():
                    while accidents and accidents.pop(0)() == told.before:
                        pass
                    _retry(api, request, told)
        api.app.state.installation = api.programme.installation
        return super().send(method, path, key=key, **more)


def _undisturbed(api: Crashes, request: Callable[[], Sent], kept: Path) -> Undisturbed:
    def watched() -> tuple[Sent, list[int], int]:
        boundaries = Boundaries(api.engine, remains.keep)
        return request(), remains.deaths, boundaries.passed

    with api.copied():
        remains = Remains(kept, api.file)
        before = api.image()
        api.engine.dispose()
        answer, remains.deaths, boundaries = in_a_child(watched)
        assert 200 <= answer[0] < 300, answer
        api.alone()
        after = api.image()
        assert request() == answer, "the replay is the answer"
        api.faults.counts["lost"] += after != api.image()
        assert api.holds()
        return Undisturbed(before, after, answer, boundaries, remains)


def _examine(api: Crashes, request: Callable[[], Sent], told: Undisturbed) -> None:
    """What the files hold that deaths leave, and what the same request then makes of them."""
    seen = set()
    for file, deaths in told.remains.found():
        with api.led_to(Database("sqlite", f"sqlite:///{file}", f"sqlite:///{file}")):
            seen.add(found := api.image())
            api.faults.counts["crash_points"] += deaths
            api.faults.counts["torn"] += found not in (told.before, told.after)
            _retry(api, request, told)
    assert not seen or {told.before, told.after} <= seen, "no death before COMMIT, or none after"


def _accidents(
    api: Crashes, name: str, request: Callable[[], Sent], told: Undisturbed
) -> list[Callable[[], str]]:
    """What befalls the write, in the order of how far it comes; each gives what it left.

    It dies at all boundaries, or at a drawn share of them with the last.
    """
    every = range(1, told.boundaries + 1)
    drawn = api.faults.random(name).sample(every, round(api.share * told.boundaries))
    return [
        partial(_lose, api, Fault.LOST_COMMIT, request, told),
        *(partial(_die, api, fatal, request, told) for fatal in sorted({*drawn, every[-1]})),
        partial(_lose, api, Fault.LOST_ANSWER, request, told),
    ]


def _die(api: Crashes, fatal: int, request: Callable[[], Sent], told: Undisturbed) -> str:
    def act() -> Sent:
        Boundaries(api.engine, dying_at(fatal))
        return request()

    api.engine.dispose()  # or the child would inherit connections
    acknowledged = in_a_child(act)
    assert acknowledged is None, (fatal, acknowledged)
    api.alone()
    found = api.image()
    api.faults.counts.update(deaths=1, crash_points=not told.remains.deaths)
    api.faults.counts["torn"] += found not in (told.before, told.after)
    return found


def _lose(api: Crashes, fault: Fault, request: Callable[[], Sent], told: Undisturbed) -> str:
    with api.links.losing(api.engine, fault):
        status, _ = request()
    assert status == 503, (fault, status)
    api.engine.dispose()
    api.alone()
    found = api.image()
    api.faults.counts["cuts"] += 1
    api.faults.counts["torn"] += found != (
        told.after if fault is Fault.LOST_ANSWER else told.before
    )
    return found


def _retry(api: Crashes, request: Callable[[], Sent], told: Undisturbed) -> None:
    again = request()
    stuck = again[0] in (409, 503)
    wrong = not stuck and (again, api.image()) != (told.answer, told.after)
    api.faults.counts.update(stuck=stuck, dup=wrong)


def _plain(url: str) -> str:
    """A database's address as the driver reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
