"""Reading with fewer messages: whoever reads knows the labels by itself, and need not step back into another role for
them. A label says which organisation, which kind of information and how sensitive, and nothing of anybody."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("grant select on toldonce.label to toldonce_reader")


def downgrade() -> None:
    op.execute("revoke select on toldonce.label from toldonce_reader")
