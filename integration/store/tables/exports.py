"""Bulk export: who asked for what, of whom, and what was written of each person until it is fetched or expires."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlmodel import Field

from integration.store.tables.base import Table, moment, texts


class ExportJob(Table, table=True):
    """An export that was asked for (`teams.export.jobs`); gone when it is cancelled or has expired."""

    __tablename__ = "export_job"
    __table_args__ = (
        CheckConstraint("state in ('accepted', 'running', 'complete', 'failed')", name="export_job_state"),
    )
    id: UUID = Field(sa_column=Column(PG_UUID, primary_key=True))
    caseload: str = Field(sa_type=Text)
    client: str = Field(sa_type=Text)
    organisation: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    purpose: str = Field(sa_type=Text)
    user: str = Field(sa_type=Text)
    user_authenticated: bool
    types: list[str] = Field(sa_column=texts())
    since: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    request: str = Field(sa_type=Text)
    """URL of the request, for the manifest."""
    asked: datetime = Field(sa_column=moment())
    state: str = Field(sa_type=Text, sa_column_kwargs={"server_default": "accepted"})
    tries: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How often it was taken up since it last went on."""
    as_of: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    """The manifest's transactionTime: everything that was recorded by then is in it."""
    horizon: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    """Number of the transaction that set `as_of`: nothing is read before all with a smaller one have ended."""
    people: int | None = None
    done: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How many people there are to be written, and how many are."""
    announced: list[str] = Field(sa_column=texts())
    """Kinds of information of which something was withheld, and of which that may be said."""
    output: list[Any] | None = Field(default=None, sa_column=Column(JSONB, nullable=True))
    """Of a complete one its files: type, number, lines."""
    expires: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class ExportPerson(Table, table=True):
    """Whom an export is of, in the order in which they are written."""

    __tablename__ = "export_person"
    job: UUID = Field(sa_column=Column(PG_UUID, primary_key=True))
    ordinal: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    person: UUID = Field(sa_column=Column(PG_UUID, nullable=False))
    fingerprint: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    """Of what was granted and of the rows that it showed, when they were written; None: not written, or nothing was."""


class ExportPart(Table, table=True):
    """Lines that were written of one person, of one type. Guarded by row-level security on the person."""

    __tablename__ = "export_part"
    job: UUID = Field(sa_column=Column(PG_UUID, primary_key=True))
    ordinal: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    type: str = Field(sa_column=Column(Text, primary_key=True))
    piece: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    person: UUID = Field(sa_column=Column(PG_UUID, nullable=False))
    lines: int
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """NDJSON; of the type `directory` ids of directory entries, 16 bytes each."""
