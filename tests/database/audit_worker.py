"""A process that audits, seals and answers until it is killed: each line it prints is the id of an event that is
durable."""

import asyncio
import sys
from pathlib import Path

from integration.audit.keys import LogKeys
from integration.audit.log import AuditLog
from integration.audit.seal import keep_sealed
from integration.config import Settings
from integration.store.database import Database
from tests.database.audit_world import access


async def work(url: str, folder: Path) -> None:
    settings = Settings(database_url=url, data_dir=folder)
    async with Database(settings).pool("toldonce_api", size=4) as pool, AuditLog(pool) as log:
        sealing = asyncio.create_task(keep_sealed(pool, LogKeys(settings), every=0.05))
        await asyncio.gather(sealing, *(answer(log) for _ in range(4)))


async def answer(log: AuditLog) -> None:
    while True:
        event = await log.append(access())
        sys.stdout.write(f"{event}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], Path(sys.argv[2])))
