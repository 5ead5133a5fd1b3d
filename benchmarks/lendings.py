"""A synthetic programme in the database: one real loan, multiplied by SQL into as many as asked.

Every note is live in June 2020. Of ten notes three repay monthly, three have one prepayment, one a
new rate, three nothing but their drawing; one in twenty is a firm's above its base, and one in
thirty is a borrower's second note. As 9.3 has it, a borrower's notes rarely exceed the cap: one
pair in thirty does. The month before is locked.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, func, insert, select, text

from loans.daycount import add_months
from loans.models import Application, Borrower, Contract, Movement, Note, Person
from subsidy.models import MonthLock

MONTH = date(2020, 6, 1)
BATCHES = {  # movements of the n-th note: which notes, on which day after the drawing, what
    "monthly": ("n % 10 < 3", "30 * k", "principal_repaid", "principal_fen / 36", "NULL"),
    "prepaid": ("n % 10 BETWEEN 3 AND 5 AND k = 1", "20", "principal_repaid", "principal_fen / 5",
                "NULL"),
    "priced": ("n % 10 = 6 AND k = 1", "25", "rate_changed", "0", "41000"),
}  # fmt: skip
INSTALMENTS = 4


def multiply(connection: Connection, notes: int) -> None:
    """Give the programme so many notes; what exists is one note of one loan."""
    postgresql = connection.dialect.name == "postgresql"
    sql = _Sql(connection, postgresql, notes)
    if postgresql:
        connection.execute(text("SET session_replication_role = replica"))
    drawn = sql.day("2019-07-01", "n * 97 % 300")
    principal = "((10 + n * 101 % 141) * 100000)"
    firm = "n % 20 = 7"
    half = "n % 3 = 0"
    base = (
        "CASE WHEN n % 20 = 7 THEN 500000 + n % 3 * 1000000"
        " WHEN n % 1000 < 2 THEN 10000000 ELSE 30000000 END"
    )
    owner = "CASE WHEN n % 30 = 1 THEN {id} + n - 1 ELSE {id} + n END"
    common = {"id": "{id} + n", "public_id": sql.uuid}
    sql.rows(Borrower, {**common, "id_index": sql.bytes})
    sql.rows(Application, {**common, "borrower_id": owner})
    sql.rows(Contract, {
        **common, "application_id": "{application_id} + n",
        "borrower_id": owner.replace("{id}", "{borrower_id}"),
        "contract_no": "'M-' || n", "principal_fen": principal, "base_limit_fen": base,
        "kind": f"CASE WHEN {firm} THEN 'small_firm' ELSE 'individual' END",
        "subsidy_class": f"CASE WHEN {firm} THEN 'small_firm' WHEN {half} THEN 'half'"
        " ELSE 'full' END",
        "share_pct": f"CASE WHEN {firm} OR {half} THEN 50 ELSE 100 END",
        "benchmark_ppm": f"CASE WHEN {firm} THEN 47500 END",
        "rate_ppm": "38500 + n % 3 * 5000",
        "matures_on": sql.day("2022-07-01", "0"), "subsidy_ends_on": sql.day("2022-07-01", "0"),
    })  # fmt: skip
    sql.rows(Note, {
        **common, "contract_id": "{contract_id} + n",
        "borrower_id": owner.replace("{id}", "{borrower_id}"), "note_no": "'M-' || n",
        "principal_fen": principal, "disbursed_on": drawn, "matures_on": sql.day("2022-07-01", "0"),
        "balance_fen": f"{principal} - CASE WHEN n % 10 < 3 THEN {INSTALMENTS} * ({principal} / 36)"
        f" WHEN n % 10 < 6 THEN {principal} / 5 ELSE 0 END",
    })  # fmt: skip
    sql.rows(Movement, {
        **common, "note_id": "{note_id} + n", "on": drawn, "amount_fen": principal,
    })  # fmt: skip
    after = f"{{id}} + {notes}"
    for which, days, kind, amount, rate in BATCHES.values():
        sql.rows(
            Movement,
            {
                "id": f"{after} + n * {INSTALMENTS} + k",
                "public_id": sql.uuid,
                "note_id": "{note_id} + n",
                "kind": f"'{kind}'",
                "on": sql.day("2019-07-01", f"n * 97 % 300 + {days}"),
                "amount_fen": amount.replace("principal_fen", principal),
                "rate_ppm": rate,
            },
            where=which,
            each=INSTALMENTS,
        )
    _lock_the_month_before(connection, notes)
    connection.execute(text("ANALYZE"))


def _lock_the_month_before(connection: Connection, notes: int) -> None:
    """Of what was recorded, one fact in a thousand notes came after that lock: it is late."""
    newest = connection.execute(select(func.max(Movement.id))).scalar_one()
    person = connection.execute(select(func.min(Person.id))).scalar_one()
    nothing = dict.fromkeys(("lines", "interest_fen", "subsidy_fen", "borrower_fen"), 0)
    connection.execute(insert(MonthLock), [{
        **nothing, "public_id": uuid4(), "since": add_months(MONTH, -1), "until": MONTH,
        "sha256": "", "last_movement_id": newest - notes // 1000, "locked_on": MONTH,
        "locked_at": datetime(2020, 6, 1, tzinfo=UTC), "by_person_id": person,
    }])  # fmt: skip


class _Sql:
    """What differs between the engines."""

    def __init__(self, connection: Connection, postgresql: bool, notes: int) -> None:
        self._connection, self._postgresql, self._notes = connection, postgresql, notes
        self.uuid = "gen_random_uuid()" if postgresql else "lower(hex(randomblob(16)))"
        self.bytes = "decode(md5(n::text), 'hex')" if postgresql else "randomblob(16)"

    def day(self, first: str, days: str) -> str:
        """A date some days after another."""
        if self._postgresql:
            return f"(DATE '{first}' + ({days})::int)"
        return f"date('{first}', '+' || ({days}) || ' days')"

    def rows(
        self, table: Any, values: Mapping[str, str], *, where: str = "true", each: int = 1
    ) -> None:
        """Copies of the table's first row with other values, one (or ``each``) a number n."""
        names = [column.name for column in table.__table__.columns]
        first = dict(
            self._connection.execute(
                text(f"SELECT * FROM {table.__tablename__} ORDER BY id LIMIT 1")
            ).one()._mapping
        )  # fmt: skip
        chosen = [
            values[name].format_map(first) if name in values else f't."{name}"' for name in names
        ]
        listed = ", ".join(f'"{name}"' for name in names)
        self._connection.execute(text(
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers"
            f" WHERE n < {self._notes}), times(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM times"
            f" WHERE k < {each})"
            f" INSERT INTO {table.__tablename__} ({listed})"
            f" SELECT {', '.join(chosen)} FROM numbers, times, {table.__tablename__} t"
            f" WHERE t.id = {first['id']} AND {where}"
        ))  # fmt: skip
