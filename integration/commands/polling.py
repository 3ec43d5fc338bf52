"""The processes that fetch: `toldonce mesh poll`, `toldonce watch`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import structlog
from rich.console import Console

from adapters.transport.folder import Folder, shown
from adapters.transport.mesh import Mailbox, MeshUnavailable
from integration.commands.opened import opened
from integration.commands.worker import worker_process
from integration.config import Settings
from integration.errors import NotPossible
from integration.ingest import folder as folders
from integration.ingest import mesh

log = structlog.get_logger()
_FAILING = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, MeshUnavailable)
"""What passes: the next round tries again."""
_OFTEN = 2.0
"""Seconds between two looks into a folder."""


async def mesh_poll(settings: Settings, console: Console, *, every: float | None, process: bool) -> bool:
    """Receive what lies in the mailbox; `every`: again after so many seconds, for ever. Whether all could be taken."""
    document = mesh.load(settings.mesh)
    if not (settings.mesh_password.get_secret_value() and settings.mesh_shared_key.get_secret_value()):
        raise NotPossible(
            "set TOLDONCE_MESH_PASSWORD and TOLDONCE_MESH_SHARED_KEY: the mailbox's and its environment's"
        )
    access = document.access(settings.mesh_password.get_secret_value(), settings.mesh_shared_key.get_secret_value())
    left: dict[str, str] = {}

    async def look(pool: asyncpg.Pool) -> None:
        with Mailbox(access) as mailbox:
            polled = await mesh.poll(mailbox, document, pool)
        await mesh.tell(pool, polled.left)
        _say(console, polled.received, polled.new, polled.left, left)

    await _again_and_again(settings, look, every, process=process)
    return not left


async def watch(settings: Settings, root: Path, console: Console, *, once: bool, keep: bool, process: bool) -> bool:
    """Receive what is laid into the folder, for ever or `once`. Whether all could be taken."""
    folder = Folder(root, folders.problem)
    left: dict[str, str] = {}

    async def look(pool: asyncpg.Pool) -> None:
        swept = await folders.sweep(folder, pool, keep=keep)
        now = {shown(path): why for path, why in swept.left.items()}
        if now != left or once:
            await folders.tell(pool, now)
        _say(console, swept.received, swept.new, now, left)

    await _again_and_again(settings, look, None if once else _OFTEN, process=process and not once)
    return not left


async def _again_and_again(
    settings: Settings, look: Callable[[asyncpg.Pool], Awaitable[None]], every: float | None, *, process: bool
) -> None:
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(opened(settings))
        pool = await stack.enter_async_context(database.pool("toldonce_worker", size=2))
        if process and every is not None:
            await stack.enter_async_context(worker_process())
        while True:
            try:
                await look(pool)
            except _FAILING as error:
                if every is None:
                    raise NotPossible(str(error) or type(error).__name__) from None
                log.warning("this round failed; the next one tries again", error=type(error).__name__)
            if every is None:
                return
            await asyncio.sleep(every)


def _say(console: Console, received: int, new: int, now: Mapping[str, str], before: dict[str, str]) -> None:
    """Say what is new, and remember what is left."""
    if received:
        console.print(f"{received} received, {new} of them new", highlight=False)
    for reference, why in now.items():
        if before.get(reference) != why:
            console.print(f"left: {reference}: {why}", markup=False, highlight=False)
    before.clear()
    before.update(now)
