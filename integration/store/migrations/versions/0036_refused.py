"""What was refused and is stored nowhere, counted: how often each sender, for which reason, when first and last."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "refused",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("feed", "sender", "code"),
        schema="toldonce",
    )
    op.execute("grant select, insert, update on toldonce.refused to toldonce_ingest")
    op.execute("grant select (feed, sender, code, count) on toldonce.refused to toldonce_monitor")


def downgrade() -> None:
    op.drop_table("refused", schema="toldonce")
