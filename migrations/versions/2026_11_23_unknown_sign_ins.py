"""a sign-in under a login that nobody has is a link of the audit chain, of nobody"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "unknown_sign_ins"
down_revision: str | None = "role_changes"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("audit_record") as table:
        for column in ("person_id", "organisation_id"):
            table.alter_column(column, existing_type=KEY, nullable=True)


def downgrade() -> None:
    """Nothing: links of nobody stay in the chain, and without one of them it would be broken."""
