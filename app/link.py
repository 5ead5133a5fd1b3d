"""The database link and its deadline: a server that falls silent must not silence us.

PostgreSQL's own time limits end when it has answered; an answer lost on the way would be waited
for without end. So every wait of a request is bounded on this side: at the request's deadline the
connection is closed, the caller is told 503, and the same key finds out later what came of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import ceil
from time import monotonic
from typing import Any

import psycopg

ANSWER_S = 8.0  # from a request's arrival; what waits for a thread or a connection waits within it
GRACE_S = 1.0  # for one step of a request that is late because it works, not because it waits
CONNECT_S = 5

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def bounded(seconds: float = ANSWER_S) -> Iterator[None]:
    """Inside, nobody waits for the database beyond this; outside (command line) without limit."""
    token = _deadline.set(monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def left_s() -> float | None:
    """How long the request may still wait; None where nobody set a limit."""
    deadline = _deadline.get()
    return None if deadline is None else max(0.0, deadline - monotonic())


class Link(psycopg.Connection[Any]):
    """A connection that gives up a wait at the deadline, and itself with it."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Every exchange with the server passes here."""
        deadline = _deadline.get()
        if deadline is None or timeout is not None:
            return super().wait(gen, interval, timeout)
        until = max(deadline, monotonic() + GRACE_S)
        try:
            return super().wait(gen, interval, until - monotonic())
        except psycopg.OperationalError as error:
            if monotonic() < until:
                raise
            self.close()  # in the middle of an exchange nothing else can be asked of it
            raise psycopg.OperationalError("no answer before the request's deadline") from error


def connect(_dialect: object, _record: object, args: list[Any], named: dict[str, Any]) -> Link:
    """SQLAlchemy's ``do_connect``: a link, with no more time to connect than the request has."""
    limit_s = left_s()
    left = CONNECT_S if limit_s is None else ceil(limit_s)
    if left <= 0:
        raise psycopg.OperationalError("no time left to connect before the request's deadline")
    return Link.connect(*args, **named | {"connect_timeout": min(CONNECT_S, left)})
