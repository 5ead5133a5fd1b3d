"""The demo's folder: what is written there is listed there, and only that is ever deleted."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Engine, event

from app.settings import Environment, Settings

MARKER = "demo.json"
DATABASE = "fumin.db"
CLAIMS = "claims"
MADE_BY = "fumin demo"
_BESIDE_CLAIMS = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", "fumin.keys")


class Foreign(Exception):
    """The folder holds something that no demo made; it is left alone."""


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """One folder of the user's disk."""

    path: Path

    @property
    def claims(self) -> Path:
        """Where the banks' workbooks are."""
        return self.path / CLAIMS

    @property
    def settings(self) -> Settings:
        """The settings that open its database: nothing else from the environment counts."""
        database = str((self.path / DATABASE).absolute())
        url = URL.create("sqlite", database=database).render_as_string()
        return Settings(
            env=Environment.DEMO,
            database_url=url,
            migration_url=None,
            keyring=None,
            policy_dir=None,
        )

    def is_begun(self) -> bool:
        """Whether a demo was begun here; ``Foreign`` if something else lies here instead."""
        marker = self.path / MARKER
        if marker.is_file():
            if self._marked().get("made_by") != MADE_BY:
                raise Foreign
            return True
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise Foreign
        return False

    def is_finished(self) -> bool:
        """Whether the demo here was made to its end."""
        return bool(self._marked().get("finished"))

    def begin(self) -> None:
        """Mark the empty folder as a demo's, before anything else is written."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / MARKER).open("x") as marker:  # a second demo at once stops here
            json.dump({"made_by": MADE_BY, "finished": False}, marker)
        self.claims.mkdir(exist_ok=True)  # with what a user put there

    def finish(self) -> None:
        """The demo is whole: its database is on the disk, and can be served."""
        with (self.path / DATABASE).open("rb+") as database:
            os.fsync(database.fileno())
        files = sorted(path.name for path in self.claims.iterdir())
        content = {"made_by": MADE_BY, "finished": True, "claims": files}
        (self.path / MARKER).write_text(json.dumps(content, ensure_ascii=False, indent=1))

    def clear(self) -> None:
        """Delete what a demo made, and nothing else; the folder itself stays."""
        for name in _BESIDE_CLAIMS:
            (self.path / name).unlink(missing_ok=True)
        names = self._marked().get("claims")
        assert names is None or isinstance(names, list)
        for path in self.claims.glob("*-贴息申报明细表.xlsx"):
            if names is None or path.name in names:
                path.unlink()
        if self.claims.is_dir() and not any(self.claims.iterdir()):
            self.claims.rmdir()
        (self.path / MARKER).unlink()

    def _marked(self) -> dict[str, object]:
        try:
            content = json.loads((self.path / MARKER).read_text())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}


def hurry(engine: Engine) -> None:
    """Do not wait for the disk after each of some thousand commands while the demo is made.

    Only here: a demo cut short by a power failure is made anew. ``finish`` syncs once at the end.
    """
    event.listen(engine, "connect", _no_waiting)
    engine.dispose()  # connections opened before


def _no_waiting(connection: object, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")  # type: ignore[attr-defined]
