"""What was found in an envelope when it was received: an HL7 message is read once, for its acknowledgement and for the
record.

An envelope with it is of about 2 kB: without the larger target, PostgreSQL would compress each, three times over.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("envelope", sa.Column("found", sa.LargeBinary(), nullable=True), schema="toldonce")
    op.execute("alter table toldonce.envelope set (toast_tuple_target = 8160)")
    op.execute("grant insert (found) on toldonce.envelope to toldonce_receiver")


def downgrade() -> None:
    op.execute("alter table toldonce.envelope reset (toast_tuple_target)")
    op.drop_column("envelope", "found", schema="toldonce")
