"""The application over the records of one test, with the agreements and clients of the demo, and a clock to set."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import asyncpg
import httpx

from integration import demo, main
from integration.config import Settings
from integration.sharing import current
from integration.store.database import Database
from tests.spec.neighbourhood import NOW, Neighbourhood

TOLD = {"event", "notification", "subscription", "subscription_endpoint"}
"""A running application looks at them all the time: emptying them could wait for that, and that for it."""
KEPT = {"alembic_version", "client", "agreement_document", "label", "token_use", *TOLD}


@dataclass
class Site(Neighbourhood):
    """As the neighbourhood of the specification, of whomever a test ingests."""

    def at(self, moment: datetime) -> None:
        """Let this be the moment of requests from now on."""
        self.app.state.services = replace(self.app.state.services, clock=lambda: moment)

    async def emptied(self) -> None:
        """Take every record out; agreements and clients stay."""
        rows = await self.owner.fetch("select tablename from pg_tables where schemaname = 'toldonce'")
        names = {row["tablename"] for row in rows} - KEPT
        emptied = ", ".join(f"toldonce.{name}" for name in names if not name.startswith("audit_"))
        await self.owner.execute(f"truncate {emptied} cascade")


@asynccontextmanager
async def serving(database: Database, owner: asyncpg.Connection, folder: Path) -> AsyncIterator[Site]:
    """Serve what is in this database, nothing to begin with."""
    settings = Settings(database_url=database.owner_url, data_dir=folder)
    await owner.execute("truncate toldonce.client, toldonce.agreement_document cascade")
    await current.apply(owner, demo.AGREEMENTS.read_text())
    await owner.execute("update toldonce.agreement_document set applied = '2024-04-01'")
    await demo.register_clients(owner, folder)
    async with main.application(settings, database, clock=lambda: NOW) as app:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as http:
            site = Site(database, settings, app, owner, http)
            await site.emptied()
            yield site
