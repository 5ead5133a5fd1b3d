"""a change of a person's roles: asked for by one administrator, agreed to by another"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "role_changes"
down_revision: str | None = "webhooks"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    people = ("person_id", "asked_by_id", "agreed_by_id", "dropped_by_id")
    op.create_table(
        "role_change",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("roles", JSON, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("asked_by_id", KEY, nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("agreed_by_id", KEY, nullable=True),
        sa.Column("agreed_on", sa.Date(), nullable=True),
        sa.Column("dropped_by_id", KEY, nullable=True),
        sa.Column("dropped_on", sa.Date(), nullable=True),
        *(
            sa.ForeignKeyConstraint(
                [column], ["person.id"], name=op.f(f"fk_role_change_{column}_person")
            )
            for column in people
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_change")),
        sa.UniqueConstraint("public_id", name=op.f("uq_role_change_public_id")),
    )
    op.create_index(op.f("ix_role_change_person_id"), "role_change", ["person_id"])


def downgrade() -> None:
    op.drop_table("role_change")
