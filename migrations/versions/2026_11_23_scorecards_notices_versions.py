"""scorecards, one decision a stage and round, re-counted hires, loaded notices, policy versions"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "7d0c5f1e9a42"
down_revision: str | None = "first_subsidy"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
DECIDES = sa.text("action IN ('pass', 'send_back', 'reject')")
MOVEMENTS = (
    "disbursed",
    "principal_repaid",
    "interest_received",
    "rate_changed",
    "overdue_from",
    "overdue_cured",
    "extended",
    "subsidy_stopped",
    "flagged",
    "reversed",
)


def upgrade() -> None:
    op.add_column(
        "appraisal",
        sa.Column("card", sa.String(16), server_default="raised_cap", nullable=False),
    )
    op.add_column(
        "appraisal",
        sa.Column("policy_version", sa.String(64), server_default="", nullable=False),
    )
    op.add_column(
        "proposal",
        sa.Column("missing", JSON, server_default=sa.text("'[]'"), nullable=False),
    )
    op.create_index(
        "uq_application_step_decision",
        "application_step",
        ["application_id", "from_state", "round"],
        unique=True,
        sqlite_where=DECIDES,
        postgresql_where=DECIDES,
    )
    _allow_movements(*MOVEMENTS, "hires_recounted")
    op.create_table(
        "policy_version",
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("stored_on", sa.Date(), nullable=False),
        sa.Column("adopted_at", sa.DateTime(timezone=True), nullable=True),
        *_by_whom("policy_version"),
        sa.UniqueConstraint("version", name=op.f("uq_policy_version_version")),
    )
    op.create_table(
        "workday_notice",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("announced_on", sa.Date(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("loaded_on", sa.Date(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        *_by_whom("workday_notice"),
        sa.UniqueConstraint("sha256", name=op.f("uq_workday_notice_sha256")),
        info={"append_only": True},
    )


def downgrade() -> None:
    op.drop_table("workday_notice")
    op.drop_table("policy_version")
    _allow_movements(*MOVEMENTS)
    op.drop_index("uq_application_step_decision", "application_step")
    op.drop_column("proposal", "missing")
    op.drop_column("appraisal", "policy_version")
    op.drop_column("appraisal", "card")


def _by_whom(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    """The columns and keys that both new tables share."""
    return (
        sa.Column("by_person_id", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_person_id"], ["person.id"], name=op.f(f"fk_{table}_by_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("public_id", name=op.f(f"uq_{table}_public_id")),
    )


def _allow_movements(*kinds: str) -> None:
    """Name the kinds of movement that the table takes, these and no others."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("movement") as batch_op:
        batch_op.drop_constraint(op.f("ck_movement_movementkind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_movement_movementkind"), f"kind IN ({listed})")
