"""subsidy: locked months, claims with their causes, remittances"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "first_subsidy"
down_revision: str | None = "first_fund"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "claim",
        sa.Column("bank_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "not_accepted",
                "received",
                "reviewed",
                "approved",
                "superseded",
                name="claimstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "received_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("line_count", sa.BigInteger(), nullable=False),
        sa.Column("claimed_fen", sa.BigInteger(), nullable=False),
        sa.Column("expected_fen", sa.BigInteger(), nullable=False),
        sa.Column("payable_fen", sa.BigInteger(), nullable=False),
        sa.Column(
            "findings", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column(
            "reviewed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("reviewed_on", sa.Date(), nullable=True),
        sa.Column("review_comment", sa.String(length=500), nullable=True),
        sa.Column(
            "approved_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["approved_by_id"], ["person.id"], name=op.f("fk_claim_approved_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["bank_id"], ["organisation.id"], name=op.f("fk_claim_bank_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["received_by_id"], ["person.id"], name=op.f("fk_claim_received_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by_id"], ["person.id"], name=op.f("fk_claim_reviewed_by_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
        sa.UniqueConstraint("public_id", name=op.f("uq_claim_public_id")),
    )
    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.create_index("ix_claim_bank_since", ["bank_id", "since"], unique=False)
    op.create_table(
        "month_lock",
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("interest_fen", sa.BigInteger(), nullable=False),
        sa.Column("subsidy_fen", sa.BigInteger(), nullable=False),
        sa.Column("borrower_fen", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("last_movement_id", sa.BigInteger(), nullable=False),
        sa.Column("locked_on", sa.Date(), nullable=False),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "by_person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_person_id"], ["person.id"], name=op.f("fk_month_lock_by_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_lock")),
        sa.UniqueConstraint("public_id", name=op.f("uq_month_lock_public_id")),
        sa.UniqueConstraint("since", name=op.f("uq_month_lock_since")),
        info={"append_only": True},
    )
    op.create_table(
        "remittance",
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bank_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "ordered",
                "paid",
                name="remittancestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column(
            "funding", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "ordered_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("ordered_on", sa.Date(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "confirmed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("reference", sa.String(length=100), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id"], ["organisation.id"], name=op.f("fk_remittance_bank_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["claim.id"], name=op.f("fk_remittance_claim_id_claim")
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by_id"], ["person.id"], name=op.f("fk_remittance_confirmed_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["ordered_by_id"], ["person.id"], name=op.f("fk_remittance_ordered_by_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remittance")),
        sa.UniqueConstraint("claim_id", name=op.f("uq_remittance_claim_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_remittance_public_id")),
    )
    with op.batch_alter_table("remittance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_remittance_bank_id"), ["bank_id"], unique=False)
    op.create_table(
        "claim_line",
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("note_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("note_no", sa.String(length=64), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("subsidy_class", sa.String(length=16), nullable=True),
        sa.Column("claimed_fen", sa.BigInteger(), nullable=False),
        sa.Column("expected_fen", sa.BigInteger(), nullable=False),
        sa.Column("payable_fen", sa.BigInteger(), nullable=False),
        sa.Column(
            "line_class",
            sa.Enum(
                "matched",
                "rounding",
                "under",
                "differs",
                "unknown",
                "duplicate",
                "bad",
                name="lineclass",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "cells", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column(
            "findings", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["claim.id"], name=op.f("fk_claim_line_claim_id_claim")
        ),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_claim_line_note_id_note")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_line")),
        sa.UniqueConstraint("claim_id", "row", name=op.f("uq_claim_line_claim_id_row")),
        sa.UniqueConstraint("public_id", name=op.f("uq_claim_line_public_id")),
    )
    with op.batch_alter_table("claim_line", schema=None) as batch_op:
        batch_op.create_index("ix_claim_line_note", ["note_id", "since"], unique=False)
    op.create_table(
        "accrual_line",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("month_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("note_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "regular",
                "adjustment",
                name="linekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("balance_days", sa.BigInteger(), nullable=False),
        sa.Column("interest_fen", sa.BigInteger(), nullable=False),
        sa.Column("subsidy_fen", sa.BigInteger(), nullable=False),
        sa.Column("borrower_fen", sa.BigInteger(), nullable=False),
        sa.Column("rate_ppm", sa.BigInteger(), nullable=False),
        sa.Column("share_pct", sa.BigInteger(), nullable=False),
        sa.Column("subsidy_class", sa.String(length=16), nullable=False),
        sa.Column("policy_version", sa.String(length=64), nullable=False),
        sa.Column(
            "movement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "borrower_fen + subsidy_fen = interest_fen", name=op.f("ck_accrual_line_shares")
        ),
        sa.ForeignKeyConstraint(
            ["month_id"], ["month_lock.id"], name=op.f("fk_accrual_line_month_id_month_lock")
        ),
        sa.ForeignKeyConstraint(
            ["movement_id"], ["movement.id"], name=op.f("fk_accrual_line_movement_id_movement")
        ),
        sa.ForeignKeyConstraint(
            ["note_id"], ["note.id"], name=op.f("fk_accrual_line_note_id_note")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accrual_line")),
        info={"append_only": True},
    )
    with op.batch_alter_table("accrual_line", schema=None) as batch_op:
        batch_op.create_index("ix_accrual_line_note", ["note_id"], unique=False)
        batch_op.create_index("uq_accrual_line_adjustment", ["note_id", "movement_id"], unique=True)
        batch_op.create_index(
            "uq_accrual_line_regular",
            ["month_id", "note_id"],
            unique=True,
            sqlite_where=sa.text("kind = 'regular'"),
            postgresql_where=sa.text("kind = 'regular'"),
        )
    op.create_table(
        "claim_cause",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("no", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=3), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.Column("cites", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["line_id"], ["claim_line.id"], name=op.f("fk_claim_cause_line_id_claim_line")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_cause")),
    )
    with op.batch_alter_table("claim_cause", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_claim_cause_line_id"), ["line_id"], unique=False)
    op.create_table(
        "subsidy_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "payable",
                "paid",
                name="entrykind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "claim_line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "remittance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("central_fen", sa.BigInteger(), nullable=False),
        sa.Column("provincial_fen", sa.BigInteger(), nullable=False),
        sa.Column("city_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "central_fen + provincial_fen + city_fen = amount_fen",
            name=op.f("ck_subsidy_entry_funding"),
        ),
        sa.ForeignKeyConstraint(
            ["claim_line_id"],
            ["claim_line.id"],
            name=op.f("fk_subsidy_entry_claim_line_id_claim_line"),
        ),
        sa.ForeignKeyConstraint(
            ["remittance_id"],
            ["remittance.id"],
            name=op.f("fk_subsidy_entry_remittance_id_remittance"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subsidy_entry")),
        info={"append_only": True},
    )
    with op.batch_alter_table("subsidy_entry", schema=None) as batch_op:
        batch_op.create_index("ix_subsidy_entry_remittance", ["remittance_id"], unique=False)
        batch_op.create_index("uq_subsidy_entry", ["kind", "claim_line_id"], unique=True)


def downgrade() -> None:
    with op.batch_alter_table("subsidy_entry", schema=None) as batch_op:
        batch_op.drop_index("uq_subsidy_entry")
        batch_op.drop_index("ix_subsidy_entry_remittance")
    op.drop_table("subsidy_entry")
    with op.batch_alter_table("claim_cause", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_claim_cause_line_id"))
    op.drop_table("claim_cause")
    with op.batch_alter_table("accrual_line", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_accrual_line_regular",
            sqlite_where=sa.text("kind = 'regular'"),
            postgresql_where=sa.text("kind = 'regular'"),
        )
        batch_op.drop_index("uq_accrual_line_adjustment")
        batch_op.drop_index("ix_accrual_line_note")
    op.drop_table("accrual_line")
    with op.batch_alter_table("claim_line", schema=None) as batch_op:
        batch_op.drop_index("ix_claim_line_note")
    op.drop_table("claim_line")
    with op.batch_alter_table("remittance", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_remittance_bank_id"))
    op.drop_table("remittance")
    op.drop_table("month_lock")
    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.drop_index("ix_claim_bank_since")
    op.drop_table("claim")
