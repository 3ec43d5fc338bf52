"""`toldonce identity`: doubtful links between people, and a person's decisions on them."""

from typing import Any
from uuid import UUID

from rich.console import Console

from integration import main
from integration.commands.opened import as_worker
from integration.config import Settings
from integration.errors import NotPossible
from integration.identity.compare import Outcome
from integration.identity.linking import decide as decide_linkage
from integration.identity.linking import possible_matches


async def identity_review(settings: Settings) -> list[dict[str, Any]]:
    async with as_worker(settings) as connection:
        return await possible_matches(connection)


async def decide_identity(
    settings: Settings, a: str, b: str, outcome: Outcome, user: str, reason: str, console: Console
) -> None:
    try:
        pair = (UUID(a), UUID(b))
    except ValueError:
        raise NotPossible("name source patients by their ids, as `identity review` prints them") from None
    async with as_worker(settings) as connection:
        await decide_linkage(connection, main.secret_of(settings, "ids", 32), pair, outcome, user, reason)
    console.print(f"recorded: {outcome}")
