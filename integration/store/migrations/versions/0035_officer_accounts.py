"""Accounts at identity providers, each of somebody who may sign in to the console with it, as whom and what for.

Who registers or removes one is the database's owner, by a command; the process that serves only reads. A session that
an account opened ends with it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "officer_account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("registered", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.UniqueConstraint("issuer", "subject", name="officer_account_subject"),
        schema="toldonce",
    )
    op.execute("grant select on toldonce.officer_account to toldonce_registry")
    op.add_column("officer_session", sa.Column("account", sa.BigInteger()), schema="toldonce")
    op.create_foreign_key(
        "officer_session_account",
        "officer_session",
        "officer_account",
        ["account"],
        ["id"],
        ondelete="CASCADE",
        source_schema="toldonce",
        referent_schema="toldonce",
    )


def downgrade() -> None:
    op.drop_column("officer_session", "account", schema="toldonce")
    op.drop_table("officer_account", schema="toldonce")
