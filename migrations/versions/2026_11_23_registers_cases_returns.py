"""registers of other bureaus, cases, returned and netted payments, budgets, accounts"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e07a5c81d4b6"
down_revision: str | None = "b51e6f20c7d3"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
STANDING = sa.text("state <> 'returned'")
CLAIMED = sa.text("kind = 'payable' AND reason = 'claimed'")
REGISTERS = (
    "exclusion",
    "deregistered",
    "owners",
    "spouses",
    "other_subsidies",
    "hires_left",
    "earlier_loans",
)
CASES = ("open", "allowed", "disallowed", "returned", "superseded")
REASONS = ("claimed", "decided", "adjusted", "returned")


def upgrade() -> None:
    _create_registers()
    _create_cases()
    _create_money()
    with op.batch_alter_table("claim") as batch_op:
        batch_op.add_column(sa.Column("supersedes_id", KEY, nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_claim_supersedes_id_claim"), "claim", ["supersedes_id"], ["id"]
        )
    with op.batch_alter_table("claim_line") as batch_op:
        batch_op.add_column(_fen("deducted_fen"))
    with op.batch_alter_table("remittance") as batch_op:
        batch_op.add_column(_fen("netted_fen"))
        batch_op.add_column(sa.Column("account_masked", sa.String(40), nullable=True))
        batch_op.add_column(sa.Column("returned_by_id", KEY, nullable=True))
        batch_op.add_column(sa.Column("returned_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("return_reason", sa.String(200), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_remittance_returned_by_id_person"), "person", ["returned_by_id"], ["id"]
        )
        batch_op.drop_constraint(op.f("uq_remittance_claim_id"), type_="unique")
    _allow("remittance", "state", "remittancestate", "ordered", "paid", "returned")
    op.create_index(
        "uq_remittance_claim",
        "remittance",
        ["claim_id"],
        unique=True,
        sqlite_where=STANDING,
        postgresql_where=STANDING,
    )
    op.drop_index("uq_subsidy_entry", "subsidy_entry")
    with op.batch_alter_table("subsidy_entry") as batch_op:
        reason = _one_of("reason", "entryreason", REASONS, server_default="claimed")
        batch_op.add_column(reason)
        batch_op.add_column(sa.Column("settles_id", KEY, nullable=True))
        batch_op.add_column(sa.Column("text", sa.String(200), server_default="", nullable=False))
        batch_op.create_foreign_key(
            op.f("fk_subsidy_entry_settles_id_subsidy_entry"),
            "subsidy_entry",
            ["settles_id"],
            ["id"],
        )
    op.create_index("ix_subsidy_entry_line", "subsidy_entry", ["claim_line_id"])
    op.create_index(
        "uq_subsidy_entry_claimed",
        "subsidy_entry",
        ["claim_line_id"],
        unique=True,
        sqlite_where=CLAIMED,
        postgresql_where=CLAIMED,
    )
    settles = ["settles_id", "remittance_id", "reason"]
    op.create_index("uq_subsidy_entry_settles", "subsidy_entry", settles, unique=True)


def downgrade() -> None:
    """Later corrections and returned payments have no place in the older ledger: they are lost."""
    for table in ("remittance_item", "case_comment", "claim_case"):
        op.drop_table(table)
    for table in ("register_entry", "register_file", "subsidy_budget", "account_change"):
        op.drop_table(table)
    for index in ("uq_subsidy_entry_settles", "uq_subsidy_entry_claimed", "ix_subsidy_entry_line"):
        op.drop_index(index, "subsidy_entry")
    with op.batch_alter_table("subsidy_entry") as batch_op:
        batch_op.drop_constraint(
            op.f("fk_subsidy_entry_settles_id_subsidy_entry"), type_="foreignkey"
        )
        batch_op.drop_column("settles_id")
        batch_op.drop_column("text")
    op.execute("DELETE FROM subsidy_entry WHERE reason <> 'claimed'")
    op.execute(
        "DELETE FROM subsidy_entry WHERE remittance_id IN"
        " (SELECT id FROM remittance WHERE state = 'returned')"
    )
    with op.batch_alter_table("subsidy_entry") as batch_op:
        batch_op.drop_constraint(op.f("ck_subsidy_entry_entryreason"), type_="check")
        batch_op.drop_column("reason")
    op.create_index("uq_subsidy_entry", "subsidy_entry", ["kind", "claim_line_id"], unique=True)
    op.drop_index("uq_remittance_claim", "remittance")
    op.execute("DELETE FROM remittance WHERE state = 'returned'")
    _allow("remittance", "state", "remittancestate", "ordered", "paid")
    with op.batch_alter_table("remittance") as batch_op:
        batch_op.drop_constraint(op.f("fk_remittance_returned_by_id_person"), type_="foreignkey")
        for column in ("return_reason", "returned_on", "returned_by_id", "account_masked"):
            batch_op.drop_column(column)
        batch_op.drop_column("netted_fen")
        batch_op.create_unique_constraint(op.f("uq_remittance_claim_id"), ["claim_id"])
    with op.batch_alter_table("claim_line") as batch_op:
        batch_op.drop_column("deducted_fen")
    with op.batch_alter_table("claim") as batch_op:
        batch_op.drop_constraint(op.f("fk_claim_supersedes_id_claim"), type_="foreignkey")
        batch_op.drop_column("supersedes_id")


def _create_registers() -> None:
    op.create_table(
        "register_file",
        _one_of("kind", "registerkind", REGISTERS),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("loaded_on", sa.Date(), nullable=False),
        sa.Column("loaded_at", MOMENT, nullable=False),
        sa.Column("by_person_id", KEY, nullable=False),
        sa.Column("replaced_by_id", KEY, nullable=True),
        *_keyed("register_file"),
        _refers("register_file", "by_person_id", "person"),
        _refers("register_file", "replaced_by_id", "register_file"),
    )
    op.create_index("ix_register_file_kind", "register_file", ["kind", "replaced_by_id"])
    op.create_table(
        "register_entry",
        sa.Column("id", KEY, nullable=False),
        sa.Column("file_id", KEY, nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("subject_index", sa.LargeBinary(), nullable=False),
        sa.Column("other_index", sa.LargeBinary(), nullable=True),
        sa.Column("reference", sa.String(64), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("detail", sa.String(200), nullable=False),
        _refers("register_entry", "file_id", "register_file"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_entry")),
    )
    op.create_index("ix_register_entry_file", "register_entry", ["file_id"])


def _create_cases() -> None:
    op.create_table(
        "claim_case",
        sa.Column("bank_id", KEY, nullable=False),
        sa.Column("claim_id", KEY, nullable=False),
        sa.Column("line_id", KEY, nullable=False),
        sa.Column("note_no", sa.String(64), nullable=False),
        _one_of("state", "casestate", CASES),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("owner_id", KEY, nullable=True),
        sa.Column("continues_id", KEY, nullable=True),
        sa.Column("carried_to_id", KEY, nullable=True),
        sa.Column("decided_by_id", KEY, nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("allowed_fen", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(200), nullable=True),
        sa.Column("cites", sa.String(500), nullable=True),
        *_keyed("claim_case"),
        _refers("claim_case", "bank_id", "organisation"),
        _refers("claim_case", "claim_id", "claim"),
        _refers("claim_case", "line_id", "claim_line"),
        _refers("claim_case", "owner_id", "person"),
        _refers("claim_case", "continues_id", "claim_case"),
        _refers("claim_case", "carried_to_id", "claim"),
        _refers("claim_case", "decided_by_id", "person"),
        sa.UniqueConstraint("line_id", name=op.f("uq_claim_case_line_id")),
    )
    op.create_index("ix_claim_case_bank_state", "claim_case", ["bank_id", "state"])
    op.create_index(op.f("ix_claim_case_claim_id"), "claim_case", ["claim_id"])
    op.create_table(
        "case_comment",
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("by_person_id", KEY, nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("evidence", sa.String(200), nullable=False),
        *_keyed("case_comment"),
        _refers("case_comment", "case_id", "claim_case"),
        _refers("case_comment", "by_person_id", "person"),
        info={"append_only": True},
    )
    op.create_index("ix_case_comment_case", "case_comment", ["case_id"])


def _create_money() -> None:
    op.create_table(
        "remittance_item",
        sa.Column("remittance_id", KEY, nullable=False),
        sa.Column("entry_id", KEY, nullable=False),
        _refers("remittance_item", "remittance_id", "remittance"),
        _refers("remittance_item", "entry_id", "subsidy_entry"),
        sa.PrimaryKeyConstraint("remittance_id", "entry_id", name=op.f("pk_remittance_item")),
        info={"append_only": True},
    )
    # What was ordered before this revision paid its claim's entries.
    op.execute(
        "INSERT INTO remittance_item (remittance_id, entry_id)"
        " SELECT remittance.id, subsidy_entry.id FROM remittance"
        " JOIN claim_line ON claim_line.claim_id = remittance.claim_id"
        " JOIN subsidy_entry ON subsidy_entry.claim_line_id = claim_line.id"
        " WHERE subsidy_entry.kind = 'payable'"
    )
    op.create_table(
        "subsidy_budget",
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.String(100), nullable=False),
        sa.Column("set_on", sa.Date(), nullable=False),
        sa.Column("set_by_id", KEY, nullable=False),
        *_keyed("subsidy_budget"),
        _refers("subsidy_budget", "set_by_id", "person"),
        info={"append_only": True},
    )
    op.create_index("ix_subsidy_budget_year", "subsidy_budget", ["year"])
    op.create_table(
        "account_change",
        sa.Column("bank_id", KEY, nullable=False),
        sa.Column("account_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("account_masked", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("asked_by_id", KEY, nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("agreed_by_id", KEY, nullable=True),
        sa.Column("agreed_on", sa.Date(), nullable=True),
        *_keyed("account_change"),
        _refers("account_change", "bank_id", "organisation"),
        _refers("account_change", "asked_by_id", "person"),
        _refers("account_change", "agreed_by_id", "person"),
    )
    op.create_index(op.f("ix_account_change_bank_id"), "account_change", ["bank_id"])


def _keyed(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("public_id", name=op.f(f"uq_{table}_public_id")),
    )


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"))


def _one_of(
    column: str, check: str, values: Sequence[str], server_default: str | None = None
) -> sa.Column[str]:
    kind = sa.Enum(*values, name=check, native_enum=False, create_constraint=True, length=32)
    return sa.Column(column, kind, server_default=server_default, nullable=False)


def _fen(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)


def _allow(table: str, column: str, check: str, *values: str) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    name = op.f(f"ck_{table}_{check}")
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, f"{column} IN ({listed})")
