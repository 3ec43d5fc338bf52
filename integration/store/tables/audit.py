"""Who saw what, and what waits for an officer."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
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
    the audit event and says nothing of the person. The database raises it with the event (migration `0015`)."""

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
