"""A stream of server-sent events over a real socket, as a client reads it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import uvicorn

from tests.database.subscribing import Told, parts, value


@asynccontextmanager
async def served(told: Told) -> AsyncIterator[str]:
    """The application, served on a port: the base of FHIR."""
    config = uvicorn.Config(told.app, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/fhir"
    finally:
        server.should_exit = True
        await task


class Frames:
    """The frames of one connection: event, id and the status that the Bundle begins with."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def next(self) -> tuple[str, str, dict[str, Any]] | None:
        """The next frame, comments left out; None where the stream ends."""
        said: dict[str, str] = {}
        async with asyncio.timeout(60):
            async for line in self._lines:
                name, _, text = line.partition(": ")
                if line == "" and said:
                    made = json.loads(said["data"])["entry"][0]["resource"]["parameter"]
                    status = {one["name"]: value(one) for one in made if "part" not in one}
                    events = [parts(one) for one in made if "part" in one]
                    return said["event"], said.get("id", ""), status | {"events": events}
                if name and line:
                    said[name] = text
        return None


@asynccontextmanager
async def connected(told: Told, url: str, id_: UUID | str, last: str = "", **whose: Any) -> AsyncIterator[Frames]:
    """A connection whose handshake has come. `whose`: client and role, where it is not the practice's."""
    caller = await told.subscriber(**whose)
    headers = {"Authorization": f"Bearer {caller.token}", "Accept": "text/event-stream"}
    headers |= {"Last-Event-ID": last} if last else {}
    async with httpx.AsyncClient(timeout=30) as client:
        async with client.stream("GET", f"{url}/Subscription/{id_}/$stream", headers=headers) as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            frames = Frames(response)
            first = await frames.next()
            assert (first or ("",))[0] == "handshake"
            yield frames
