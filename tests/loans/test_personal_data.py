"""Personal data over their life: consent, new keys under load, holds, erasure when time is over."""

import json
from dataclasses import replace
from datetime import date

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from app.keyring import add_key, new_keyring, read_keyring
from loans import audit, erasure, rotation
from loans.errors import Conflict, NotPermitted
from loans.models import Application, Borrower, BorrowerContact, Evidence, Hire, Model, Note
from loans.vault import Vault
from subsidy import claims
from subsidy.models import Claim
from tests.programme import Programme, id_number
from tests.subsidy.bank_files import careful_lines, file_claim


def test_an_application_keeps_the_consent_it_rests_on(programme: Programme) -> None:
    consent = programme.row(Application, programme.create(programme.asked())).consent
    assert consent["version"] == "1" and consent["on"] == "2019-04-01"
    assert consent["at"].startswith("2019-04-01T") and consent["at"].endswith("+00:00")
    assert any("财政" in each for each in consent["scope"])


# --- new keys -----------------------------------------------------------------------------------


def test_every_sealed_column_says_its_field() -> None:
    named = {f"{table.name}.{column.name}" for table, column, _ in rotation.sealed_columns()}
    there = {
        f"{table.name}.{column.name}"
        for table in Model.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_sealed")
    }
    assert named == there | {"claim.file"}


def test_a_new_key_seals_all_again_while_others_read_and_write(programme, tmp_path) -> None:
    """The reader's process knows the old ring only: it meets the new version in a row."""
    p = programme
    ring = tmp_path / "keyring.json"
    p.installation = replace(p.installation, vault=new_keyring(ring))
    running = read_keyring(ring)
    with p.at_once():
        p.day(date(2019, 4, 10))
        for who in range(600, 603):
            p.create(p.asked(who=who))
        p.approved(p.asked_firm())
    version = add_key(ring)
    assert (version, ring.stat().st_mode & 0o777) == (2, 0o600)
    newest = read_keyring(ring)
    rotating = replace(p.installation, vault=newest)
    reader = replace(p.installation, vault=running)
    batches = 0
    p.installation = rotating
    while p.do(p.security, "vault.reseal", lambda ctx: rotation.reseal(ctx, batch=5)):
        batches += 1
        names = {running.open("name", row.name_sealed) for row in p.rows(select(Borrower))}
        assert len(names) >= 4, "no read failed"
        p.installation = reader
        p.create(p.asked(who=600, purpose=f"第{batches}次"))
        p.installation = rotating
    assert batches >= 3
    for table, column, field in rotation.sealed_columns():
        for value in p.rows(select(column).where(column.is_not(None))):
            assert value[0] == 2, f"{table.name}.{column.name}"
            newest.open_bytes(field, value)
    index = newest.index("id_no", id_number(600))
    found = p.rows(select(Borrower.id).where(Borrower.id_index == index))
    assert len(found) == 1, "one person is still one row"


def test_a_ring_that_is_none_is_refused(tmp_path) -> None:
    ring = tmp_path / "keyring.json"
    new_keyring(ring)
    content = json.loads(ring.read_text())
    for spoilt in ({}, [], {"keys": {"1": "00"}, "index_key": content["index_key"]}):
        ring.write_text(json.dumps(spoilt))
        with pytest.raises(ValueError, match=r"key ring|wrong length"):
            read_keyring(ring)


def test_a_sealed_value_opens_as_its_own_field_only() -> None:
    vault = Vault({1: bytes(64)}, bytes(32))
    with pytest.raises(InvalidTag):
        vault.open("phone", vault.seal("id_no", id_number(1)))


# --- the end ------------------------------------------------------------------------------------


def money(p: Programme) -> dict[str, int]:
    """The sum of every amount there is."""
    return {
        f"{table.name}.{column.name}": p.rows(select(func.coalesce(func.sum(column), 0)))[0]
        for table in Model.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_fen")
    }


def end(p: Programme, **more):
    """Erase all whose time is over, as `fumin erase` does."""

    def call(ctx):
        due = [row.id for row in erasure.expired(ctx)]
        claims.forget_files(ctx, before=date(2030, 1, 1))
        return erasure.erase(ctx, borrower_ids=more.get("ids", due))

    return p.do(p.security, "borrowers.erase", call)


def hires_of(p: Programme, firm: Application) -> list[Hire]:
    """The people whom a firm's file names."""
    return p.rows(select(Hire).where(Hire.application_id == firm.id).order_by(Hire.id))


def opened(vault, row) -> set[str]:
    """What the sealed columns of a row still hold."""
    sealed = [column for column in row.__table__.columns if "sealed" in column.info]
    held = [(column.info["sealed"], getattr(row, column.name)) for column in sealed]
    return {vault.open(field, value) for field, value in held if value is not None}


def codes(p: Programme, model, key: int) -> set[bytes]:
    """The blind indexes of a row."""
    (row,) = p.rows(select(model).where(model.id == key))
    names = [column.name for column in model.__table__.columns if column.name.endswith("_index")]
    return {getattr(row, name) for name in names} - {None}


def test_what_names_a_person_goes_when_its_time_is_over_and_money_stays(quarter) -> None:
    p = quarter
    file_claim(p, careful_lines(p))
    firm = p.row(Application, p.approved(p.asked_firm()))
    notes = p.rows(select(Note).order_by(Note.id))
    settled, held = notes[0], notes[1]
    for note in (settled, held):
        p.repay(note.public_id, p.row(Note, note.public_id).balance_fen, on=p.today)
    with pytest.raises(Conflict, match="未满"):
        end(p, ids=[settled.borrower_id])
    p.day(date(2061, 1, 1))
    kept = p.rows(select(Borrower).where(Borrower.id == held.borrower_id))[0]
    with pytest.raises(NotPermitted):
        p.do(p.bank.maker, "borrowers.erase", lambda ctx: erasure.erase(ctx, borrower_ids=[]))
    p.do(
        p.security,
        "borrowers.hold",
        lambda ctx: erasure.hold(ctx, borrower_id=kept.public_id, held=True),
    )
    before = money(p)
    named = codes(p, Borrower, settled.borrower_id) | codes(p, Hire, hires_of(p, firm)[0].id)
    assert end(p) >= 2, "the borrower who settled, and the firm that never drew"
    assert money(p) == before
    vault = p.installation.vault
    rows = {row.id: row for row in p.rows(select(Borrower))}
    gone = rows[settled.borrower_id]
    assert vault.open("name", gone.name_sealed) == gone.name_masked == erasure.ERASED
    assert gone.erased_on == date(2061, 1, 1)
    reached = {row.borrower_id for row in p.rows(select(BorrowerContact))}
    assert held.borrower_id in reached and settled.borrower_id not in reached
    assert rows[held.borrower_id].erased_on is None, "held back by law"
    assert rows[notes[2].borrower_id].erased_on is None, "a loan that still lives"
    files = select(Application.id).where(Application.borrower_id == settled.borrower_id)
    documents = select(Evidence.reference).where(Evidence.application_id.in_(files))
    assert set(p.rows(documents)) == {erasure.ERASED}
    with pytest.raises(DBAPIError, match=r"append-only"), p.tampering() as session:
        session.execute(update(Evidence).values(reference="另一份"))
    hires = hires_of(p, firm)
    for row in (gone, *hires):
        assert opened(vault, row) == {erasure.ERASED}
        assert not codes(p, type(row), row.id) & named, "nor is it found by its number"
    assert {row.name_masked for row in hires} == {erasure.ERASED}
    assert {vault.open_bytes("claim.file", file) for file in p.rows(select(Claim.file))} == {b""}
    with p.reading() as session:
        assert audit.first_broken(session, vault) is None
    with pytest.raises(Conflict, match="30 年"):
        p.do(p.security, "borrowers.erase", lambda ctx: erasure.expired(ctx, years=5))
