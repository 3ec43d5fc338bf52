"""Resources lie in their rows as they are. Four in ten are longer than 2 kB with all that they are found by; PostgreSQL
compressed these, and did the opposite at each read. Rows of up to 8 kB are left alone now: a seventh more of disk.

What is stored already stays as it is until it changes. https://www.postgresql.org/docs/18/storage-toast.html
"""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_LONGEST = 8160
"""Bytes of a row: the most that PostgreSQL takes here, what fits into one page."""


def upgrade() -> None:
    op.execute(f"alter table toldonce.resource set (toast_tuple_target = {_LONGEST})")


def downgrade() -> None:
    op.execute("alter table toldonce.resource reset (toast_tuple_target)")
