"""Officers of the console: a code that an administrator gives out, used once, and the session that it opens.

Only digests are kept: who reads the table can neither sign in nor take over a session.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "officer_session",
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind in ('code', 'session')", name="officer_session_kind"),
        schema="toldonce",
    )
    op.execute("grant select, insert, update, delete on toldonce.officer_session to toldonce_registry")


def downgrade() -> None:
    op.drop_table("officer_session", schema="toldonce")
