"""First screens and lists over a large book: server time and statements, on both engines.

``python -m benchmarks.screens [--notes N] [--sqlite | --postgresql]``. The goal is 200 ms for a
first screen over 50,000 loans. The book is made by ``tests.multiplied``, whose stored positions
are those its movements give; every answer must be the page.
"""

import gc
import os
import platform
import sys
import time
from statistics import median, quantiles

from sqlalchemy import event
from starlette.testclient import TestClient

from app.main import create_app
from tests.browser.office import PASSWORD, give_passwords
from tests.databases import Databases
from tests.multiplied import multiplied
from tests.programme import Programme

ENGINES = ("sqlite", "postgresql")
ROUNDS, GOAL = 9, 0.200
FUND_FEN = 10**14
HTML = {"Accept": "text/html"}
FIRST_SCREENS = (("G-maker", "担保公司"), ("F-maker", "财政"), ("B1-maker", "银行"))
OTHERS = (
    "/?on=2021-06-30",
    "/applications",
    "/notes",
    "/notes?standing=late",
    "/notes?group=farmer&on=2021-06-30",
    "/maturities",
    "/fund",
    "/dunning",
    "/dunning?kind=overdue",
    "/readiness",
)


def main(arguments: list[str]) -> None:
    """Measure and print."""
    notes = int(arguments[arguments.index("--notes") + 1]) if "--notes" in arguments else 50_000
    kinds = [kind for kind in ENGINES if f"--{kind}" in arguments] or ENGINES
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors; {notes:,} loans;")
    print(f"median of {ROUNDS} requests, ± half the middle spread; of it this process computed\n")
    databases = Databases.begin()
    try:
        for kind in kinds:
            with (
                databases.fresh(kind) as fresh,
                Programme.begin(fresh, fund_fen=FUND_FEN) as programme,
            ):
                give_passwords(programme)
                multiplied(programme, fresh, notes)
                measure(kind, programme)
    finally:
        databases.end()


def measure(kind: str, programme: Programme) -> None:
    """Every page of one engine."""
    app = create_app(programme.installation)
    engine = programme.installation.reads.kw["bind"]
    print(kind)
    for login, name in FIRST_SCREENS:
        client = signed_in(app, login)
        show(f"first screen {name}", *timed(client, "/", engine), goal=GOAL)
    client = signed_in(app, "G-maker")
    for path in OTHERS:
        show(path, *timed(client, path, engine))


def signed_in(app: object, login: str) -> TestClient:
    """Somebody at a browser."""
    client = TestClient(app)
    answer = client.post("/sign-in", data={"login": login, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return client


def timed(client: TestClient, path: str, engine: object) -> tuple[float, float, float, int]:
    """Seconds, their spread, seconds of this process's processor, statements of one request."""
    statements = 0

    def count(*_: object) -> None:
        nonlocal statements
        statements += 1

    event.listen(engine, "before_cursor_execute", count)
    client.get(path, headers=HTML)
    event.remove(engine, "before_cursor_execute", count)
    found, computed = [], []
    for _ in range(ROUNDS):
        gc.collect()
        start, began = time.perf_counter(), time.process_time()
        answer = client.get(path, headers=HTML)
        found.append(time.perf_counter() - start)
        computed.append(time.process_time() - began)
        assert answer.status_code == 200 and "<h1" in answer.text, answer.text[:500]
    low, _, high = quantiles(found, n=4)
    return median(found), (high - low) / 2, median(computed), statements


def show(
    what: str, seconds: float, noise: float, computed: float, statements: int, goal: float = 0
) -> None:
    """One page's figures."""
    verdict = "" if not goal else "  reached" if seconds < goal else "  NOT reached"
    print(
        f"  {what:40}{1000 * seconds:7.0f} ± {1000 * noise:3.0f} ms,"
        f"{1000 * computed:6.0f} ms, {statements:3} statements{verdict}",
        flush=True,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
