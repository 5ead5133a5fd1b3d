"""which instalments are open, and indexes for worklists and first screens"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from loans.dues import Account
from loans.ledger import standing
from loans.models.model import stored
from loans.models.notes import MovementKind
from loans.workflow import NoteState

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
    "note", "id", "contract_id", "principal_fen", "settlement", state=stored(NoteState),
    disbursed_on=sa.Date(), matures_on=sa.Date(), extended_to=sa.Date(),
)  # fmt: skip
CONTRACT = _table("contract", "id", "rate_ppm", "day_count")
INSTALMENT = _table(
    "instalment", "note_id", "no", "balance_after_fen", due_on=sa.Date(), open_due_on=sa.Date()
)
MOVEMENT = _table(
    "movement", "id", "note_id", "amount_fen", "rate_ppm", "reverses_id", kind=stored(MovementKind),
    on=sa.Date(),
)  # fmt: skip


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
            account = Account(note, contract, plan, standing(moved.get(note.id, [])))
            its_days = account.open_days()
            days += [{"note": note.id, "which": no, "day": on} for no, on in its_days.items()]
        if days:
            mine = (INSTALMENT.c.note_id == sa.bindparam("note")) & (
                INSTALMENT.c.no == sa.bindparam("which")
            )
            day = sa.bindparam("day", type_=sa.Date())
            connection.execute(sa.update(INSTALMENT).where(mine).values(open_due_on=day), days)


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
