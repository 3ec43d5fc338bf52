"""The register of client systems: table `client`. What a token may claim is bounded here."""

import asyncpg
import orjson

from integration.sharing.request import Client
from integration.store.connection import Connection

_LOAD = "select id, name, organisation, roles, purposes, scopes, jwks::text as jwks, active, feeds from toldonce.client"
_REGISTER = """
insert into toldonce.client (id, name, organisation, roles, purposes, scopes, jwks, active, feeds)
values ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $9)
on conflict (id) do update set name = excluded.name, organisation = excluded.organisation, roles = excluded.roles,
    purposes = excluded.purposes, scopes = excluded.scopes, jwks = excluded.jwks, active = excluded.active,
    feeds = excluded.feeds
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
        row = await connection.fetchrow(f"{_LOAD} where id = $1", client_id)
    return _client(row) if row else None


async def register(connection: Connection, client: Client) -> None:
    """Register a client, or replace its registration. For the owner of the database only (the CLI): no role of the
    API may write the register. Raises ValueError when the key set holds a private or symmetric key."""
    _refuse_secrets(client)
    values = (client.id, client.name, client.organisation, sorted(client.roles), sorted(client.purposes))
    rest = (list(client.scopes), orjson.dumps(dict(client.jwks)).decode(), client.active, sorted(client.feeds))
    await connection.execute(_REGISTER, *values, *rest)


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
    )


def _refuse_secrets(client: Client) -> None:
    keys = client.jwks.get("keys", [])
    if not isinstance(keys, list) or any("d" in key or key.get("kty") not in ("EC", "RSA") for key in keys):
        raise ValueError(f"client {client.id}: register public EC or RSA keys only")
