"""Readings and the due: large files are read in pieces, and a source patient is assembled when it is due.

A statement belongs to a reading of an envelope; the reading in force is the envelope's. So a file of any size is read
piece by piece, interrupted and resumed, and read anew, while the record goes on being made of what was read before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create sequence toldonce.reading as bigint")
    op.add_column("envelope", sa.Column("size", sa.BigInteger(), nullable=True), schema="toldonce")
    op.execute("update toldonce.envelope set size = length(content)")
    op.alter_column("envelope", "size", nullable=False, schema="toldonce")
    op.add_column("envelope", sa.Column("reading", sa.BigInteger(), nullable=True), schema="toldonce")
    op.add_column("envelope", sa.Column("begun", sa.BigInteger(), nullable=True), schema="toldonce")
    op.add_column("envelope", sa.Column("pieces", sa.Integer(), nullable=False, server_default="0"), schema="toldonce")
    op.add_column(
        "envelope", sa.Column("passed", sa.BigInteger(), nullable=False, server_default="0"), schema="toldonce"
    )
    op.add_column("envelope", sa.Column("tries", sa.Integer(), nullable=False, server_default="0"), schema="toldonce")
    op.execute("update toldonce.envelope set reading = nextval('toldonce.reading') where state <> 'received'")
    op.create_index("envelope_reading", "envelope", ["reading"], unique=True, schema="toldonce")
    op.create_table(
        "envelope_part",
        sa.Column("envelope", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("envelope", "part"),
        sa.ForeignKeyConstraint(["envelope"], ["toldonce.envelope.id"]),
        schema="toldonce",
    )
    op.alter_column("statement", "envelope", new_column_name="reading", schema="toldonce")
    op.execute("update toldonce.statement s set reading = e.reading from toldonce.envelope e where e.id = s.reading")
    op.create_table(
        "due",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source_patient", sa.BigInteger(), nullable=False),
        sa.Column("anew", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.PrimaryKeyConstraint("id"),
        schema="toldonce",
    )
    op.create_index("due_source_patient", "due", ["source_patient"], schema="toldonce")
    op.add_column("quarantine", sa.Column("reading", sa.BigInteger(), nullable=True), schema="toldonce")
    op.add_column(
        "quarantine",
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        schema="toldonce",
    )
    op.execute("grant select, insert on toldonce.envelope_part to toldonce_ingest")
    op.execute("grant select, insert, update, delete on toldonce.due to toldonce_ingest")
    op.execute("grant usage on sequence toldonce.reading to toldonce_ingest")


def downgrade() -> None:
    """Only where no file larger than one part was received: the earlier schema cannot hold it."""
    op.execute(
        "do $$ begin if exists (select from toldonce.envelope_part) then "
        "raise 'files larger than one part were received; they cannot be kept in the earlier schema'; end if; end $$"
    )
    op.drop_column("quarantine", "last_seen", schema="toldonce")
    op.drop_column("quarantine", "reading", schema="toldonce")
    op.drop_table("due", schema="toldonce")
    op.execute("delete from toldonce.statement where reading not in (select reading from toldonce.envelope)")
    op.execute("update toldonce.statement s set reading = e.id from toldonce.envelope e where e.reading = s.reading")
    op.alter_column("statement", "reading", new_column_name="envelope", schema="toldonce")
    op.drop_table("envelope_part", schema="toldonce")
    op.drop_index("envelope_reading", "envelope", schema="toldonce")
    for column in ("tries", "passed", "pieces", "begun", "reading", "size"):
        op.drop_column("envelope", column, schema="toldonce")
    op.execute("drop sequence toldonce.reading")
