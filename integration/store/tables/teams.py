"""What neighbourhood teams work with.

A caseload is described by documents, of which the newest counts; its members are source patients of the feed
`caseload`, who are nobody by themselves (`identity.following`), so that a membership follows the person through merges.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Integer, LargeBinary, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlmodel import Field

from integration.store.tables.base import Table, identity, key, moment


class CaseloadDocument(Table, table=True):
    """Every description of a caseload ever put in force (`teams.caseloads.document`); the newest of each counts."""

    __tablename__ = "caseload_document"
    __table_args__ = (Index("caseload_document_caseload", "caseload", "id"),)
    id: int | None = Field(default=None, sa_column=identity())
    caseload: str = Field(sa_type=Text)
    content: str = Field(sa_type=Text)
    applied: datetime = Field(sa_column=moment(now=True))
    applied_by: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)


class CaseloadRefresh(Table, table=True):
    """When the rule of a caseload was applied to everybody, and what came of it."""

    __tablename__ = "caseload_refresh"
    __table_args__ = (Index("caseload_refresh_caseload", "caseload", "at"),)
    id: int | None = Field(default=None, sa_column=identity())
    caseload: str = Field(sa_type=Text)
    at: datetime = Field(sa_column=moment())
    considered: int
    """People registered with the rule's practices."""
    found: int
    added: int
    ended: int


class CaseloadMember(Table, table=True):
    """Who is or was on a caseload. Nothing is removed: what ended says when, by whom and why."""

    __tablename__ = "caseload_member"
    __table_args__ = (
        Index("caseload_member_caseload", "caseload", "until"),
        Index(
            "caseload_member_once",
            "source_patient",
            "caseload",
            "by_rule",
            unique=True,
            postgresql_where=sql("until is null"),
        ),
    )
    id: int | None = Field(default=None, sa_column=identity())
    caseload: str = Field(sa_type=Text)
    source_patient: int = Field(sa_column=Column(BigInteger, ForeignKey("toldonce.source_patient.key"), nullable=False))
    """Whose organisation says so: who added by hand, or for whom the rule was applied."""
    by_rule: bool
    reason: str = Field(sa_type=Text)
    """A code of the caseload's document: which of its findings, or which of its reasons by hand."""
    since: datetime = Field(sa_column=moment())
    added_by: str = Field(sa_type=Text)
    until: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    ended_by: str | None = Field(default=None, sa_type=Text)
    ended_why: str | None = Field(default=None, sa_type=Text)


class PublishedReport(Table, table=True):
    """Every version of every measure report that was published. Only ever inserted into."""

    __tablename__ = "measure_report"
    __table_args__ = (Index("measure_report_caseload", "caseload", "starts"),)
    id: UUID = Field(sa_column=Column(PG_UUID(as_uuid=True), primary_key=True))
    version: int = Field(sa_column=key(Integer))
    caseload: str = Field(sa_type=Text)
    measure: str = Field(sa_type=Text)
    """Id of the Measure."""
    starts: date = Field(sa_type=Date)
    published: datetime = Field(sa_column=moment())
    published_by: str = Field(sa_type=Text)
    """Client as which it was counted."""
    body: bytes = Field(sa_type=LargeBinary)
    """The MeasureReport as it is served."""


class Huddle(Table, table=True):
    """A huddle that a team held over a caseload; what is new is counted from the last one. It tells of no person."""

    __tablename__ = "huddle"
    caseload: str = Field(sa_column=Column(Text, primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    held: datetime = Field(sa_column=moment())
    held_by: str = Field(sa_type=Text)
    organisation: str = Field(sa_type=Text)
    """ODS code of who held it."""
