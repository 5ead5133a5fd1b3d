"""Fixtures for all tests: both real database engines, and what may not be skipped in CI."""

import contextlib
import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from app.db import make_engine, make_sessions
from tests.databases import Database, Databases
from tests.programme import ENGINES, Programme, Seeded, lend_for_a_quarter

# Two cores and a real database: no example is failed for being slow.
settings.register_profile(
    "fumin", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("fumin")

NEVER_SKIPPED_IN_CI = ("postgresql", "browser", "required_in_ci")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """In CI, a skip of a test that CI must run is a failure."""
    report = yield
    must_run = any(item.get_closest_marker(name) for name in NEVER_SKIPPED_IN_CI)
    if os.environ.get("CI") and must_run and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"CI must run this test, but it was skipped: {report.longrepr}"
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With ``--dist loadgroup``: tests that share their module's fixtures share a worker."""
    for item in items:
        made = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
        if any(maker.scope == "module" for makers in made.values() for maker in makers):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


# --- databases: one PostgreSQL server and one migrated template a run, one fresh copy a test ----


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[Databases.KEY] = Databases.begin()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell an xdist worker where the run's databases are."""
    databases = node.config.stash[Databases.KEY]  # type: ignore[attr-defined]
    node.workerinput["databases"] = str(databases.folder)  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    databases = config.stash.get(Databases.KEY, None)
    if databases is not None:
        databases.end()


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Databases:
    """The run's database servers; started when first asked for."""
    given = getattr(request.config, "workerinput", {}).get("databases")
    return Databases.join(given) if given else request.config.stash[Databases.KEY]


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Database]:
    """A freshly migrated, empty database of this test's own, on each engine in turn."""
    with databases.fresh(request.param) as fresh:
        yield fresh


@pytest.fixture
def database_url(database: Database) -> str:
    """Address of the test's database, as the application's role."""
    return database.url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on the test's database, with production's settings."""
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions that write."""
    return make_sessions(engine)


@pytest.fixture(scope="session")
def seeded(databases: Databases) -> Iterator[Seeded]:
    """By engine: this process's seeded database, to which nobody stays connected."""

    @contextlib.contextmanager
    def begun(kind: str) -> Iterator[tuple[Database, Programme]]:
        with databases.fresh(kind) as database:
            with Programme.begin(database) as programme:
                pass
            yield database, programme

    with contextlib.ExitStack() as until_the_end:
        yield _OnDemand(begun, until_the_end)


@pytest.fixture(scope="session")
def quarters(databases: Databases, seeded: Seeded) -> Iterator[Seeded]:
    """By engine: the same with the notes of a quarter that two banks can claim."""

    @contextlib.contextmanager
    def lent(kind: str) -> Iterator[tuple[Database, Programme]]:
        original, programme = seeded[kind]
        with databases.copy(original) as database:
            with programme.moved(database) as moved:
                lend_for_a_quarter(moved)
            yield database, moved

    with contextlib.ExitStack() as until_the_end:
        yield _OnDemand(lent, until_the_end)


class _OnDemand(Seeded):
    """Makes an engine's database when it is first asked for, and keeps it."""

    def __init__(
        self,
        make: Callable[[str], contextlib.AbstractContextManager[tuple[Database, Programme]]],
        until_the_end: contextlib.ExitStack,
    ) -> None:
        self._make, self._until_the_end = make, until_the_end

    def __missing__(self, kind: str) -> tuple[Database, Programme]:
        self[kind] = self._until_the_end.enter_context(self._make(kind))
        return self[kind]


@pytest.fixture(params=ENGINES)
def programme(
    request: pytest.FixtureRequest, databases: Databases, seeded: Seeded
) -> Iterator[Programme]:
    """A seeded installation of this test's own, on each engine in turn."""
    original, programme = seeded[request.param]
    with databases.copy(original) as database, programme.moved(database) as moved:
        yield moved


@pytest.fixture(params=ENGINES)
def quarter(
    request: pytest.FixtureRequest, databases: Databases, quarters: Seeded
) -> Iterator[Programme]:
    """The same with four notes of the first bank, one of the other, after the settlement day."""
    original, programme = quarters[request.param]
    with databases.copy(original) as database, programme.moved(database) as moved:
        yield moved
