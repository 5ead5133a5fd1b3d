"""A COMMIT that never arrives, and one whose answer never does, on either engine.

On PostgreSQL a proxy loses them on the way. SQLite has no way: there the driver's call fails,
before it did anything or after it did everything.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, make_url

from tests.databases import Database
from tests.faults.proxy import Fault, Proxy, proxied


class Links:
    """The links of an engine to its database, healthy but inside ``losing``."""

    def __init__(self, proxy: Proxy | None) -> None:
        self._proxy = proxy
        self.way: dict[str, Any] = {}

    @contextmanager
    def losing(self, engine: Engine, fault: Fault) -> Iterator[None]:
        """Inside, the first COMMIT is lost, or its answer."""
        if self._proxy is None:
            with _failing(engine.dialect, fault):
                yield
            return
        engine.dispose()
        self.way = {"host": "127.0.0.1", "port": self._proxy.port, "sslmode": "disable"}
        self._proxy.fault = fault
        try:
            yield
        finally:
            self.way, self._proxy.fault = {}, Fault.NONE


@contextmanager
def links_to(database: Database) -> Iterator[Links]:
    """The links to a database's server."""
    if make_url(database.url).get_backend_name() == "sqlite":
        yield Links(None)
        return
    with proxied(database) as (proxy, _):
        yield Links(proxy)


@contextmanager
def _failing(dialect: Any, fault: Fault) -> Iterator[None]:
    commit = dialect.do_commit

    def lost(connection: Any) -> None:
        if fault is Fault.LOST_ANSWER:
            commit(connection)
        raise sqlite3.OperationalError("disk I/O error")

    dialect.do_commit = lost
    try:
        yield
    finally:
        del dialect.do_commit
