"""What is recorded here through the API: about whom it is, and earlier versions by the id of a resource.

`source_patient.about` and `about_issued_for` are of source patients who are nobody by themselves: an organisation's
statements about whomever an id of ours means (`integration.identity.following`).

Whose a resource was can be told after it was deleted too, and which version of it is the newest: a history shows
nothing of what its reader may not see as it is now. Ids, types, numbers and labels, no content.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

FOLLOWING = ("about", "about_issued_for")


def upgrade() -> None:
    for column in FOLLOWING:
        op.add_column("source_patient", sa.Column(column, sa.UUID(), nullable=True), schema="toldonce")
        op.create_index(
            f"source_patient_{column}",
            "source_patient",
            [column],
            schema="toldonce",
            postgresql_where=sa.text(f"{column} is not null"),
        )
    op.execute("grant select (id, person, type, version, label) on toldonce.resource_history to toldonce_facts")
    op.execute("grant select (version) on toldonce.resource to toldonce_facts")
    op.execute("create policy whose on toldonce.resource_history for select to toldonce_facts using (true)")


def downgrade() -> None:
    op.execute("drop policy whose on toldonce.resource_history")
    op.execute("revoke select (version) on toldonce.resource from toldonce_facts")
    op.execute("revoke select (id, person, type, version, label) on toldonce.resource_history from toldonce_facts")
    for column in FOLLOWING:
        op.drop_index(f"source_patient_{column}", "source_patient", schema="toldonce")
        op.drop_column("source_patient", column, schema="toldonce")
