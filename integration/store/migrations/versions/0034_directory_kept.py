"""A process keeps the directory entries that the records it answered with refer to, as it keeps facts (0031): the
statement that reads makes sure of both (`integration/record/kept_facts.py`).

The function that made sure of facts alone stays, for processes that still run the code before.
"""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_STILL = """
create function toldonce.still(
    whom uuid, known bigint[], newest timestamptz, named uuid[], versions integer[], latest timestamptz
) returns uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    if (select array_agg(id order by id) = known and max(recorded) = newest from toldonce.facts
        where person = whom and until = 'infinity') is not true then
        raise exception 'what is recorded about the person has changed' using errcode = 'TO001';
    end if;
    if named <> '{}' and (
        select coalesce(array_agg(version order by id), '{}') = versions and max(recorded) is not distinct from latest
        from toldonce.directory_resource where id = any(named)) is not true then
        raise exception 'what the directory says has changed' using errcode = 'TO001';
    end if;
    return whom;
end $$
"""
"""As in 0031. `named` are entries of the directory, `versions` those of the ones that exist, in the order of their ids,
and `latest` is when the last of them was recorded, which differs if a number was given once more."""
_FUNCTION = "toldonce.still(uuid, bigint[], timestamptz, uuid[], integer[], timestamptz)"


def upgrade() -> None:
    op.execute(_STILL)
    op.execute(f"revoke all on function {_FUNCTION} from public")
    op.execute(f"grant execute on function {_FUNCTION} to toldonce_reader")


def downgrade() -> None:
    op.execute(f"drop function {_FUNCTION}")
