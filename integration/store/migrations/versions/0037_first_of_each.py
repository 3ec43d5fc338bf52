"""The first row of each source patient who is due is found by the index: workers take source patients by these."""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("due_source_patient", "due", schema="toldonce")
    op.create_index("due_source_patient", "due", ["source_patient", "id"], schema="toldonce")


def downgrade() -> None:
    op.drop_index("due_source_patient", "due", schema="toldonce")
    op.create_index("due_source_patient", "due", ["source_patient"], schema="toldonce")
