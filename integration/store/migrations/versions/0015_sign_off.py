"""What waits for an officer: an alert for every broken glass, and for a share of the accesses that rest on the caller's
own word. The database raises it, in the transaction that writes the audit event: no such access without its alert.

And what rule 9 needs: NHS numbers cleared by the national data opt-out service. And by which code lists what is stored
is labelled.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SELF_CLAIMED = '["self-claimed","true"]'
SAMPLED = 16
"""Of 256 accesses on the caller's own word, how many an officer looks at. Which ones the event's random salt decides:
nobody can tell beforehand, and everybody afterwards."""
_ALERT = """
create function toldonce.raise_alert() returns trigger language plpgsql security definer
set search_path = pg_catalog as $$
declare
    sort constant text := case when new.kind = 'break-glass' then 'break-glass' else 'self-claimed' end;
    token constant text := substring(convert_from(new.content, 'UTF8') from '"token":"([^"]+)"');
begin
    insert into toldonce.alert (key, kind, event, organisation, client, raised)
    values (
        sha256(convert_to(concat_ws(' ', sort, coalesce(token, new.id::text), new.person), 'UTF8')),
        sort, new.id, new.organisation, new.client, new.recorded)
    on conflict (key) do nothing;
    return null;
end $$
"""
_TRIGGER = f"""
create trigger raise_alert after insert on toldonce.audit_event for each row
when (new.outcome = '0' and (new.kind = 'break-glass'
      or (get_byte(new.salt, 0) < {SAMPLED} and position('{SELF_CLAIMED}'::bytea in new.content) > 0)))
execute function toldonce.raise_alert()
"""


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("key", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("event", sa.Uuid(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("raised", sa.DateTime(timezone=True), nullable=False),
        schema="toldonce",
    )
    op.create_table(
        "alert_step",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("alert", sa.BigInteger(), sa.ForeignKey("toldonce.alert.id"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("outcome in ('signed off', 'escalated')", name="alert_step_outcome"),
        sa.CheckConstraint("made_by <> '' and note <> ''", name="alert_step_accounted_for"),
        schema="toldonce",
    )
    op.create_index("alert_step_alert", "alert_step", ["alert"], schema="toldonce")
    op.create_index(
        "alert_signed_off",
        "alert_step",
        ["alert"],
        unique=True,
        schema="toldonce",
        postgresql_where=sa.text("outcome = 'signed off'"),
    )
    op.create_table(
        "opt_out_clearance",
        sa.Column("nhs_number", sa.Text(), primary_key=True),
        sa.Column("checked", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        schema="toldonce",
    )
    op.create_table(
        "labelling",
        sa.Column("version", sa.Text(), primary_key=True),
        sa.Column("begun", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("passed", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=True),
        schema="toldonce",
    )
    op.execute(_ALERT)
    op.execute(_TRIGGER)
    op.execute(
        "do $$ begin create role toldonce_officer nologin; exception when duplicate_object then null; "
        "when unique_violation then null; end $$"
    )
    op.execute("grant toldonce_officer to toldonce_api")
    op.execute("grant usage on schema toldonce to toldonce_officer")
    op.execute("grant select on toldonce.alert, toldonce.alert_step to toldonce_officer")
    op.execute("grant insert (alert, made_by, outcome, note) on toldonce.alert_step to toldonce_officer")
    op.execute("grant select on toldonce.opt_out_clearance to toldonce_facts")
    op.execute("grant select, insert, update on toldonce.labelling to toldonce_ingest")


def downgrade() -> None:
    op.execute("drop trigger raise_alert on toldonce.audit_event")
    op.execute("drop function toldonce.raise_alert()")
    for table in ("labelling", "opt_out_clearance", "alert_step", "alert"):
        op.drop_table(table, schema="toldonce")
    op.execute("drop owned by toldonce_officer")
