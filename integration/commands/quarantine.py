"""`toldonce quarantine`: what could not be understood, and trying it again."""

from typing import Any

from rich.console import Console

from integration.audit.access import Access
from integration.audit.codes import Kind
from integration.audit.log import AuditLog
from integration.commands.audit import by_command
from integration.commands.opened import account, as_worker, opened
from integration.commands.receiving import process
from integration.config import Settings
from integration.errors import NotPossible
from integration.ingest import quarantine
from integration.sharing.request import Caller


async def quarantine_list(settings: Settings) -> list[dict[str, Any]]:
    async with as_worker(settings) as connection:
        return await quarantine.open_entries(connection)


async def quarantine_show(settings: Settings, entry: int) -> dict[str, Any]:
    async with as_worker(settings) as connection:
        found = await quarantine.entry(connection, entry)
    if found is None:
        raise NotPossible(f"there is no quarantine entry {entry}")
    async with opened(settings) as database, database.pool("toldonce_api", size=2) as pool:
        async with AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log:
            await log.append(by_command(f"toldonce quarantine show {entry}", Kind.OPERATION, None))
    return found | {"fragment": _readable(found["fragment"]), "size": f"{found['size']} bytes"}


def _readable(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")


async def quarantine_replay(
    settings: Settings, console: Console, *, user: str, entry: int | None, feed: str | None, code: str | None
) -> None:
    """Process again, once it is durable who asked for what; `user` empty: the account that this runs as."""
    asked = {"entry": entry, "feed": feed, "code": code}
    async with opened(settings) as database, database.pool("toldonce_worker", size=2) as pool:
        async with (
            database.pool("toldonce_api", size=2) as writers,
            AuditLog(writers, server_url=settings.fhir_base, test_data=settings.test_data) as log,
            pool.acquire() as connection,
            connection.transaction(),
        ):
            again = await quarantine.replay(connection, entry=entry, feed=feed, code=code)
            said = {f"replay/{name}": str(value) for name, value in asked.items() if value is not None}
            by = Caller("command line", "this deployment", "administrator", "", user or account())
            said |= {"replay/envelopes": str(again)}
            await log.append(Access.work(by, "toldonce quarantine replay", Kind.INGEST, said))
        await process(settings, pool, console)
        async with pool.acquire() as connection:
            left = await quarantine.open_entries(connection)
    console.print(f"{again} envelopes processed again; {len(left)} entries are still open")
