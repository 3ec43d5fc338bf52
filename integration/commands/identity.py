"""`toldonce identity`: doubtful links between people, a person's decisions on them, and who saw what was wrong."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from integration import deployment
from integration.audit.breach import Breach
from integration.audit.identity import Pair, ReviewDesk
from integration.audit.log import AuditLog
from integration.commands.opened import account, opened
from integration.config import Settings
from integration.errors import NotPossible
from integration.identity.compare import Outcome
from integration.identity.decisions import Logged
from integration.identity.review import Count, Page, SideBySide
from integration.sharing.request import Caller


@asynccontextmanager
async def _desk(settings: Settings, command: str, user: str) -> AsyncIterator[ReviewDesk]:
    """The desk for one command of whoever administers this deployment; they say themselves who they are, else they are
    known by their account on this machine."""
    caller = Caller("command line", "this deployment", "administrator", "", user or account())
    async with (
        opened(settings) as database,
        database.pool("toldonce_worker", size=1) as workers,
        database.pool("toldonce_api", size=2) as readers,
        AuditLog(readers, server_url=settings.fhir_base, test_data=settings.test_data) as log,
    ):
        secret = deployment.secret_of(settings, "ids", 32)
        yield ReviewDesk(workers, readers, log, secret, caller, f"toldonce identity {command}")


async def review(settings: Settings, user: str, limit: int, after: str | None) -> tuple[Page, list[Count]]:
    """A page of what waits for a decision, and how much there is of it all."""
    async with _desk(settings, "review", user) as desk:
        return await desk.queue(limit, after), await desk.counts()


async def show(settings: Settings, user: str, a: str, b: str) -> SideBySide:
    """Two records side by side."""
    async with _desk(settings, "show", user) as desk:
        return await desk.show(pair_of(a, b))


async def decide(settings: Settings, user: str, a: str, b: str, outcome: Outcome, reason: str) -> None:
    """Log a decision and let it take effect."""
    async with _desk(settings, "merge" if outcome == "SAME" else "unmerge", user) as desk:
        await desk.decide(pair_of(a, b), outcome, reason)


async def withdraw(settings: Settings, user: str, a: str, b: str, reason: str) -> None:
    """Take a decision back."""
    async with _desk(settings, "withdraw", user) as desk:
        await desk.withdraw(pair_of(a, b), reason)


async def history(settings: Settings, user: str, a: str, b: str) -> list[Logged]:
    """All that was decided about two records."""
    async with _desk(settings, "history", user) as desk:
        return await desk.history(pair_of(a, b))


async def breach(settings: Settings, user: str, a: str | None, b: str | None, decision: int | None) -> Breach:
    """Who saw two records as one person's; they are named, or the decision that is about them."""
    if (a is None or b is None) == (decision is None):
        raise NotPossible("name two records with --a and --b, or a decision with --decision")
    async with _desk(settings, "breach", user) as desk:
        pair = pair_of(a, b) if a and b else await desk.decided(decision or 0)
        return await desk.breach(pair)


def pair_of(a: str, b: str) -> Pair:
    """Two ids as they were typed. Raises NotPossible."""
    try:
        return UUID(a), UUID(b)
    except ValueError:
        raise NotPossible("name source patients by their ids, as `identity review` prints them") from None
