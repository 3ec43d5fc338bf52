"""Roles, privileges and row policies: the second lock.

The ingest role passes by the row policies (it writes for everybody, and COPY does not work under them); it can read
neither audit nor agreements. Task roles cannot log in; a login role inherits nothing and steps into one task role per
transaction (`store.database.act_as`). No role but the owner can change the audit, and the API's roles own nothing.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TASKS = (
    "toldonce_facts",
    "toldonce_reader",
    "toldonce_registry",
    "toldonce_ingest",
    "toldonce_audit_writer",
    "toldonce_audit_sequencer",
    "toldonce_audit_reader",
)
LOGINS = {
    "toldonce_api": tuple(task for task in TASKS if task != "toldonce_ingest"),
    "toldonce_worker": ("toldonce_ingest",),
}

PRIVILEGES = (
    # facts: what a decision needs, never content
    "grant select on toldonce.facts, toldonce.person, toldonce.label to toldonce_facts",
    "grant select (key, id, feed, organisation, person, nhs_number) on toldonce.source_patient to toldonce_facts",
    "grant select (id, person, type) on toldonce.resource to toldonce_facts",
    # reader: content, through the row policy
    "grant select on toldonce.resource, toldonce.resource_history, toldonce.directory_resource to toldonce_reader",
    # registry: clients, agreements, used assertions
    "grant select on toldonce.client, toldonce.agreement_document to toldonce_registry",
    "grant select, insert, delete on toldonce.token_use to toldonce_registry",
    # ingest: everything that arrives, nothing of audit, agreements or clients
    "grant select, insert, update on toldonce.envelope, toldonce.quarantine, toldonce.source_patient, "
    "toldonce.statement, toldonce.submission, toldonce.linkage, toldonce.person, toldonce.label, toldonce.facts "
    "to toldonce_ingest",
    "grant delete on toldonce.quarantine, toldonce.statement, toldonce.submission to toldonce_ingest",
    "grant select, insert, update, delete on toldonce.resource, toldonce.resource_history, "
    "toldonce.directory_statement, toldonce.directory_resource to toldonce_ingest",
    # audit: written by one, sequenced by one, read by one; nobody may change content or delete
    "grant insert on toldonce.audit_event to toldonce_audit_writer",
    "grant select on toldonce.audit_event to toldonce_audit_sequencer, toldonce_audit_reader",
    "grant update (index, chain_hash) on toldonce.audit_event to toldonce_audit_sequencer",
)

_LABELS = "coalesce(nullif(current_setting('toldonce.labels', true), ''), '{}')::integer[]"
_WITHHELD = "coalesce(nullif(current_setting('toldonce.withheld', true), ''), '{}')::uuid[]"
_WINDOWS = "nullif(nullif(current_setting('toldonce.windows', true), ''), '[]')"
_GRANTED = f"""
    person = nullif(current_setting('toldonce.person', true), '')::uuid
    and label = any({_LABELS})
    and id <> all({_WITHHELD})
    and ({_WINDOWS} is null or not exists (
        select from jsonb_to_recordset({_WINDOWS}::jsonb) as w(labels integer[], since timestamptz, until timestamptz)
        where label = any(w.labels)
          and (w.since is null or ends is null or ends >= w.since)
          and (w.until is null or starts is null or starts < w.until)))
"""


def upgrade() -> None:
    for role in TASKS:
        _create_role(role, "nologin bypassrls" if role == "toldonce_ingest" else "nologin")
    for login, tasks in LOGINS.items():
        _create_role(login, "login noinherit")
        op.execute(f"grant {', '.join(tasks)} to {login}")
    op.execute(f"grant usage on schema toldonce to {', '.join(TASKS)}")
    for privilege in PRIVILEGES:
        op.execute(privilege)
    for table in ("resource", "resource_history"):
        op.execute(f"alter table toldonce.{table} enable row level security")
        op.execute(f"alter table toldonce.{table} force row level security")
        op.execute(f"create policy granted on toldonce.{table} for select to toldonce_reader using ({_GRANTED})")
    op.execute("create policy whose on toldonce.resource for select to toldonce_facts using (true)")


def downgrade() -> None:
    op.execute("drop policy whose on toldonce.resource")
    for table in ("resource", "resource_history"):
        op.execute(f"drop policy granted on toldonce.{table}")
        op.execute(f"alter table toldonce.{table} disable row level security")
    for role in (*LOGINS, *TASKS):
        op.execute(f"drop owned by {role}")
        op.execute(f"drop role {role}")


def _create_role(name: str, options: str) -> None:
    """Roles belong to the server, so another database of it may have made them already."""
    op.execute(
        f"do $$ begin create role {name} {options}; exception when duplicate_object then null; when unique_violation "
        f"then null; end $$"
    )
