"""compensation: dunning, payouts, recoveries, exemptions, a bank's standing, reveals"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "b51e6f20c7d3"
down_revision: str | None = "7d0c5f1e9a42"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

NEW_TABLES = ("reveal", "bank_standing", "exemption_case", "recovery", "payout", "dunning_entry")
CONTACTS = ("address", "account")

FUND_ENTRIES = ("contribution", "reservation", "commitment", "release", "lapse")
# What a newer entry becomes where only the older kinds are known: no total changes.
OLDER_FUND_ENTRY = {
    "income": "contribution",
    "withdrawal": "contribution",
    "recovery": "contribution",
    "compensation": "release",
}
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
    "hires_recounted",
    "reversed",
)
OLDER_MOVEMENT = {
    "compensated": "principal_repaid",
    "payout_requested": "flagged",
    "payout_refused": "flagged",
    "recovered": "flagged",
    "written_off": "flagged",
}
OLDER_NOTE_STATE = {
    "payout_requested": "overdue",
    "compensated": "settled",
    "in_recovery": "settled",
    "written_off": "settled",
}


def upgrade() -> None:
    _allow("fund_entry", "fundentrykind", *FUND_ENTRIES, *OLDER_FUND_ENTRY)
    _allow("movement", "movementkind", *MOVEMENTS, *OLDER_MOVEMENT)
    with op.batch_alter_table("agreement") as batch_op:
        batch_op.add_column(
            sa.Column(
                "compensates_interest", sa.Boolean(), server_default=sa.true(), nullable=False
            )
        )
        batch_op.add_column(sa.Column("waiting_days", sa.BigInteger(), nullable=True))
        batch_op.create_check_constraint(op.f("ck_agreement_waiting"), "waiting_days >= 0")
    with op.batch_alter_table("evidence") as batch_op:
        batch_op.add_column(sa.Column("note_id", KEY, nullable=True))
        batch_op.create_foreign_key(op.f("fk_evidence_note_id_note"), "note", ["note_id"], ["id"])
    for contact in CONTACTS:
        op.add_column("borrower", sa.Column(f"{contact}_sealed", sa.LargeBinary(), nullable=True))
        op.add_column("borrower", sa.Column(f"{contact}_index", sa.LargeBinary(), nullable=True))
        op.create_index(op.f(f"ix_borrower_{contact}_index"), "borrower", [f"{contact}_index"])
    _create_tables()


def downgrade() -> None:
    for table in NEW_TABLES:
        op.drop_table(table)
    for contact in CONTACTS:
        op.drop_index(op.f(f"ix_borrower_{contact}_index"), "borrower")
        op.drop_column("borrower", f"{contact}_index")
        op.drop_column("borrower", f"{contact}_sealed")
    with op.batch_alter_table("evidence") as batch_op:
        batch_op.drop_constraint(op.f("fk_evidence_note_id_note"), type_="foreignkey")
        batch_op.drop_column("note_id")
    with op.batch_alter_table("agreement") as batch_op:
        batch_op.drop_constraint(op.f("ck_agreement_waiting"), type_="check")
        batch_op.drop_column("waiting_days")
        batch_op.drop_column("compensates_interest")
    for newer, older in OLDER_NOTE_STATE.items():
        op.execute(f"UPDATE note SET state = '{older}' WHERE state = '{newer}'")
    _name_anew("movement", "movementkind", OLDER_MOVEMENT)
    _allow("movement", "movementkind", *MOVEMENTS)
    _name_anew("fund_entry", "fundentrykind", OLDER_FUND_ENTRY)
    _allow("fund_entry", "fundentrykind", *FUND_ENTRIES)


def _allow(table: str, check: str, *kinds: str) -> None:
    """Name the kinds that the table takes, these and no others."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    name = op.f(f"ck_{table}_{check}")
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"kind IN ({listed})")


def _name_anew(table: str, check: str, names: dict[str, str]) -> None:
    """Give rows of newer kinds their older names; on SQLite the copy sheds the triggers first."""
    _allow(table, check, *_KNOWN[table], *names)
    for newer, older in names.items():
        op.execute(f"UPDATE {table} SET kind = '{older}' WHERE kind = '{newer}'")


_KNOWN = {"fund_entry": FUND_ENTRIES, "movement": MOVEMENTS}


def _create_tables() -> None:
    op.create_table(
        "dunning_entry",
        sa.Column("note_id", KEY, nullable=False),
        sa.Column("bank_id", KEY, nullable=False),
        sa.Column(
            "side",
            sa.Enum(
                "bank",
                "guarantor",
                "finance",
                "human_resources",
                "observer",
                "operator",
                name="organisationkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "phone",
                "message",
                "visit",
                "letter",
                "lawyer",
                name="dunningchannel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "result",
            sa.Enum(
                "promised",
                "paid",
                "refused",
                "unreachable",
                "other",
                name="dunningresult",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("remark", sa.String(length=200), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_person_id", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id"], ["organisation.id"], name=op.f("fk_dunning_entry_bank_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["by_person_id"], ["person.id"], name=op.f("fk_dunning_entry_by_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["note_id"], ["note.id"], name=op.f("fk_dunning_entry_note_id_note")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dunning_entry")),
        sa.UniqueConstraint("public_id", name=op.f("uq_dunning_entry_public_id")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_dunning_entry_bank_id"), "dunning_entry", ["bank_id"], unique=False)
    op.create_index("ix_dunning_entry_note_on", "dunning_entry", ["note_id", "on"], unique=False)

    op.create_table(
        "payout",
        sa.Column("bank_id", KEY, nullable=False),
        sa.Column("note_id", KEY, nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "requested",
                "examined",
                "approved",
                "paid",
                "refused",
                "closed",
                "written_off",
                name="payoutstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("days_past_due", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("evidence", JSON, nullable=False),
        sa.Column("grounds", JSON, nullable=False),
        sa.Column("principal_fen", sa.BigInteger(), nullable=False),
        sa.Column("interest_fen", sa.BigInteger(), nullable=False),
        sa.Column("reduced_fen", sa.BigInteger(), nullable=False),
        sa.Column("compensated_fen", sa.BigInteger(), nullable=False),
        sa.Column("bank_fen", sa.BigInteger(), nullable=False),
        sa.Column("fund_fen", sa.BigInteger(), nullable=False),
        sa.Column("bank_share_pct", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("requested_on", sa.Date(), nullable=False),
        sa.Column("requested_by_id", KEY, nullable=False),
        sa.Column("examined_on", sa.Date(), nullable=True),
        sa.Column("examined_by_id", KEY, nullable=True),
        sa.Column("passes", sa.Boolean(), nullable=True),
        sa.Column("opinion", sa.String(length=200), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("decided_by_id", KEY, nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("paid_by_id", KEY, nullable=True),
        sa.Column("reference", sa.String(length=100), nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("bank_fen + fund_fen = compensated_fen", name=op.f("ck_payout_shares")),
        sa.CheckConstraint(
            "bank_fen >= 0 AND fund_fen >= 0 AND reduced_fen >= 0 AND interest_fen >= 0"
            " AND principal_fen + interest_fen = compensated_fen + reduced_fen",
            name=op.f("ck_payout_amounts"),
        ),
        sa.ForeignKeyConstraint(
            ["bank_id"], ["organisation.id"], name=op.f("fk_payout_bank_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name=op.f("fk_payout_decided_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["examined_by_id"], ["person.id"], name=op.f("fk_payout_examined_by_id_person")
        ),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_payout_note_id_note")),
        sa.ForeignKeyConstraint(
            ["paid_by_id"], ["person.id"], name=op.f("fk_payout_paid_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["person.id"], name=op.f("fk_payout_requested_by_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout")),
        sa.UniqueConstraint("public_id", name=op.f("uq_payout_public_id")),
    )
    op.create_index("ix_payout_bank_state", "payout", ["bank_id", "state"], unique=False)
    op.create_index(op.f("ix_payout_note_id"), "payout", ["note_id"], unique=False)
    op.create_index(
        "uq_payout_note",
        "payout",
        ["note_id"],
        unique=True,
        sqlite_where=sa.text("state <> 'refused'"),
        postgresql_where=sa.text("state <> 'refused'"),
    )

    op.create_table(
        "recovery",
        sa.Column("payout_id", KEY, nullable=False),
        sa.Column("bank_id", KEY, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "cost",
                "receipt",
                "reversal",
                name="recoverykind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("received_fen", sa.BigInteger(), nullable=False),
        sa.Column("costs_fen", sa.BigInteger(), nullable=False),
        sa.Column("bank_fen", sa.BigInteger(), nullable=False),
        sa.Column("fund_fen", sa.BigInteger(), nullable=False),
        sa.Column("surplus_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_person_id", KEY, nullable=False),
        sa.Column("reverses_id", KEY, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id"], ["organisation.id"], name=op.f("fk_recovery_bank_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["by_person_id"], ["person.id"], name=op.f("fk_recovery_by_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["payout_id"], ["payout.id"], name=op.f("fk_recovery_payout_id_payout")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["recovery.id"], name=op.f("fk_recovery_reverses_id_recovery")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery")),
        sa.UniqueConstraint("public_id", name=op.f("uq_recovery_public_id")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_recovery_reverses_id")),
        info={"append_only": True},
    )
    op.create_index("ix_recovery_payout", "recovery", ["payout_id"], unique=False)

    op.create_table(
        "exemption_case",
        sa.Column("note_id", KEY, nullable=False),
        sa.Column("bank_id", KEY, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("checklists", JSON, nullable=False),
        sa.Column("norms_kept", sa.Boolean(), nullable=False),
        sa.Column("norms_evidence", sa.String(length=500), nullable=False),
        sa.Column("diligent", sa.Boolean(), nullable=False),
        sa.Column("diligence_evidence", sa.String(length=500), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("opened_by_id", KEY, nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("first_signed_on", sa.Date(), nullable=True),
        sa.Column("first_signed_by_id", KEY, nullable=True),
        sa.Column("second_signed_on", sa.Date(), nullable=True),
        sa.Column("second_signed_by_id", KEY, nullable=True),
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "granted IS NULL OR granted = false OR (norms_kept AND diligent)",
            name=op.f("ck_exemption_case_findings"),
        ),
        sa.CheckConstraint(
            "second_signed_by_id <> first_signed_by_id", name=op.f("ck_exemption_case_signatories")
        ),
        sa.ForeignKeyConstraint(
            ["bank_id"], ["organisation.id"], name=op.f("fk_exemption_case_bank_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["first_signed_by_id"],
            ["person.id"],
            name=op.f("fk_exemption_case_first_signed_by_id_person"),
        ),
        sa.ForeignKeyConstraint(
            ["note_id"], ["note.id"], name=op.f("fk_exemption_case_note_id_note")
        ),
        sa.ForeignKeyConstraint(
            ["opened_by_id"], ["person.id"], name=op.f("fk_exemption_case_opened_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_exemption_case_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["second_signed_by_id"],
            ["person.id"],
            name=op.f("fk_exemption_case_second_signed_by_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exemption_case")),
        sa.UniqueConstraint("public_id", name=op.f("uq_exemption_case_public_id")),
    )
    op.create_index(op.f("ix_exemption_case_note_id"), "exemption_case", ["note_id"], unique=False)
    op.create_index(
        op.f("ix_exemption_case_organisation_id"),
        "exemption_case",
        ["organisation_id"],
        unique=False,
    )

    op.create_table(
        "bank_standing",
        sa.Column("bank_id", KEY, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "warned",
                "suspended",
                "released",
                name="standingkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("compensated_fen", sa.BigInteger(), nullable=False),
        sa.Column("released_fen", sa.BigInteger(), nullable=False),
        sa.Column("rate_ppm", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_person_id", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id"], ["organisation.id"], name=op.f("fk_bank_standing_bank_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["by_person_id"], ["person.id"], name=op.f("fk_bank_standing_by_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_standing")),
        sa.UniqueConstraint("public_id", name=op.f("uq_bank_standing_public_id")),
        info={"append_only": True},
    )
    op.create_index("ix_bank_standing_bank", "bank_standing", ["bank_id"], unique=False)

    op.create_table(
        "reveal",
        sa.Column("note_id", KEY, nullable=False),
        sa.Column("bank_id", KEY, nullable=False),
        sa.Column("borrower_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id"], ["organisation.id"], name=op.f("fk_reveal_bank_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["borrower_id"], ["borrower.id"], name=op.f("fk_reveal_borrower_id_borrower")
        ),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_reveal_note_id_note")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_reveal_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reveal")),
        sa.UniqueConstraint("public_id", name=op.f("uq_reveal_public_id")),
        info={"append_only": True},
    )
    op.create_index("ix_reveal_person_on", "reveal", ["person_id", "on"], unique=False)
