"""What happened, and who is told of it.

Whoever stores the record adds what happened, in the same transaction, and may take back what is contradicted. Two more
roles: `toldonce_subscriber`, for what clients ask about their own subscriptions, and `toldonce_notifier`, who hands out
what happened and keeps account of it. Neither can read anything about anybody: whom it concerns and whether it may be
told are asked under the roles of every other read. Endpoints are written by the owner alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

ROLES = ("toldonce_subscriber", "toldonce_notifier")
_PROGRESS = "status, error, events, attempts, failing, next_attempt, contacted, lease, leased_until"
PRIVILEGES = (
    "grant select, insert on toldonce.event to toldonce_ingest",
    "grant update (withdrawn) on toldonce.event to toldonce_ingest",
    "grant select on toldonce.event, toldonce.subscription_endpoint to toldonce_notifier, toldonce_subscriber",
    "grant update (dispatched) on toldonce.event to toldonce_notifier",
    "grant select on toldonce.subscription, toldonce.notification to toldonce_notifier, toldonce_subscriber",
    f"grant update ({_PROGRESS}) on toldonce.subscription to toldonce_notifier",
    "grant insert, update, delete on toldonce.notification to toldonce_notifier",
    "grant insert, delete on toldonce.subscription to toldonce_subscriber",
    "grant update (status, error, ends, reason, version, changed, since, attempts, failing, next_attempt) "
    "on toldonce.subscription to toldonce_subscriber",
    "grant update (state, settled) on toldonce.notification to toldonce_subscriber",
    "grant delete on toldonce.notification to toldonce_subscriber",
    "grant select (id, status) on toldonce.subscription to toldonce_monitor",
    "grant select (subscription, state, created) on toldonce.notification to toldonce_monitor",
    "grant select (due, withdrawn, dispatched) on toldonce.event to toldonce_monitor",
)
_NOW = sa.text("now()")


def upgrade() -> None:
    _event()
    _endpoint()
    _subscription()
    _notification()
    for role in ROLES:
        op.execute(
            f"do $$ begin create role {role} nologin; exception when duplicate_object then null; "
            "when unique_violation then null; end $$"
        )
        op.execute(f"grant {role} to toldonce_api")
        op.execute(f"grant usage on schema toldonce to {role}")
    for privilege in PRIVILEGES:
        op.execute(privilege)


def downgrade() -> None:
    for table in ("notification", "subscription", "subscription_endpoint", "event"):
        op.drop_table(table, schema="toldonce")
    for role in ROLES:
        op.execute(f"drop owned by {role}")


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("resource", sa.Uuid(), nullable=False),
        sa.Column("source_patient", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        _moment("happened", nullable=True),
        _moment("told"),
        _moment("due", nullable=True),
        _moment("withdrawn", nullable=True),
        _moment("dispatched", nullable=True),
        schema="toldonce",
    )
    op.create_index(
        "event_standing",
        "event",
        ["key"],
        unique=True,
        schema="toldonce",
        postgresql_where=sa.text("withdrawn is null"),
    )
    op.create_index("event_source_patient", "event", ["source_patient"], schema="toldonce")
    op.create_index(
        "event_waiting",
        "event",
        ["due", "id"],
        schema="toldonce",
        postgresql_where=sa.text("dispatched is null and withdrawn is null and due is not null"),
    )


def _endpoint() -> None:
    op.create_table(
        "subscription_endpoint",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("client", sa.Text(), sa.ForeignKey("toldonce.client.id"), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("networks", sa.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("generation", sa.Integer(), nullable=False, server_default="1"),
        _moment("rotated", nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False, server_default=sa.text("true")),
        sa.Column("added", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.UniqueConstraint("client", "url"),
        schema="toldonce",
    )


def _subscription() -> None:
    op.create_table(
        "subscription",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("client", sa.Text(), sa.ForeignKey("toldonce.client.id"), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("organisation", "role", "purpose", "topic", "payload", "channel")
        ),
        sa.Column("endpoint", sa.BigInteger(), sa.ForeignKey("toldonce.subscription_endpoint.id"), nullable=True),
        sa.Column("person", sa.Uuid(), nullable=True),
        sa.Column("caseload", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("max_count", sa.Integer(), nullable=False),
        sa.Column("timeout", sa.Integer(), nullable=False),
        sa.Column("heartbeat", sa.Integer(), nullable=True),
        _moment("ends", nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False, server_default=""),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        _moment("created"),
        _moment("changed"),
        _moment("since"),
        sa.Column("events", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        _moment("failing", nullable=True),
        _moment("next_attempt", nullable=True),
        _moment("contacted", nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        _moment("leased_until", nullable=True),
        sa.CheckConstraint("status in ('requested', 'active', 'error', 'off')", name="subscription_status"),
        sa.CheckConstraint("channel in ('rest-hook', 'server-sent-events')", name="subscription_channel"),
        sa.CheckConstraint("payload in ('id-only', 'empty')", name="subscription_payload"),
        schema="toldonce",
    )
    op.create_index("subscription_client", "subscription", ["client"], schema="toldonce")


def _notification() -> None:
    op.create_table(
        "notification",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column(
            "subscription", sa.Uuid(), sa.ForeignKey("toldonce.subscription.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("event", sa.BigInteger(), sa.ForeignKey("toldonce.event.id"), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False, server_default="waiting"),
        _moment("created"),
        _moment("settled", nullable=True),
        sa.CheckConstraint("state in ('waiting', 'sent', 'dead')", name="notification_state"),
        sa.UniqueConstraint("subscription", "event"),
        sa.UniqueConstraint("subscription", "number"),
        schema="toldonce",
    )
    op.create_index(
        "notification_waiting",
        "notification",
        ["subscription", "id"],
        schema="toldonce",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("notification_settled", "notification", ["settled"], schema="toldonce")


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
