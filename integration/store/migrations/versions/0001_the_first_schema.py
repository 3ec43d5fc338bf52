"""The first schema"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agreement_document",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("applied", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="toldonce",
    )
    op.create_table(
        "audit_event",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("recorded", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person", sa.UUID(), nullable=True),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("index", sa.BigInteger(), nullable=True),
        sa.Column("chain_hash", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("index"),
        schema="toldonce",
    )
    op.create_index(
        "audit_event_organisation", "audit_event", ["organisation", "recorded"], unique=False, schema="toldonce"
    )
    op.create_index("audit_event_person", "audit_event", ["person", "recorded"], unique=False, schema="toldonce")
    op.create_index("audit_event_recorded", "audit_event", ["recorded"], unique=False, schema="toldonce")
    op.create_index(
        "audit_event_unsequenced",
        "audit_event",
        ["recorded", "id"],
        unique=False,
        schema="toldonce",
        postgresql_where=sa.text("index is null"),
    )
    op.create_table(
        "client",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("purposes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("jwks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="toldonce",
    )
    op.create_table(
        "directory_resource",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("rank", sa.Text(), nullable=False),
        sa.Column("recorded", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("entries", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="toldonce",
    )
    op.create_table(
        "directory_statement",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("source_patient", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("rank", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", "source_patient"),
        schema="toldonce",
    )
    op.create_index("directory_statement_rank", "directory_statement", ["id", "rank"], unique=False, schema="toldonce")
    op.create_index(
        op.f("ix_toldonce_directory_statement_source_patient"),
        "directory_statement",
        ["source_patient"],
        unique=False,
        schema="toldonce",
    )
    op.create_table(
        "envelope",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("received", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), server_default="received", nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('received', 'done', 'quarantined')", name="envelope_state"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("feed", "sender", "delivery"),
        schema="toldonce",
    )
    op.create_index(
        "envelope_waiting",
        "envelope",
        ["id"],
        unique=False,
        schema="toldonce",
        postgresql_where=sa.text("state = 'received'"),
    )
    op.create_table(
        "facts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source_patient", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.UUID(), nullable=False),
        sa.Column("recorded", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), server_default=sa.text("'infinity'"), nullable=False),
        sa.Column("labels", postgresql.ARRAY(sa.INTEGER()), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("choices", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="toldonce",
    )
    op.create_index("facts_person", "facts", ["person", "until"], unique=False, schema="toldonce")
    op.create_index("facts_source_patient", "facts", ["source_patient", "until"], unique=False, schema="toldonce")
    op.create_table(
        "label",
        sa.Column("id", sa.INTEGER(), sa.Identity(always=True), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("sensitivities", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("organisation", "category", "sensitivities"),
        schema="toldonce",
    )
    op.create_table(
        "linkage",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("a", sa.UUID(), nullable=False),
        sa.Column("b", sa.UUID(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("stated_by", sa.UUID(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("strength", sa.Integer(), nullable=False),
        sa.Column("followed", sa.Boolean(), nullable=False),
        sa.Column("recorded", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("outcome in ('SAME', 'NOT THE SAME', 'POSSIBLE')", name="linkage_outcome"),
        sa.CheckConstraint("a < b", name="linkage_pair"),
        sa.PrimaryKeyConstraint("id"),
        schema="toldonce",
    )
    op.create_index(
        "linkage_a", "linkage", ["a"], unique=False, schema="toldonce", postgresql_where=sa.text("until is null")
    )
    op.create_index(
        "linkage_b", "linkage", ["b"], unique=False, schema="toldonce", postgresql_where=sa.text("until is null")
    )
    op.create_index(
        "linkage_stated_by",
        "linkage",
        ["stated_by"],
        unique=False,
        schema="toldonce",
        postgresql_where=sa.text("until is null"),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("issued_to", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="toldonce",
    )
    op.create_index("person_issued_to", "person", ["issued_to"], unique=False, schema="toldonce")
    op.create_table(
        "resource",
        sa.Column("person", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("source_patient", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("tokens", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("refs", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("entries", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("person", "id"),
        schema="toldonce",
    )
    op.create_index("resource_id", "resource", ["id"], unique=False, schema="toldonce")
    op.create_index("resource_person_label", "resource", ["person", "label"], unique=False, schema="toldonce")
    op.create_index("resource_source_patient", "resource", ["source_patient"], unique=False, schema="toldonce")
    op.create_table(
        "resource_history",
        sa.Column("person", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source_patient", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Integer(), nullable=False),
        sa.Column("recorded", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("person", "id", "version"),
        schema="toldonce",
    )
    op.create_index("resource_history_id", "resource_history", ["id"], unique=False, schema="toldonce")
    op.create_index(
        "resource_history_source_patient", "resource_history", ["source_patient"], unique=False, schema="toldonce"
    )
    op.create_table(
        "source_patient",
        sa.Column("key", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column("person", sa.UUID(), nullable=True),
        sa.Column("nhs_number", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Text(), nullable=True),
        sa.Column("demographics", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("feed", "organisation", "local_id"),
        sa.UniqueConstraint("id"),
        schema="toldonce",
    )
    op.create_index("source_patient_birth_date", "source_patient", ["birth_date"], unique=False, schema="toldonce")
    op.create_index("source_patient_nhs_number", "source_patient", ["nhs_number"], unique=False, schema="toldonce")
    op.create_index("source_patient_person", "source_patient", ["person"], unique=False, schema="toldonce")
    op.create_table(
        "statement",
        sa.Column("envelope", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source_patient", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("sent", sa.Text(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("envelope", "position"),
        schema="toldonce",
    )
    op.create_index("statement_source_patient", "statement", ["source_patient"], unique=False, schema="toldonce")
    op.create_table(
        "submission",
        sa.Column("envelope", sa.BigInteger(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("envelope"),
        schema="toldonce",
    )
    op.create_index("submission_sender", "submission", ["feed", "sender"], unique=False, schema="toldonce")
    op.create_table(
        "token_use",
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("jti", sa.Text(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("client", "jti"),
        schema="toldonce",
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("envelope", sa.BigInteger(), nullable=False),
        sa.Column("source_patient", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("fragment", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("resolved", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["envelope"],
            ["toldonce.envelope.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("envelope", "code", "location"),
        schema="toldonce",
    )
    op.create_index(
        "quarantine_open",
        "quarantine",
        ["id"],
        unique=False,
        schema="toldonce",
        postgresql_where=sa.text("resolved is null"),
    )
    op.create_index(
        "quarantine_source_patient",
        "quarantine",
        ["source_patient"],
        unique=False,
        schema="toldonce",
        postgresql_where=sa.text("source_patient is not null"),
    )


def downgrade() -> None:
    op.drop_index(
        "quarantine_source_patient",
        table_name="quarantine",
        schema="toldonce",
        postgresql_where=sa.text("source_patient is not null"),
    )
    op.drop_index(
        "quarantine_open", table_name="quarantine", schema="toldonce", postgresql_where=sa.text("resolved is null")
    )
    op.drop_table("quarantine", schema="toldonce")
    op.drop_table("token_use", schema="toldonce")
    op.drop_index("submission_sender", table_name="submission", schema="toldonce")
    op.drop_table("submission", schema="toldonce")
    op.drop_index("statement_source_patient", table_name="statement", schema="toldonce")
    op.drop_table("statement", schema="toldonce")
    op.drop_index("source_patient_person", table_name="source_patient", schema="toldonce")
    op.drop_index("source_patient_nhs_number", table_name="source_patient", schema="toldonce")
    op.drop_index("source_patient_birth_date", table_name="source_patient", schema="toldonce")
    op.drop_table("source_patient", schema="toldonce")
    op.drop_index("resource_history_source_patient", table_name="resource_history", schema="toldonce")
    op.drop_index("resource_history_id", table_name="resource_history", schema="toldonce")
    op.drop_table("resource_history", schema="toldonce")
    op.drop_index("resource_source_patient", table_name="resource", schema="toldonce")
    op.drop_index("resource_person_label", table_name="resource", schema="toldonce")
    op.drop_index("resource_id", table_name="resource", schema="toldonce")
    op.drop_table("resource", schema="toldonce")
    op.drop_index("person_issued_to", table_name="person", schema="toldonce")
    op.drop_table("person", schema="toldonce")
    op.drop_index(
        "linkage_stated_by", table_name="linkage", schema="toldonce", postgresql_where=sa.text("until is null")
    )
    op.drop_index("linkage_b", table_name="linkage", schema="toldonce", postgresql_where=sa.text("until is null"))
    op.drop_index("linkage_a", table_name="linkage", schema="toldonce", postgresql_where=sa.text("until is null"))
    op.drop_table("linkage", schema="toldonce")
    op.drop_table("label", schema="toldonce")
    op.drop_index("facts_source_patient", table_name="facts", schema="toldonce")
    op.drop_index("facts_person", table_name="facts", schema="toldonce")
    op.drop_table("facts", schema="toldonce")
    op.drop_index(
        "envelope_waiting", table_name="envelope", schema="toldonce", postgresql_where=sa.text("state = 'received'")
    )
    op.drop_table("envelope", schema="toldonce")
    op.drop_index(
        op.f("ix_toldonce_directory_statement_source_patient"), table_name="directory_statement", schema="toldonce"
    )
    op.drop_index("directory_statement_rank", table_name="directory_statement", schema="toldonce")
    op.drop_table("directory_statement", schema="toldonce")
    op.drop_table("directory_resource", schema="toldonce")
    op.drop_table("client", schema="toldonce")
    op.drop_index(
        "audit_event_unsequenced",
        table_name="audit_event",
        schema="toldonce",
        postgresql_where=sa.text("index is null"),
    )
    op.drop_index("audit_event_recorded", table_name="audit_event", schema="toldonce")
    op.drop_index("audit_event_person", table_name="audit_event", schema="toldonce")
    op.drop_index("audit_event_organisation", table_name="audit_event", schema="toldonce")
    op.drop_table("audit_event", schema="toldonce")
    op.drop_table("agreement_document", schema="toldonce")
