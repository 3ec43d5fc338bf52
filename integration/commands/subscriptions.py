"""`toldonce subscriptions` and `toldonce notify`: where clients may be told things, what could not be told, telling.

What an administrator changes takes effect only together with its audit event.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from rich.console import Console

from integration import main
from integration.commands.administrator import By, administrator
from integration.commands.opened import opened
from integration.config import Settings
from integration.deployment import secret_of
from integration.errors import NotPossible
from integration.store.connection import Connection
from integration.store.database import act_as
from integration.teams.subscriptions import endpoints, register
from integration.teams.subscriptions.endpoints import Endpoint
from integration.teams.subscriptions.resource import Subscription
from integration.teams.subscriptions.signature import shown


async def notify(settings: Settings, console: Console) -> None:
    """Tell until told to stop, without serving anything."""
    async with opened(settings) as database, main.application(settings, database):
        console.print("telling subscribers")
        await asyncio.Event().wait()


async def add(settings: Settings, client: str, url: str, networks: Sequence[str], by: By, console: Console) -> None:
    """Register an endpoint, and show its secret."""
    async with administrator(settings, "subscriptions", "endpoint add", by) as desk:
        async with desk.connection.transaction():
            made = await endpoints.add(desk.connection, client, url, networks, by.user)
            await desk.account({"endpoint": str(made.id), "client": client, "url": url, "networks": " ".join(networks)})
    _show_secret(settings, made, console)


async def rotate(settings: Settings, id_: int, by: By, console: Console) -> None:
    """Give an endpoint another secret, and show it."""
    async with administrator(settings, "subscriptions", "endpoint rotate", by) as desk:
        async with desk.connection.transaction():
            made = await endpoints.rotate(desk.connection, id_, datetime.now(UTC))
            await desk.account({"endpoint": str(id_), "generation": str(made.generation)})
    _show_secret(settings, made, console)


async def close(settings: Settings, id_: int, by: By, console: Console) -> None:
    """Send nothing to an endpoint any more."""
    async with administrator(settings, "subscriptions", "endpoint close", by) as desk:
        async with desk.connection.transaction():
            made = await endpoints.close(desk.connection, id_)
            await desk.account({"endpoint": str(id_)})
    console.print(f"nothing is sent to {made.url} any more")


async def endpoint_list(settings: Settings) -> list[dict[str, Any]]:
    """Every endpoint that is or was registered; no secrets."""
    async with _reading(settings) as connection:
        found = await endpoints.listed(connection)
    return [
        {
            "id": one.id,
            "client": one.client,
            "url": one.url,
            "networks": " ".join(one.networks) or "public",
            "open": one.active,
        }
        for one in found
    ]


async def listed(settings: Settings) -> list[dict[str, Any]]:
    """Every subscription: whose, for what, how far; whom a filter names is not said."""
    async with _reading(settings) as connection:
        rows = await connection.fetch(_LISTED)
    return [dict(row) for row in rows]


async def dead_letters(settings: Settings) -> list[dict[str, Any]]:
    """What could not be told, by subscription; whom it is about is not said."""
    async with _reading(settings) as connection:
        rows = await connection.fetch(_DEAD)
    return [dict(row) for row in rows]


async def replay(settings: Settings, id_: str, by: By, console: Console) -> None:
    """Ask for a subscription again that is in error: its dead letters wait, and are told once it answers."""
    async with administrator(settings, "subscriptions", "dead-letters replay", by) as desk:
        async with desk.connection.transaction():
            found = await _subscription(desk.connection, id_)
            if found.status != "error":
                raise NotPossible(f"the subscription is {found.status}: nothing of it is given up")
            now, wanted = datetime.now(UTC), found.wanted
            made = await register.change(
                desk.connection, found, on=True, reason=wanted.reason, ends=wanted.ends, now=now
            )
            await desk.account({"subscription": str(found.id)})
    console.print(f"{made.id} is {made.status}")


async def _subscription(connection: Connection, id_: str) -> Subscription:
    try:
        wanted = UUID(id_)
    except ValueError:
        raise NotPossible("the id of a subscription is a UUID") from None
    row = await connection.fetchrow(f"select {register.COLUMNS} from {register.FROM} where s.id = $1", wanted)
    if row is None:
        raise NotPossible("there is no such subscription; `toldonce subscriptions list` names them")
    return register.read(row)


def _show_secret(settings: Settings, endpoint: Endpoint, console: Console) -> None:
    secret = shown(endpoint.secret(secret_of(settings, "notifications", 32)))
    console.print(f"endpoint {endpoint.id} of {endpoint.client}: {endpoint.url}", highlight=False, soft_wrap=True)
    console.print(f"its secret, for that client alone: {secret}", highlight=False, soft_wrap=True)


@asynccontextmanager
async def _reading(settings: Settings) -> AsyncIterator[Connection]:
    async with opened(settings) as database, database.pool("toldonce_api", size=1) as pool:
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_notifier")
            yield connection


_COUNTS = """
count(*) filter (where n.state = 'waiting') as waiting, count(*) filter (where n.state = 'dead') as dead
"""
_LISTED = f"""
select s.id, s.client, s.topic, s.channel, s.status, s.events, {_COUNTS}
from toldonce.subscription s left join toldonce.notification n on n.subscription = s.id
group by s.id order by s.client, s.created
"""
_DEAD = """
select s.id as subscription, s.client, s.topic, count(*) as dead, min(n.created) as oldest, max(n.settled) as given_up,
    s.error
from toldonce.subscription s join toldonce.notification n on n.subscription = s.id and n.state = 'dead'
group by s.id order by s.client, s.id
"""
