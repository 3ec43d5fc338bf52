"""A reference with an identifier is found by that also where it is literal as well: what is stored is indexed so."""

from alembic import op

from integration.store.reindex import reindex

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    reindex(op.get_bind())


def downgrade() -> None:
    """What is indexed beyond before is harmless: it finds what `:identifier` asks for."""
