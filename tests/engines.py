"""Engines that serve one test database after another: what they compiled is compiled once."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, Engine, event, make_url

from app import link
from app.db import make_engine


@dataclass(eq=False)
class _Lead:
    """Leads each new connection of an engine to the database that it serves now."""

    url: URL

    def __call__(
        self, dialect: Any, _record: object, args: list[Any], named: dict[str, Any]
    ) -> None:
        args[:], own = dialect.create_connect_args(self.url)
        named.update(own)


@dataclass
class _Lent:
    engine: Engine
    lead: _Lead
    listeners: int


_idle: dict[str, list[_Lent]] = defaultdict(list)


@contextmanager
def engine_at(address: str) -> Iterator[Engine]:
    """An engine with production's settings on a database, alone until it is given back.

    One to which a test still listens is not lent again.
    """
    url = make_url(address)
    kind = url.get_backend_name()
    lent = _idle[kind].pop() if _idle[kind] else _made(address)
    lent.engine.url = lent.lead.url = url
    try:
        yield lent.engine
    finally:
        lent.engine.dispose()
        if _listeners(lent.engine) == lent.listeners:
            _idle[kind].append(lent)


def _made(address: str) -> _Lent:
    engine, lead = make_engine(address), _Lead(make_url(address))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "do_connect", lead)
    else:  # whoever connects ends the round of listeners
        event.remove(engine, "do_connect", link.connect)
        event.listen(engine, "do_connect", lead)
        event.listen(engine, "do_connect", link.connect)
    return _Lent(engine, lead, _listeners(engine))


def _listeners(engine: Engine) -> int:
    heard = (engine.dispatch, engine.pool.dispatch, engine.dialect.dispatch)
    return sum(len(getattr(events, name)) for events in heard for name in events._event_names)
