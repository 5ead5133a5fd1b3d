"""one index of a month's lines by note: the unique one of adjustments begins with it"""

from collections.abc import Sequence

from alembic import op

revision: str = "one_index_by_note"
down_revision: str | None = "second_signatures"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.drop_index("ix_accrual_line_note", "accrual_line")


def downgrade() -> None:
    op.create_index("ix_accrual_line_note", "accrual_line", ["note_id"])
