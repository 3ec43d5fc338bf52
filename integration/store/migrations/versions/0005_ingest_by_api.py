"""Ingest by API, and what is measured: what each may touch is no more than its task.

The API's login takes files in, which the worker reads; it can neither read what came in nor change it. What is measured
is counted in the database, so that every process is seen, without any content.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TASKS = ("toldonce_receiver", "toldonce_monitor")
PRIVILEGES = (
    # receiver: puts into the inbox; what it may read is what tells a repeat from something new
    "grant insert (feed, sender, name, digest, content, size, as_of, delivery), select (id, feed, sender, delivery) "
    "on toldonce.envelope to toldonce_receiver",
    "grant insert on toldonce.envelope_part to toldonce_receiver",
    # monitor: numbers, never content
    "grant select (id, feed, sender, state, received) on toldonce.envelope to toldonce_monitor",
    "grant select (envelope, code, resolved) on toldonce.quarantine to toldonce_monitor",
    "grant select on toldonce.due to toldonce_monitor",
    "grant select (transport, first_seen) on toldonce.left_behind to toldonce_monitor",
    "grant select, insert, update, delete on toldonce.left_behind to toldonce_ingest",
)


def upgrade() -> None:
    op.create_table(
        "left_behind",
        sa.Column("transport", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("transport", "reference"),
        schema="toldonce",
    )
    op.add_column(
        "client",
        sa.Column("feeds", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        schema="toldonce",
    )
    op.create_index(
        "envelope_quarantined",
        "envelope",
        ["feed", "sender"],
        schema="toldonce",
        postgresql_where=sa.text("state = 'quarantined'"),
    )
    for role in TASKS:
        _create_role(role)
    op.execute(f"grant {', '.join(TASKS)} to toldonce_api")
    op.execute(f"grant usage on schema toldonce to {', '.join(TASKS)}")
    for privilege in PRIVILEGES:
        op.execute(privilege)


def downgrade() -> None:
    for role in TASKS:
        op.execute(f"drop owned by {role}")
        op.execute(f"drop role {role}")
    op.drop_index("envelope_quarantined", "envelope", schema="toldonce")
    op.drop_column("client", "feeds", schema="toldonce")
    op.drop_table("left_behind", schema="toldonce")


def _create_role(name: str) -> None:
    """Roles belong to the server, so another database of it may have made them already."""
    op.execute(
        f"do $$ begin create role {name} nologin; exception when duplicate_object then null; when unique_violation "
        f"then null; end $$"
    )
