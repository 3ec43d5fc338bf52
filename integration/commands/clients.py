"""`toldonce clients`: who may ask at all. Registering, changing and disabling a client takes effect only together with
its audit event; every serving process knows of it within a second."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from adapters.transport.asking import Asker, Certificates
from integration.api import client_form
from integration.api.client_form import registration
from integration.api.client_keys import public_keys
from integration.api.clients import find_client, load_client, load_clients, register
from integration.api.published import FETCH, fetched
from integration.commands.administrator import By, Desk, administrator
from integration.commands.opened import opened
from integration.config import Settings
from integration.errors import NotPossible
from integration.feeds import FEEDS
from integration.sharing.request import Client


async def register_form(settings: Settings, form: Path, user: str, reason: str, console: Console) -> None:
    """Register the client of a form. Raises NotPossible where one of that id is registered."""
    client = _read(form)
    async with administrator(settings, "clients", "register", By(user, reason)) as desk:
        await _put(desk, lambda found: _new(client, found), client.id)
    console.print(f"{client.id} is registered for {client.organisation}")


async def change(settings: Settings, form: Path, user: str, reason: str, console: Console) -> None:
    """Replace a registration by what a form says; whether it is active stays as it is."""
    client = _read(form)
    async with administrator(settings, "clients", "change", By(user, reason)) as desk:
        changed = await _put(desk, lambda found: replace(client, active=_known(client.id, found).active), client.id)
    if not changed:
        console.print(f"{client.id} is registered like that already")
    for name, value in changed.items():
        console.print(f"{name}: {value}")


async def switch(settings: Settings, client_id: str, user: str, reason: str, console: Console, *, active: bool) -> None:
    """Disable a client, or enable it again. Its tokens are refused within a second, wherever they are shown."""
    command = "enable" if active else "disable"
    async with administrator(settings, "clients", command, By(user, reason)) as desk:
        changed = await _put(desk, lambda found: replace(_known(client_id, found), active=active), client_id)
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
        return (await fetched(asker, url, public_keys)).value
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


async def _put(desk: Desk, wanted: Callable[[Client | None], Client], client_id: str) -> dict[str, str]:
    """Register what is wanted in place of what is found, and say what that changes: nothing, or lines `old -> new`. The
    event is durable before the registration is."""
    async with desk.connection.transaction():
        await desk.connection.execute("lock table toldonce.client in exclusive mode")
        found = await find_client(desk.connection, client_id)
        client = wanted(found)
        changed = differences(registration(found) if found else {}, registration(client))
        if changed:
            await register(desk.connection, client)
        await desk.account({"id": client_id, **(changed or {"changed": "no"})})
    return changed


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """The lines that are not as they were."""
    return {
        name: f"{before[name] or 'nothing'} -> {value or 'nothing'}" if before else value
        for name, value in after.items()
        if value != before.get(name, "")
    }
