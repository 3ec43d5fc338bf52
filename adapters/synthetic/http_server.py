"""A stand-in's HTTP server on 127.0.0.1, and the bad answers that it can be told to give."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse


class OnAPort(Protocol):
    """A stand-in that knows where it is served."""

    port: int


P = TypeVar("P", bound=OnAPort)


@dataclass(frozen=True)
class Fault:
    """One bad answer: after `delay` seconds, `status` with `content`, `drip` bytes at a time where that is not 0."""

    status: int = 200
    content: bytes = b""
    delay: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    drip: int = 0


async def faulty(fault: Fault, media_type: str) -> Response:
    """The bad answer."""
    await asyncio.sleep(fault.delay)
    headers = dict(fault.headers)
    if not fault.drip:
        return Response(fault.content, fault.status, headers=headers, media_type=media_type)
    return StreamingResponse(_dripping(fault), fault.status, headers=headers, media_type=media_type)


async def _dripping(fault: Fault) -> AsyncIterator[bytes]:
    for start in range(0, len(fault.content), fault.drip):
        yield fault.content[start : start + fault.drip]
        await asyncio.sleep(0.05)


def listening(port: int) -> socket.socket:
    """A socket on 127.0.0.1, at `port` or a free one. That it is TCP is said, for asyncio sends at once only where it
    is: else an answer in two parts takes the 40 ms of a delayed acknowledgement."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    made.listen()
    return made


@asynccontextmanager
async def serving(provider: P, application: Callable[[P], FastAPI], port: int = 0) -> AsyncIterator[P]:
    """The provider's application on 127.0.0.1, at `port` or a free one, which the provider is told; stops at the end,
    requests that still run then are cut off."""
    with listening(port) as on:
        provider.port = on.getsockname()[1]
        config = uvicorn.Config(
            application(provider), log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[on]))
        try:
            while not server.started:
                await asyncio.sleep(0.01)
            yield provider
        finally:
            server.should_exit = True
            await running
