"""Whoever publishes keys at a URL: an HTTP or HTTPS server on loopback that can be told to misbehave."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Publisher:
    """`keys` is what it publishes; `asked` every request line and header block that came."""

    keys: Any
    scheme: str = "http"
    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    raw: bytes | None = None
    """Sent as the body instead of the keys."""
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/jwks.json"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
            await asyncio.sleep(self.delay)
            body = json.dumps(self.keys).encode() if self.raw is None else self.raw
            lines = [f"HTTP/1.1 {self.status} said", f"Content-Length: {len(body)}", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in self.headers.items()]
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def publishing(keys: Any, certificate: Path | None = None) -> AsyncIterator[Publisher]:
    """Publish until the block ends; over TLS with a certificate."""
    publisher = Publisher(keys, "https" if certificate else "http")
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    server = await asyncio.start_server(publisher.serve, "127.0.0.1", 0, ssl=context)
    publisher.port = server.sockets[0].getsockname()[1]
    try:
        yield publisher
    finally:
        server.close()
