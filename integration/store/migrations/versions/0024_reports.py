"""The audit of what arrives: the database writes the event of an envelope in the very transaction that keeps it, by
whichever way it came. So too of code lists by which everything is labelled anew.

And what finding unusual access needs: a reason on an alert, whose records are watched, what a user's day is like, and a
function that tells what a user and a person have in common, so that nobody who looks needs to read who they are.

The event has the form that `audit.entry` writes, and its hash that of `audit.tree`; a test holds the two together.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_EVENTS = """
create function toldonce.audit_of_our_own(kind text, organisations text[], clients text[], moments timestamptz[],
    said json[]) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    moment constant bytea := substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3);
begin
    with drawn as materialized (
        select uuid_send(gen_random_uuid()) as chance, uuid_send(gen_random_uuid()) as salt, one.*
        from unnest(organisations, clients, moments, said) as one(organisation, client, recorded, details)
    ), named as (
        select *, encode(set_byte(moment || substring(chance from 7), 6, get_byte(chance, 6) & 15 | 112), 'hex')::uuid
            as event from drawn
    ), written as materialized (
        select *, convert_to(json_build_object(
            'id', event,
            'recorded', to_char(recorded at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'kind', kind,
            'outcome', '0',
            'interaction', 'create',
            'route', 'receipt',
            'caller', json_build_array(client, organisation, '', '', '', false),
            'details', details,
            'server', 'urn:toldonce:database')::text, 'UTF8') as content from named
    ), kept as (
        insert into toldonce.audit_event (id, recorded, organisation, client, kind, outcome, salt, content)
        select event, recorded, organisation, client, kind, '0', salt, content from written
    )
    insert into toldonce.audit_unsealed (event, recorded, hash)
    select event, recorded, sha256('\\x00'::bytea || salt || content) from written;
end $$
"""
"""All at once, for many messages arrive in one transaction. The id is a UUID of version 7 (RFC 9562): 48 bits of time,
a version, and what is left of a random one."""
_RECEIPT = """
create function toldonce.audit_receipt() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
begin
    perform toldonce.audit_of_our_own('ingest', array_agg(sender), array_agg('feed ' || feed), array_agg(received),
        array_agg(json_build_array(
            json_build_array('ingest/feed', feed), json_build_array('ingest/envelope', id::text),
            json_build_array('ingest/sha-256', digest), json_build_array('ingest/bytes', size::text))))
    from arrived;
    return null;
end $$
"""
_LABELLING = """
create function toldonce.audit_labelling() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
begin
    perform toldonce.audit_of_our_own('labelling', array['this deployment'], array['code lists'],
        array[now()], array[json_build_array(json_build_array('labelling/version', version))]) from begun;
    return null;
end $$
"""
_LOOKED_AT = """
create function toldonce.looked_at(looked uuid[], organisation text, user_name text, surname text)
returns table (asked uuid, same_person boolean, same_address boolean, same_surname boolean, watched text[])
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
with who as (
    select asked.id, coalesce(
        (select person from toldonce.source_patient where person = asked.id limit 1),
        (select s.person from toldonce.person p join toldonce.source_patient s on s.id = p.issued_to
         where p.id = asked.id)
    ) as person from unnest(looked) as asked(id)
), own as (
    select distinct s.person, s.demographics from toldonce.watch w
    join toldonce.source_patient s on s.nhs_number = w.nhs_number
    where w.until is null and w.organisation = looked_at.organisation and w.user_name = looked_at.user_name
        and w.user_name <> ''
)
select who.id,
    exists (select from own where own.person = who.person),
    exists (select from own join toldonce.source_patient s on s.person = who.person
        where s.demographics->'postcodes' ?| array(select jsonb_array_elements_text(own.demographics->'postcodes'))
            or s.demographics->'uprns' ?| array(select jsonb_array_elements_text(own.demographics->'uprns'))),
    surname <> '' and exists (select from toldonce.source_patient s
        where s.person = who.person and s.demographics->'families' ? surname),
    array(select distinct w.kind from toldonce.watch w join toldonce.source_patient s on s.nhs_number = w.nhs_number
        where s.person = who.person and w.until is null and w.organisation in ('', looked_at.organisation) order by 1)
from who
$$
"""
"""By present or former ids. An organisation of '' is everybody's."""
WATCHER = "toldonce_watcher"
_FUNCTIONS = (
    "looked_at(uuid[], text, text, text)",
    "audit_receipt()",
    "audit_labelling()",
    "audit_of_our_own(text, text[], text[], timestamptz[], json[])",
)


def upgrade() -> None:
    op.add_column("alert", sa.Column("reason", sa.Text(), nullable=False, server_default=""), schema="toldonce")
    _create_tables()
    for statement in (_EVENTS, _RECEIPT, _LABELLING, _LOOKED_AT):
        op.execute(statement)
    for function in _FUNCTIONS:
        op.execute(f"revoke all on function toldonce.{function} from public")
    op.execute(
        "create trigger audit_receipt after insert on toldonce.envelope referencing new table as arrived "
        "for each statement execute function toldonce.audit_receipt()"
    )
    op.execute(
        "create trigger audit_labelling after insert on toldonce.labelling referencing new table as begun "
        "for each statement execute function toldonce.audit_labelling()"
    )
    op.execute(
        f"do $$ begin create role {WATCHER} nologin; exception when duplicate_object then null; "
        "when unique_violation then null; end $$"
    )
    op.execute(f"grant {WATCHER} to toldonce_api")
    op.execute(f"grant usage on schema toldonce to {WATCHER}")
    op.execute(f"grant select on toldonce.audit_event, toldonce.watch, toldonce.user_day, toldonce.looked to {WATCHER}")
    op.execute(f"grant insert on toldonce.user_day, toldonce.looked to {WATCHER}")
    op.execute(f"grant insert (key, kind, event, organisation, client, raised, reason) on toldonce.alert to {WATCHER}")
    op.execute(f"grant select (key) on toldonce.alert to {WATCHER}")
    op.execute(f"grant execute on function toldonce.looked_at to {WATCHER}")
    op.execute("grant select on toldonce.watch to toldonce_officer")
    op.execute(
        "grant insert (kind, nhs_number, organisation, user_name, note, made_by), update (until, ended_by) "
        "on toldonce.watch to toldonce_officer"
    )


def _create_tables() -> None:
    op.create_table(
        "watch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("nhs_number", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint("kind in ('colleague', 'public figure')", name="watch_kind"),
        schema="toldonce",
    )
    op.create_index(
        "watch_in_force", "watch", ["nhs_number"], schema="toldonce", postgresql_where=sa.text("until is null")
    )
    op.create_table(
        "user_day",
        sa.Column("organisation", sa.Text(), primary_key=True),
        sa.Column("client", sa.Text(), primary_key=True),
        sa.Column("user_name", sa.Text(), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("hours", sa.ARRAY(sa.Integer()), nullable=False),
        schema="toldonce",
    )
    op.create_table(
        "looked",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        schema="toldonce",
    )


def downgrade() -> None:
    op.execute("drop trigger audit_labelling on toldonce.labelling")
    op.execute("drop trigger audit_receipt on toldonce.envelope")
    for function in _FUNCTIONS:
        op.execute(f"drop function toldonce.{function}")
    for table in ("looked", "user_day", "watch"):
        op.drop_table(table, schema="toldonce")
    op.drop_column("alert", "reason", schema="toldonce")
    op.execute(f"drop owned by {WATCHER}")
