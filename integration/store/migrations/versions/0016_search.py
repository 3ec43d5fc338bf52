"""What searches need: the directory gets an index as the record has, and what is stored is indexed as it is now."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from integration.store.reindex import reindex

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "directory_resource",
        sa.Column("tokens", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        schema="toldonce",
    )
    op.create_index(
        "directory_resource_tokens",
        "directory_resource",
        ["tokens"],
        schema="toldonce",
        postgresql_using="gin",
    )
    reindex(op.get_bind())


def downgrade() -> None:
    op.drop_index("directory_resource_tokens", table_name="directory_resource", schema="toldonce")
    op.drop_column("directory_resource", "tokens", schema="toldonce")
