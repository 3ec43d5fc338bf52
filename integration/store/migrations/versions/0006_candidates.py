"""Blocks: by which keys a source patient is found as somebody's candidate, so that few are compared of however many.

What is recorded already is compared by fields that were not kept until now, so everybody becomes due: the next
`toldonce work` makes the records anew, as `toldonce work --anew` does.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "block",
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source_patient", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("block", "source_patient"),
        schema="toldonce",
    )
    op.create_index("block_source_patient", "block", ["source_patient"], schema="toldonce")
    op.drop_index("source_patient_birth_date", "source_patient", schema="toldonce")
    op.execute("grant select, insert, delete on toldonce.block to toldonce_ingest")
    op.execute("insert into toldonce.due (source_patient, anew) select key, true from toldonce.source_patient")


def downgrade() -> None:
    op.create_index("source_patient_birth_date", "source_patient", ["birth_date"], schema="toldonce")
    op.drop_table("block", schema="toldonce")
