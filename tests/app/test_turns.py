"""Commands take turns: one waits for the other, in vain only until the request's deadline."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from app import link
from app.commands import Busy
from app.db import take_turn
from loans.models import Application, AuditHead
from tests.programme import Programme


def test_a_command_whose_turn_does_not_come_leaves_nothing(programme: Programme) -> None:
    with programme.installation.turn, link.bounded(0.0), pytest.raises(Busy):
        programme.create()
    assert programme.rows(select(Application.id)) == []
    programme.create()
    assert len(programme.rows(select(Application.id))) == 1


def test_a_command_sees_what_the_one_before_it_has_left(programme: Programme) -> None:
    """Another process writes first: the command waits for it, and is not undone."""
    writes = programme.installation.writes
    with ThreadPoolExecutor(1) as pool, writes() as other, other.begin():
        take_turn(other)
        (before,) = other.scalars(select(AuditHead.seq))
        waiting = pool.submit(programme.create)
        other.execute(text("UPDATE audit_head SET seq = seq"))
        assert not waiting.done()
        other.commit()
        waiting.result(30)
    (after,) = programme.rows(select(AuditHead.seq))
    assert after == before + 1
