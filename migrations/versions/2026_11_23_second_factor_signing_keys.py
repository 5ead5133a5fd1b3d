"""second factor and identity of people; scopes and signing secrets of keys; nonces"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "second_factor_signing"
down_revision: str | None = "a4d18c72e90b"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("person", sa.Column("identity_index", sa.LargeBinary(), nullable=True))
    op.add_column("person", sa.Column("totp_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("person", sa.Column("totp_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "person", sa.Column("totp_step", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.create_index("ix_person_identity_index", "person", ["identity_index"])
    op.add_column("api_key", sa.Column("secret_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("api_key", sa.Column("operations", JSON, nullable=True))
    op.create_table(
        "signed_request",
        sa.Column("api_key_id", KEY, nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["api_key_id"], ["api_key.id"], name=op.f("fk_signed_request_api_key_id_api_key")
        ),
        sa.PrimaryKeyConstraint("api_key_id", "nonce", name=op.f("pk_signed_request")),
    )
    op.create_index("ix_signed_request_at", "signed_request", ["at"])


def downgrade() -> None:
    op.drop_table("signed_request")
    with op.batch_alter_table("api_key") as table:
        table.drop_column("operations")
        table.drop_column("secret_sealed")
    op.drop_index("ix_person_identity_index", "person")
    with op.batch_alter_table("person") as table:
        for column in ("totp_step", "totp_since", "totp_sealed", "identity_index"):
            table.drop_column(column)
