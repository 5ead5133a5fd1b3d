"""A large book, made from one loan by the database itself: for counting queries and for timing.

Every row is a copy of a row that the commands wrote, with its own keys, days, amounts and state;
movements, fund entries and totals agree with the notes (``portfolio`` says the same of both).
"""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import Connection, Engine, create_engine, select, text

from loans.dues import accounts
from loans.models import Model, Note, Organisation
from loans.portfolio import slices
from tests.databases import Database
from tests.programme import Programme

FIRST_DAY = date(2019, 4, 1)
DAYS = 1_000  # over which the notes were disbursed
TODAY = date(2022, 1, 10)
HALVES = (180, 360, 540, 730)  # after so many days something is due
OPEN_EVERY = 100  # so many notes, one more application under way
SAMPLE = 300
BASE = 1_000_000  # keys of copies begin here, above those the commands gave

# The fate of the i-th note: settled, late, partly repaid, or as it was disbursed.
SETTLED, LATE, PARTLY = "n.i % 10 < 3", "n.i % 25 = 4", "n.i % 4 = 3"
GROUPS = ("unemployed", "veteran", "farmer", "graduate", "online_merchant", "")


def multiplied(programme: Programme, database: Database, notes: int) -> None:
    """Multiply one loan ``notes`` times over every bank, with open applications beside it."""
    with programme.reading():
        template = programme.loan(amount_fen=120_000_00, on=FIRST_DAY)
        programme.under_review()
    programme.day(TODAY)
    banks = programme.rows(select(Organisation.id).where(Organisation.kind == "bank"))
    (key,) = programme.rows(select(Note.id).where(Note.public_id == template))
    engine = create_engine(database.owner_url)
    with engine.begin() as connection:
        _Copy(connection, notes, banks, key).everything()
    _analyse(engine, database.kind)
    engine.dispose()
    _agrees(programme)


class _Copy:
    """The statements of one multiplication; ``n.i`` counts from 0."""

    def __init__(
        self, connection: Connection, notes: int, banks: Sequence[int], note_id: int
    ) -> None:
        self.connection, self.notes, self.note_id = connection, notes, note_id
        self.is_sqlite = connection.dialect.name == "sqlite"
        self.id = f"{BASE} + n.i"
        choices = " ".join(f"WHEN {at} THEN {bank}" for at, bank in enumerate(banks))
        self.bank = f"CASE n.i % {len(banks)} {choices} END"
        # Bank, group and fate must not beat in time.
        groups = " ".join(f"WHEN {at} THEN '{code}'" for at, code in enumerate(GROUPS))
        self.group = f"CASE (n.i / 7) % {len(GROUPS)} {groups} END"
        self.amount = "(3 + n.i % 27) * 1000000"
        self.kept = f"CASE WHEN {PARTLY} THEN {self.amount} / 2 ELSE {self.amount} END"
        self.balance = f"CASE WHEN {SETTLED} THEN 0 ELSE {self.kept} END"
        self.state = (
            f"CASE WHEN {SETTLED} THEN 'settled' WHEN {LATE} THEN 'overdue' ELSE 'active' END"
        )
        self.begin, self.end = self.day("0"), self.day(str(HALVES[-1]))

    def day(self, later: str) -> str:
        """A day after the i-th note's disbursement."""
        n = f"(n.i % {DAYS} + {later})"
        if self.is_sqlite:
            return f"date('{FIRST_DAY}', '+' || {n} || ' days')"
        return f"(DATE '{FIRST_DAY}' + CAST({n} AS integer))"

    @property
    def uuid(self) -> str:
        return "lower(hex(randomblob(16)))" if self.is_sqlite else "gen_random_uuid()"

    @property
    def digest(self) -> str:
        if self.is_sqlite:
            return "randomblob(32)"
        return "decode(md5(random()::text || n.i), 'hex')"

    def everything(self) -> None:
        application, contract, note = self._templates()
        self.rows("borrower", "id = (SELECT borrower_id FROM note WHERE id = :note)", id=self.id,
                  public_id=self.uuid, id_index=self.digest)  # fmt: skip
        self.rows("application", f"id = {application}", id=self.id, public_id=self.uuid,
                  borrower_id=self.id, bank_id=self.bank, amount_fen=self.amount,
                  approved_fen=self.amount, created_on=self.begin)  # fmt: skip
        steps = self._keys("application_step", f"application_id = {application}")
        for at, step in enumerate(steps):
            self.rows("application_step", f"id = {step}", id=f"{BASE} * {at + 1} + n.i",
                      application_id=self.id, on=self.begin)  # fmt: skip
        for at, clock in enumerate(self._keys("clock", f"application_id = {application}")):
            self.rows("clock", f"id = {clock}", id=f"{BASE} * {at + 1} + n.i",
                      application_id=self.id, started_on=self.begin, due_on=self.day("7"),
                      ended_on=self.day("3"))  # fmt: skip
        self.rows("contract", f"id = {contract}", id=self.id, public_id=self.uuid,
                  application_id=self.id, borrower_id=self.id, bank_id=self.bank,
                  contract_no="'M-' || n.i", principal_fen=self.amount, category=self.group,
                  matures_on=self.end, signed_on=self.begin,
                  first_disbursed_on=self.begin)  # fmt: skip
        self.rows("note", f"id = {note}", id=self.id, public_id=self.uuid, contract_id=self.id,
                  borrower_id=self.id, bank_id=self.bank, note_no="'M-' || n.i",
                  state=self.state, principal_fen=self.amount, balance_fen=self.balance,
                  disbursed_on=self.begin, matures_on=self.end)  # fmt: skip
        self._plan()
        self._lives()
        self._fund(application)
        self._open()

    def rows(self, table: str, template: str, where: str = "", every: int = 1, **new: str) -> None:
        """Copies of one template row, with some columns anew."""
        columns = self._columns(table)
        names = ", ".join(f'"{name}"' for name in columns)
        values = ", ".join(new.get(name, f't."{name}"') for name in columns)
        count = -(-self.notes // every)
        statement = (
            f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})"
            f" INSERT INTO {table} ({names}) SELECT {values} FROM n, {table} t WHERE t.{template}"
            + (f" AND ({where})" if where else "")
        )
        self.connection.execute(text(statement), {"note": self.note_id})

    def _plan(self) -> None:
        """Interest every half a year, principal with the last; open as the movements say."""
        whole, common = f"note_id = {self.note_id} AND no = 1", {"note_id": self.id}
        for half, later in enumerate(HALVES, 1):
            on, last = self.day(str(later)), later == HALVES[-1]
            paid = f"NOT ({LATE}) AND {on} <= '{TODAY}'" if not last else "1 = 0"
            self.rows("instalment", whole, no=str(half), due_on=on, interest_fen="0",
                      principal_fen=self.amount if last else "0",
                      balance_after_fen="0" if last else self.amount,
                      open_due_on=f"CASE WHEN {SETTLED} OR {paid} THEN NULL ELSE {on} END",
                      **common)  # fmt: skip

    def _lives(self) -> None:
        """Interest every half a year but of the late, half repaid, repaid, overdue: movements."""
        first = self._keys("movement", f"note_id = {self.note_id}")[0]
        common = {"public_id": self.uuid, "note_id": self.id}
        self.rows("movement", f"id = {first}", id=f"{BASE} + n.i", on=self.begin,
                  recorded_on=self.begin, amount_fen=self.amount, **common)  # fmt: skip
        for half, later in enumerate(HALVES[:-1], 1):
            on = self.day(str(later))
            self.rows("movement", f"id = {first}", f"{on} <= '{TODAY}' AND NOT ({LATE})",
                      id=f"{BASE} * {half + 1} + n.i", kind="'interest_received'", on=on,
                      recorded_on=on, amount_fen=f"({self.kept}) * 23 / 1000",
                      **common)  # fmt: skip
        for at, (where, kind, amount) in enumerate((
            (PARTLY, "principal_repaid", f"{self.amount} / 2"),
            (SETTLED, "principal_repaid",
             self.kept),
            (f"{LATE} AND NOT ({SETTLED})", "overdue_from", "0"),
        ), 5):  # fmt: skip
            on = self.begin
            self.rows("movement", f"id = {first}", where, id=f"{BASE} * {at} + n.i",
                      kind=f"'{kind}'", on=on, recorded_on=on, amount_fen=amount,
                      **common)  # fmt: skip

    def _fund(self, application: int) -> None:
        (entry,) = self._keys("fund_entry", f"note_id = {self.note_id}")
        common = {"public_id": self.uuid, "bank_id": self.bank, "note_id": self.id,
                  "application_id": self.id, "on": self.begin, "reserved_fen": "0"}  # fmt: skip
        self.rows("fund_entry", f"id = {entry}", id=self.id, outstanding_fen=self.amount, **common)
        self.rows("fund_entry", f"id = {entry}", f"{SETTLED} OR {PARTLY}", id=f"{2 * BASE} + n.i",
                  kind="'release'", outstanding_fen=f"({self.balance}) - ({self.amount})",
                  **common)  # fmt: skip
        total = "SELECT sum(outstanding_fen) FROM fund_entry"
        self.connection.execute(text(f"UPDATE guarantee_fund SET outstanding_fen = ({total})"))

    def _open(self) -> None:
        """Files under review at every bank, each with its clock; every fifth is late."""
        (file,) = self._keys("application", "state = 'guarantee_review'")
        (clock,) = self._keys("clock", f"application_id = {file}")
        key = f"{5 * BASE} + n.i"
        self.rows("application", f"id = {file}", every=OPEN_EVERY, id=key, public_id=self.uuid,
                  borrower_id=self.id, bank_id=self.bank)  # fmt: skip

        def either(late: int, due: int) -> str:
            return f"CASE WHEN n.i % 5 = 0 THEN {self._on(late)} ELSE {self._on(due)} END"

        self.rows("clock", f"id = {clock}", every=OPEN_EVERY, id=f"{9 * BASE} + n.i",
                  application_id=key, started_on=either(-14, -3), due_on=either(-6, 4)
                  )  # fmt: skip
        for at, word in enumerate(self._keys("verification", f"application_id = {file}"), 1):
            self.rows("verification", f"id = {word}", every=OPEN_EVERY,
                      id=f"{at * BASE} + n.i", public_id=self.uuid, application_id=key)  # fmt: skip

    def _on(self, days: int) -> str:
        day = TODAY + timedelta(days=days)
        return f"'{day}'" if self.is_sqlite else f"DATE '{day}'"

    def _templates(self) -> tuple[int, int, int]:
        rows = text(
            "SELECT contract.application_id, contract.id, note.id FROM note"
            " JOIN contract ON contract.id = note.contract_id WHERE note.id = :note"
        )
        application, contract, note = self.connection.execute(rows, {"note": self.note_id}).one()
        return application, contract, note

    def _keys(self, table: str, where: str) -> list[int]:
        rows = self.connection.execute(text(f"SELECT id FROM {table} WHERE {where} ORDER BY id"))
        return [key for (key,) in rows]

    def _columns(self, table: str) -> list[str]:
        return [column.name for column in Model.metadata.tables[table].columns]


def _analyse(engine: Engine, kind: str) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if kind == "sqlite" else "VACUUM ANALYZE"))


def _agrees(programme: Programme) -> None:
    """The stored positions, and what is open of the plans, are those that the movements give."""
    with programme.reading() as session:
        ctx = programme.installation.context(session, programme.guarantor.maker)
        stored, derived = slices(ctx), slices(ctx, ctx.on)
        for account in accounts(ctx, list(ctx.session.scalars(select(Note).limit(SAMPLE)))):
            told = {row.no: row.open_due_on for row in account.plan if row.open_due_on}
            assert told == account.open_days(), account
    assert {(s.bank_id, s.category, s.standing): s for s in stored} == {
        (s.bank_id, s.category, s.standing): s for s in derived
    }
