"""`toldonce serve`."""

from integration import main
from integration.commands.opened import opened
from integration.config import Settings


async def serve(settings: Settings) -> None:
    async with opened(settings) as database:
        await main.serve(settings, database)
