"""The review of identity: what a human knew when deciding, who took a decision back and why, and indexes to find both
what waits for a decision and the whole history of a pair.

A feed's merge gets a strength: 0 by the authority that issues NHS numbers, 1 by a source of its own two records. Until
now there was only the latter.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMNS = ("ended_by", "ended_why", "doubt")


def upgrade() -> None:
    op.add_column("linkage", sa.Column("evidence", postgresql.JSONB(), nullable=True), schema="toldonce")
    for name in COLUMNS:
        op.add_column("linkage", sa.Column(name, sa.Text(), nullable=True), schema="toldonce")
    op.create_index("linkage_pair", "linkage", ["a", "b"], schema="toldonce")
    op.create_index(
        "linkage_waiting",
        "linkage",
        ["id"],
        schema="toldonce",
        postgresql_where=sa.text(
            "until is null and (outcome = 'POSSIBLE' or (outcome = 'SAME' and not followed) or doubt is not null)"
        ),
    )
    op.execute("update toldonce.linkage set strength = 1 where made_by = 'feed'")


def downgrade() -> None:
    op.execute("update toldonce.linkage set strength = 0 where made_by = 'feed'")
    op.drop_index("linkage_waiting", "linkage", schema="toldonce")
    op.drop_index("linkage_pair", "linkage", schema="toldonce")
    for name in (*COLUMNS, "evidence"):
        op.drop_column("linkage", name, schema="toldonce")
