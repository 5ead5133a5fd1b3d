"""What the deaths of a write leave on SQLite: its files as they are at every boundary.

A process that is killed says nothing to the system, and the system keeps every byte that it wrote
and lets go of its locks: whoever opens the database next finds exactly these files. So a copy of
them, taken between two steps of the process, is what its death there leaves. Most boundaries lie
before the COMMIT and leave the same bytes, which are kept once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

LOG = "-wal"  # beside it, only an index to the log that the next process makes anew


@dataclass
class Remains:
    """The files of the database ``file`` at each boundary, below the folder ``kept``."""

    kept: Path
    file: Path | None
    deaths: list[int] = field(default_factory=list)
    _last: tuple[bytes, bytes] | None = None

    def keep(self, _boundary: int) -> None:
        """Keep the files as they are now."""
        if self.file is None:
            return
        log = Path(f"{self.file}{LOG}")
        now = self.file.read_bytes(), log.read_bytes() if log.exists() else b""
        if now != self._last:
            self._last = now
            copy = self._copy(len(self.deaths))
            copy.write_bytes(now[0])
            Path(f"{copy}{LOG}").write_bytes(now[1])
            self.deaths.append(0)
        self.deaths[-1] += 1

    def found(self) -> Iterator[tuple[Path, int]]:
        """Each different file, and how many deaths leave it."""
        for at, deaths in enumerate(self.deaths):
            yield self._copy(at), deaths

    def _copy(self, at: int) -> Path:
        return self.kept / f"{at}.db"
