"""Bulk export: what was asked for, of whom, and what was written of each person.

The exporter writes what it read under a Grant and cannot read it again: content is handed out to the reader's role
alone, through a row policy, while it consults the very person whom it is about.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

PRIVILEGES = (
    "grant select, insert, update, delete on toldonce.export_job, toldonce.export_person to toldonce_exporter",
    "grant insert, delete, select (job, ordinal, type, piece, lines) on toldonce.export_part to toldonce_exporter",
    "grant select on toldonce.export_part to toldonce_reader",
)
POLICIES = (
    "create policy written on toldonce.export_part for insert to toldonce_exporter with check (true)",
    "create policy removed on toldonce.export_part for delete to toldonce_exporter using (true)",
    "create policy counted on toldonce.export_part for select to toldonce_exporter using (true)",
    "create policy granted on toldonce.export_part for select to toldonce_reader "
    "using (person = (select nullif(current_setting('toldonce.person', true), '')::uuid))",
)


def upgrade() -> None:
    op.create_table(
        "export_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("caseload", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("user_authenticated", sa.Boolean(), nullable=False),
        sa.Column("types", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("asked", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), server_default="accepted", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("horizon", sa.BigInteger(), nullable=True),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("announced", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("output", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('accepted', 'running', 'complete', 'failed')", name="export_job_state"),
        sa.PrimaryKeyConstraint("id"),
        schema="toldonce",
    )
    op.create_table(
        "export_person",
        sa.Column("job", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("job", "ordinal"),
        schema="toldonce",
    )
    op.create_table(
        "export_part",
        sa.Column("job", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("piece", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("job", "ordinal", "type", "piece"),
        schema="toldonce",
    )
    op.execute(
        "do $$ begin create role toldonce_exporter nologin; exception when duplicate_object then null; "
        "when unique_violation then null; end $$"
    )
    op.execute("grant toldonce_exporter to toldonce_api")
    op.execute("grant usage on schema toldonce to toldonce_exporter")
    for privilege in PRIVILEGES:
        op.execute(privilege)
    op.execute("alter table toldonce.export_part enable row level security")
    op.execute("alter table toldonce.export_part force row level security")
    for policy in POLICIES:
        op.execute(policy)


def downgrade() -> None:
    op.execute("drop owned by toldonce_exporter")
    for table in ("export_part", "export_person", "export_job"):
        op.drop_table(table, schema="toldonce")
