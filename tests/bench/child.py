"""What runs in a process of its own: the product as it is served, the compositions that leave a part out, the bare
database behind the same HTTP server, and the MLLP listener. The compositions exist here only; no setting makes them.

    python -m tests.bench.child MODE      (settings from TOLDONCE_* variables; prints its port; ends with its stdin)
"""

import asyncio
import os
import socket
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import uvicorn
import uvloop
from rich.console import Console

from integration import main
from integration.api.exchange import Services
from integration.audit.access import Access
from integration.commands import listening as commands
from integration.commands import running
from integration.commands.worker import kept_running
from integration.config import Settings
from integration.record import conditions, patient
from integration.record.consult import Consultation, First, Found, Question, Records
from integration.record.kept_facts import Kept, KeptFacts
from integration.record.reader import Reader
from integration.sharing.policy import Policy
from integration.sharing.request import Decision, Facts
from integration.store.database import Database

SENDER = "X9A"
TOGETHER = "two processes"
_START = 60.0
"""Seconds until which one of two processes must serve."""
_APART = 3.0
"""Seconds by which the other may be later."""
BARE_PATH = "/record/"


class DecidedBefore(Records):
    """Records that neither read facts, nor ask whether they are still so, nor apply rules: the first decision about a
    person is kept."""

    async def _from_kept(
        self,
        transaction: AsyncExitStack,
        question: Question,
        person: UUID,
        first: First[Found],
    ) -> tuple[Consultation, Found] | None:
        if (decision := _decisions.get(person)) is None or self.ready is None:
            return None
        kept = self.kept.of(question.caller, person)
        named = kept.named if kept else None
        connection = await transaction.enter_async_context(self.ready.acquire())
        reader = Reader(connection, decision, at_once=named is not None)
        if named is None:
            await connection.execute("begin")
        else:
            reader._directory, reader._looked_up = dict(named.entries), set(named.ids)
        consultation = Consultation(decision, reader)
        return consultation, await first(consultation)

    def _decide(self, question: Question, facts: Facts, policy: Policy) -> Decision:
        return _decisions.setdefault(facts.person, super()._decide(question, facts, policy))


class ForgetfulDecidedBefore(DecidedBefore):
    """The same, with nothing kept but the decision."""

    @property
    def kept(self) -> KeptFacts:
        """Nothing."""
        return KeptFacts()

    @kept.setter
    def kept(self, _kept: KeptFacts) -> None:
        pass


class FactsAlone(Records):
    """Records that apply no rules to the facts: the first decision about a person is kept."""

    def _decide_from_kept(self, question: Question, kept: Kept, policy: Policy) -> Decision:
        return self._decide(question, kept.facts, policy)

    def _decide(self, question: Question, facts: Facts, policy: Policy) -> Decision:
        if facts.person not in _decisions:
            _decisions[facts.person] = super()._decide(question, facts, policy)
        return _decisions[facts.person]


_decisions: dict[UUID, Decision] = {}


class InMemory:
    """An audit log that forgets at once."""

    async def append(self, _access: Access) -> UUID:
        return uuid4()


Composition = Callable[[Services, Database], AbstractAsyncContextManager[Services]]


@asynccontextmanager
async def _as_it_is(services: Services, _database: Database) -> AsyncIterator[Services]:
    yield services


def _with_records(kind: type[Records], **instead: Any) -> Composition:
    @asynccontextmanager
    async def composed(services: Services, _database: Database) -> AsyncIterator[Services]:
        held = services.records
        parts = {name: getattr(held, name) for name in ("pool", "policy", "labels", "begun", "ready")}
        yield replace(services, records=kind(**parts | instead))

    return composed


def _nothing_kept(kind: type[Records], **instead: Any) -> Composition:
    """Facts, directory, Grant and golden Patient are made anew for each read."""

    @asynccontextmanager
    async def composed(services: Services, database: Database) -> AsyncIterator[Services]:
        patient._golden = patient._golden.__wrapped__  # type: ignore[assignment]
        async with _with_records(kind, **instead)(services, database) as without:
            yield without

    return composed


@asynccontextmanager
async def _without_audit(services: Services, _database: Database) -> AsyncIterator[Services]:
    yield replace(services, audit=InMemory())  # type: ignore[arg-type]


@asynccontextmanager
async def _row_policy_alone(services: Services, _database: Database) -> AsyncIterator[Services]:
    """The statement asks for everything, and the row policy lets through what was granted."""
    conditions.granted = lambda _bound, _person, _grant: ["true"]  # type: ignore[assignment]
    yield services


COMPOSITIONS: dict[str, Composition] = {
    "whole": _as_it_is,
    "nothing kept": _nothing_kept(Records, ready=None),
    "without rules": _with_records(DecidedBefore),
    "nothing kept, without deciding": _nothing_kept(FactsAlone, ready=None),
    "nothing kept, without rules": _nothing_kept(ForgetfulDecidedBefore),
    "without deciding": _with_records(FactsAlone),
    "without row policy": _as_it_is,  # on a database whose row policies are disabled
    "row policy alone": _row_policy_alone,
    "without audit": _without_audit,
}


async def _serve_product(mode: str, listening: socket.socket) -> None:
    settings = Settings(port=listening.getsockname()[1])
    database = Database(settings)
    async with main.application(settings, database) as app:
        async with COMPOSITIONS[mode](app.state.services, database) as services:
            app.state.services = services
            await _serve(main.web_server(app, settings), listening)


async def _serve_together(listening: socket.socket) -> None:
    """Two processes on one address, as `toldonce serve --workers 2` keeps them."""
    port, shared = listening.getsockname()[1], listening.fileno()
    os.environ["TOLDONCE_PORT"] = str(port)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    _at_end_of_input(lambda: loop.call_soon_threadsafe(ended.set))
    command = ("serve", "--listening", str(shared))
    async with kept_running(*command, sockets=[shared]), kept_running(*command, sockets=[shared]):
        async with httpx.AsyncClient(timeout=_START) as http:
            await http.get(f"http://127.0.0.1:{port}/health/ready")
        await asyncio.sleep(_APART)
        _say(port)
        await ended.wait()


async def _serve_bare(listening: socket.socket) -> None:
    """`SELECT` of the same bytes by person, joined and sent: no token, no decision, no transaction, no audit."""
    url = Database(Settings()).owner_url
    async with asyncpg.create_pool(url, min_size=16, max_size=16, reset=_nothing_to_reset) as pool:

        async def app(scope: dict, receive: Callable[[], Awaitable[dict]], send: Callable[[dict], Awaitable]) -> None:
            if scope["type"] != "http":
                return
            person = UUID(scope["path"].removeprefix(BARE_PATH))
            rows = await pool.fetch("select body from bench.record where person = $1", person)
            body = b'{"resourceType":"Bundle","type":"searchset","entry":[' + b",".join(row[0] for row in rows) + b"]}"
            headers = [(b"content-type", b"application/fhir+json"), (b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})

        config = uvicorn.Config(
            app, log_level="warning", access_log=False, loop="uvloop", http="httptools", lifespan="off"
        )
        await _serve(uvicorn.Server(config), listening)


async def _nothing_to_reset(_connection: asyncpg.Connection) -> None:
    """The bare database does without the pool's clearing of sessions, so that it is as fast as it can be."""


async def _serve(server: uvicorn.Server, listening: socket.socket) -> None:
    main.settle()
    _at_end_of_input(lambda: setattr(server, "should_exit", True))
    _say(listening.getsockname()[1])
    await server.serve(sockets=[listening])


async def _listen(listening: socket.socket) -> None:
    """The product's own command, on a port that was free a moment ago."""
    port = listening.getsockname()[1]
    listening.close()
    settings = Settings(mllp_port=port)
    work = asyncio.create_task(commands.listen_mllp(settings, "127.0.0.1", SENDER, Console(stderr=True, quiet=True)))
    loop = asyncio.get_running_loop()
    _at_end_of_input(lambda: loop.call_soon_threadsafe(work.cancel))
    _say(port)
    with suppress(asyncio.CancelledError):
        await work


async def _work(listening: socket.socket) -> None:
    """A worker process, as `toldonce work --forever` is one."""
    work = asyncio.create_task(running.work(Settings(), Console(stderr=True, quiet=True), forever=True))
    loop = asyncio.get_running_loop()
    _at_end_of_input(lambda: loop.call_soon_threadsafe(work.cancel))
    _say(listening.getsockname()[1])
    with suppress(asyncio.CancelledError):
        await work


def _say(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


def _at_end_of_input(stop: Callable[[], object]) -> None:
    def watch() -> None:
        sys.stdin.buffer.read()
        stop()

    threading.Thread(target=watch, daemon=True).start()


def run(mode: str) -> None:
    """Serve until standard input ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    if mode == "bare":
        uvloop.run(_serve_bare(listening))
    elif mode == TOGETHER:
        uvloop.run(_serve_together(listening))
    elif mode == "listen":
        uvloop.run(_listen(listening))
    elif mode == "work":
        uvloop.run(_work(listening))
    else:
        uvloop.run(_serve_product(mode, listening))


if __name__ == "__main__":
    run(sys.argv[1])
