"""Servers that start in an instant, and die by ``kill -9``.

The test's process has loaded everything, so its servers are forked from it: by a zygote, which is
forked once, before the test starts a thread of its own, and opens nothing. For every byte that it
reads it kills the server that runs and forks the next one; at the end of its input it leaves none
behind.
"""

import gc
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import uuid4

import uvicorn
from fastapi import FastAPI

from app.deps import now
from app.main import create_app
from tests.programme import Programme


@contextmanager
def served(p: Programme) -> Iterator[tuple[int, Callable[[], None]]]:
    """A port at which the programme is served, and what kills its server and starts the next.

    The servers have the real clock and random ids, unlike the programme of the test.
    """
    app = create_app(replace(p.installation, clock=now, new_id=uuid4))
    ours, theirs = socket.socketpair()

    def next_server() -> None:
        ours.sendall(b"n")
        assert ours.recv(1), "the zygote is gone"

    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        port = listening.getsockname()[1]
        p.engine.dispose()  # or the child would inherit connections
        zygote = os.fork()
        if zygote == 0:
            ours.close()
            _be_the_zygote(app, listening, theirs)
    theirs.close()
    try:
        next_server()
        yield port, next_server
    finally:
        ours.close()
        os.waitpid(zygote, 0)


def _be_the_zygote(app: FastAPI, listening: socket.socket, orders: socket.socket) -> None:
    """Never returns: whatever the parent had open stays the parent's."""
    server = 0
    try:
        gc.freeze()  # or the garbage of the parent would close what is the parent's
        while orders.recv(1):
            _kill(server)
            server = os.fork()
            if server == 0:
                config = uvicorn.Config(app, log_level="critical", lifespan="off")
                uvicorn.Server(config).run(sockets=[listening])
                os._exit(0)
            orders.sendall(b"y")
        _kill(server)
    finally:
        os._exit(0)


def _kill(server: int) -> None:
    if server:
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)
