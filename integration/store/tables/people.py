"""Who is who."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlmodel import Field

from integration.store.tables.base import Table, identity, moment


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
    key: int | None = Field(default=None, sa_column=identity())
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
    id: int | None = Field(default=None, sa_column=identity())
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
    recorded: datetime = Field(sa_column=moment(now=True))
    until: datetime | None = Field(default=None, sa_column=moment(nullable=True))
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
