"""borrowers whose data are held beyond their time, or were erased"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "holds_and_erasure"
down_revision: str | None = "c3a94e17b80d"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    for name in ("held_on", "erased_on"):
        op.add_column("borrower", sa.Column(name, sa.Date(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("borrower") as table:
        for name in ("erased_on", "held_on"):
            table.drop_column(name)
