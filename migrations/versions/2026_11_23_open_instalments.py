"""which instalments are open, and indexes for worklists and first screens

The fold that fills the new column is written out here, in the stored words of that day: what the
programme computes later must not change what this revision made.
"""

import calendar
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "open_instalments"
down_revision: str | None = "unknown_sign_ins"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OPEN = sa.text("open_due_on IS NOT NULL")
LAPSES = sa.text("action = 'lapse'")
OWED = sa.text("balance_fen > 0")
BATCH = 1_000


def _table(name: str, *columns: str, **typed: Any) -> sa.TableClause:
    return sa.table(name, *map(sa.column, columns), *(sa.column(k, t) for k, t in typed.items()))


NOTE = _table(
    "note", "id", "contract_id", "principal_fen", "settlement", "state",
    disbursed_on=sa.Date(), matures_on=sa.Date(), extended_to=sa.Date(),
)  # fmt: skip
CONTRACT = _table("contract", "id", "rate_ppm", "day_count")
INSTALMENT = _table(
    "instalment", "note_id", "no", "balance_after_fen", due_on=sa.Date(), open_due_on=sa.Date()
)
MOVEMENT = _table(
    "movement", "id", "note_id", "kind", "amount_fen", "rate_ppm", "reverses_id", on=sa.Date()
)

REPAYABLE = ("active", "overdue", "extended", "payout_requested")
REPAID, RECEIVED, REPRICED = "principal_repaid", "interest_received", "rate_changed"
ONE_DAY = timedelta(days=1)


def upgrade() -> None:
    op.add_column("instalment", sa.Column("open_due_on", sa.Date(), nullable=True))
    _fill(op.get_bind())
    op.create_index(
        "ix_instalment_open", "instalment", ["open_due_on", "note_id", "no"],
        sqlite_where=OPEN, postgresql_where=OPEN,
    )  # fmt: skip
    op.create_index(
        "ix_proposal_lapse", "proposal", ["application_id"],
        sqlite_where=LAPSES, postgresql_where=LAPSES,
    )  # fmt: skip
    op.create_index(
        "ix_note_matures_on", "note", ["matures_on", "id"],
        sqlite_where=OWED, postgresql_where=OWED,
    )  # fmt: skip
    op.create_index("ix_contract_counted", "contract", ["id", "category", "bank_id"])


def _fill(connection: sa.Connection) -> None:
    """Fold the account of every note, as each movement does from now on."""
    last = 0
    while notes := connection.execute(
        sa.select(NOTE).where(NOTE.c.id > last).order_by(NOTE.c.id).limit(BATCH)
    ).all():
        keys = [note.id for note in notes]
        last = keys[-1]
        contracts = _grouped(connection, CONTRACT, "id", [note.contract_id for note in notes])
        plans = _grouped(connection, INSTALMENT, "note_id", keys)
        moved = _grouped(connection, MOVEMENT, "note_id", keys)
        days = []
        for note in notes:
            (contract,) = contracts[note.contract_id]
            plan = sorted(plans.get(note.id, []), key=lambda row: row.no)
            its_days = _open_days(note, contract, plan, _standing(moved.get(note.id, [])))
            days += [{"note": note.id, "which": no, "day": on} for no, on in its_days]
        if days:
            mine = (INSTALMENT.c.note_id == sa.bindparam("note")) & (
                INSTALMENT.c.no == sa.bindparam("which")
            )
            day = sa.bindparam("day", type_=sa.Date())
            connection.execute(sa.update(INSTALMENT).where(mine).values(open_due_on=day), days)


def _standing(movements: list[Any]) -> list[Any]:
    """Movements that are neither reversals nor reversed, by value date, then as recorded."""
    undone = {m.reverses_id for m in movements}
    kept = (m for m in movements if m.reverses_id is None and m.id not in undone)
    return sorted(kept, key=lambda m: (m.on, m.id))


def _open_days(
    note: Any, contract: Any, plan: list[Any], moved: list[Any]
) -> Iterator[tuple[int, date]]:
    """Number and due day of each instalment that is not wholly paid, while the note runs.

    Payments meet the oldest instalment first, principal with principal, interest with interest.
    """
    if note.state not in REPAYABLE:
        return
    matures_on = note.extended_to or note.matures_on
    turns = [m for m in moved if m.kind == REPAID or (m.kind == REPRICED and m.on < matures_on)]
    covered_fen = sum(m.amount_fen for m in moved if m.kind == REPAID)
    received_fen = sum(m.amount_fen for m in moved if m.kind == RECEIVED)
    for row in plan:
        is_last = row.due_on == note.matures_on
        due_on = matures_on if is_last else row.due_on
        # Interest settled on the 20th includes that day; at a due day or the maturity it does not.
        until = due_on if is_last or note.settlement.startswith("due-") else due_on + ONE_DAY
        principal_fen = note.principal_fen - row.balance_after_fen
        interest_fen = _interest_fen(note, contract, turns, until)
        if principal_fen > covered_fen or interest_fen > received_fen:
            yield row.no, due_on
        covered_fen, received_fen = max(covered_fen, principal_fen), max(received_fen, interest_fen)


def _interest_fen(note: Any, contract: Any, turns: list[Any], until: date) -> int:
    """Interest at the contract's rate for the days before ``until``, rounded once a period."""
    if until <= note.disbursed_on:
        return 0
    divisor = 1_000_000 * (365 if contract.day_count == "act/365" else 360)
    balance_fen, rate_ppm, at = note.principal_fen, contract.rate_ppm, note.disbursed_on
    left, total_fen, running = list(turns), 0, 0
    for end in _period_ends(note, until):
        while left and left[0].on < end:
            turn = left.pop(0)
            running += balance_fen * rate_ppm * _days(at, turn.on, contract.day_count)
            at = max(at, turn.on)
            if turn.kind == REPAID:
                balance_fen -= turn.amount_fen
            else:
                rate_ppm = turn.rate_ppm
        running += balance_fen * rate_ppm * _days(at, end, contract.day_count)
        total_fen += (2 * running + divisor) // (2 * divisor)
        running, at = 0, end
    return total_fen


def _period_ends(note: Any, until: date) -> list[date]:
    """The days before which a settlement period ends, the running one's ``until`` last."""
    if note.settlement == "at-maturity":
        return [note.matures_on, until] if note.matures_on < until else [until]
    known = {"quarterly-20": 21, "monthly-20": 21, "month-end": 1}
    wanted = known.get(note.settlement) or int(note.settlement.removeprefix("due-"))
    first, last = (day.year * 12 + day.month - 1 for day in (note.disbursed_on, until))
    starts = []
    for year, month in (divmod(months, 12) for months in range(first, last + 1)):
        if note.settlement != "quarterly-20" or month in (2, 5, 8, 11):  # counted from 0
            ends_on = calendar.monthrange(year, month + 1)[1]
            starts.append(date(year, month + 1, min(wanted, ends_on)))
    return [*(day for day in starts if note.disbursed_on < day < until), until]


def _days(since: date, until: date, day_count: str) -> int:
    if until <= since:
        return 0
    if day_count == "30/360":
        months = 12 * (until.year - since.year) + until.month - since.month
        return 30 * months + min(until.day, 30) - min(since.day, 30)
    return (until - since).days


def _grouped(
    connection: sa.Connection, table: sa.TableClause, by: str, keys: Sequence[int]
) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in connection.execute(sa.select(table).where(table.c[by].in_(keys))):
        found.setdefault(getattr(row, by), []).append(row)
    return found


def downgrade() -> None:
    op.drop_index("ix_contract_counted", "contract")
    op.drop_index("ix_note_matures_on", "note")
    op.drop_index("ix_proposal_lapse", "proposal")
    op.drop_index("ix_instalment_open", "instalment")
    with op.batch_alter_table("instalment") as table:
        table.drop_column("open_due_on")
