"""``kill -9`` of the server under a mixed load (A2): nothing acknowledged is lost or done twice."""

import time
from collections import Counter
from datetime import date
from itertools import count

import pytest
from sqlalchemy import select, text

from loans import audit
from loans.models import Application, FundEntry, IdempotencyKey, Movement, Note
from tests.app.conftest import Api
from tests.faults.load import Acknowledged, Client
from tests.faults.serving import served
from tests.programme import ENGINES

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("deaths")]
KILLS, CLIENTS, ACKNOWLEDGED = 30, 4, 10
LENT = 300_000_00


@pytest.mark.parametrize("kind", ENGINES)
def test_nothing_acknowledged_is_lost_when_the_server_is_killed(kind, databases, seeded, faults):
    original, programme = seeded[kind]
    with databases.copy(original) as database, programme.moved(database) as p:
        notes = [str(p.loan(on=date(2019, 4, 1))) for _ in range(CLIENTS)]
        drafts = len(p.rows(select(Application.id)))
        told = Acknowledged()
        killed_under_load(p, notes, told, faults)
        faults.counts.update(kills=KILLS, acked=len(told.answers))
        examine(p, notes, drafts, told, faults.counts)
        with p.reading() as session:
            faults.counts["torn"] += audit.first_broken(session, p.installation.vault) is not None
            if kind == "sqlite":
                assert session.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    print(f"{kind}: {KILLS} kills, {len(told.answers)} acknowledged, {told.retries} sent again")
    assert len(told.answers) >= ACKNOWLEDGED * KILLS
    assert faults.wrong == {}


def examine(p, notes, drafts, told, counts) -> None:
    """Every answer is stored as it was given; every effect is there, once."""
    stored = {row.key: row.answer for row in p.rows(select(IdempotencyKey))}
    counts["lost"] += sum(stored.get(key) != body for key, (_, body) in told.answers.items())
    paid_in = Counter(p.rows(select(FundEntry.reason)))
    done = {
        "draft": len(p.rows(select(Application.id))) - drafts,
        "contribute": sum(paid_in[key] for key in told.of("contribute")),
        "repay": len(p.rows(select(Movement.id))) - len(notes),
    }
    for what, times in done.items():
        counts["dup"] += max(0, times - len(told.of(what)))
        counts["lost"] += max(0, len(told.of(what)) - times)
    repaid = sum(LENT - note.balance_fen for note in p.rows(select(Note)))
    counts["torn"] += repaid != 100 * len(told.of("repay"))


def killed_under_load(p, notes, told, faults) -> None:
    """Clients at work while the server dies again and again; all requests are brought to an end."""
    api = Api(p, None, None)  # type: ignore[arg-type]
    credentials = {login: api.as_(login).headers for login in ("B1-maker", "G-checker")}
    branch, people = str(p.branches[p.bank.id]), count(5_000)
    moments = faults.random("kills", p.engine.dialect.name)
    with served(p) as (port, next_server):
        clients = [
            Client(port, credentials, branch, note, people, faults.random("client", at), told)
            for at, note in enumerate(notes)
        ]
        for client in clients:
            client.start()
        try:
            for _ in range(KILLS):
                wait_for_more(told)
                time.sleep(moments.random() / 20)  # anywhere inside a request
                next_server()
        finally:
            for client in clients:
                client.going = False
            for client in clients:
                client.join(60)
        assert not any(client.is_alive() for client in clients)


def wait_for_more(told: Acknowledged) -> None:
    """Until enough was acknowledged since the last kill."""
    enough, deadline = len(told.answers) + ACKNOWLEDGED, time.monotonic() + 60
    while len(told.answers) < enough:
        assert time.monotonic() < deadline, "the server acknowledges nothing"
        time.sleep(0.005)
