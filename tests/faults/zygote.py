"""Servers that start in an instant: ``python -m`` this module with a database's address.

The process loads everything once and holds the listening socket. For every line it reads it kills
the server that runs, with ``kill -9``, and forks the next one; at the end of its input it leaves
none behind. It writes its port first, then the number of every server it started.
"""

import os
import signal
import socket
import sys

import uvicorn
from fastapi import FastAPI

from app.main import create_app
from tests.faults.serving import installed


def main(url: str) -> None:
    """See the module's text."""
    app = create_app(installed(url))
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(listening.getsockname()[1], flush=True)
    server = 0
    for _ in sys.stdin:
        _kill(server)
        server = os.fork()
        if server == 0:
            _serve(app, listening)
        print(server, flush=True)
    _kill(server)


def _serve(app: FastAPI, listening: socket.socket) -> None:
    config = uvicorn.Config(app, log_level="critical", lifespan="off")
    uvicorn.Server(config).run(sockets=[listening])
    os._exit(0)


def _kill(server: int) -> None:
    if server:
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
