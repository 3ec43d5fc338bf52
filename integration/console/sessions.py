"""Sessions: an account at an identity provider opens one, or a code that is used once. The database keeps digests.

An administrator registers the account of a named officer, or of a named member of a team (`toldonce console
register`), or gives them a code (`toldonce console sign-in`), so that who signs in is somebody whom somebody answers
for; nobody has a password here. The session carries the role and the purpose that the account or the code was given
for: what its pages show is decided for them, as for any other caller.
"""

import hmac
import secrets
from base64 import b32encode
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

import asyncpg

from integration.audit.search import AUDIT_PURPOSE, IG_OFFICER
from integration.sharing.request import BreakGlass
from integration.store.connection import Connection

CODE_LASTS = timedelta(minutes=10)
"""As long as ASVS 2.7.2 lets a code be good at most."""
IDLE = timedelta(minutes=30)
"""Without a request a session ends after this,"""
LONGEST = timedelta(hours=8)
"""and whatever happens after this."""
_GROUP = 4


@dataclass(frozen=True)
class Officer:
    """Who is signed in, in which role and for which purpose (v3-ActReason): an information governance officer, or
    somebody of a team. `check` goes with every form, so that no other site's page can send one (CSRF). `until`: when
    the session ends if nothing is asked for."""

    name: str
    organisation: str
    check: str = ""
    role: str = IG_OFFICER
    purpose: str = AUDIT_PURPOSE
    until: datetime | None = None


async def offer(connection: Connection, who: Officer, at: datetime) -> str:
    """A new code for one sign-in, like `ABCD-EFGH-IJKL-MNOP` (80 random bits)."""
    code = b32encode(secrets.token_bytes(10)).decode()
    await _keep(connection, _read(code), "code", who, at + CODE_LASTS, at + CODE_LASTS)
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


async def begin(connection: Connection, code: str, at: datetime) -> tuple[str, Officer] | None:
    """Use a code up: the new session's token, and whose it is; None for a code that is wrong, old or used."""
    row = await connection.fetchrow(
        "delete from toldonce.officer_session where digest = $1 and kind = 'code' "
        "returning name, organisation, role, purpose, expires > $2 as good",
        _digest(_read(code)),
        at,
    )
    if row is None or not row["good"]:
        return None
    who = _officer(row)
    return await open_for(connection, who, at), who


async def open_for(connection: Connection, who: Officer, at: datetime, account: int | None = None) -> str:
    """The token of a new session of theirs; one that an account opened ends with it."""
    token = secrets.token_urlsafe(32)
    await _keep(connection, token, "session", who, at + IDLE, at + LONGEST, account)
    return token


async def officer_of(connection: Connection, token: str, at: datetime) -> Officer | None:
    """Whose session this is, which lasts longer by that; None when there is none any more."""
    row = await connection.fetchrow(
        "update toldonce.officer_session set expires = least($2 + $3, ends) "
        "where digest = $1 and kind = 'session' and expires > $2 returning name, organisation, role, purpose, expires",
        _digest(token),
        at,
        IDLE,
    )
    return replace(_officer(row), check=_check(token), until=row["expires"]) if row else None


async def end(connection: Connection, token: str, at: datetime) -> str | None:
    """End a session; whatever has expired goes with it. The identity provider whose account had opened it, if one."""
    await connection.execute("delete from toldonce.officer_session where expires <= $1", at)
    issuer: str | None = await connection.fetchval(
        "delete from toldonce.officer_session where digest = $1 "
        "returning (select issuer from toldonce.officer_account where id = account)",
        _digest(token),
    )
    return issuer


async def declare(connection: Connection, token: str, person: UUID, glass: BreakGlass) -> None:
    """Keep with a session that an emergency was declared for a person. How long it counts is the agreements' matter."""
    await connection.execute(
        "insert into toldonce.officer_emergency (session, person, reason, note, declared) values ($1, $2, $3, $4, $5) "
        "on conflict (session, person) do update set reason = $3, note = $4, declared = $5",
        _digest(token),
        person,
        glass.reason,
        glass.note,
        glass.declared,
    )


async def declared(connection: Connection, token: str, person: UUID) -> BreakGlass | None:
    """The emergency that this session declared for a person, if it did."""
    row = await connection.fetchrow(
        "select reason, note, declared from toldonce.officer_emergency where session = $1 and person = $2",
        _digest(token),
        person,
    )
    return BreakGlass(row["reason"], row["note"], row["declared"]) if row else None


async def _keep(
    connection: Connection,
    secret: str,
    kind: str,
    who: Officer,
    expires: datetime,
    ends: datetime,
    account: int | None = None,
) -> None:
    await connection.execute(
        "insert into toldonce.officer_session (digest, kind, name, organisation, role, purpose, expires, ends, account)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        _digest(secret),
        kind,
        who.name,
        who.organisation,
        who.role,
        who.purpose,
        expires,
        ends,
        account,
    )


def _officer(row: asyncpg.Record) -> Officer:
    return Officer(row["name"], row["organisation"], role=row["role"], purpose=row["purpose"])


def _read(code: str) -> str:
    """A code as it may be typed: lower case, with or without dashes and spaces."""
    return "".join(one for one in code.upper() if one.isalnum())


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def _check(token: str) -> str:
    return hmac.digest(token.encode(), b"form", "sha256").hex()
