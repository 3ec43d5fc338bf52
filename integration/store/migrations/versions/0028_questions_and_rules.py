"""The audit of what this deployment does by itself: a question to a practice (GP Connect) or to PDS, however it ended,
and what rules and feeds decide about who is who. The database writes these events, with what they are about, in the
transaction that keeps that, as it does for what arrives (migration `0024`).

And an alert may name the two records that were wrongly shown as one person's.
"""

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects.postgresql import ARRAY, UUID

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_EVENT = """
create type toldonce.own_event as (kind text, outcome text, interaction text, route text, organisation text,
    client text, recorded timestamptz, person uuid, query text, details json)
"""
"""What `audit.access.Access` says, as far as the database has anything to say."""
_OWN = """
create function toldonce.audit_own(happened toldonce.own_event[]) returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
    moment constant bytea := substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3);
begin
    with drawn as materialized (
        select uuid_send(gen_random_uuid()) as chance, uuid_send(gen_random_uuid()) as salt, one.*
        from unnest(happened) as one
    ), named as (
        select *, encode(set_byte(moment || substring(chance from 7), 6, get_byte(chance, 6) & 15 | 112), 'hex')::uuid
            as event from drawn
    ), written as materialized (
        select *, convert_to(json_strip_nulls(json_build_object(
            'id', event,
            'recorded', to_char(recorded at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'kind', kind,
            'outcome', outcome,
            'interaction', interaction,
            'route', route,
            'caller', json_build_array(client, organisation, '', '', '', false),
            'person', person,
            'query', query,
            'details', details,
            'server', 'urn:toldonce:database'))::text, 'UTF8') as content from named
    ), kept as (
        insert into toldonce.audit_event (id, recorded, person, organisation, client, kind, outcome, salt, content)
        select event, recorded, person, organisation, client, kind, outcome, salt, content from written
    )
    insert into toldonce.audit_unsealed (event, recorded, hash)
    select event, recorded, sha256('\\x00'::bytea || salt || content) from written;
end $$
"""
"""All at once, for many messages arrive in one transaction. The id is a UUID of version 7 (RFC 9562): 48 bits of time,
a version, and what is left of a random one."""
_OF_OUR_OWN = """
create or replace function toldonce.audit_of_our_own(kind text, organisations text[], clients text[],
    moments timestamptz[], said json[]) returns void language sql security definer
set search_path = pg_catalog, pg_temp as $$
select toldonce.audit_own(array(
    select (kind, '0', 'create', 'receipt', one.organisation, one.client, one.recorded, null, null,
        one.details)::toldonce.own_event
    from unnest(organisations, clients, moments, said) as one(organisation, client, recorded, details)))
$$
"""
"""As `0024` has it: what arrives, and code lists."""
_ASKED = """
create function toldonce.audit_{table}() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
begin
    perform toldonce.audit_own(array_agg((
        'question', case when answered then '0' else '12' end, 'search-type', 'question', 'this deployment',
        '{service}', clock_timestamp(), person, query, json_build_array(
            json_build_array('question/of', asked),
            json_build_array('question/outcome', case when kept then outcome else 'not known' end)
        ))::toldonce.own_event))
    from (
        select n.outcome, n.last_answered is distinct from o.last_answered as answered,
            n.last_answered is distinct from o.last_answered or n.attempts > o.attempts as kept, {said}
        from before o join after n on {same} {whom}
        where o.leased_until is not null and n.leased_until is distinct from o.leased_until
    ) as ended;
    return null;
end $$
"""
"""A question is leased while it is asked (`ingest.gp_connect`, `ingest.pds`), and ends when the lease does: with an
outcome; without one where it was given back, or where the next lease finds it still there. One event for each person
who is stated to have the number: none of them, and the query says whom it was about."""
_WITH_NUMBER = """left join lateral (
            select distinct s.person from toldonce.source_patient s
            where s.nhs_number = n.nhs_number and s.person is not null) as holder on true"""
_QUESTIONS = {
    "gp_pull": _ASKED.format(
        table="gp_pull",
        service="GP Connect",
        same="(n.practice, n.nhs_number) = (o.practice, o.nhs_number)",
        said="n.practice as asked, holder.person, 'nhs-number=' || n.nhs_number as query",
        whom=_WITH_NUMBER,
    ),
    "pds_trace": _ASKED.format(
        table="pds_trace",
        service="PDS",
        same="n.id = o.id",
        said="'PDS' as asked, coalesce(holder.person, sought.person) as person, "
        "coalesce('nhs-number=' || n.nhs_number, 'source-patient=' || sought.id) as query",
        whom=f"{_WITH_NUMBER} left join toldonce.source_patient sought on sought.key = n.source_patient",
    ),
}
_DECIDED = """
create function toldonce.audit_{name}() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
begin
    perform toldonce.audit_own(array_agg((
        'linkage', '0', 'operation', 'linkage', 'this deployment', made_by, clock_timestamp(), person, null,
        json_build_array(
            json_build_array('linkage/decision', {decision}), json_build_array('linkage/reason', reason),
            json_build_array('linkage/source-patient', a::text), json_build_array('linkage/source-patient', b::text)
        ))::toldonce.own_event))
    from (
        select n.a, n.b, n.outcome, n.made_by, n.reason, s.person
        from {rows}
        left join lateral (
            select person from toldonce.source_patient where id = n.a and person is not null
            union select person from toldonce.source_patient where id = n.b and person is not null) as s on true
        where n.made_by in ('rule', 'feed') and n.outcome <> 'POSSIBLE'
    ) as made;
    return null;
end $$
"""
"""As `audit.identity` has it of people's decisions: one event for each person whom the two were taken for."""
_DECISIONS = {
    "linked": ("insert", _DECIDED.format(name="linked", decision="outcome", rows="after n")),
    "unlinked": (
        "update",
        _DECIDED.format(
            name="unlinked",
            decision="'withdrawn'",
            rows="before o join after n on n.id = o.id and o.until is null and n.until is not null",
        ),
    ),
}


def upgrade() -> None:
    for statement in (_EVENT, _OWN, _OF_OUR_OWN):
        op.execute(statement)
    op.execute("revoke all on function toldonce.audit_own from public")
    for table, function in _QUESTIONS.items():
        _audit(table, table, "update", function)
    for name, (event, function) in _DECISIONS.items():
        _audit(name, "linkage", event, function)
    op.add_column(
        "alert", sa.Column("records", ARRAY(UUID), nullable=False, server_default=sa.text("'{}'")), schema="toldonce"
    )
    op.execute("grant insert (records) on toldonce.alert to toldonce_watcher")
    op.execute("grant select (a, b, outcome, recorded, until) on toldonce.linkage to toldonce_watcher")


def _audit(name: str, table: str, event: str, function: str) -> None:
    op.execute(function)
    op.execute(f"revoke all on function toldonce.audit_{name} from public")
    old = "old table as before " if event == "update" else ""
    op.execute(
        f"create trigger audit_{name} after {event} on toldonce.{table} referencing {old}new table as after "
        f"for each statement execute function toldonce.audit_{name}()"
    )


def downgrade() -> None:
    op.execute("revoke select (a, b, outcome, recorded, until) on toldonce.linkage from toldonce_watcher")
    op.drop_column("alert", "records", schema="toldonce")
    for name, table in (("linked", "linkage"), ("unlinked", "linkage"), *((one, one) for one in _QUESTIONS)):
        op.execute(f"drop trigger audit_{name} on toldonce.{table}")
        op.execute(f"drop function toldonce.audit_{name}()")
    before = context.script.get_revision("0024")
    assert before is not None
    op.execute(before.module._EVENTS.replace("create function", "create or replace function"))
    op.execute("drop function toldonce.audit_own")
    op.execute("drop type toldonce.own_event")
