"""Clients publish their keys at a URL, have limits of their own, and somebody who answers for them."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

COLUMNS = ("jwks_url", "rate", "burst", "contact")


def upgrade() -> None:
    for column in (
        sa.Column("jwks_url", sa.Text(), server_default="", nullable=False),
        sa.Column("rate", sa.Double(), nullable=True),
        sa.Column("burst", sa.Integer(), nullable=True),
        sa.Column("contact", sa.Text(), server_default="", nullable=False),
    ):
        op.add_column("client", column, schema="toldonce")


def downgrade() -> None:
    for column in COLUMNS:
        op.drop_column("client", column, schema="toldonce")
