"""New search parameters (`Flag.detail`, `Task.due`): what is stored is indexed by them."""

from alembic import op

from integration.store.reindex import reindex

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    reindex(op.get_bind())


def downgrade() -> None:
    """What is indexed beyond the parameters of before is asked for by nobody."""
