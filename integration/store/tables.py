"""The tables, as the migrations build them (a test compares the two). All live in the schema `toldonce`.

In:      envelope (its rest in envelope_part) -> statement, submission, quarantine -> due; gp_pull;
         pds_trace; left_behind
People:  source_patient, block, linkage, person
Record:  label, resource, resource_history, directory_statement, directory_resource
Rules:   facts, opt_out_clearance, labelling, agreement_document, client, token_use
Audit:   audit_unsealed -> audit_event, audit_leaf, audit_node, audit_checkpoint, audit_cosignature; alert, alert_step

Roles, and what each may touch, are in docs/database.md and the migration `0001`.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, INTEGER, JSONB
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, MetaData, SQLModel

SCHEMA = "toldonce"


class Table(SQLModel):
    """Base of every table."""

    metadata = MetaData(schema=SCHEMA)


def _moment(*, nullable: bool = False, now: bool = False) -> Any:
    default = sql("now()") if now else None
    return Column(DateTime(timezone=True), nullable=nullable, server_default=default)


def _identity() -> Any:
    return Column(BigInteger, Identity(always=True), primary_key=True)


def _key(type_: type[TypeEngine[int]]) -> Any:
    """A number that is the key, or part of it, and is given, not made."""
    return Column(type_, primary_key=True, autoincrement=False)


def _texts() -> Any:
    return Column(ARRAY(Text), nullable=False, server_default=sql("'{}'"))


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
    id: int | None = Field(default=None, sa_column=_identity())
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
    received: datetime = Field(sa_column=_moment(now=True))
    as_of: datetime = Field(sa_column=_moment())
    """Fixed on receipt: from the transport or `--as-of`, else the moment of receipt."""
    state: str = Field(sa_type=Text, sa_column_kwargs={"server_default": "received"})
    finished: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
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
    first_seen: datetime = Field(sa_column=_moment(now=True))


class Due(Table, table=True):
    """Source patients about whom something new was kept, and whose record is to be made of it."""

    __tablename__ = "due"
    __table_args__ = (Index("due_source_patient", "source_patient"),)
    id: int | None = Field(default=None, sa_column=_identity())
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
    id: int | None = Field(default=None, sa_column=_identity())
    envelope: int = Field(sa_type=BigInteger, foreign_key=f"{SCHEMA}.envelope.id")
    source_patient: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    """Whose record it is about, where it came to light in mapping; None where in reading the envelope."""
    code: str = Field(sa_type=Text)
    location: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    remedy: str = Field(sa_type=Text)
    fragment: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    at: datetime = Field(sa_column=_moment(now=True))
    """When it was first seen."""
    resolved: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    reading: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    """The reading of the envelope that saw it last; None for what came to light in mapping."""
    last_seen: datetime = Field(sa_column=_moment(now=True))


class SourcePatientRow(Table, table=True):
    """A person as one organisation's feed knows them; `person` says whom they are taken to be now."""

    __tablename__ = "source_patient"
    __table_args__ = (
        UniqueConstraint("feed", "organisation", "local_id"),
        UniqueConstraint("id"),
        Index("source_patient_nhs_number", "nhs_number"),
        Index("source_patient_person", "person"),
        Index("source_patient_about", "about", postgresql_where=sql("about is not null")),
        Index(
            "source_patient_about_issued_for",
            "about_issued_for",
            postgresql_where=sql("about_issued_for is not null"),
        ),
    )
    key: int | None = Field(default=None, sa_column=_identity())
    id: UUID = Field(sa_column=Column(PG_UUID, nullable=False))
    """Id of the source's Patient resource."""
    feed: str = Field(sa_type=Text)
    organisation: str = Field(sa_type=Text)
    local_id: str = Field(sa_type=Text)
    person: UUID | None = Field(default=None, sa_column=Column(PG_UUID, nullable=True))
    nhs_number: str | None = Field(default=None, sa_type=Text)
    birth_date: str | None = Field(default=None, sa_type=Text)
    """ISO date text, as precise as the source gave it."""
    demographics: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB, nullable=True))
    """What linkage compares (`identity.demographics.Demographics`); None = the source says nothing (any more)."""
    about: UUID | None = Field(default=None, sa_column=Column(PG_UUID, nullable=True))
    """Of one who is nobody by itself: the person's id that its statements are about (`identity.following`)."""
    about_issued_for: UUID | None = Field(default=None, sa_column=Column(PG_UUID, nullable=True))
    """And the source patient for whom that id was issued."""


class BlockRow(Table, table=True):
    """The blocks a source patient is in: who shares one is compared (see `identity.blocks`)."""

    __tablename__ = "block"
    __table_args__ = (Index("block_source_patient", "source_patient"),)
    block: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    source_patient: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))


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


class Linkage(Table, table=True):
    """Pairwise decisions about source patients, an event log: what no longer holds is closed, not removed."""

    __tablename__ = "linkage"
    __table_args__ = (
        CheckConstraint("outcome in ('SAME', 'NOT THE SAME', 'POSSIBLE')", name="linkage_outcome"),
        CheckConstraint("a < b", name="linkage_pair"),
        Index("linkage_a", "a", postgresql_where=sql("until is null")),
        Index("linkage_b", "b", postgresql_where=sql("until is null")),
        Index("linkage_stated_by", "stated_by", postgresql_where=sql("until is null")),
        Index("linkage_pair", "a", "b"),
        Index(
            "linkage_waiting",
            "id",
            postgresql_where=sql(
                "until is null and (outcome = 'POSSIBLE' or (outcome = 'SAME' and not followed) or doubt is not null)"
            ),
        ),
    )
    id: int | None = Field(default=None, sa_column=_identity())
    a: UUID = Field(sa_column=Column(PG_UUID, nullable=False))
    b: UUID = Field(sa_column=Column(PG_UUID, nullable=False))
    outcome: str = Field(sa_type=Text)
    made_by: str = Field(sa_type=Text)
    """`rule` for exact rules, `feed` for a source's own merge, else the user who decided."""
    stated_by: UUID | None = Field(default=None, sa_column=Column(PG_UUID, nullable=True))
    """For `feed`: the source patient whose statement it is."""
    reason: str = Field(sa_type=Text)
    strength: int
    followed: bool
    """False: a SAME that contradicts something stronger, or an ambiguous one. It waits for a person."""
    recorded: datetime = Field(sa_column=_moment(now=True))
    until: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    evidence: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB, nullable=True))
    """Of a person's decision: what was known then, field by field (`identity.evidence.Evidence`)."""
    ended_by: str | None = Field(default=None, sa_type=Text)
    """Who replaced or withdrew a person's decision, and why; None where evidence ended an automatic one."""
    ended_why: str | None = Field(default=None, sa_type=Text)
    doubt: str | None = Field(default=None, sa_type=Text)
    """Why a person's decision should be looked at again: the evidence has turned against it since."""


class Person(Table, table=True):
    """Every person id ever issued, and for whom: it means whoever has it now, else that source patient's person."""

    __tablename__ = "person"
    __table_args__ = (Index("person_issued_to", "issued_to"),)
    id: UUID = Field(sa_column=Column(PG_UUID, primary_key=True))
    issued_to: UUID = Field(sa_column=Column(PG_UUID, nullable=False))
    """Id of the source patient it was issued for: who states the NHS number that the id is of, else the smallest."""


class LabelRow(Table, table=True):
    """Interned labels (see `sharing.request.Label`)."""

    __tablename__ = "label"
    __table_args__ = (UniqueConstraint("organisation", "category", "sensitivities"),)
    id: int | None = Field(default=None, sa_column=Column(INTEGER, Identity(always=True), primary_key=True))
    organisation: str = Field(sa_type=Text)
    category: str = Field(sa_type=Text)
    sensitivities: list[str] = Field(sa_column=_texts())


class FactsRow(Table, table=True):
    """What decides who may see a source patient's statements, as recorded from `recorded` until `until`."""

    __tablename__ = "facts"
    __table_args__ = (
        Index("facts_person", "person", "until"),
        Index("facts_source_patient", "source_patient", "until"),
    )
    id: int | None = Field(default=None, sa_column=_identity())
    source_patient: int = Field(sa_type=BigInteger)
    person: UUID = Field(sa_column=Column(PG_UUID, nullable=False))
    recorded: datetime = Field(sa_column=_moment(now=True))
    until: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, server_default=sql("'infinity'")))
    labels: list[int] = Field(sa_column=Column(ARRAY(INTEGER), nullable=False))
    evidence: list[Any] = Field(sa_column=Column(JSONB, nullable=False))
    choices: list[Any] = Field(sa_column=Column(JSONB, nullable=False))
    restricted: bool = False


class ResourceRow(Table, table=True):
    """A resource about a person, as it is served. Guarded by row-level security on person and label."""

    __tablename__ = "resource"
    __table_args__ = (
        Index("resource_id", "id"),
        Index("resource_source_patient", "source_patient"),
        Index("resource_person_label", "person", "label"),
    )
    person: UUID = Field(sa_column=Column(PG_UUID, primary_key=True))
    id: UUID = Field(sa_column=Column(PG_UUID, primary_key=True))
    type: str = Field(sa_type=Text)
    feed: str = Field(sa_type=Text)
    source_patient: int = Field(sa_type=BigInteger)
    label: int
    version: int
    recorded: datetime = Field(sa_column=_moment())
    starts: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    """Earliest and latest moment the content speaks of: date search, `start`/`end`, period restrictions."""
    ends: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    status: str | None = Field(default=None, sa_type=Text)
    tokens: list[str] = Field(sa_column=_texts())
    """What it is found by: a text for each value of each search parameter (`store.search_index`)."""
    refs: list[UUID] = Field(sa_column=Column(ARRAY(PG_UUID), nullable=False))
    """Resources of the same person it refers to: cut on output where they are withheld."""
    entries: list[UUID] = Field(sa_column=Column(ARRAY(PG_UUID), nullable=False))
    """Directory entries it refers to."""
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """SHA-256 of the content without version and time."""
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """JSON with `Patient/@person` where the person's id goes."""


class ResourceHistory(Table, table=True):
    """Earlier versions of resources, and deletions (body null)."""

    __tablename__ = "resource_history"
    __table_args__ = (
        Index("resource_history_id", "id"),
        Index("resource_history_source_patient", "source_patient"),
    )
    person: UUID = Field(sa_column=Column(PG_UUID, primary_key=True))
    id: UUID = Field(sa_column=Column(PG_UUID, primary_key=True))
    version: int = Field(primary_key=True)
    type: str = Field(sa_type=Text)
    source_patient: int = Field(sa_type=BigInteger)
    label: int
    recorded: datetime = Field(sa_column=_moment())
    starts: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    ends: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    body: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class DirectoryStatement(Table, table=True):
    """What one source patient's record says of an organisation, practitioner or place. The fullest one is served, so
    that the directory too does not depend on the order of arrival."""

    __tablename__ = "directory_statement"
    __table_args__ = (Index("directory_statement_rank", "id", "rank"),)
    id: UUID = Field(sa_column=Column(PG_UUID, primary_key=True))
    source_patient: int = Field(sa_column=Column(BigInteger, primary_key=True, index=True))
    type: str = Field(sa_type=Text)
    rank: str = Field(sa_type=Text)
    """Length of the body, then its digest: the greatest is served."""
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class DirectoryResource(Table, table=True):
    """Organization, Practitioner, PractitionerRole, Location: about nobody's care, readable by every caller."""

    __tablename__ = "directory_resource"
    __table_args__ = (Index("directory_resource_tokens", "tokens", postgresql_using="gin"),)
    id: UUID = Field(sa_column=Column(PG_UUID, primary_key=True))
    type: str = Field(sa_type=Text)
    rank: str = Field(sa_type=Text)
    recorded: datetime = Field(sa_column=_moment(now=True))
    version: int
    entries: list[UUID] = Field(sa_column=Column(ARRAY(PG_UUID), nullable=False))
    """Directory entries it refers to in turn (a role's practitioner and organisation)."""
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    tokens: list[str] = Field(sa_column=_texts())
    """What it is found by (`store.search_index`)."""


class AgreementDocument(Table, table=True):
    """Every agreement file ever applied; the newest is in force. Decisions cite it by its digest."""

    __tablename__ = "agreement_document"
    id: int | None = Field(default=None, sa_column=_identity())
    digest: str = Field(sa_type=Text)
    content: str = Field(sa_type=Text)
    applied: datetime = Field(sa_column=_moment(now=True))
    applied_by: str = Field(sa_type=Text, sa_column_kwargs={"server_default": ""})
    """Who put it in force, and why, as they said."""
    reason: str = Field(sa_type=Text, sa_column_kwargs={"server_default": ""})


class ClientRow(Table, table=True):
    """A registered client system (see `sharing.request.Client`)."""

    __tablename__ = "client"
    id: str = Field(sa_column=Column(Text, primary_key=True))
    name: str = Field(sa_type=Text)
    organisation: str = Field(sa_type=Text)
    roles: list[str] = Field(sa_column=_texts())
    purposes: list[str] = Field(sa_column=_texts())
    scopes: list[str] = Field(sa_column=_texts())
    jwks: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    active: bool = Field(default=True, sa_column_kwargs={"server_default": sql("true")})
    feeds: list[str] = Field(sa_column=_texts())
    """Feeds that it may send files of, as its organisation's."""
    jwks_url: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    """Where it publishes its keys; then `jwks` holds none."""
    rate: float | None = Field(default=None, sa_type=Double)
    burst: int | None = None
    contact: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})


class TokenUse(Table, table=True):
    """Client assertions already used, so that none is used twice."""

    __tablename__ = "token_use"
    client: str = Field(sa_column=Column(Text, primary_key=True))
    jti: str = Field(sa_column=Column(Text, primary_key=True))
    expires: datetime = Field(sa_column=_moment())


class OfficerSession(Table, table=True):
    """A code that an officer signs in with once, or the session that it opened (see `console.sessions`)."""

    __tablename__ = "officer_session"
    __table_args__ = (CheckConstraint("kind in ('code', 'session')", name="officer_session_kind"),)
    digest: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    """SHA-256 of the code, or of the cookie."""
    kind: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    organisation: str = Field(sa_type=Text)
    expires: datetime = Field(sa_column=_moment())
    """Unless it is used before."""
    ends: datetime = Field(sa_column=_moment())
    """Whatever happens."""


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
    arrival: int | None = Field(default=None, sa_column=_identity())
    event: UUID = Field(sa_column=Column(PG_UUID, nullable=False))
    recorded: datetime = Field(sa_column=_moment())
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditLeaf(Table, table=True):
    """The leaves of the audit's Merkle tree: which event has which place, and its salted hash, which stays for good."""

    __tablename__ = "audit_leaf"
    __table_args__ = (UniqueConstraint("event"),)
    index: int = Field(sa_column=_key(BigInteger))
    event: UUID = Field(sa_column=Column(PG_UUID, nullable=False))
    recorded: datetime = Field(sa_column=_moment())
    """As the event's: it says in which partition the event is."""
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditNode(Table, table=True):
    """Hashes of the audit's Merkle tree that stand for 256, 65,536, 16,777,216 ... events (see `audit.tree`)."""

    __tablename__ = "audit_node"
    level: int = Field(sa_column=_key(SmallInteger))
    """8, 16, 24 ...: the hash stands for 2 ** level events, from index * 2 ** level."""
    index: int = Field(sa_column=_key(BigInteger))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditCheckpoint(Table, table=True):
    """What was signed: the tree's size and root at a moment, as a C2SP tlog-checkpoint (see `audit.note`)."""

    __tablename__ = "audit_checkpoint"
    size: int = Field(sa_column=_key(BigInteger))
    signed: datetime = Field(sa_column=_moment())
    note: str = Field(sa_type=Text)


class AuditCosignature(Table, table=True):
    """Signatures of witnesses under our checkpoints (C2SP tlog-cosignature)."""

    __tablename__ = "audit_cosignature"
    size: int = Field(sa_column=_key(BigInteger))
    line: str = Field(sa_column=Column(Text, primary_key=True))
    received: datetime = Field(sa_column=_moment(now=True))


class Alert(Table, table=True):
    """What waits for an officer: a broken glass, or an access on the caller's own word that was sampled. It refers to
    the audit event and says nothing of the person. The database raises it with the event (migration `0015`)."""

    __tablename__ = "alert"
    __table_args__ = (UniqueConstraint("key"),)
    id: int | None = Field(default=None, sa_column=_identity())
    key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """SHA-256 of kind, token and person: what one token did about one person is one alert."""
    kind: str = Field(sa_type=Text)
    event: UUID = Field(sa_column=Column(PG_UUID, nullable=False))
    """The first audit event that it is about."""
    organisation: str = Field(sa_type=Text)
    client: str = Field(sa_type=Text)
    raised: datetime = Field(sa_column=_moment())


class AlertStep(Table, table=True):
    """What an officer did about an alert: passed it on, or signed it off, which ends it. Never changed."""

    __tablename__ = "alert_step"
    __table_args__ = (
        CheckConstraint("outcome in ('signed off', 'escalated')", name="alert_step_outcome"),
        CheckConstraint("made_by <> '' and note <> ''", name="alert_step_accounted_for"),
        Index("alert_step_alert", "alert"),
        Index("alert_signed_off", "alert", unique=True, postgresql_where=sql("outcome = 'signed off'")),
    )
    id: int | None = Field(default=None, sa_column=_identity())
    alert: int = Field(sa_type=BigInteger, foreign_key=f"{SCHEMA}.alert.id")
    at: datetime = Field(sa_column=_moment(now=True))
    made_by: str = Field(sa_type=Text)
    outcome: str = Field(sa_type=Text)
    note: str = Field(sa_type=Text)


class OptOutClearance(Table, table=True):
    """NHS numbers that the national data opt-out service let through, from when until when that holds. Who opted out is
    not held: whoever is not here is taken to have."""

    __tablename__ = "opt_out_clearance"
    nhs_number: str = Field(sa_column=Column(Text, primary_key=True))
    checked: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    until: datetime = Field(sa_column=_moment())


class Labelling(Table, table=True):
    """By which version of the code lists and of the labelling code what is stored is labelled, and how far that is."""

    __tablename__ = "labelling"
    version: str = Field(sa_column=Column(Text, primary_key=True))
    begun: datetime = Field(sa_column=_moment(now=True))
    passed: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": sql("0")})
    """Key of the last source patient whose history was labelled anew."""
    finished: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class GpPull(Table, table=True):
    """Whom to ask which practice about by GP Connect, when next, and what came of it last (see `ingest.gp_connect`)."""

    __tablename__ = "gp_pull"
    __table_args__ = (Index("gp_pull_due", "due"),)
    practice: str = Field(sa_column=Column(Text, primary_key=True))
    """ODS code of the practice that is asked."""
    nhs_number: str = Field(sa_column=Column(Text, primary_key=True))
    due: datetime = Field(sa_column=_moment(now=True))
    """Not to be asked again before; while it is asked, when its lease ends, unless somebody wants it sooner."""
    leased_until: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    """Somebody asks: nobody else may until then."""
    last_attempted: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    """When a question was last begun."""
    last_answered: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
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
    id: int | None = Field(default=None, sa_column=_identity())
    nhs_number: str | None = Field(default=None, sa_type=Text)
    source_patient: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    stated: str | None = Field(default=None, sa_type=Text)
    """Of a source patient: a digest of what is searched by; when that changes, the search is due again."""
    due: datetime = Field(sa_column=_moment(now=True))
    """Not to be asked again before; while it is asked, when its lease ends."""
    leased_until: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    """Somebody asks: nobody else may until then."""
    last_attempted: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    last_answered: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    """When PDS last said something: a record, that there is none, that several fit."""
    outcome: str | None = Field(default=None, sa_type=Text)
    """See docs/pds.md."""
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": sql("0")})
    """Failed questions since the last answer: each doubles the wait."""
    digest: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    """SHA-256 of the last answer that was kept: the very same again is not kept again."""


Index(
    "resource_acute_encounter",
    Table.metadata.tables[f"{SCHEMA}.resource"].c.recorded,
    postgresql_where=sql("feed = 'acute' and type = 'Encounter'"),
)
