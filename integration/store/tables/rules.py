"""What decides, and who may ask."""

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
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, INTEGER, JSONB
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlmodel import Field

from integration.store.tables.base import Table, identity, moment, texts


class FactsRow(Table, table=True):
    """What decides who may see a source patient's statements, as recorded from `recorded` until `until`."""

    __tablename__ = "facts"
    __table_args__ = (
        Index("facts_person", "person", "until"),
        Index("facts_source_patient", "source_patient", "until"),
    )
    id: int | None = Field(default=None, sa_column=identity())
    source_patient: int = Field(sa_type=BigInteger)
    person: UUID = Field(sa_column=Column(PG_UUID, nullable=False))
    recorded: datetime = Field(sa_column=moment(now=True))
    until: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, server_default=sql("'infinity'")))
    labels: list[int] = Field(sa_column=Column(ARRAY(INTEGER), nullable=False))
    evidence: list[Any] = Field(sa_column=Column(JSONB, nullable=False))
    choices: list[Any] = Field(sa_column=Column(JSONB, nullable=False))
    restricted: bool = False


class AgreementDocument(Table, table=True):
    """Every agreement file ever applied; the newest is in force. Decisions cite it by its digest."""

    __tablename__ = "agreement_document"
    id: int | None = Field(default=None, sa_column=identity())
    digest: str = Field(sa_type=Text)
    content: str = Field(sa_type=Text)
    applied: datetime = Field(sa_column=moment(now=True))
    applied_by: str = Field(sa_type=Text, sa_column_kwargs={"server_default": ""})
    """Who put it in force, and why, as they said."""
    reason: str = Field(sa_type=Text, sa_column_kwargs={"server_default": ""})


class ClientRow(Table, table=True):
    """A registered client system (see `sharing.request.Client`)."""

    __tablename__ = "client"
    id: str = Field(sa_column=Column(Text, primary_key=True))
    name: str = Field(sa_type=Text)
    organisation: str = Field(sa_type=Text)
    roles: list[str] = Field(sa_column=texts())
    purposes: list[str] = Field(sa_column=texts())
    scopes: list[str] = Field(sa_column=texts())
    jwks: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    active: bool = Field(default=True, sa_column_kwargs={"server_default": sql("true")})
    feeds: list[str] = Field(sa_column=texts())
    """Feeds that it may send files of, as its organisation's."""
    jwks_url: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    """Where it publishes its keys; then `jwks` holds none."""
    rate: float | None = Field(default=None, sa_type=Double)
    burst: int | None = None
    contact: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    certificate_bound: bool = Field(default=False, sa_column_kwargs={"server_default": sql("false")})
    """Whether its tokens are bound to TLS certificates (RFC 8705)."""


class TokenUse(Table, table=True):
    """Client assertions already used, so that none is used twice."""

    __tablename__ = "token_use"
    client: str = Field(sa_column=Column(Text, primary_key=True))
    jti: str = Field(sa_column=Column(Text, primary_key=True))
    expires: datetime = Field(sa_column=moment())


class OfficerAccount(Table, table=True):
    """An account at an identity provider, and who signs in to the console with it (see `console.accounts`)."""

    __tablename__ = "officer_account"
    __table_args__ = (UniqueConstraint("issuer", "subject", name="officer_account_subject"),)
    id: int | None = Field(default=None, sa_column=identity())
    issuer: str = Field(sa_type=Text)
    """`iss` of the provider's ID tokens,"""
    subject: str = Field(sa_type=Text)
    """and the claim of them that names the account for good."""
    name: str = Field(sa_type=Text)
    organisation: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    purpose: str = Field(sa_type=Text)
    registered: datetime = Field(sa_column=moment(now=True))


class OfficerSession(Table, table=True):
    """A code that an officer signs in with once, or the session that it opened (see `console.sessions`)."""

    __tablename__ = "officer_session"
    __table_args__ = (CheckConstraint("kind in ('code', 'session')", name="officer_session_kind"),)
    digest: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    """SHA-256 of the code, or of the cookie."""
    kind: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    organisation: str = Field(sa_type=Text)
    expires: datetime = Field(sa_column=moment())
    """Unless it is used before."""
    ends: datetime = Field(sa_column=moment())
    """Whatever happens."""
    role: str = Field(sa_type=Text)
    """As whom they may ask,"""
    purpose: str = Field(sa_type=Text)
    """and what for (v3-ActReason)."""
    account: int | None = Field(
        default=None, sa_column=Column(BigInteger, ForeignKey("toldonce.officer_account.id", ondelete="CASCADE"))
    )
    """Which account opened it, where one did: it ends with that."""


class OfficerEmergency(Table, table=True):
    """An emergency that was declared for a person in a session of the console; it ends with the session."""

    __tablename__ = "officer_emergency"
    session: bytes = Field(
        sa_column=Column(
            LargeBinary, ForeignKey("toldonce.officer_session.digest", ondelete="CASCADE"), primary_key=True
        )
    )
    person: UUID = Field(sa_column=Column(PG_UUID, primary_key=True))
    reason: str = Field(sa_type=Text)
    """One of `sharing.decide.BREAK_GLASS_REASONS`."""
    note: str = Field(sa_type=Text)
    declared: datetime = Field(sa_column=moment())


class OptOutClearance(Table, table=True):
    """NHS numbers that the national data opt-out service let through, from when until when that holds. Who opted out is
    not held: whoever is not here is taken to have."""

    __tablename__ = "opt_out_clearance"
    nhs_number: str = Field(sa_column=Column(Text, primary_key=True))
    checked: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    until: datetime = Field(sa_column=moment())
