"""Measures: reports that were published stay as they were; a correction is a new version beside them.

They tell of no person: whoever decides may read them, and only the role that writes the record adds to them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

PRIVILEGES = (
    "grant select on toldonce.measure_report to toldonce_facts, toldonce_ingest",
    "grant insert on toldonce.measure_report to toldonce_ingest",
)


def upgrade() -> None:
    op.create_table(
        "measure_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("caseload", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("published", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", "version"),
        schema="toldonce",
    )
    op.create_index(
        "measure_report_caseload", "measure_report", ["caseload", "starts"], unique=False, schema="toldonce"
    )
    for privilege in PRIVILEGES:
        op.execute(privilege)


def downgrade() -> None:
    op.drop_table("measure_report", schema="toldonce")
