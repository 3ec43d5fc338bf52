"""Caseloads: their descriptions, and who is or was on them; and reading the records of many people at once.

Whoever decides may read both: they hold no clinical content. Only the role that writes the record puts descriptions in
force and adds members, and only an end may be written into what was kept.

Many people are read under a role of its own, whose row policy shows pairs of a person and a label, each from that
person's own Grant. `toldonce_reader`, whose policy is of one person, is shown nothing more by it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

PRIVILEGES = (
    "grant select on toldonce.caseload_document, toldonce.caseload_member, toldonce.caseload_refresh "
    "to toldonce_facts, toldonce_ingest",
    "grant insert on toldonce.caseload_document, toldonce.caseload_member, toldonce.caseload_refresh "
    "to toldonce_ingest",
    "grant update (until, ended_by, ended_why) on toldonce.caseload_member to toldonce_ingest",
    "grant usage on schema toldonce to toldonce_cohort",
    "grant select on toldonce.resource to toldonce_cohort",
)
PAIRED = """(person, label) in (
    select g.person, l.label
    from jsonb_to_recordset(coalesce(nullif(current_setting('toldonce.cohort', true), ''), '[]')::jsonb)
        as g(person uuid, labels integer[])
    cross join lateral unnest(g.labels) as l(label))"""
"""It depends on no row: PostgreSQL makes a hash table of it once for a statement."""
ROLE = "toldonce_cohort"
_CREATE = f"""
do $$ begin create role {ROLE} nologin;
exception when duplicate_object then null; when unique_violation then null; end $$
"""
"""Roles belong to the server, so another database of it may have made it already."""


def upgrade() -> None:
    op.create_table(
        "caseload_document",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("caseload", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("applied", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("applied_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="toldonce",
    )
    op.create_index(
        "caseload_document_caseload", "caseload_document", ["caseload", "id"], unique=False, schema="toldonce"
    )
    op.create_table(
        "caseload_refresh",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("caseload", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("considered", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="toldonce",
    )
    op.create_index(
        "caseload_refresh_caseload", "caseload_refresh", ["caseload", "at"], unique=False, schema="toldonce"
    )
    op.create_table(
        "caseload_member",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("caseload", sa.Text(), nullable=False),
        sa.Column("source_patient", sa.BigInteger(), nullable=False),
        sa.Column("by_rule", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["source_patient"], ["toldonce.source_patient.key"]),
        sa.PrimaryKeyConstraint("id"),
        schema="toldonce",
    )
    op.create_index(
        "caseload_member_caseload", "caseload_member", ["caseload", "until"], unique=False, schema="toldonce"
    )
    op.create_index(
        "caseload_member_once",
        "caseload_member",
        ["source_patient", "caseload", "by_rule"],
        unique=True,
        schema="toldonce",
        postgresql_where=sa.text("until is null"),
    )
    op.execute(_CREATE)
    op.execute(f"grant {ROLE} to toldonce_api")
    for privilege in PRIVILEGES:
        op.execute(privilege)
    op.execute(f"create policy paired on toldonce.resource for select to {ROLE} using ({PAIRED})")


def downgrade() -> None:
    op.execute("drop policy paired on toldonce.resource")
    op.execute(f"drop owned by {ROLE}")
    op.drop_table("caseload_member", schema="toldonce")
    op.drop_table("caseload_refresh", schema="toldonce")
    op.drop_table("caseload_document", schema="toldonce")
