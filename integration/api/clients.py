"""The register of client systems: table `client`. What a token may claim is bounded here."""

import asyncpg
import orjson

from integration.api.client_keys import public_keys, require_key_url
from integration.sharing.request import Client
from integration.store.connection import Connection

_LOAD = """
select id, name, organisation, roles, purposes, scopes, jwks::text as jwks, active, feeds, jwks_url, rate, burst,
    contact, certificate_bound from toldonce.client
"""
_REGISTER = """
insert into toldonce.client (id, name, organisation, roles, purposes, scopes, jwks, active, feeds, jwks_url, rate,
    burst, contact, certificate_bound)
values ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $9, $10, $11, $12, $13, $14)
on conflict (id) do update set name = excluded.name, organisation = excluded.organisation, roles = excluded.roles,
    purposes = excluded.purposes, scopes = excluded.scopes, jwks = excluded.jwks, active = excluded.active,
    feeds = excluded.feeds, jwks_url = excluded.jwks_url, rate = excluded.rate, burst = excluded.burst,
    contact = excluded.contact, certificate_bound = excluded.certificate_bound
"""


async def load_clients(connection: Connection) -> dict[str, Client]:
    """Every registered client by its id, inactive ones too."""
    async with connection.transaction(readonly=True):
        await connection.execute("select set_config('role', 'toldonce_registry', true)")
        rows = await connection.fetch(_LOAD)
    return {row["id"]: _client(row) for row in rows}


async def load_client(connection: Connection, client_id: str) -> Client | None:
    """One client as it is registered now; None when there is none of that id."""
    async with connection.transaction(readonly=True):
        await connection.execute("select set_config('role', 'toldonce_registry', true)")
        return await find_client(connection, client_id)


async def find_client(connection: Connection, client_id: str) -> Client | None:
    """The same, in a transaction of whoever may read the register."""
    row = await connection.fetchrow(f"{_LOAD} where id = $1", client_id)
    return _client(row) if row else None


async def register(connection: Connection, client: Client) -> None:
    """Register a client, or replace its registration. For the owner of the database only (the CLI): no role of the
    API may write the register. Raises ValueError for keys that may not be registered."""
    require_keys(client)
    values = (client.id, client.name, client.organisation, sorted(client.roles), sorted(client.purposes))
    rest = (list(client.scopes), orjson.dumps(dict(client.jwks)).decode(), client.active, sorted(client.feeds))
    limits = (client.jwks_url, client.rate, client.burst, client.contact, client.certificate_bound)
    await connection.execute(_REGISTER, *values, *rest, *limits)


def _client(row: asyncpg.Record) -> Client:
    return Client(
        id=row["id"],
        name=row["name"],
        organisation=row["organisation"],
        roles=frozenset(row["roles"]),
        purposes=frozenset(row["purposes"]),
        scopes=tuple(row["scopes"]),
        active=row["active"],
        jwks=orjson.loads(row["jwks"]),
        feeds=frozenset(row["feeds"]),
        jwks_url=row["jwks_url"],
        rate=row["rate"],
        burst=row["burst"],
        contact=row["contact"],
        certificate_bound=row["certificate_bound"],
    )


def require_keys(client: Client) -> None:
    """Raise ValueError unless the client has public keys, or a URL where it publishes them, and not both."""
    if client.jwks_url and client.jwks:
        raise ValueError("register the keys, or the URL where they are published, not both")
    if client.jwks_url:
        require_key_url(client.jwks_url)
    else:
        public_keys(client.jwks)
