"""Who saw what, and what waits for an officer."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlmodel import Field

from integration.store.tables.base import SCHEMA, Table, identity, key, moment


class AuditEventRow(Table, table=True):
    """The access log, in partitions by month (see `audit.log`). Only ever inserted into; retention drops what is
    old."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("audit_event_recorded", "recorded", "id"),
        Index("audit_event_person", "person", "recorded"),
        Index("audit_event_organisation", "organisation", "recorded"),
        {"postgresql_partition_by": "RANGE (recorded)"},
    )
    id: UUID = Field(sa_column=Column(PG_UUID, primary_key=True))
    recorded: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    person: UUID | None = Field(default=None, sa_column=Column(PG_UUID, nullable=True))
    organisation: str = Field(sa_type=Text)
    client: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    outcome: str = Field(sa_type=Text)
    salt: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """What is recorded of the access, compact (see `audit.entry`)."""


class AuditUnsealed(Table, table=True):
    """Events that are committed and have no place in the tree yet: a queue, emptied every second (see `audit.seal`)."""

    __tablename__ = "audit_unsealed"
    arrival: int | None = Field(default=None, sa_column=identity())
    event: UUID = Field(sa_column=Column(PG_UUID, nullable=False))
    recorded: datetime = Field(sa_column=moment())
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditLeaf(Table, table=True):
    """The leaves of the audit's Merkle tree: which event has which place, and its salted hash, which stays for good."""

    __tablename__ = "audit_leaf"
    __table_args__ = (UniqueConstraint("event"),)
    index: int = Field(sa_column=key(BigInteger))
    event: UUID = Field(sa_column=Column(PG_UUID, nullable=False))
    recorded: datetime = Field(sa_column=moment())
    """As the event's: it says in which partition the event is."""
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditNode(Table, table=True):
    """Hashes of the audit's Merkle tree that stand for 256, 65,536, 16,777,216 ... events (see `audit.tree`)."""

    __tablename__ = "audit_node"
    level: int = Field(sa_column=key(SmallInteger))
    """8, 16, 24 ...: the hash stands for 2 ** level events, from index * 2 ** level."""
    index: int = Field(sa_column=key(BigInteger))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditCheckpoint(Table, table=True):
    """What was signed: the tree's size and root at a moment, as a C2SP tlog-checkpoint (see `audit.note`)."""

    __tablename__ = "audit_checkpoint"
    size: int = Field(sa_column=key(BigInteger))
    signed: datetime = Field(sa_column=moment())
    note: str = Field(sa_type=Text)


class AuditCosignature(Table, table=True):
    """Signatures of witnesses under our checkpoints (C2SP tlog-cosignature)."""

    __tablename__ = "audit_cosignature"
    size: int = Field(sa_column=key(BigInteger))
    line: str = Field(sa_column=Column(Text, primary_key=True))
    received: datetime = Field(sa_column=moment(now=True))


class Alert(Table, table=True):
    """What waits for an officer: a broken glass, or an access on the caller's own word that was sampled. It refers to
    the audit event and says nothing of the person. The database raises these with the event (migration `0015`); what is
    unusual is found afterwards (see `audit.look`)."""

    __tablename__ = "alert"
    __table_args__ = (UniqueConstraint("key"),)
    id: int | None = Field(default=None, sa_column=identity())
    key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """SHA-256 of kind, token and person: what one token did about one person is one alert."""
    kind: str = Field(sa_type=Text)
    event: UUID = Field(sa_column=Column(PG_UUID, nullable=False))
    """The first audit event that it is about."""
    organisation: str = Field(sa_type=Text)
    client: str = Field(sa_type=Text)
    raised: datetime = Field(sa_column=moment())
    reason: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    """What is unusual about it (see `audit.unusual`), in words that name nobody."""
    records: list[UUID] = Field(sa_column=Column(ARRAY(PG_UUID), nullable=False, server_default=sql("'{}'")))
    """The two source patients' records that were wrongly shown as one person's (`audit.wrong_links`), or the entries
    that their source took back (`audit.corrections`)."""


class AlertStep(Table, table=True):
    """What an officer did about an alert: passed it on, or signed it off, which ends it. Never changed."""

    __tablename__ = "alert_step"
    __table_args__ = (
        CheckConstraint("outcome in ('signed off', 'escalated')", name="alert_step_outcome"),
        CheckConstraint("made_by <> '' and note <> ''", name="alert_step_accounted_for"),
        Index("alert_step_alert", "alert"),
        Index("alert_signed_off", "alert", unique=True, postgresql_where=sql("outcome = 'signed off'")),
    )
    id: int | None = Field(default=None, sa_column=identity())
    alert: int = Field(sa_type=BigInteger, foreign_key=f"{SCHEMA}.alert.id")
    at: datetime = Field(sa_column=moment(now=True))
    made_by: str = Field(sa_type=Text)
    outcome: str = Field(sa_type=Text)
    note: str = Field(sa_type=Text)


class Watch(Table, table=True):
    """Whose record is watched for the curious: a colleague's of everybody in an organisation, or that of somebody known
    to the public."""

    __tablename__ = "watch"
    __table_args__ = (
        CheckConstraint("kind in ('colleague', 'public figure')", name="watch_kind"),
        Index("watch_in_force", "nhs_number", postgresql_where=sql("until is null")),
    )
    id: int | None = Field(default=None, sa_column=identity())
    kind: str = Field(sa_type=Text)
    nhs_number: str = Field(sa_type=Text)
    organisation: str = Field(sa_type=Text)
    """ODS code of those whose accesses are looked at; empty = everybody's."""
    user_name: str = Field(sa_type=Text)
    """Of a colleague: the name under which they use the record themselves; empty = not known."""
    note: str = Field(sa_type=Text)
    made_by: str = Field(sa_type=Text)
    since: datetime = Field(sa_column=moment(now=True))
    until: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    ended_by: str | None = Field(default=None, sa_type=Text)


class UserDay(Table, table=True):
    """One user's day: at how many people they looked, and how often in each hour. It tells what is usual for them."""

    __tablename__ = "user_day"
    organisation: str = Field(sa_column=Column(Text, primary_key=True))
    client: str = Field(sa_column=Column(Text, primary_key=True))
    user_name: str = Field(sa_column=Column(Text, primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    people: int
    hours: list[int] = Field(sa_column=Column(ARRAY(Integer), nullable=False))


class LookedThrough(Table, table=True):
    """Days whose accesses were looked through for what is unusual."""

    __tablename__ = "looked"
    day: date = Field(sa_column=Column(Date, primary_key=True))
    at: datetime = Field(sa_column=moment(now=True))
