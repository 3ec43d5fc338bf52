"""Agreements: who put a version in force, and why. What an agreement would change is counted by label and date of the
resources, never by their content."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

COLUMNS = ("applied_by", "reason")
STEPS_INTO = ("toldonce_facts", "toldonce_registry", "toldonce_audit_writer")
"""Roles that the owner steps into to apply agreements: what a role's maker may, but must first be granted."""


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column(
            "agreement_document", sa.Column(name, sa.Text(), nullable=False, server_default=""), schema="toldonce"
        )
    op.execute("grant select (label, starts, ends) on toldonce.resource to toldonce_facts")
    for role in STEPS_INTO:
        op.execute(f"do $$ begin grant {role} to current_user; exception when insufficient_privilege then null; end $$")


def downgrade() -> None:
    op.execute("revoke select (label, starts, ends) on toldonce.resource from toldonce_facts")
    for name in COLUMNS:
        op.drop_column("agreement_document", name, schema="toldonce")
