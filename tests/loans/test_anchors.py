"""Whoever tampers with the record of all commands is found out, even with the key in hand (K2)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.db import make_engine, make_sessions
from loans import anchors, audit
from loans.anchors import Anchor
from loans.errors import BadFile
from loans.models import AuditHead, AuditRecord
from loans.vault import Vault
from loans.wall import EVERY_BANK, admit
from tests.databases import Databases
from tests.programme import ENGINES, Seeded

RECORDS = AuditRecord.__table__


class Told:
    """A short history, its anchors, and a session of the tables' owner that is always undone."""

    def __init__(self, session: Session, vault: Vault) -> None:
        self.session, self.vault = session, vault
        seqs = session.scalars(select(AuditRecord.seq)).all()
        self.last = max(seqs)
        self.anchors = [self.anchor(self.last - back) for back in (9, 3, 0)]

    def anchor(self, seq: int) -> Anchor:
        """The anchor that was taken when this was the last record."""
        return Anchor(date(2019, 4, 1), seq, self.session.get_one(AuditRecord, seq).code)

    def broken(self, *, anchored: bool) -> int | None:
        """Where the chain is broken."""
        self.session.expire_all()
        kept = self.anchors if anchored else []
        return audit.first_broken(self.session, self.vault, kept)

    def rechain(self, *, since: int = 1, vault: Vault | None = None) -> None:
        """What the holder of the key does next: new codes, and a head that fits."""
        self.session.expire_all()
        code, seq = audit.GENESIS, 0
        for entry in self.session.scalars(select(AuditRecord).order_by(AuditRecord.seq)).all():
            seq = entry.seq
            code = entry.code if seq < since else audit.link(vault or self.vault, code, entry)
            self.session.execute(update(RECORDS).where(RECORDS.c.seq == seq).values(code=code))
        self.session.execute(update(AuditHead).values(seq=seq, code=code))

    # --- eight ways to tamper; each gives the first place that is not as it was -------------------

    def change(self) -> int:
        """Another outcome."""
        return self._put(self.last - 5, outcome="refused")

    def delete_middle(self) -> int:
        """One record taken out, the later ones moved up."""
        gone = self.last - 5
        self.session.execute(delete(RECORDS).where(RECORDS.c.seq == gone))
        for seq in range(gone + 1, self.last + 1):
            self._put(seq, seq=seq - 1)
        return gone

    def delete_tail(self) -> int:
        """The last records cut off."""
        gone = self.last - 1
        self.session.execute(delete(RECORDS).where(RECORDS.c.seq >= gone))
        return gone

    def insert(self) -> int:
        """A record that nobody made."""
        place = self.last - 4
        rows = self.session.execute(select(RECORDS).where(RECORDS.c.seq == place))
        copied = dict(rows.mappings().one())
        for seq in range(self.last, place - 1, -1):
            self._put(seq, seq=seq + 1)
        self.session.execute(RECORDS.insert().values(copied | {"operation": "fund.withdraw"}))
        return place

    def swap(self) -> int:
        """Two records in the other order."""
        first = self.last - 6
        self._put(first, seq=0)
        self._put(first + 1, seq=first)
        self._put(0, seq=first + 1)
        return first

    def rechain_from_the_middle(self) -> int:
        """Another person from here on, with codes of another key."""
        place = self._put(self.last - 5, person_id=1)
        self.rechain(since=place, vault=replace(self.vault, index_key=b"\1" * 32))
        return place

    def roll_back(self) -> int:
        """The table as it was yesterday."""
        gone = self.last - 8
        self.session.execute(delete(RECORDS).where(RECORDS.c.seq >= gone))
        return gone

    def change_anchor(self) -> int:
        """An anchor, sealed with the key, of a record that never was."""
        self.anchors[-1] = replace(self.anchors[-1], code=b"\2" * 32)
        return self.last

    def _put(self, place: int, **values: Any) -> int:
        self.session.execute(update(RECORDS).where(RECORDS.c.seq == place).values(**values))
        return place


WAYS = (
    Told.change, Told.delete_middle, Told.delete_tail, Told.insert, Told.swap,
    Told.rechain_from_the_middle, Told.roll_back, Told.change_anchor,
)  # fmt: skip


@pytest.fixture(params=ENGINES)
def told(request, databases: Databases, seeded: Seeded) -> Iterator[tuple[Session, Vault]]:
    original, programme = seeded[request.param]
    with databases.copy(original) as database, programme.moved(database) as p:
        for _ in range(8):
            p.submit(p.create())
        engine = make_engine(database.owner_url)
        with make_sessions(engine)() as session:
            if database.kind == "sqlite":
                for act in ("update", "delete"):
                    session.execute(text(f"DROP TRIGGER audit_record_no_{act}"))
            admit(session, EVERY_BANK)
            yield session, p.installation.vault
        engine.dispose()


def test_every_way_of_tampering_is_found(told) -> None:
    """Without the key by the chain alone (but for a cut end), with the key by the anchors."""
    session, vault = told
    found = 0
    for way in WAYS:
        for with_key in (False, True):
            savepoint = session.begin_nested()
            history = Told(session, vault)
            assert history.broken(anchored=True) is None
            place = way(history)
            if with_key:
                history.rechain()
                if way is not Told.change_anchor:
                    assert history.broken(anchored=False) is None, "the new chain is perfect"
            broken = history.broken(anchored=True)
            assert broken is not None, (way.__name__, with_key)
            # At the place itself, or (written anew) at the next anchored record.
            assert place <= broken <= place + (6 if with_key else 0), (way.__name__, with_key)
            found += 1
            savepoint.rollback()
            session.expire_all()
    assert found == 2 * len(WAYS)
    print(f"tampering with the audit chain: {found} of {2 * len(WAYS)} found")


def test_an_anchor_taken_afterwards_does_not_hide_the_one_before(told) -> None:
    """Written anew with the key, as long as it was, and anchored again."""
    session, vault = told
    history = Told(session, vault)
    place = history.change()
    history.rechain()
    history.anchors.append(history.anchor(history.last))
    assert place <= (history.broken(anchored=True) or 0) <= history.last


def test_the_chain_may_grow_beyond_its_anchors(told) -> None:
    session, vault = told
    history = Told(session, vault)
    history.anchors.pop()
    assert history.broken(anchored=True) is None


def test_an_anchor_travels_as_one_sealed_line() -> None:
    vault = Vault({1: bytes(64)}, bytes(32))
    kept = [Anchor(date(2019, 4, day), day, bytes([day]) * 32) for day in (1, 2)]
    lines = "\n".join(anchors.to_line(vault, anchor) for anchor in kept)
    assert anchors.from_lines(vault, lines) == kept
    assert anchors.latest_before(kept, 2) == kept[0]
    for slip in (lines.replace('"seq": 2', '"seq": 3'), lines.replace("2019-04-02", "2019-04-03")):
        with pytest.raises(BadFile, match="第 2 行被改动过"):
            anchors.from_lines(vault, slip)
    for other in ("[]", "x", '{"on": "2019-04-01"}', lines[:40]):
        with pytest.raises(BadFile, match="第 1 行不是锚点"):
            anchors.from_lines(vault, other)
    with pytest.raises(BadFile, match="空"):
        anchors.from_lines(vault, "\n")


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "act", ["TRUNCATE {}", "DROP TABLE {}", "ALTER TABLE {} DISABLE TRIGGER ALL"]
)
def test_the_application_may_not_empty_or_change_the_table(
    databases: Databases, seeded: Seeded, act: str
) -> None:
    original, programme = seeded["postgresql"]
    refused = pytest.raises(DBAPIError, match=r"permission denied|must be owner")
    with databases.copy(original) as database, programme.moved(database) as p:  # noqa: SIM117
        with refused, p.tampering() as session:
            session.execute(text(act.format("audit_record")))
