"""A TCP proxy before PostgreSQL that can lose what passes through it."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from sqlalchemy import make_url

from tests.databases import Database

COMMIT = b"COMMIT\0"


class Fault(StrEnum):
    """What goes wrong on the link; ``NONE`` passes everything."""

    NONE = "none"
    LOST_ANSWER = "the COMMIT arrives, its answer does not; the link is cut"
    LOST_COMMIT = "the COMMIT does not arrive; the link is cut"
    SILENCE = "nothing comes back, and nothing is cut"


class Proxy:
    """Passes connections on to a database's server; ``fault`` says what goes wrong from now on."""

    def __init__(self, upstream: tuple[int, object]) -> None:
        self.fault = Fault.NONE
        self.lost = 0
        self._family, self._address = upstream
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Cut everything."""
        for each in (self._listening, *self._open):
            _cut(each)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(self._family)
                server.connect(self._address)
                self._open += [client, server]
                for way in (self._to_server, self._to_client):
                    threading.Thread(target=way, args=(client, server), daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if COMMIT in data and self.fault in (Fault.LOST_ANSWER, Fault.LOST_COMMIT):
                    self.lost += 1
                    if self.fault is Fault.LOST_COMMIT:
                        _cut(client)
                        break
                server.sendall(data)
        _cut(server)

    def _to_client(self, client: socket.socket, server: socket.socket) -> None:
        lost = self.lost
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if self.fault is Fault.SILENCE:
                    continue
                if self.fault is Fault.LOST_ANSWER and self.lost > lost:
                    break
                client.sendall(data)
        _cut(client)


def _cut(link: socket.socket) -> None:
    """Shut down before closing: another thread may be waiting on it."""
    with contextlib.suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)
    link.close()


@contextmanager
def proxied(database: Database) -> Iterator[tuple[Proxy, str]]:
    """A proxy before a database's server, and the database's address through it."""
    url = make_url(database.url)
    folder, port = url.host or url.query.get("host"), url.port or 5432
    unix = isinstance(folder, str) and folder.startswith("/")
    proxy = Proxy(
        (socket.AF_UNIX, f"{folder}/.s.PGSQL.{port}") if unix else (socket.AF_INET, (folder, port))
    )
    try:
        here = url.set(host="127.0.0.1", port=proxy.port, query={"sslmode": "disable"})
        yield proxy, here.render_as_string(hide_password=False)
    finally:
        proxy.close()
