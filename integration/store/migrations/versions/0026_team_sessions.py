"""Sessions of teams: as whom and what for somebody is signed in, the emergencies that they declared, and the huddles
that were held.

Sessions from before are officers'. What is about a session goes with it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

OFFICERS = {"role": "information governance officer", "purpose": "HCOMPL"}


def upgrade() -> None:
    for name, before in OFFICERS.items():
        column = sa.Column(name, sa.Text(), nullable=False, server_default=before)
        op.add_column("officer_session", column, schema="toldonce")
        op.alter_column("officer_session", name, server_default=None, schema="toldonce")
    op.create_table(
        "officer_emergency",
        sa.Column("session", sa.LargeBinary(), primary_key=True),
        sa.Column("person", sa.UUID(), primary_key=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("declared", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["toldonce.officer_session.digest"], ondelete="CASCADE"),
        schema="toldonce",
    )
    op.execute("grant select, insert, update on toldonce.officer_emergency to toldonce_registry")
    op.create_table(
        "huddle",
        sa.Column("caseload", sa.Text(), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("held", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_by", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        schema="toldonce",
    )
    op.execute("grant select, insert on toldonce.huddle to toldonce_registry")


def downgrade() -> None:
    op.drop_table("huddle", schema="toldonce")
    op.drop_table("officer_emergency", schema="toldonce")
    for name in OFFICERS:
        op.drop_column("officer_session", name, schema="toldonce")
