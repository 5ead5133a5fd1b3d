"""A mixed load over HTTP by clients that keep a key until its answer came."""

import http.client
import json
from dataclasses import dataclass, field
from random import Random
from threading import Lock, Thread
from typing import Any
from uuid import UUID

from tests.app.conftest import PREFIX
from tests.app.requests import application_body

DONE, TRY_AGAIN = (200, 201), (429, 503)


@dataclass
class Acknowledged:
    """What the clients were told: by key, what was asked and the answer's bytes."""

    answers: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    retries: int = 0
    lock: Lock = field(default_factory=Lock)

    def of(self, what: str) -> list[str]:
        """The keys of one kind of request."""
        return [key for key, (asked, _) in self.answers.items() if asked == what]


@dataclass
class Client(Thread):
    """One client: drafts, hands them in, pays into the fund, reports repayments of its note."""

    port: int
    credentials: dict[str, dict[str, str]]
    branch: str
    note: str
    people: Any
    random: Random
    told: Acknowledged
    going: bool = True
    drafts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        Thread.__init__(self)

    __hash__ = Thread.__hash__

    def run(self) -> None:
        """Until told to stop; the request under way is brought to its end."""
        while self.going:
            what = self.random.choice(["draft", "submit", "contribute", "repay"])
            if what == "submit" and not self.drafts:
                what = "draft"
            getattr(self, f"_{what}")()

    def _draft(self) -> None:
        body = application_body(self.branch, who=next(self.people), amount="10000.00")
        self.drafts.append(self._done("draft", "B1-maker", "/applications", body)["id"])

    def _submit(self) -> None:
        path = f"/applications/{self.drafts.pop()}/submit"
        self._done("submit", "B1-maker", path, {"reason": "齐全"})

    def _contribute(self) -> None:
        key = self._key()
        body = {"amount": "1.00", "reason": key}
        self._done("contribute", "G-checker", "/fund/contributions", body, key)

    def _repay(self) -> None:
        body = {"on": "2019-04-01", "amount": "1.00"}
        self._done("repay", "B1-maker", f"/notes/{self.note}/repayments", body)

    def _key(self) -> str:
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def _done(self, what: str, login: str, path: str, body: Any, key: str = "") -> Any:
        """Ask until acknowledged, always with the same key."""
        key = key or self._key()
        headers = self.credentials[login] | {
            "Idempotency-Key": key,
            "Content-Type": "application/json",
        }
        while True:
            link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                link.request("POST", PREFIX + path, json.dumps(body), headers)
                answer = link.getresponse()
                status, content = answer.status, answer.read()
            except (OSError, http.client.HTTPException):
                status, content = 503, b""
            finally:
                link.close()
            if status in DONE:
                with self.told.lock:
                    self.told.answers[key] = (what, content)
                return json.loads(content)
            assert status in TRY_AGAIN, (what, status, content)
            with self.told.lock:
                self.told.retries += 1
