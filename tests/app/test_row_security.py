"""The second wall: on PostgreSQL a bank sees its own rows even where no query asks for its bank."""

import pytest
from sqlalchemy import func, make_url, select, text, update
from sqlalchemy.exc import DBAPIError

from app.db import METADATA, make_engine, unsafe_database
from app.rights import walled
from loans import dossier, queries, wall
from loans.models import Application, Note
from tests.programme import Programme
from tests.subsidy.bank_files import approve, careful_lines, confirm, file_claim, order, review

pytestmark = pytest.mark.postgresql

# Nothing of them hangs on one bank's loans: who works here, the law, lists, the fund as a whole.
OF_THE_PROGRAMME = {
    "api_key",
    "audit_head",
    "branch",
    "browser_session",
    "business_date",
    "guarantee_fund",
    "job",
    "month_lock",
    "organisation",
    "person",
    "policy_version",
    "role_change",
    "signed_request",
    "subsidy_budget",
    "workday_notice",
}


@pytest.fixture(scope="module")
def p(databases, quarters):
    """Two banks' notes in a closed month, a claim of each, one of them paid."""
    original, programme = quarters["postgresql"]
    with databases.copy(original) as database, programme.moved(database) as moved:
        moved.close(moved.today.replace(year=2019, month=4, day=1))
        for bank in (moved.bank, moved.other_bank):
            claim = file_claim(moved, careful_lines(moved, bank=bank), bank=bank)
            review(moved, claim)
        approve(moved, claim)
        confirm(moved, order(moved, claim))
        yield moved


def seen_by(p: Programme, bank_id: int | None) -> dict[str, int]:
    """Rows of every walled table that are seen with this bank named; None names nobody."""
    with p.installation.reads() as session:
        if bank_id is not None:
            wall.admit(session, bank_id)
        return {
            name: session.scalar(select(func.count()).select_from(METADATA.tables[name]))
            for name in walled(METADATA)
        }


def test_every_table_is_behind_the_wall_or_known_to_hold_no_bank_s_rows():
    assert METADATA.tables.keys() - walled(METADATA).keys() == OF_THE_PROGRAMME


def test_the_banks_rows_are_apart_and_together_all_of_them(p):
    one, other = p.bank.maker.bank_id, p.other_bank.maker.bank_id
    whole, mine, theirs = (seen_by(p, each) for each in (wall.EVERY_BANK, one, other))
    filled = {name for name, rows in whole.items() if rows}
    assert len(filled) >= 18
    apart = {name for name in filled if mine[name] + theirs[name] == whole[name]}
    # These have rows of the guarantee company, the bureaus and the fund itself too.
    assert filled - apart <= {"audit_record", "fund_entry", "idempotency_key", "outbox_event"}
    for name in (
        "application",
        "borrower",
        "note",
        "movement",
        "accrual_line",
        "claim_line",
        "audit_record",
    ):
        assert 0 < mine[name] < whole[name], name


def test_where_nobody_is_named_nothing_is_seen(p):
    assert set(seen_by(p, None).values()) == {0}


def test_a_query_that_forgot_its_bank_shows_only_own_rows(p, monkeypatch):
    monkeypatch.setattr(queries, "visible_to", lambda actor, model: text("true"))
    with p.installation.reads() as session:
        ctx = p.installation.context(session, p.bank.maker)
        found = session.scalars(queries.notes(ctx)).all()
        applications = session.scalars(queries.applications(ctx)).all()
    assert {row.bank_id for row in [*found, *applications]} == {p.bank.maker.bank_id}


def test_a_bank_cannot_write_a_row_of_another(p):
    with p.installation.writes() as session, pytest.raises(DBAPIError, match="row-level security"):
        wall.stand(session, p.bank.maker)
        session.execute(update(Note).values(bank_id=p.other_bank.maker.bank_id))


def test_a_rule_that_counts_across_banks_sees_them_and_then_the_wall_stands_again(p):
    with p.installation.reads() as session:
        ctx = p.installation.context(session, p.bank.maker)
        own = session.scalar(select(func.count(Note.id)))
        with wall.every_bank(ctx), wall.every_bank(ctx):
            everything = session.scalar(select(func.count(Note.id)))
        with pytest.raises(KeyError), wall.every_bank(ctx):
            raise KeyError
        dossier.exposure_of(ctx, session.scalars(select(Application)).first())
        assert session.scalar(select(func.count(Note.id))) == own < everything


def test_a_table_without_its_policy_is_refused_at_start(databases):
    with databases.fresh("postgresql") as database:
        owner = make_engine(database.owner_url)
        with owner.begin() as connection:
            connection.execute(text('DROP POLICY own_rows ON "movement"'))
            connection.execute(text('ALTER TABLE "note" DISABLE ROW LEVEL SECURITY'))
        owner.dispose()
        engine = make_engine(database.url)
        named = [r for r in unsafe_database(engine) if "行级安全" in r]
        engine.dispose()
    assert [r.split()[1] for r in named] == ["movement", "note"]


@pytest.mark.parametrize("attribute", ["SUPERUSER", "BYPASSRLS"])
def test_a_role_above_the_wall_is_refused_at_start(databases, attribute):
    role = f"fumin_test_{attribute.lower()}"
    with databases.fresh("postgresql") as database, databases.role(role, attribute):
        ordinary = make_engine(database.url)
        above = make_engine(
            make_url(database.url).set(username=role).render_as_string(hide_password=False)
        )
        refused = [
            [r for r in unsafe_database(engine) if "BYPASSRLS" in r] for engine in (ordinary, above)
        ]
        ordinary.dispose()
        above.dispose()
    assert [len(each) for each in refused] == [0, 1]
