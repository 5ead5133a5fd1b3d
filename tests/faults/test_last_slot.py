"""A hundred guarantee reviews at once for the last slot, against four server processes.

``FUMIN_RACE_ROUNDS`` rounds an engine (2 by default; the full figure is 20). Every round the
fund bears exactly one more loan, a hundred approvers send their decision at the same moment, and
one of them gets it; then the bank refuses that loan and the slot is free again.
"""

import http.client
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from loans import audit
from loans.models import Application, FundEntry, GuaranteeFund
from loans.workflow import Action, State
from tests.databases import Database
from tests.faults.serving import served
from tests.programme import Programme

SLOT = 300_000_00
AT_ONCE, PROCESSES = 100, 4
ROUNDS = int(os.environ.get("FUMIN_RACE_ROUNDS", "2"))
KEY = "fumin_race-for-the-last-slot"


@pytest.fixture
def contested(database: Database) -> Iterator[tuple[Programme, list[UUID], list[int]]]:
    """A fund that bears one loan, a hundred reviews with an opinion, and four servers."""
    with Programme.begin(database, fund_fen=60_000_00) as p, ExitStack() as servers:
        p.key("G-checker", KEY)
        waiting = reviewed(p, AT_ONCE)
        yield p, waiting, [servers.enter_context(served(p))[0] for _ in range(PROCESSES)]


@pytest.mark.faults
@pytest.mark.xdist_group("requests")
def test_the_last_slot_is_given_once(contested, database) -> None:
    p, waiting, ports = contested
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    for _ in range(ROUNDS):
        begun = time.monotonic()
        answers = at_once(waiting, ports)
        slowest = max(slowest, time.monotonic() - begun)
        outcomes.update(answers.values())
        (fund,) = p.rows(select(GuaranteeFund))
        (entered,) = p.rows(select(func.sum(FundEntry.reserved_fen)))
        assert (fund.reserved_fen, fund.outstanding_fen, int(entered)) == (SLOT, 0, SLOT)
        (winner,) = p.rows(
            select(Application.public_id).where(Application.state == State.LOAN_APPROVAL)
        )
        # One was told so; where its answer was lost to a time-out, the state says who it was.
        assert [told for told, answer in answers.items() if answer == "passed"] in ([winner], [])
        p.decide(winner, p.bank, Action.REJECT)
        waiting = [application for application in waiting if application != winner]
        waiting += reviewed(p, 1)
    assert set(outcomes) <= {"passed", "fund-capacity", "not-eligible", "busy"}
    assert outcomes["passed"] >= ROUNDS - 1
    with p.reading() as session:
        assert audit.first_broken(session, p.installation.vault) is None
    print(
        f"last slot on {database.kind}: {ROUNDS} rounds of {AT_ONCE} reviews on {PROCESSES} "
        f"processes: over-commitment 0, {dict(outcomes)}, slowest answer {slowest:.1f} s"
    )


def reviewed(p: Programme, count: int) -> list[UUID]:
    """Applications on which only the approver's decision is missing."""
    with p.at_once():
        found = [p.under_review() for _ in range(count)]
        for application in found:
            p.propose(application, p.guarantor.maker)
    return found


def at_once(waiting: list[UUID], ports: list[int]) -> dict[UUID, str]:
    """Every decision at the same moment, spread over the servers: what each was answered."""
    start = Barrier(len(waiting))

    def decide(at: int) -> str:
        link = http.client.HTTPConnection("127.0.0.1", ports[at % len(ports)], timeout=120)
        link.connect()
        headers = {
            "Authorization": f"Bearer {KEY}",
            "Idempotency-Key": str(uuid4()),
            "Content-Type": "application/json",
        }
        start.wait()
        link.request(
            "POST",
            f"/api/v1/applications/{waiting[at]}/decisions",
            json.dumps({"agree": True}),
            headers,
        )
        answer = link.getresponse()
        content = json.loads(answer.read())
        link.close()
        return "passed" if answer.status == 200 else content["code"]

    with ThreadPoolExecutor(len(waiting)) as pool:
        return dict(zip(waiting, pool.map(decide, range(len(waiting))), strict=True))
