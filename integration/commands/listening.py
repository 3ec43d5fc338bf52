"""The processes that receive: `toldonce listen mllp`."""

import asyncio
import ssl
from contextlib import AsyncExitStack

from rich.console import Console

from adapters.transport.mllp import serve_mllp, tls_context
from integration.commands.opened import opened
from integration.commands.worker import worker_process
from integration.config import Settings
from integration.errors import NotPossible
from integration.ingest.listen import mllp_handler, receiver


async def listen_mllp(settings: Settings, host: str, sender: str, console: Console, *, process: bool = True) -> None:
    """Receive until told to stop; `process`: and keep a worker process that makes the record of it."""
    tls = _tls(settings)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(opened(settings))
        pool = await stack.enter_async_context(database.pool("toldonce_worker", size=4))
        to = await stack.enter_async_context(receiver(pool))
        if process:
            await stack.enter_async_context(worker_process())
        server = await serve_mllp(host, settings.mllp_port, mllp_handler(to, sender), tls=tls)
        console.print(f"listening for MLLP{' over TLS' if tls else ''} on {host}:{settings.mllp_port}")
        async with server:
            await asyncio.Event().wait()


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if not settings.mllp_tls_certificate:
        if settings.mllp_tls_client_ca:
            raise NotPossible(
                "TOLDONCE_MLLP_TLS_CLIENT_CA asks for client certificates, which only TLS has: "
                "set TOLDONCE_MLLP_TLS_CERTIFICATE and TOLDONCE_MLLP_TLS_KEY too"
            )
        return None
    key = settings.mllp_tls_key or settings.mllp_tls_certificate
    try:
        return tls_context(settings.mllp_tls_certificate, key, settings.mllp_tls_client_ca)
    except OSError as error:
        raise NotPossible(f"TLS for MLLP cannot be set up: {error.strerror or type(error).__name__}") from None
