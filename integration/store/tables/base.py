"""What every table is made of."""

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine
from sqlmodel import MetaData, SQLModel

SCHEMA = "toldonce"


class Table(SQLModel):
    """Base of every table."""

    metadata = MetaData(schema=SCHEMA)


def moment(*, nullable: bool = False, now: bool = False) -> Any:
    default = sql("now()") if now else None
    return Column(DateTime(timezone=True), nullable=nullable, server_default=default)


def identity() -> Any:
    return Column(BigInteger, Identity(always=True), primary_key=True)


def key(type_: type[TypeEngine[int]]) -> Any:
    """A number that is the key, or part of it, and is given, not made."""
    return Column(type_, primary_key=True, autoincrement=False)


def texts() -> Any:
    return Column(ARRAY(Text), nullable=False, server_default=sql("'{}'"))
