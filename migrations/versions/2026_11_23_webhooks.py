"""webhooks; of an event what it is about, when it is tried again, when it was given up"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "webhooks"
down_revision: str | None = "5b1f0c9d27e3"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "outbox_event", sa.Column("subject", sa.String(64), server_default="", nullable=False)
    )
    op.add_column("outbox_event", sa.Column("failed_at", MOMENT, nullable=True))
    op.add_column("outbox_event", sa.Column("next_at", MOMENT, nullable=True))
    subject = ["organisation_id", "subject", "id"]
    op.create_index("ix_outbox_event_subject", "outbox_event", subject)
    op.create_table(
        "webhook",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("registered_at", MOMENT, nullable=False),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_webhook_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
        sa.UniqueConstraint("public_id", name=op.f("uq_webhook_public_id")),
    )
    op.create_index("ix_webhook_organisation_id", "webhook", ["organisation_id"])


def downgrade() -> None:
    op.drop_table("webhook")
    op.drop_index("ix_outbox_event_subject", "outbox_event")
    with op.batch_alter_table("outbox_event") as table:
        for column in ("next_at", "failed_at", "subject"):
            table.drop_column(column)
