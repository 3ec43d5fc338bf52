"""What happened, and who is told of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlmodel import Field

from integration.store.tables.base import SCHEMA, Table, identity, moment, texts


class EventRow(Table, table=True):
    """Something that happened: topic, ids and moments, nothing about anybody. Kept in the transaction that stores the
    resource which says so (see `store.events`)."""

    __tablename__ = "event"
    __table_args__ = (
        Index("event_standing", "key", unique=True, postgresql_where=sql("withdrawn is null")),
        Index("event_source_patient", "source_patient"),
        Index(
            "event_waiting",
            "due",
            "id",
            postgresql_where=sql("dispatched is null and withdrawn is null and due is not null"),
        ),
    )
    id: int | None = Field(default=None, sa_column=identity())
    topic: str = Field(sa_type=Text)
    type: str = Field(sa_type=Text)
    resource: UUID = Field(sa_column=Column(PG_UUID, nullable=False))
    """What says so; whose it is, its own row tells."""
    source_patient: int = Field(sa_type=BigInteger)
    key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    happened: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    told: datetime = Field(sa_column=moment())
    due: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    """From when on it may be announced; null: never."""
    withdrawn: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    """When its source contradicted it."""
    dispatched: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class SubscriptionEndpoint(Table, table=True):
    """Where a client may be told things, as an administrator registered it. Its secret is made of the deployment's and
    is not kept here."""

    __tablename__ = "subscription_endpoint"
    __table_args__ = (UniqueConstraint("client", "url"),)
    id: int | None = Field(default=None, sa_column=identity())
    client: str = Field(sa_column=Column(Text, ForeignKey(f"{SCHEMA}.client.id"), nullable=False))
    url: str = Field(sa_type=Text)
    networks: list[str] = Field(sa_column=texts())
    """Networks (CIDR) that its address must lie in; none: public addresses."""
    generation: int = Field(default=1, sa_column_kwargs={"server_default": sql("1")})
    """Of its secret."""
    rotated: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    active: bool = Field(default=True, sa_column_kwargs={"server_default": sql("true")})
    added: datetime = Field(sa_column=moment(now=True))
    added_by: str = Field(sa_type=Text)


class SubscriptionRow(Table, table=True):
    """What a client asked to be told, for whom, and how far that is (see `teams.subscriptions`)."""

    __tablename__ = "subscription"
    __table_args__ = (
        CheckConstraint("status in ('requested', 'active', 'error', 'off')", name="subscription_status"),
        CheckConstraint("channel in ('rest-hook', 'server-sent-events')", name="subscription_channel"),
        CheckConstraint("payload in ('id-only', 'empty')", name="subscription_payload"),
        Index("subscription_client", "client"),
    )
    id: UUID = Field(sa_column=Column(PG_UUID, primary_key=True))
    client: str = Field(sa_column=Column(Text, ForeignKey(f"{SCHEMA}.client.id"), nullable=False))
    organisation: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    purpose: str = Field(sa_type=Text)
    topic: str = Field(sa_type=Text)
    payload: str = Field(sa_type=Text)
    channel: str = Field(sa_type=Text)
    endpoint: int | None = Field(
        default=None,
        sa_column=Column(BigInteger, ForeignKey(f"{SCHEMA}.subscription_endpoint.id"), nullable=True),
    )
    person: UUID | None = Field(default=None, sa_column=Column(PG_UUID, nullable=True))
    """Only of this person (any id that ever meant them)."""
    caseload: str | None = Field(default=None, sa_type=Text)
    """Only of members of this caseload."""
    reason: str = Field(sa_type=Text)
    max_count: int
    timeout: int
    heartbeat: int | None = None
    """Seconds, all three of the backport's channel extensions."""
    ends: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    status: str = Field(sa_type=Text)
    error: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    version: int = Field(default=1, sa_column_kwargs={"server_default": sql("1")})
    created: datetime = Field(sa_column=moment())
    changed: datetime = Field(sa_column=moment())
    since: datetime = Field(sa_column=moment())
    """What came to be due from then on is told."""
    events: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": sql("0")})
    """The number of the last event."""
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": sql("0")})
    """Failed since the last success."""
    failing: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    """Since when it fails."""
    next_attempt: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    contacted: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    """When it last answered."""
    lease: UUID | None = Field(default=None, sa_column=Column(PG_UUID, nullable=True))
    leased_until: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class NotificationRow(Table, table=True):
    """An event that waits to be told to a subscriber, or was: `waiting`, `sent`, `dead`. It has a number once it has
    left this house; what may not be told has neither a number nor, any more, a row."""

    __tablename__ = "notification"
    __table_args__ = (
        CheckConstraint("state in ('waiting', 'sent', 'dead')", name="notification_state"),
        UniqueConstraint("subscription", "event"),
        UniqueConstraint("subscription", "number"),
        Index("notification_waiting", "subscription", "id", postgresql_where=sql("state = 'waiting'")),
        Index("notification_settled", "settled"),
    )
    id: int | None = Field(default=None, sa_column=identity())
    subscription: UUID = Field(
        sa_column=Column(PG_UUID, ForeignKey(f"{SCHEMA}.subscription.id", ondelete="CASCADE"), nullable=False)
    )
    event: int = Field(sa_column=Column(BigInteger, ForeignKey(f"{SCHEMA}.event.id"), nullable=False))
    number: int | None = Field(default=None, sa_type=BigInteger)
    state: str = Field(default="waiting", sa_type=Text, sa_column_kwargs={"server_default": "waiting"})
    created: datetime = Field(sa_column=moment())
    settled: datetime | None = Field(default=None, sa_column=moment(nullable=True))
