"""Who signs in with an account at an identity provider: registered by a command, with the role and the purpose that we
give them. Whatever the provider says of roles counts for nothing here."""

from datetime import datetime
from typing import NamedTuple

import asyncpg

from integration.console.sessions import Officer
from integration.store.connection import Connection


class Account(NamedTuple):
    """An account, by the provider's name (`iss`) and what names it there for good; and whose it is."""

    issuer: str
    subject: str
    who: Officer
    id: int = 0
    registered: datetime | None = None


_COLUMNS = "select id, issuer, subject, name, organisation, role, purpose, registered from toldonce.officer_account"


async def account_of(connection: Connection, issuer: str, subject: str) -> Account | None:
    """The account, where somebody may sign in with it."""
    row = await connection.fetchrow(f"{_COLUMNS} where issuer = $1 and subject = $2", issuer, subject)
    return _account(row) if row else None


async def every(connection: Connection) -> list[Account]:
    """Every account, by name."""
    return [_account(row) for row in await connection.fetch(f"{_COLUMNS} order by name, issuer, subject")]


async def register(connection: Connection, account: Account) -> bool:
    """Let whoever owns the account sign in; False where it is somebody's already."""
    done = await connection.execute(
        "insert into toldonce.officer_account (issuer, subject, name, organisation, role, purpose) "
        "values ($1, $2, $3, $4, $5, $6) on conflict (issuer, subject) do nothing",
        account.issuer,
        account.subject,
        account.who.name,
        account.who.organisation,
        account.who.role,
        account.who.purpose,
    )
    return done == "INSERT 0 1"


async def remove(connection: Connection, account: Account) -> None:
    """Nobody signs in with it any more, and the sessions that it opened end."""
    await connection.execute(
        "delete from toldonce.officer_account where issuer = $1 and subject = $2", account.issuer, account.subject
    )


def _account(row: asyncpg.Record) -> Account:
    who = Officer(row["name"], row["organisation"], role=row["role"], purpose=row["purpose"])
    return Account(row["issuer"], row["subject"], who, row["id"], row["registered"])
