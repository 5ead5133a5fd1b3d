"""A database link that swallows an answer without closing: 503 in time, never a hang (L4)."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from app.db import make_engine, make_sessions
from app.main import create_app
from loans.models import FundEntry
from tests.app.conftest import Api, Caller
from tests.faults.proxy import Fault, proxied

LATEST_S = 10
AT_ONCE = 24  # more than the pool has connections


@pytest.mark.faults
@pytest.mark.xdist_group("requests")
@pytest.mark.postgresql
def test_a_silent_link_is_answered_in_time_and_recovers(databases, seeded, faults):
    original, seeded_programme = seeded["postgresql"]
    with databases.copy(original) as database, seeded_programme.moved(database) as programme:
        headers = Api(programme, None, None).as_("G-checker").headers  # type: ignore[arg-type]
        with proxied(database) as (proxy, url):
            engine = make_engine(url)
            copy = replace(
                programme.installation,
                reads=make_sessions(engine, write=False),
                writes=make_sessions(engine),
            )
            with TestClient(create_app(copy)) as client:
                caller = Caller(client, headers)
                assert caller.get("/fund")["reserved"] == "0.00"
                proxy.fault = Fault.SILENCE
                keys = [str(uuid4()) for _ in range(AT_ONCE)]
                with ThreadPoolExecutor(AT_ONCE) as pool:
                    waited = list(pool.map(lambda key: refused_after(caller, key), keys))
                assert max(waited) < LATEST_S
                proxy.fault = Fault.NONE
                for key in keys:
                    caller.post("/fund/contributions", body(key), key=key)
            engine.dispose()
        entries = select(func.count()).select_from(FundEntry)
        assert programme.rows(entries) == [1 + AT_ONCE]
        faults.counts["cuts"] += AT_ONCE
    print(f"silent link: {AT_ONCE} requests, all 503, the last after {max(waited):.1f} s")


def body(key):
    return {"amount": "1.00", "reason": key}


def refused_after(caller, key) -> float:
    """Seconds until a write was answered 503."""
    begun = time.monotonic()
    answer = caller.post("/fund/contributions", body(key), key=key, status=503)
    assert answer["code"] == "busy"
    return time.monotonic() - begun
