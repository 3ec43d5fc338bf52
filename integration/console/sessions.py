"""Officers' sign-in: a code that is used once opens a session. The database keeps digests of both.

An administrator gives the code to a named officer (`toldonce console sign-in`), so that who signs in is somebody whom
somebody answers for; nobody has a password here.
"""

import hmac
import secrets
from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from integration.store.connection import Connection

CODE_LASTS = timedelta(minutes=15)
IDLE = timedelta(minutes=30)
"""Without a request a session ends after this,"""
LONGEST = timedelta(hours=8)
"""and whatever happens after this."""
_GROUP = 4


@dataclass(frozen=True)
class Officer:
    """Who is signed in. `check` goes with every form, so that no other site's page can send one (CSRF)."""

    name: str
    organisation: str
    check: str


async def offer(connection: Connection, name: str, organisation: str, at: datetime) -> str:
    """A new code for one sign-in, like `ABCD-EFGH-IJKL-MNOP` (80 random bits)."""
    code = b32encode(secrets.token_bytes(10)).decode()
    await _keep(connection, _read(code), "code", name, organisation, at + CODE_LASTS, at + CODE_LASTS)
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


async def begin(connection: Connection, code: str, at: datetime) -> tuple[str, Officer] | None:
    """Use a code up: the new session's token, and whose it is; None for a code that is wrong, old or used."""
    row = await connection.fetchrow(
        "delete from toldonce.officer_session where digest = $1 and kind = 'code' "
        "returning name, organisation, expires > $2 as good",
        _digest(_read(code)),
        at,
    )
    if row is None or not row["good"]:
        return None
    token = secrets.token_urlsafe(32)
    await _keep(connection, token, "session", row["name"], row["organisation"], at + IDLE, at + LONGEST)
    return token, Officer(row["name"], row["organisation"], _check(token))


async def officer_of(connection: Connection, token: str, at: datetime) -> Officer | None:
    """Whose session this is, which lasts longer by that; None when there is none any more."""
    row = await connection.fetchrow(
        "update toldonce.officer_session set expires = least($2 + $3, ends) "
        "where digest = $1 and kind = 'session' and expires > $2 returning name, organisation",
        _digest(token),
        at,
        IDLE,
    )
    return Officer(row["name"], row["organisation"], _check(token)) if row else None


async def end(connection: Connection, token: str, at: datetime) -> None:
    """End a session; whatever has expired goes with it."""
    await connection.execute(
        "delete from toldonce.officer_session where digest = $1 or expires <= $2", _digest(token), at
    )


async def _keep(
    connection: Connection, secret: str, kind: str, name: str, organisation: str, expires: datetime, ends: datetime
) -> None:
    await connection.execute(
        "insert into toldonce.officer_session (digest, kind, name, organisation, expires, ends) "
        "values ($1, $2, $3, $4, $5, $6)",
        _digest(secret),
        kind,
        name,
        organisation,
        expires,
        ends,
    )


def _read(code: str) -> str:
    """A code as it may be typed: lower case, with or without dashes and spaces."""
    return "".join(one for one in code.upper() if one.isalnum())


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def _check(token: str) -> str:
    return hmac.digest(token.encode(), b"form", "sha256").hex()
