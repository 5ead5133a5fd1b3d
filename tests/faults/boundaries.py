"""The SQL boundaries of a request, and a child process that dies at one of them.

A boundary lies between two steps of the database: before every statement (so after the one before
it), before a transaction begins, before and after every COMMIT. The process that dies there says
nothing to anyone, as under ``kill -9``: no rollback, no closed connection, no answer.
"""

import gc
import os
import pickle
import tempfile
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event

KILLED = 137


class Boundaries:
    """Counts an engine's boundaries, and tells the number of every one that is reached."""

    def __init__(self, engine: Engine, reached: Callable[[int], None]) -> None:
        self.passed, self._reached = 0, reached
        for name in ("begin", "before_cursor_execute", "commit"):
            event.listen(engine, name, self._pass)
        dialect, commit = engine.dialect, engine.dialect.do_commit

        def committed(connection: Any) -> None:
            commit(connection)
            self._pass()

        dialect.do_commit = committed  # type: ignore[method-assign]

    def _pass(self, *_: Any) -> None:
        self.passed += 1
        self._reached(self.passed)


def dying_at(fatal: int) -> Callable[[int], None]:
    """At this boundary the process is gone."""

    def reached(boundary: int) -> None:
        if boundary == fatal:
            os._exit(KILLED)

    return reached


def in_a_child(act: Callable[[], Any]) -> Any | None:
    """What ``act`` gives in a child process; None when the child was killed on the way."""
    with tempfile.TemporaryFile() as answer:
        child = os.fork()
        if child == 0:
            _be_the_child(act, answer.fileno())
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code == KILLED:
            return None
        answer.seek(0)
        assert code == 0, answer.read().decode(errors="replace")
        return pickle.load(answer)


def _be_the_child(act: Callable[[], Any], answer: int) -> None:
    """Never returns: whatever the parent had open stays the parent's."""
    gc.disable()  # or it would close the parent's connections
    try:
        os.write(answer, pickle.dumps(act()))
        os._exit(0)
    except BaseException as error:
        os.write(answer, repr(error).encode())
        os._exit(1)
