"""fund: the guarantee fund, its entries, agreements with banks"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "first_fund"
down_revision: str | None = "first_notes"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "agreement",
        sa.Column(
            "guarantor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("bank_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("bank_share_pct", sa.BigInteger(), nullable=False),
        sa.Column("limit_fen", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("bank_share_pct BETWEEN 0 AND 100", name=op.f("ck_agreement_share")),
        sa.ForeignKeyConstraint(
            ["bank_id"], ["organisation.id"], name=op.f("fk_agreement_bank_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["guarantor_id"],
            ["organisation.id"],
            name=op.f("fk_agreement_guarantor_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
        sa.UniqueConstraint("bank_id", "since", name=op.f("uq_agreement_bank_id_since")),
        sa.UniqueConstraint("public_id", name=op.f("uq_agreement_public_id")),
    )
    op.create_table(
        "guarantee_fund",
        sa.Column(
            "guarantor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("balance_fen", sa.BigInteger(), nullable=False),
        sa.Column("reserved_fen", sa.BigInteger(), nullable=False),
        sa.Column("outstanding_fen", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "balance_fen >= 0 AND reserved_fen >= 0 AND outstanding_fen >= 0",
            name=op.f("ck_guarantee_fund_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["guarantor_id"],
            ["organisation.id"],
            name=op.f("fk_guarantee_fund_guarantor_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guarantee_fund")),
        sa.UniqueConstraint("guarantor_id", name=op.f("uq_guarantee_fund_guarantor_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_guarantee_fund_public_id")),
    )
    op.create_table(
        "fund_entry",
        sa.Column("fund_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "contribution",
                "reservation",
                "commitment",
                "release",
                "lapse",
                name="fundentrykind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("balance_fen", sa.BigInteger(), nullable=False),
        sa.Column("reserved_fen", sa.BigInteger(), nullable=False),
        sa.Column("outstanding_fen", sa.BigInteger(), nullable=False),
        sa.Column("bank_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "application_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("note_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "by_person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_fund_entry_application_id_application"),
        ),
        sa.ForeignKeyConstraint(
            ["bank_id"], ["organisation.id"], name=op.f("fk_fund_entry_bank_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["by_person_id"], ["person.id"], name=op.f("fk_fund_entry_by_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["fund_id"], ["guarantee_fund.id"], name=op.f("fk_fund_entry_fund_id_guarantee_fund")
        ),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_fund_entry_note_id_note")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_entry")),
        sa.UniqueConstraint("public_id", name=op.f("uq_fund_entry_public_id")),
        info={"append_only": True},
    )
    with op.batch_alter_table("fund_entry", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_fund_entry_application_id"), ["application_id"], unique=False
        )
        batch_op.create_index("ix_fund_entry_fund_on", ["fund_id", "on"], unique=False)
        batch_op.create_index(batch_op.f("ix_fund_entry_note_id"), ["note_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("fund_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_fund_entry_note_id"))
        batch_op.drop_index("ix_fund_entry_fund_on")
        batch_op.drop_index(batch_op.f("ix_fund_entry_application_id"))
    op.drop_table("fund_entry")
    op.drop_table("guarantee_fund")
    op.drop_table("agreement")
