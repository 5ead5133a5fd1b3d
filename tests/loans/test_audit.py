"""The record of all commands: chained, append-only, and honest about where it was broken."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError

from app.db import METADATA, make_engine, writing
from app.rights import is_append_only
from loans import audit
from loans.errors import FuminError
from loans.models import AuditHead, AuditRecord
from tests.databases import Database, Databases
from tests.programme import ENGINES, Programme, Seeded


@pytest.fixture(params=ENGINES)
def told(
    request: pytest.FixtureRequest, databases: Databases, seeded: Seeded
) -> Iterator[tuple[Programme, Database]]:
    """A short history with its database, so that its owner can tamper with it."""
    original, programme = seeded[request.param]
    with databases.copy(original) as database, programme.moved(database) as p:
        for _ in range(3):
            p.submit(p.create())
        yield p, database


def broken(p: Programme) -> int | None:
    """Where the chain is broken."""
    with p.reading() as session:
        return audit.first_broken(session, p.installation.vault)


def last_seq(p: Programme) -> int:
    """The newest record's number."""
    return int(p.rows(select(func.max(AuditRecord.seq)))[0])


@contextmanager
def as_owner(database: Database) -> Iterator[Connection]:
    """The tables' owner, who can do what the application cannot."""
    engine = make_engine(database.owner_url)
    with writing(engine).begin() as connection:
        if database.kind == "sqlite":
            for act in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER audit_record_no_{act}"))
        yield connection
    engine.dispose()


def test_every_command_leaves_one_link_without_a_gap(told: tuple[Programme, Database]) -> None:
    p, _ = told
    before = last_seq(p)
    application = p.create()
    p.submit(application)
    assert last_seq(p) == before + 2
    assert p.rows(select(AuditRecord.seq).order_by(AuditRecord.seq)) == list(range(1, before + 3))
    newest = p.rows(select(AuditRecord).order_by(AuditRecord.seq.desc()))[0]
    assert (newest.operation, newest.outcome, newest.target_id) == (
        "applications.submit", "accepted", application,
    )  # fmt: skip
    assert broken(p) is None
    (head,) = p.rows(select(AuditHead))
    assert (head.seq, head.code) == (newest.seq, newest.code)


def test_the_chain_holds_after_a_whole_programme(programme: Programme) -> None:
    p = programme
    note = p.draw(p.approved(), amount_fen=300_000_00, on=p.today)
    p.repay(note, 1_00, on=p.today)
    with pytest.raises(FuminError):
        p.repay(note, 300_000_00, on=p.today)
    p.day(p.today.replace(month=5))
    p.close(p.today.replace(month=4))
    assert broken(p) is None


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_record SET operation = 'fund.contribute' WHERE seq = :seq",
        "UPDATE audit_record SET outcome = 'refused' WHERE seq = :seq",
        "UPDATE audit_record SET \"on\" = '2019-03-31' WHERE seq = :seq",
        "UPDATE audit_record SET person_id = 1 WHERE seq = :seq",
        "UPDATE audit_record SET details = '{\"a\": 1}' WHERE seq = :seq",
        "DELETE FROM audit_record WHERE seq = :seq",
        "UPDATE audit_record SET seq = 1000 + seq WHERE seq >= :seq",
    ],
)
def test_a_changed_or_deleted_record_is_named(
    told: tuple[Programme, Database], tampering: str
) -> None:
    p, database = told
    seq = last_seq(p) - 2
    with as_owner(database) as connection:
        connection.execute(text(tampering), {"seq": seq})
    assert broken(p) == seq


def test_an_inserted_record_is_named(told: tuple[Programme, Database]) -> None:
    p, database = told
    seq = last_seq(p) - 2
    columns = [column.name for column in AuditRecord.__table__.columns if column.name != "seq"]
    names = ", ".join(f'"{name}"' for name in columns)
    with as_owner(database) as connection:
        for moved in range(last_seq(p), seq - 1, -1):
            connection.execute(
                text("UPDATE audit_record SET seq = seq + 1 WHERE seq = :seq"), {"seq": moved}
            )
        connection.execute(
            text(
                f"INSERT INTO audit_record (seq, {names})"
                f" SELECT {seq}, {names} FROM audit_record WHERE seq = {seq + 1}"
            )
        )
    # What stands at ``seq`` is a copy of the true record but for its number: the copy passes.
    assert broken(p) == seq + 1


def test_a_cut_off_end_is_named(told: tuple[Programme, Database]) -> None:
    p, database = told
    last = last_seq(p)
    with as_owner(database) as connection:
        connection.execute(text("DELETE FROM audit_record WHERE seq > :seq"), {"seq": last - 2})
    assert broken(p) == last - 1


def test_a_chain_read_with_another_key_is_broken_from_the_start(
    told: tuple[Programme, Database],
) -> None:
    p, _ = told
    vault = p.installation.vault
    other = type(vault)(vault.keys, b"\1" * 32)
    with p.reading() as session:
        assert audit.first_broken(session, other) == 1


@pytest.mark.parametrize("act", ["update", "delete"])
def test_tables_that_are_only_added_to_refuse_every_change(programme: Programme, act: str) -> None:
    """As the application's role on PostgreSQL, by a trigger on SQLite; with rows in the table."""
    p = programme
    p.draw(p.approved(), amount_fen=300_000_00, on=p.today)
    p.day(p.today.replace(month=5))
    p.close(p.today.replace(month=4))
    filled = 0
    for table in METADATA.sorted_tables:
        if not is_append_only(table):
            continue
        (rows,) = p.rows(select(func.count()).select_from(table))
        filled += bool(rows)
        column = next(iter(table.columns)).name
        change: Any = (
            f'UPDATE "{table.name}" SET "{column}" = "{column}"'
            if act == "update"
            else f'DELETE FROM "{table.name}"'
        )
        if rows:
            with pytest.raises(DBAPIError) as refused, p.tampering() as session:
                session.execute(text(change))
            said = str(refused.value.orig)
            assert "append-only" in said or "permission denied" in said
    assert filled >= 8
    assert broken(p) is None
