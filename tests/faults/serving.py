"""One server process of the application, for tests that need several: ``python -m`` this module.

Arguments: the database's address and a port on loopback. The installation is that of a test's
``Programme`` (its vault and its law), with the real clock and random ids.
"""

import sys

import uvicorn

from app.db import make_engine, make_sessions
from app.deps import Installation
from app.main import create_app
from loans.vault import Vault
from tests.programme import shipped_book, shipped_calendar


def installed(url: str) -> Installation:
    """The installation on a database; nothing is connected yet."""
    engine = make_engine(url)
    return Installation(
        reads=make_sessions(engine, write=False),
        writes=make_sessions(engine),
        book=shipped_book(),
        calendar=shipped_calendar(),
        vault=Vault({1: bytes(range(64))}, bytes(range(32))),
    )


def main(url: str, port: str) -> None:
    """Serve until told to stop."""
    app = create_app(installed(url))
    uvicorn.run(app, port=int(port), log_level="error", lifespan="off")


if __name__ == "__main__":
    main(*sys.argv[1:])
