"""GP Connect: what was pulled from which practice, and what is due."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gp_pull",
        sa.Column("practice", sa.Text(), nullable=False),
        sa.Column("nhs_number", sa.Text(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_attempted", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_answered", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("practice", "nhs_number"),
        schema="toldonce",
    )
    op.create_index("gp_pull_due", "gp_pull", ["due"], unique=False, schema="toldonce")
    op.create_index(
        "resource_acute_encounter",
        "resource",
        ["recorded"],
        unique=False,
        schema="toldonce",
        postgresql_where=sa.text("feed = 'acute' and type = 'Encounter'"),
    )
    op.execute("grant select, insert, update on toldonce.gp_pull to toldonce_ingest")


def downgrade() -> None:
    op.drop_index("resource_acute_encounter", table_name="resource", schema="toldonce")
    op.drop_table("gp_pull", schema="toldonce")
