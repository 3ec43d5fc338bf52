"""A client's tokens may be bound to its TLS certificate (RFC 8705)."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "client",
        sa.Column("certificate_bound", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="toldonce",
    )


def downgrade() -> None:
    op.drop_column("client", "certificate_bound", schema="toldonce")
