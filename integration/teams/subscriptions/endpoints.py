"""Where clients may be told things: registered by an administrator, as the owner of the database, who alone may.

A client names one of its endpoints by the very URL when it subscribes; one that nobody registered is refused unseen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from integration.errors import NotPossible
from integration.store.connection import Connection
from integration.teams.subscriptions.posting import Destination, require_endpoint
from integration.teams.subscriptions.signature import endpoint_secret

OVERLAP = timedelta(hours=24)
"""For which the secret before the last rotation holds too."""


@dataclass(frozen=True)
class Endpoint:
    """One endpoint of one client. `networks` (CIDR): what its address must lie in; none: public addresses."""

    id: int
    client: str
    url: str
    networks: tuple[str, ...]
    generation: int
    rotated: datetime | None
    active: bool

    @property
    def destination(self) -> Destination:
        return Destination(self.url, self.networks)

    def secret(self, deployment: bytes) -> bytes:
        """The secret that holds now."""
        return endpoint_secret(deployment, self.id, self.client, self.generation)

    def secrets(self, deployment: bytes, at: datetime) -> list[bytes]:
        """Every secret that holds at a moment, the newest first."""
        both = self.rotated is not None and self.generation > 1 and at < self.rotated + OVERLAP
        generations = (self.generation, self.generation - 1) if both else (self.generation,)
        return [endpoint_secret(deployment, self.id, self.client, one) for one in generations]


COLUMNS = "id, client, url, networks, generation, rotated, active"


def read(row: asyncpg.Record) -> Endpoint:
    """An endpoint from its row."""
    return Endpoint(
        row["id"], row["client"], row["url"], tuple(row["networks"]), row["generation"], row["rotated"], row["active"]
    )


async def listed(connection: Connection) -> list[Endpoint]:
    rows = await connection.fetch(f"select {COLUMNS} from toldonce.subscription_endpoint order by client, id")
    return [read(row) for row in rows]


async def add(connection: Connection, client: str, url: str, networks: Sequence[str], by: str) -> Endpoint:
    """Register an endpoint, or one that was closed anew. Raises NotPossible."""
    try:
        require_endpoint(url, networks)
    except ValueError as error:
        raise NotPossible(str(error)) from None
    try:
        row = await connection.fetchrow(_ADD, client, url, list(networks), by)
    except asyncpg.ForeignKeyViolationError:
        raise NotPossible(f"there is no client {client}; `toldonce clients list` names them") from None
    assert row is not None
    return read(row)


async def rotate(connection: Connection, id_: int, at: datetime) -> Endpoint:
    """Give an endpoint another secret; the one before holds for a day. Raises NotPossible."""
    return await _changed(connection, "generation = generation + 1, rotated = $2", id_, at)


async def close(connection: Connection, id_: int) -> Endpoint:
    """Send nothing there any more. Raises NotPossible."""
    return await _changed(connection, "active = false", id_)


async def _changed(connection: Connection, change: str, id_: int, *values: object) -> Endpoint:
    statement = f"update toldonce.subscription_endpoint set {change} where id = $1 returning {COLUMNS}"
    row = await connection.fetchrow(statement, id_, *values)
    if row is None:
        raise NotPossible(f"there is no endpoint {id_}; `toldonce subscriptions endpoint list` names them")
    return read(row)


_ADD = f"""
insert into toldonce.subscription_endpoint (client, url, networks, added_by) values ($1, $2, $3, $4)
on conflict (client, url) do update set networks = excluded.networks, added_by = excluded.added_by, active = true
returning {COLUMNS}
"""
