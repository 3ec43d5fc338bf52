"""Reading on the ground of facts that a process has kept: whoever reads a record says which rows the facts were in, and
nothing is read unless those are still the present ones (`integration/record/kept_facts.py`).

The reader's role may read no facts. It is told nothing here but whether it knows them already.
"""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_STILL = """
create function toldonce.still(whom uuid, known bigint[], newest timestamptz) returns uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    if (select array_agg(id order by id) = known and max(recorded) = newest from toldonce.facts
        where person = whom and until = 'infinity') is not true then
        raise exception 'what is recorded about the person has changed' using errcode = 'TO001';
    end if;
    return whom;
end $$
"""
"""The person, when these are the rows that say what is known of them now; an error otherwise, so that no row is read.

A row of facts is never changed but to end it, so its number tells what it says. After a server was restored to an
earlier moment a number may be given once more: then `newest`, when the last of them was recorded, is another moment."""
_FUNCTION = "toldonce.still(uuid, bigint[], timestamptz)"


def upgrade() -> None:
    op.execute(_STILL)
    op.execute(f"revoke all on function {_FUNCTION} from public")
    op.execute(f"grant execute on function {_FUNCTION} to toldonce_reader")


def downgrade() -> None:
    op.execute(f"drop function {_FUNCTION}")
