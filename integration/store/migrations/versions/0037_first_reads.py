"""A practice is asked when somebody's record is first read and nothing of the practice is held.

Who reads may put nobody on the list of whom to ask about: a function of the owner does, for a person whom a Grant was
given for, and only for numbers that are verified. What it says back is how long an answer is worth waiting for.
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_ROLE = """
do $$ begin create role toldonce_asker nologin;
exception when duplicate_object then null; when unique_violation then null; end $$
"""
_ASK = """
create function toldonce.ask_practices(whom uuid, practices text[], patience interval) returns interval
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    numbers constant text[] := array(
        select distinct nhs_number from toldonce.source_patient
        where person = whom and nhs_number is not null and (demographics ->> 'verified')::boolean);
    asked text;
begin
    if exists (
        select from toldonce.facts f join toldonce.source_patient s on s.key = f.source_patient
        where f.person = whom and f.until = 'infinity' and f.labels <> '{}'
          and s.feed = 'gp' and s.organisation = any(practices))
    then
        return '0';
    end if;
    insert into toldonce.gp_pull (practice, nhs_number)
    select practice, nhs_number from unnest(practices) practice, unnest(numbers) nhs_number order by 1, 2
    on conflict (practice, nhs_number) do nothing;
    for asked in
        update toldonce.gp_pull set wanted = now()
        where practice = any(practices) and nhs_number = any(numbers) and wanted is null and last_attempted is null
        returning practice
    loop
        perform pg_notify('toldonce_gp_wanted', asked);
    end loop;
    return (
        select max(wanted) + patience - now() from toldonce.gp_pull
        where practice = any(practices) and nhs_number = any(numbers) and wanted > now() - patience
          and (outcome is null or outcome = 'answered'));
end $$
"""
"""Zero: the record is here. A span: it was asked for, and may come so soon. Nothing: it was asked for before, or cannot
be. Whoever was asked about already is asked about again when they are due. No row is locked but one that is changed:
whoever claims passes by locked ones."""


def upgrade() -> None:
    op.add_column("gp_pull", sa.Column("wanted", sa.DateTime(timezone=True), nullable=True), schema="toldonce")
    op.execute(_ASK)
    op.execute("revoke all on function toldonce.ask_practices from public")
    op.execute(_ROLE)
    op.execute("grant toldonce_asker to toldonce_api")
    op.execute("grant usage on schema toldonce to toldonce_asker")
    op.execute("grant execute on function toldonce.ask_practices to toldonce_asker")


def downgrade() -> None:
    op.execute("drop function toldonce.ask_practices")
    op.execute("drop owned by toldonce_asker")
    op.drop_column("gp_pull", "wanted", schema="toldonce")
