"""how a borrower is reached is each bank's own"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "borrower_contact"
down_revision: str | None = "one_index_by_note"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KINDS = ("phone", "address", "account")
COLUMNS = tuple(f"{kind}_{part}" for kind in KINDS for part in ("sealed", "index"))

# Until now the first bank that said something was kept.
FORWARD = f"""
INSERT INTO borrower_contact (borrower_id, bank_id, {", ".join(COLUMNS)})
SELECT b.id, a.bank_id, {", ".join(f"b.{name}" for name in COLUMNS)}
FROM borrower b
JOIN application a
  ON a.id = (SELECT min(first.id) FROM application first WHERE first.borrower_id = b.id)
WHERE coalesce({", ".join(f"b.{kind}_sealed" for kind in KINDS)}) IS NOT NULL
"""
BACK = """
UPDATE borrower SET {column} = (
  SELECT c.{column} FROM borrower_contact c WHERE c.id = (
    SELECT min(first.id) FROM borrower_contact first
    WHERE first.borrower_id = borrower.id AND first.{kind}_sealed IS NOT NULL))
"""


def upgrade() -> None:
    op.create_table(
        "borrower_contact",
        sa.Column("id", KEY, nullable=False),
        sa.Column("borrower_id", KEY, nullable=False),
        sa.Column("bank_id", KEY, nullable=False),
        *(sa.Column(name, sa.LargeBinary(), nullable=True) for name in COLUMNS),
        sa.ForeignKeyConstraint(
            ["borrower_id"], ["borrower.id"], name=op.f("fk_borrower_contact_borrower_id_borrower")
        ),
        sa.ForeignKeyConstraint(
            ["bank_id"], ["organisation.id"], name=op.f("fk_borrower_contact_bank_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_borrower_contact")),
        sa.UniqueConstraint(
            "borrower_id", "bank_id", name=op.f("uq_borrower_contact_borrower_id_bank_id")
        ),
    )
    for name in ("bank_id", *(f"{kind}_index" for kind in KINDS)):
        op.create_index(op.f(f"ix_borrower_contact_{name}"), "borrower_contact", [name])
    op.execute(FORWARD)
    for kind in KINDS:
        op.drop_index(op.f(f"ix_borrower_{kind}_index"), "borrower")
    with op.batch_alter_table("borrower") as table:
        for name in COLUMNS:
            table.drop_column(name)


def downgrade() -> None:
    """What the first bank said of each; what others know besides has no place there."""
    for name in COLUMNS:
        op.add_column("borrower", sa.Column(name, sa.LargeBinary(), nullable=True))
        op.execute(BACK.format(column=name, kind=name.partition("_")[0]))
    for kind in KINDS:
        op.create_index(op.f(f"ix_borrower_{kind}_index"), "borrower", [f"{kind}_index"])
    op.drop_table("borrower_contact")
