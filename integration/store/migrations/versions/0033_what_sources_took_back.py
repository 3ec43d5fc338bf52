"""What sources took back: entries that stood for a while, and that their own source then said were entered in error, or
created in error, as the reason why an adjustment ends has it.

Whoever looks after the audit is told which, of whom, and from when until when, and nothing of what they say: the
functions read the status of each version, and tell moments. They are the owner's, who passes by the row policies; if
one ever held the owner, they would fail rather than find less.

https://hl7.org/fhir/R4/valueset-event-status.html (`entered-in-error`, which every R4 status of what was recorded has)
"""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_IN_ERROR = """
(status = 'entered-in-error' or (type in ('Condition', 'AllergyIntolerance') and tokens && array[
    'verification-status=http://terminology.hl7.org/CodeSystem/condition-ver-status|entered-in-error',
    'verification-status=http://terminology.hl7.org/CodeSystem/allergyintolerance-verification|entered-in-error'])
    or (type in ('Flag', 'Condition') and feed = 'recorded'))
"""
"""Of a present version that may be one, by its columns: the two types without a status are found by what they are
searched by, and adjustments that were recorded here are few."""
_SAID_IN_ERROR = """
create function toldonce.entered_in_error(body bytea) returns boolean
language sql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
select case when position('ed-in-error"'::bytea in body) = 0 then false else (
    select coalesce(said->>'status', '') = 'entered-in-error'
        or jsonb_path_exists(said, '$.verificationStatus.coding[*].code ? (@ == "entered-in-error")')
        or jsonb_path_exists(said, '$.extension[*]
            ? (@.url == "https://toldonce.example/StructureDefinition/removal-reason")
            .valueCoding.code ? (@ == "created-in-error")')
    from (select replace(convert_from(body, 'UTF8'), '\\u0000', '\\u0001')::jsonb) as one(said)) end
$$
"""
"""Of a stored resource as JSON. What else a text of it says is of no matter, so the one character that `jsonb` does not
take is read as another."""
_TAKEN_BACK = """
create function toldonce.taken_back(asked uuid[], removed uuid[], moments timestamptz[])
returns table (id uuid, type text, feed text, organisation text, source_patient bigint, categories text[],
    since timestamptz, until timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp set row_security = off as $$
with stored as (
    select r.id, r.version, r.type, r.source_patient, r.label, r.recorded, toldonce.entered_in_error(r.body) as wrong
    from toldonce.resource r where r.id = any(asked)
    union all
    select h.id, h.version, h.type, h.source_patient, h.label, h.recorded,
        coalesce(toldonce.entered_in_error(h.body), true)
    from toldonce.resource_history h where h.id = any(asked) and (h.body is not null or exists (
        select from unnest(removed, moments) as removal(id, moment)
        where removal.id = h.id and (removal.moment is null or h.recorded
            between removal.moment - interval '1 minute' and removal.moment + interval '1 minute')))
), told as (
    select *, count(*) filter (where wrong) over (
        partition by id order by version rows between unbounded preceding and 1 preceding) as before
    from stored
)
select t.id, t.type, s.feed, s.organisation, t.source_patient, array_agg(distinct l.category),
    min(t.recorded) filter (where not wrong), max(t.recorded) filter (where wrong)
from told t join toldonce.source_patient s on s.key = t.source_patient join toldonce.label l on l.id = t.label
group by t.id, t.before, t.type, s.feed, s.organisation, t.source_patient
having bool_or(wrong) and bool_or(not wrong)
$$
"""
"""Each time that one of these entries was taken back: how long it had stood, in however many versions. `removed`: those
of them that somebody removed as created in error, so that their deletion is what says so, and when by the audit, in
`moments` (give or take `audit.sights.EDGE`): what is then stated anew may go for another reason. Without a moment it is
each of their deletions."""
_CORRECTED = f"""
create function toldonce.corrected(start timestamptz, finish timestamptz, removed uuid[], moments timestamptz[])
returns table (id uuid, type text, feed text, organisation text, source_patient bigint, categories text[],
    since timestamptz, until timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp set row_security = off as $$
select t.* from toldonce.taken_back(array(
    select r.id from toldonce.resource r where r.recorded >= start and {_IN_ERROR}
    union
    select gone.id from toldonce.resource_history gone join toldonce.resource_history last
        on last.person = gone.person and last.id = gone.id and last.version = gone.version - 1
    where gone.body is null and gone.recorded >= start and toldonce.entered_in_error(last.body)
    union
    select unnest(removed)), removed, moments) t
where t.until >= start and t.until < finish
$$
"""
"""What was taken back from `start` until before `finish`, and was not stated anew since; it may be gone since."""
_FUNCTIONS = (
    "corrected(timestamptz, timestamptz, uuid[], timestamptz[])",
    "taken_back(uuid[], uuid[], timestamptz[])",
    "entered_in_error(bytea)",
)


def upgrade() -> None:
    op.execute(f"create index resource_in_error on toldonce.resource (recorded) where {_IN_ERROR}")
    op.execute("create index resource_history_gone on toldonce.resource_history (recorded) where body is null")
    for statement in (_SAID_IN_ERROR, _TAKEN_BACK, _CORRECTED):
        op.execute(statement)
    for function in _FUNCTIONS:
        op.execute(f"revoke all on function toldonce.{function} from public")
    for function in _FUNCTIONS[:2]:
        op.execute(f"grant execute on function toldonce.{function} to toldonce_watcher")


def downgrade() -> None:
    for function in _FUNCTIONS:
        op.execute(f"drop function toldonce.{function}")
    op.execute("drop index toldonce.resource_history_gone")
    op.execute("drop index toldonce.resource_in_error")
