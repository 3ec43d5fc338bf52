"""GP Connect: a question holds no connection, but a lease. Envelopes are counted by an index, without their content."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("gp_pull", sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True), schema="toldonce")
    op.create_index("envelope_sender", "envelope", ["feed", "sender", "received"], schema="toldonce")


def downgrade() -> None:
    op.drop_index("envelope_sender", table_name="envelope", schema="toldonce")
    op.drop_column("gp_pull", "leased_until", schema="toldonce")
