"""the group of borrowers on the note, by which first screens count the live book"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "note_category"
down_revision: str | None = "open_instalments"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OWED = sa.text("balance_fen > 0")
BEFORE = ["bank_id", "state", "contract_id", "matures_on", "extended_to", "balance_fen"]
NOW = ["bank_id", "state", "category", "matures_on", "extended_to", "balance_fen"]
TABLES = {"note": ["contract_id", "category"], "contract": ["id", "category"]}


def upgrade() -> None:
    op.add_column("note", sa.Column("category", sa.String(32), nullable=True))
    note, contract = (sa.table(name, *map(sa.column, columns)) for name, columns in TABLES.items())
    its = sa.select(contract.c.category).where(contract.c.id == note.c.contract_id)
    op.execute(sa.update(note).values(category=its.scalar_subquery()))
    op.drop_index("ix_note_owed", "note")
    with op.batch_alter_table("note") as table:
        table.alter_column("category", existing_type=sa.String(32), nullable=False)
    op.create_index("ix_note_owed", "note", NOW, sqlite_where=OWED, postgresql_where=OWED)
    op.drop_index("ix_contract_counted", "contract")


def downgrade() -> None:
    op.create_index("ix_contract_counted", "contract", ["id", "category", "bank_id"])
    op.drop_index("ix_note_owed", "note")
    with op.batch_alter_table("note") as table:
        table.drop_column("category")
    op.create_index("ix_note_owed", "note", BEFORE, sqlite_where=OWED, postgresql_where=OWED)
