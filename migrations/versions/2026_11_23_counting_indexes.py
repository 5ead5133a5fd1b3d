"""narrow indexes by which first screens count notes, applications and movements of any day"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "5b1f0c9d27e3"
down_revision: str | None = "holds_and_erasure"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OWED = sa.text("balance_fen > 0")
COLUMNS = ["bank_id", "state", "contract_id", "matures_on", "extended_to", "balance_fen"]


def upgrade() -> None:
    op.create_index("ix_note_disbursed_on", "note", ["disbursed_on", "principal_fen"])
    op.create_index("ix_note_owed", "note", COLUMNS, sqlite_where=OWED, postgresql_where=OWED)
    op.create_index("ix_movement_kind_on", "movement", ["kind", "on", "note_id", "amount_fen"])
    op.create_index("ix_application_step_on", "application_step", ["on", "application_id"])
    op.drop_index("ix_application_bank_state", "application")
    op.create_index("ix_application_bank_state", "application", ["bank_id", "state", "amount_fen"])


def downgrade() -> None:
    op.drop_index("ix_application_bank_state", "application")
    op.create_index("ix_application_bank_state", "application", ["bank_id", "state"])
    op.drop_index("ix_application_step_on", "application_step")
    op.drop_index("ix_movement_kind_on", "movement")
    op.drop_index("ix_note_owed", "note")
    op.drop_index("ix_note_disbursed_on", "note")
