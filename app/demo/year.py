"""Time: many threads of life in one true chronological order.

A thread is a generator. It yields the next day on which it wants to act and is resumed on that
day; so an application, a note, a month and a claim each read as one story from top to bottom,
while the business date only ever moves forward.
"""

import heapq
from collections.abc import Callable, Iterator
from datetime import date
from itertools import count

from app.demo.office import Office

Thread = Iterator[date]


class Year:
    """The threads that are alive, by their next day."""

    def __init__(self, office: Office, until: date) -> None:
        self.office, self.until = office, until
        self._waiting: list[tuple[date, int, Thread]] = []
        self._order = count()

    def start(self, thread: Thread) -> None:
        """Let a thread live from now on."""
        wanted = next(thread, None)
        if wanted is not None:
            on = max(wanted, self.office.today)
            heapq.heappush(self._waiting, (on, next(self._order), thread))

    def live(self, watch: Callable[[date], None]) -> None:
        """Resume one thread after another until the last day; ``watch`` hears each new day."""
        while self._waiting and self._waiting[0][0] <= self.until:
            on, _, thread = heapq.heappop(self._waiting)
            if on > self.office.today:
                self.office.set_date(on)
                watch(on)
            self.start(thread)
        if self.office.today < self.until:
            self.office.set_date(self.until)
            watch(self.until)
