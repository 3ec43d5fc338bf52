"""What reading a record fast needs: the row policy looks up what was granted once for a statement, not once for a row.

A sub-select that depends on no row is made before the first row is read and kept (an InitPlan); a bare
`current_setting` is asked, and its text parsed, for each row that the policy is applied to.
https://www.postgresql.org/docs/18/ddl-rowsecurity.html
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = ("resource", "resource_history")

_PERSON = "nullif(current_setting('toldonce.person', true), '')::uuid"
_LABELS = "coalesce(nullif(current_setting('toldonce.labels', true), ''), '{}')::integer[]"
_WITHHELD = "coalesce(nullif(current_setting('toldonce.withheld', true), ''), '{}')::uuid[]"
_WINDOWS = "nullif(nullif(current_setting('toldonce.windows', true), ''), '[]')"


def granted(person: str, labels: str, withheld: str, windows: str) -> str:
    """The row policy, with the ways to what was granted."""
    return f"""
    person = {person}
    and label = any({labels})
    and id <> all({withheld})
    and ({windows} is null or not exists (
        select from jsonb_to_recordset({windows}::jsonb) as w(labels integer[], since timestamptz, until timestamptz)
        where label = any(w.labels)
          and (w.since is null or ends is null or ends >= w.since)
          and (w.until is null or starts is null or starts < w.until)))
    """


ONCE = granted(
    f"(select {_PERSON})", f"(select {_LABELS})::integer[]", f"(select {_WITHHELD})::uuid[]", f"(select {_WINDOWS})"
)
EACH_TIME = granted(_PERSON, _LABELS, _WITHHELD, _WINDOWS)
"""As in migration 0002."""


def upgrade() -> None:
    for table in TABLES:
        op.execute(f"alter policy granted on toldonce.{table} using ({ONCE})")


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"alter policy granted on toldonce.{table} using ({EACH_TIME})")
