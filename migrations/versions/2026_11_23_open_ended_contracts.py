"""whether a hire's contract is open-ended: a stated fact, no longer the missing of a last day"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c3a94e17b80d"
down_revision: str | None = "second_factor_signing"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("hire", sa.Column("open_ended", sa.Boolean(), nullable=True))
    # Until now the form said: no last day means an open-ended contract.
    op.execute(sa.text("UPDATE hire SET open_ended = true WHERE contract_until IS NULL"))


def downgrade() -> None:
    op.drop_column("hire", "open_ended")
