"""How much one caller may ask: a token bucket each, in this process.

A bucket holds one minute's worth and fills evenly, so a burst is served and a flood is not. An
organisation shares one bucket: a noisy bank waits, the others do not.
"""

from collections.abc import Callable, Hashable
from math import ceil
from threading import Lock
from time import monotonic

REMEMBERED = 10_000  # callers; the longest quiet are forgotten first, and a new bucket is full


class TooMany(Exception):
    """More than this caller may ask now: answered with 429."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"wait {wait_s} s")
        self.wait_s = wait_s


class Buckets:
    """One bucket a caller; safe for the threads of a process."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = monotonic) -> None:
        self._most, self._clock = per_minute, clock
        self._left: dict[Hashable, tuple[float, float]] = {}
        self._lock = Lock()

    def take(self, caller: Hashable, cost: int = 1) -> None:
        """Take from a caller's bucket, or raise ``TooMany`` with the seconds until it will do."""
        with self._lock:
            now = self._clock()
            left, at = self._left.pop(caller, (self._most, now))
            left = min(self._most, left + (now - at) * self._most / 60)
            granted = left >= cost
            self._left[caller] = (left - cost if granted else left, now)
            if len(self._left) > REMEMBERED:
                del self._left[next(iter(self._left))]
        if not granted:
            raise TooMany(ceil((cost - left) * 60 / self._most))
