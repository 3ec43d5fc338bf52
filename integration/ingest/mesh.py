"""A MESH mailbox into the inbox: each message is acknowledged to MESH once it is durable here.

Whose message it is, and of which feed, is said by a reviewed document, never by the message. What the document does not
know stays in the mailbox, is told, and keeps nobody else waiting; MESH itself tells its sender after five days.
"""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Self

import asyncpg
from pydantic import StringConstraints, model_validator

from adapters.transport.mesh import About, Access, Mailbox, MeshUnavailable, Retrieved
from integration.feeds import FEEDS
from integration.ingest import document, inbox, left_behind
from integration.ingest.document import Document, Ods, Part, Url
from integration.ingest.inbox import Delivery

TRANSPORT: Literal["MESH"] = "MESH"
MailboxId = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{4,100}$")]


class Route(Part):
    """Messages of one workflow from one mailbox: which feed they are, and which organisation speaks."""

    workflow: Annotated[str, StringConstraints(min_length=1)]
    mailbox: MailboxId
    """The sender's."""
    feed: str
    sender: Ods
    """ODS code of the organisation whose feed it is."""


class MeshSettings(Document):
    """The whole document (`TOLDONCE_MESH`); a relative path is relative to its folder. Secrets are not in it."""

    url: Url
    mailbox: MailboxId
    """Our own."""
    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None
    routes: tuple[Route, ...]

    @model_validator(mode="after")
    def _routes_lead_somewhere(self) -> Self:
        if unknown := sorted({one.feed for one in self.routes} - FEEDS.keys()):
            raise ValueError(f"there is no feed {', '.join(unknown)}; the feeds are {', '.join(FEEDS)}")
        if len({(one.workflow, one.mailbox) for one in self.routes}) < len(self.routes):
            raise ValueError("two routes have the same workflow and mailbox")
        return self

    def access(self, password: str, shared_key: str) -> Access:
        """How to open the mailbox."""
        files = {name: self._path(getattr(self, name)) for name in ("certificate", "key", "authority")}
        return Access(self.url, self.mailbox, password, shared_key, **files)

    def _path(self, path: Path | None) -> Path | None:
        return self.folder / path if path else None

    def route(self, about: About) -> Route | None:
        """The one route that the message's workflow and sender have, or None."""
        found = (one for one in self.routes if (one.workflow, one.mailbox) == (about.workflow, about.sender))
        return next(found, None)


def load(path: Path | None) -> MeshSettings:
    """The document at `path`. Raises NotPossible, naming the fields that are wrong, never their values."""
    missing = "no mailbox is known: TOLDONCE_MESH names no document (docs/transports.md)"
    return document.load(path, MeshSettings, missing)


@dataclass
class Polled:
    """What a look into the mailbox came to."""

    received: int = 0
    new: int = 0
    left: dict[str, str] = field(default_factory=dict)
    """Why a message stays in the mailbox, by its id."""


async def poll(mailbox: Mailbox, settings: MeshSettings, pool: asyncpg.Pool) -> Polled:
    """Receive what lies in the mailbox, one message after the other. Raises MeshUnavailable when it cannot be seen what
    lies there, and what the database raises; what was not acknowledged then is received again."""
    polled = Polled()
    for id_ in await asyncio.to_thread(mailbox.ids):
        try:
            await _receive(mailbox, settings, pool, id_, polled)
        except MeshUnavailable as error:
            polled.left[id_] = f"it could not be retrieved or acknowledged: {error}"
    return polled


async def _receive(mailbox: Mailbox, settings: MeshSettings, pool: asyncpg.Pool, id_: str, polled: Polled) -> None:
    with ExitStack() as stack:
        message = await asyncio.to_thread(stack.enter_context, mailbox.retrieve(id_))
        route = settings.route(message.about)
        reason = _unusable(message.about, route)
        if reason or route is None:
            polled.left[id_] = reason
            return
        polled.new += await _stored(message, route, pool)
    await asyncio.to_thread(mailbox.acknowledge, id_)
    polled.received += 1


async def _stored(message: Retrieved, route: Route, pool: asyncpg.Pool) -> int:
    content = await asyncio.to_thread(message.content)
    with content:
        about = message.about
        async with pool.acquire() as connection:
            return await inbox.receive(
                connection, [Delivery(route.feed, route.sender, about.name, content, about.arrived)]
            )


def _unusable(about: About, route: Route | None) -> str:
    """Why the message cannot be taken; empty when it can."""
    if about.kind != "DATA":
        return "it is a report about something this mailbox sent, and no data"
    if route is None:
        return f"no route for workflow {about.workflow or '(none)'} from mailbox {about.sender or '(none)'}"
    if about.encrypted:
        return "its content is encrypted by its sender"
    return ""


async def tell(pool: asyncpg.Pool, left: Mapping[str, str]) -> None:
    """Make this known to whoever watches the metrics: all that stays in the mailbox now."""
    async with pool.acquire() as connection:
        await left_behind.replace(connection, TRANSPORT, left)
