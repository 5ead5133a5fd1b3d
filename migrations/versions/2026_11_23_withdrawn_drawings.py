"""a drawing may be withdrawn before it is confirmed; its note number is free again"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "a4d18c72e90b"
down_revision: str | None = "e07a5c81d4b6"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STANDING = sa.text("withdrawn_at IS NULL")


def upgrade() -> None:
    with op.batch_alter_table("disbursement") as batch_op:
        batch_op.add_column(sa.Column("withdrawn_by_id", KEY, nullable=True))
        batch_op.add_column(sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_disbursement_withdrawn_by_id_person"), "person", ["withdrawn_by_id"], ["id"]
        )
        batch_op.drop_constraint(op.f("uq_disbursement_bank_id_note_no"), type_="unique")
    op.create_index(
        "uq_disbursement_bank_note_no",
        "disbursement",
        ["bank_id", "note_no"],
        unique=True,
        sqlite_where=STANDING,
        postgresql_where=STANDING,
    )


def downgrade() -> None:
    """Drawings that were taken back have no place in the older table: they are lost."""
    op.drop_index("uq_disbursement_bank_note_no", "disbursement")
    op.execute("DELETE FROM disbursement WHERE withdrawn_at IS NOT NULL")
    with op.batch_alter_table("disbursement") as batch_op:
        batch_op.drop_constraint(op.f("fk_disbursement_withdrawn_by_id_person"), type_="foreignkey")
        batch_op.drop_column("withdrawn_by_id")
        batch_op.drop_column("withdrawn_at")
        batch_op.create_unique_constraint(
            op.f("uq_disbursement_bank_id_note_no"), ["bank_id", "note_no"]
        )
