"""What arrives, and what is being made of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from integration.store.tables.base import SCHEMA, Table, identity, moment


class Envelope(Table, table=True):
    """The inbox: bytes as they arrived, kept for good. Acknowledged only after this row is committed."""

    __tablename__ = "envelope"
    __table_args__ = (
        UniqueConstraint("feed", "sender", "delivery"),
        CheckConstraint("state in ('received', 'done', 'quarantined')", name="envelope_state"),
        Index("envelope_waiting", "id", postgresql_where=sql("state = 'received'")),
        Index("envelope_reading", "reading", unique=True),
        Index("envelope_quarantined", "feed", "sender", postgresql_where=sql("state = 'quarantined'")),
        Index("envelope_sender", "feed", "sender", "received"),
    )
    id: int | None = Field(default=None, sa_column=identity())
    feed: str = Field(sa_type=Text)
    sender: str = Field(sa_type=Text)
    """ODS code of the organisation whose feed it is."""
    name: str = Field(sa_type=Text)
    """File name or message control id."""
    digest: str = Field(sa_type=Text)
    """SHA-256 of content, hex."""
    delivery: str = Field(sa_type=Text)
    """SHA-256 of content, name and stated as-of, hex: what is the same in all of these is the same envelope."""
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """The first part; what follows of a large file is in `envelope_part`."""
    found: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    """What was found in it on receipt (`adapters.records.Parsed`, MessagePack), where its sender waited for an answer;
    None once it is kept as statements."""
    received: datetime = Field(sa_column=moment(now=True))
    as_of: datetime = Field(sa_column=moment())
    """Fixed on receipt: from the transport or `--as-of`, else the moment of receipt."""
    state: str = Field(sa_type=Text, sa_column_kwargs={"server_default": "received"})
    finished: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    size: int = Field(sa_type=BigInteger)
    """Bytes of the whole."""
    reading: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    """The reading in force: its statements count."""
    begun: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    """A reading that is going on, how many pieces of the file it has kept, and how many bytes it has passed."""
    pieces: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    passed: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    tries: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How often it was begun to be read, and not read to the end."""


class EnvelopePart(Table, table=True):
    """What follows the first part of a large file."""

    __tablename__ = "envelope_part"
    envelope: int = Field(
        sa_column=Column(BigInteger, ForeignKey(f"{SCHEMA}.envelope.id"), primary_key=True, autoincrement=False)
    )
    part: int = Field(primary_key=True)
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class LeftBehind(Table, table=True):
    """What a transport could not take and left where it was, such as a MESH message that no route is known for."""

    __tablename__ = "left_behind"
    transport: str = Field(sa_column=Column(Text, primary_key=True))
    reference: str = Field(sa_column=Column(Text, primary_key=True))
    """The transport's own name of it: a MESH message id, a path below the watched folder."""
    reason: str = Field(sa_type=Text)
    first_seen: datetime = Field(sa_column=moment(now=True))


class Refused(Table, table=True):
    """Refused and stored nowhere, such as a message over MLLP that is too large; its sender alone has it."""

    __tablename__ = "refused"
    feed: str = Field(sa_column=Column(Text, primary_key=True))
    sender: str = Field(sa_column=Column(Text, primary_key=True))
    code: str = Field(sa_column=Column(Text, primary_key=True))
    """Of the defect, as quarantine has it."""
    reason: str = Field(sa_type=Text)
    remedy: str = Field(sa_type=Text)
    count: int = Field(sa_type=BigInteger)
    first_seen: datetime = Field(sa_column=moment(now=True))
    last_seen: datetime = Field(sa_column=moment(now=True))


class Due(Table, table=True):
    """Source patients about whom something new was kept, and whose record is to be made of it."""

    __tablename__ = "due"
    __table_args__ = (Index("due_source_patient", "source_patient", "id"),)
    id: int | None = Field(default=None, sa_column=identity())
    source_patient: int = Field(sa_type=BigInteger)
    anew: bool = Field(default=False, sa_column_kwargs={"server_default": sql("false")})
    """Nothing that is stored is trusted to be valid and rightly labelled."""


class Quarantine(Table, table=True):
    """What could not be understood, its reason beside its bytes, until it is replayed with success."""

    __tablename__ = "quarantine"
    __table_args__ = (
        UniqueConstraint("envelope", "code", "location"),
        Index("quarantine_open", "id", postgresql_where=sql("resolved is null")),
        Index("quarantine_source_patient", "source_patient", postgresql_where=sql("source_patient is not null")),
    )
    id: int | None = Field(default=None, sa_column=identity())
    envelope: int = Field(sa_type=BigInteger, foreign_key=f"{SCHEMA}.envelope.id")
    source_patient: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    """Whose record it is about, where it came to light in mapping; None where in reading the envelope."""
    code: str = Field(sa_type=Text)
    location: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    remedy: str = Field(sa_type=Text)
    fragment: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    at: datetime = Field(sa_column=moment(now=True))
    """When it was first seen."""
    resolved: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    reading: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    """The reading of the envelope that saw it last; None for what came to light in mapping."""
    last_seen: datetime = Field(sa_column=moment(now=True))


class Statement(Table, table=True):
    """One event of one source patient, as parsed. Never changed: the record is a fold over these."""

    __tablename__ = "statement"
    __table_args__ = (Index("statement_source_patient", "source_patient"),)
    reading: int = Field(sa_column=Column(BigInteger, primary_key=True))
    """Of an envelope; the statements of the reading in force count."""
    position: int = Field(primary_key=True)
    source_patient: int = Field(sa_type=BigInteger)
    at: str = Field(sa_type=Text)
    sent: str = Field(sa_type=Text)
    record: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class SubmissionRow(Table, table=True):
    """A periodic batch and the window it speaks for (see `adapters.records.Submission`)."""

    __tablename__ = "submission"
    __table_args__ = (Index("submission_sender", "feed", "sender"),)
    envelope: int = Field(sa_column=Column(BigInteger, primary_key=True))
    feed: str = Field(sa_type=Text)
    sender: str = Field(sa_type=Text)
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class GpPull(Table, table=True):
    """Whom to ask which practice about by GP Connect, when next, and what came of it last (see `ingest.gp_connect`)."""

    __tablename__ = "gp_pull"
    __table_args__ = (Index("gp_pull_due", "due"),)
    practice: str = Field(sa_column=Column(Text, primary_key=True))
    """ODS code of the practice that is asked."""
    nhs_number: str = Field(sa_column=Column(Text, primary_key=True))
    due: datetime = Field(sa_column=moment(now=True))
    """Not to be asked again before; while it is asked, when its lease ends, unless somebody wants it sooner."""
    leased_until: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    """Somebody asks: nobody else may until then."""
    last_attempted: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    """When a question was last begun."""
    last_answered: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    """When the practice last said something about the person: a record, a refusal, or "not found"."""
    outcome: str | None = Field(default=None, sa_type=Text)
    """`answered`, else the error code of the answer or of the failure (`adapters.transport.gp_connect`)."""
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": sql("0")})
    """Failed pulls since the last answer: each doubles the wait."""


class PdsTrace(Table, table=True):
    """What to ask PDS, when next, and what came of it last: about an NHS number, or who a source patient without one is
    (see `ingest.pds`)."""

    __tablename__ = "pds_trace"
    __table_args__ = (
        CheckConstraint("num_nonnulls(nhs_number, source_patient) = 1", name="pds_trace_asks_one_thing"),
        UniqueConstraint("nhs_number"),
        UniqueConstraint("source_patient"),
        Index("pds_trace_due", "due"),
    )
    id: int | None = Field(default=None, sa_column=identity())
    nhs_number: str | None = Field(default=None, sa_type=Text)
    source_patient: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    stated: str | None = Field(default=None, sa_type=Text)
    """Of a source patient: a digest of what is searched by; when that changes, the search is due again."""
    due: datetime = Field(sa_column=moment(now=True))
    """Not to be asked again before; while it is asked, when its lease ends."""
    leased_until: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    """Somebody asks: nobody else may until then."""
    last_attempted: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    last_answered: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    """When PDS last said something: a record, that there is none, that several fit."""
    outcome: str | None = Field(default=None, sa_type=Text)
    """See docs/pds.md."""
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": sql("0")})
    """Failed questions since the last answer: each doubles the wait."""
    digest: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    """SHA-256 of the last answer that was kept: the very same again is not kept again."""
