"""`toldonce serve`: in one process, or in several on one address."""

import asyncio
import socket
from contextlib import AsyncExitStack

import uvicorn

from integration import main
from integration.commands.opened import opened
from integration.commands.worker import kept_running
from integration.config import Settings


async def serve(settings: Settings, workers: int = 1) -> None:
    """Serve here; or keep so many processes that do, each with its own connections to the database."""
    async with opened(settings) as database:
        if workers == 1:
            await main.serve(settings, database)
        else:
            await _keep_serving(settings, workers)


async def serve_beside(settings: Settings, listening: int) -> None:
    """Serve on the listening socket with this file descriptor, as one of several that a process keeps."""
    async with opened(settings, migrate=False) as database:
        with socket.socket(fileno=listening) as shared:
            await main.serve(settings, database, shared)


async def _keep_serving(settings: Settings, workers: int) -> None:
    """One socket for all of them: whichever is idle takes the next connection."""
    config = uvicorn.Config("", host=settings.host, port=settings.port, log_level="warning")
    with config.bind_socket() as shared:
        command = ("serve", "--listening", str(shared.fileno()))
        async with AsyncExitStack() as stack:
            for _ in range(workers):
                await stack.enter_async_context(kept_running(*command, sockets=[shared.fileno()]))
            await asyncio.Event().wait()
