"""PDS: which NHS numbers to ask about, whom to search for, when next, and what came of it last."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pds_trace",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("nhs_number", sa.Text(), nullable=True),
        sa.Column("source_patient", sa.BigInteger(), nullable=True),
        sa.Column("stated", sa.Text(), nullable=True),
        sa.Column("due", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_attempted", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_answered", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("num_nonnulls(nhs_number, source_patient) = 1", name="pds_trace_asks_one_thing"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("nhs_number"),
        sa.UniqueConstraint("source_patient"),
        schema="toldonce",
    )
    op.create_index("pds_trace_due", "pds_trace", ["due"], schema="toldonce")
    op.execute("grant select, insert, update on toldonce.pds_trace to toldonce_ingest")
    op.execute("grant select (due, last_answered, outcome, attempts) on toldonce.pds_trace to toldonce_monitor")


def downgrade() -> None:
    op.drop_table("pds_trace", schema="toldonce")
