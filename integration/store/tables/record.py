"""The shared record, and the labels on it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, INTEGER
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlmodel import Field

from integration.store.tables.base import SCHEMA, Table, moment, texts


class LabelRow(Table, table=True):
    """Interned labels (see `sharing.request.Label`)."""

    __tablename__ = "label"
    __table_args__ = (UniqueConstraint("organisation", "category", "sensitivities"),)
    id: int | None = Field(default=None, sa_column=Column(INTEGER, Identity(always=True), primary_key=True))
    organisation: str = Field(sa_type=Text)
    category: str = Field(sa_type=Text)
    sensitivities: list[str] = Field(sa_column=texts())


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
    recorded: datetime = Field(sa_column=moment())
    starts: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    """Earliest and latest moment the content speaks of: date search, `start`/`end`, period restrictions."""
    ends: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    status: str | None = Field(default=None, sa_type=Text)
    tokens: list[str] = Field(sa_column=texts())
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
        Index("resource_history_gone", "recorded", postgresql_where=sql("body is null")),
    )
    person: UUID = Field(sa_column=Column(PG_UUID, primary_key=True))
    id: UUID = Field(sa_column=Column(PG_UUID, primary_key=True))
    version: int = Field(primary_key=True)
    type: str = Field(sa_type=Text)
    source_patient: int = Field(sa_type=BigInteger)
    label: int
    recorded: datetime = Field(sa_column=moment())
    starts: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    ends: datetime | None = Field(default=None, sa_column=moment(nullable=True))
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
    recorded: datetime = Field(sa_column=moment(now=True))
    version: int
    entries: list[UUID] = Field(sa_column=Column(ARRAY(PG_UUID), nullable=False))
    """Directory entries it refers to in turn (a role's practitioner and organisation)."""
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    tokens: list[str] = Field(sa_column=texts())
    """What it is found by (`store.search_index`)."""


class Labelling(Table, table=True):
    """By which version of the code lists and of the labelling code what is stored is labelled, and how far that is."""

    __tablename__ = "labelling"
    version: str = Field(sa_column=Column(Text, primary_key=True))
    begun: datetime = Field(sa_column=moment(now=True))
    passed: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": sql("0")})
    """Key of the last source patient whose history was labelled anew."""
    finished: datetime | None = Field(default=None, sa_column=moment(nullable=True))


Index(
    "resource_acute_encounter",
    Table.metadata.tables[f"{SCHEMA}.resource"].c.recorded,
    postgresql_where=sql("feed = 'acute' and type = 'Encounter'"),
)
Index(
    "resource_in_error",
    Table.metadata.tables[f"{SCHEMA}.resource"].c.recorded,
    postgresql_where=sql(
        "status = 'entered-in-error' "
        "or (type in ('Condition', 'AllergyIntolerance') and tokens && array["
        "'verification-status=http://terminology.hl7.org/CodeSystem/condition-ver-status|entered-in-error', "
        "'verification-status=http://terminology.hl7.org/CodeSystem/allergyintolerance-verification|entered-in-error'"
        "]) or (type in ('Flag', 'Condition') and feed = 'recorded')"
    ),
)
"""What its source may have taken back (function `corrected`, migration `0033`)."""
