"""new passwords and keys wait for a second administrator; a change of account is taken back"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "second_signatures"
down_revision: str | None = "note_category"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    renews = sa.Column("renews", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("role_change", renews)
    with op.batch_alter_table("role_change") as table:
        table.alter_column("renews", server_default=None)
    _add_people("api_key", "issued_by_id", "agreed_by_id")
    op.add_column("api_key", sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE api_key SET agreed_at = issued_at")  # what was in use stays in use
    _add_people("account_change", "dropped_by_id")
    op.add_column("account_change", sa.Column("dropped_on", sa.Date(), nullable=True))


def _add_people(name: str, *columns: str) -> None:
    with op.batch_alter_table(name) as table:
        for column in columns:
            table.add_column(sa.Column(column, KEY, nullable=True))
            table.create_foreign_key(_named(name, column), "person", [column], ["id"])


def downgrade() -> None:
    """A change taken back, and a key nobody agreed to, have no place in the older tables."""
    op.execute("DELETE FROM account_change WHERE dropped_on IS NOT NULL")
    op.execute("UPDATE api_key SET revoked_at = issued_at WHERE agreed_at IS NULL")
    _drop_people("account_change", "dropped_by_id", besides="dropped_on")
    _drop_people("api_key", "issued_by_id", "agreed_by_id", besides="agreed_at")
    with op.batch_alter_table("role_change") as table:
        table.drop_column("renews")


def _drop_people(name: str, *columns: str, besides: str) -> None:
    with op.batch_alter_table(name) as table:
        for column in columns:
            table.drop_constraint(_named(name, column), type_="foreignkey")
            table.drop_column(column)
        table.drop_column(besides)


def _named(table: str, column: str) -> str:
    return op.f(f"fk_{table}_{column}_person")
