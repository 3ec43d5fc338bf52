"""`toldonce clients`: who may ask at all. Registering, changing and disabling a client takes effect only together with
its audit event; every serving process knows of it within a second."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from rich.console import Console

from adapters.transport.asking import Asker, Certificates
from integration.api import client_form
from integration.api.client_form import registration
from integration.api.client_keys import FETCH, fetched, public_keys
from integration.api.clients import find_client, load_client, load_clients, register
from integration.audit.access import Access
from integration.audit.codes import Kind, Outcome
from integration.audit.log import AuditLog
from integration.commands.opened import opened
from integration.config import Settings
from integration.errors import NotPossible
from integration.feeds import FEEDS
from integration.sharing.request import Caller, Client
from integration.store.connection import Connection


async def register_form(settings: Settings, form: Path, user: str, reason: str, console: Console) -> None:
    """Register the client of a form. Raises NotPossible where one of that id is registered."""
    client = _read(form)
    async with _desk(settings, "register", user, reason) as desk:
        await desk.put(lambda found: _new(client, found), client.id)
    console.print(f"{client.id} is registered for {client.organisation}")


async def change(settings: Settings, form: Path, user: str, reason: str, console: Console) -> None:
    """Replace a registration by what a form says; whether it is active stays as it is."""
    client = _read(form)
    async with _desk(settings, "change", user, reason) as desk:
        changed = await desk.put(lambda found: replace(client, active=_known(client.id, found).active), client.id)
    if not changed:
        console.print(f"{client.id} is registered like that already")
    for name, value in changed.items():
        console.print(f"{name}: {value}")


async def switch(settings: Settings, client_id: str, user: str, reason: str, console: Console, *, active: bool) -> None:
    """Disable a client, or enable it again. Its tokens are refused within a second, wherever they are shown."""
    async with _desk(settings, "enable" if active else "disable", user, reason) as desk:
        changed = await desk.put(lambda found: replace(_known(client_id, found), active=active), client_id)
    console.print(f"{client_id} is {'active' if active else 'disabled'}{'' if changed else ' already'}")


async def listed(settings: Settings) -> list[dict[str, str]]:
    """Every registered client, in few words."""
    async with opened(settings) as database, database.pool("toldonce_api", size=1) as pool:
        async with pool.acquire() as connection:
            clients = await load_clients(connection)
    columns = ("id", "name", "organisation", "active", "roles", "purposes")
    rows = [registration(clients[id_]) for id_ in sorted(clients)]
    return [{name: row[name] for name in columns} for row in rows]


async def shown(settings: Settings, client_id: str) -> dict[str, str]:
    """One registration, every line of it."""
    return registration(await _one(settings, client_id))


async def check(settings: Settings, client_id: str) -> list[dict[str, str]]:
    """The keys that the client can be known by now, fetched where it publishes them. Raises NotPossible."""
    client = await _one(settings, client_id)
    keys = public_keys(client.jwks) if client.jwks else await _published(settings, client.jwks_url)
    return [{"kid": kid, "kind": f"{key['kty']} {key.get('crv', '')}".strip()} for kid, key in keys.items()]


async def _published(settings: Settings, url: str) -> Mapping[str, Mapping[str, object]]:
    asker = Asker(FETCH, Certificates(authority=str(settings.keys_authority) if settings.keys_authority else None))
    try:
        return (await fetched(asker, url)).keys
    except ValueError as error:
        raise NotPossible(f"no keys can be had from {url}: {error}") from None
    finally:
        await asker.close()


async def _one(settings: Settings, client_id: str) -> Client:
    async with opened(settings) as database, database.pool("toldonce_api", size=1) as pool:
        async with pool.acquire() as connection:
            return _known(client_id, await load_client(connection, client_id))


def _read(form: Path) -> Client:
    client = client_form.read(form)
    if unknown := sorted(client.feeds - FEEDS.keys()):
        raise NotPossible(f"there is no feed {', '.join(unknown)}; the feeds are {', '.join(FEEDS)}")
    return client


def _new(client: Client, found: Client | None) -> Client:
    if found is not None:
        raise NotPossible(f"{client.id} is registered; `toldonce clients change` replaces a registration")
    return client


def _known(client_id: str, found: Client | None) -> Client:
    if found is None:
        raise NotPossible(f"there is no client {client_id}; `toldonce clients list` names them")
    return found


class _Desk:
    """What whoever looks after the register can do, as the owner of the database, who alone may write it."""

    def __init__(self, connection: Connection, log: AuditLog, route: str, user: str, reason: str) -> None:
        self._connection = connection
        self._log = log
        self._route = route
        self._user = user
        self._reason = reason

    async def put(self, wanted: Callable[[Client | None], Client], client_id: str) -> dict[str, str]:
        """Register what is wanted in place of what is found, and say what that changes: nothing, or lines `old -> new`.
        The event is durable before the registration is."""
        async with self._connection.transaction():
            await self._connection.execute("lock table toldonce.client in exclusive mode")
            found = await find_client(self._connection, client_id)
            client = wanted(found)
            changed = differences(registration(found) if found else {}, registration(client))
            if changed:
                await register(self._connection, client)
            await self._account(client_id, changed)
        return changed

    async def _account(self, client_id: str, changed: Mapping[str, str]) -> None:
        named = {"id": client_id, "reason": self._reason, **changed} if changed else {"id": client_id, "changed": "no"}
        await self._log.append(
            Access(
                when=datetime.now(UTC),
                kind=Kind.CLIENTS,
                interaction="operation",
                route=self._route,
                outcome=Outcome.SUCCESS,
                caller=Caller("command line", "this deployment", "administrator", "", self._user),
                details=[(f"clients/{name}", value) for name, value in named.items()],
            )
        )


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """The lines that are not as they were."""
    return {
        name: f"{before[name] or 'nothing'} -> {value or 'nothing'}" if before else value
        for name, value in after.items()
        if value != before.get(name, "")
    }


@asynccontextmanager
async def _desk(settings: Settings, command: str, user: str, reason: str) -> AsyncIterator[_Desk]:
    if not user.strip() or not reason.strip():
        raise NotPossible("say who you are and why: --user and --reason")
    async with (
        opened(settings) as database,
        asyncpg.create_pool(database.owner_url, min_size=1, max_size=3) as pool,
        AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log,
        pool.acquire() as connection,
    ):
        yield _Desk(connection, log, f"toldonce clients {command}", user, reason)
